"""A service is known by its key, and the settings hold no key."""

import pytest

from core import service_keys
from core.service_keys import ServiceKeys


def test_a_new_key_is_known_by_its_line() -> None:
    key, line = service_keys.create("billing")

    assert service_keys.is_line(line)
    assert key not in line
    assert ServiceKeys([line]).name_of(key) == "billing"


def test_two_keys_of_one_service_are_valid_while_one_replaces_the_other() -> None:
    (old, old_line), (new, new_line) = service_keys.create("billing"), service_keys.create("billing")

    assert [ServiceKeys([old_line, new_line]).name_of(key) for key in (old, new)] == ["billing", "billing"]


@pytest.mark.parametrize("key", ["", "service_", "\ud800", "eyJ.e.e"])
def test_any_other_text_is_no_key(key: str) -> None:
    _key, line = service_keys.create("billing")

    assert ServiceKeys([line]).name_of(key) is None


@pytest.mark.parametrize("line", ["billing", "billing:", ":" + "a" * 64, "a b:" + "a" * 64, "billing:" + "g" * 64])
def test_a_bad_line_is_refused(line: str) -> None:
    assert not service_keys.is_line(line)
