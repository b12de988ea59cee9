"""docs/security.md names tests that there are, and has a row for each attack that we know of."""

import re

import pytest

from tests.system import ROOT

PAGE = (ROOT / "docs/security.md").read_text()
TESTS = re.findall(r"`(tests/[\w/]+\.py)::(?:Test\w+::)?(test_\w+)`", PAGE)
ROWS = [row.strip("| ").split(" | ") for row in PAGE.splitlines() if "`tests/" in row]


@pytest.mark.parametrize(("file", "name"), TESTS)
def test_named_test_exists(file: str, name: str) -> None:
    assert re.search(rf"^ *def {name}\(", (ROOT / file).read_text(), re.MULTILINE)


def test_each_attack_says_what_stops_it_and_which_test_shows_it() -> None:
    assert len(ROWS) == len(TESTS)
    assert [row for row in ROWS if len(row) != 3 or not all(row)] == []
