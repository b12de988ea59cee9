"""The commands `flask events ...`."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask

from core.event_documents import BEGIN, END
from tests.system import ROOT

GROUPED = """class PokeNotify(
    Event,
    name="poke notify",
    text={"en": "{user_name} waves at you"},
    group="waves",
    group_text={
        "en": {
            "one": "{user_name} and {others} other wave at you",
            "other": "{user_name} and {others} others wave at you",
        },
    },
):
    \"""Say here when it happens.\"""
"""


def test_list_names_every_event(app: Flask) -> None:
    listed = app.test_cli_runner().invoke(args=["events", "list"])

    assert listed.exit_code == 0
    assert "following notify  people" in listed.output
    assert "app.events.FollowingNotify" in listed.output


def test_export_is_json(app: Flask) -> None:
    exported = app.test_cli_runner().invoke(args=["events", "export"])

    assert exported.exit_code == 0
    assert "following notify" in json.loads(exported.output)["events"]


def test_types_are_written_for_typescript(app: Flask) -> None:
    printed = app.test_cli_runner().invoke(args=["events", "types"])

    assert printed.exit_code == 0
    assert '"comment notify": { "art_id": number; "art_title": string;' in printed.output


class TestNew:
    @pytest.fixture
    def root(self, app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, registry: None) -> Iterator[Path]:
        """A project that has one module with events, and the page that lists them."""
        (tmp_path / "docs").mkdir()
        (tmp_path / "docs/events.md").write_text(f"# Events\n\n{BEGIN}\n{END}\n")
        (tmp_path / "host_events.py").write_text("from core.events import Event\n")
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.setattr(app, "root_path", str(tmp_path / "app"))
        state = app.extensions["toutiao"]
        settings = state.settings.model_copy(update={"events": ["host_events"]})
        app.extensions["toutiao"] = replace(state, settings=settings)
        yield tmp_path
        sys.modules.pop("host_events", None)

    def run(self, app: Flask, *args: str) -> Result:
        return app.test_cli_runner().invoke(args=["events", "new", *args])

    def test_declaration_test_and_row_are_written(self, app: Flask, root: Path) -> None:
        fields = ["--field", "message:text", "--field", "times:integer"]

        done = self.run(app, "poke notify", *fields, "--text", "{user_name} waves {times} times: {message}")

        assert done.exit_code == 0, done.output
        assert done.output.splitlines() == [
            "wrote host_events.py",
            "wrote tests/unit/host_events/test_poke_notify.py",
            "wrote docs/events.md",
        ]
        assert (
            "| `poke notify` | Say here when it happens. | `message`: string, `times`: integer | general |"
            in (root / "docs/events.md").read_text()
        )
        assert "1 passed" in self.run_written(root)

    def test_group_is_written_with_its_texts_and_a_test_of_them(self, app: Flask, root: Path) -> None:
        texts = ["one:{user_name} and {others} other wave at you", "other:{user_name} and {others} others wave at you"]
        group = ["--group", "waves", "--group-text", texts[0], "--group-text", texts[1]]

        done = self.run(app, "poke notify", "--text", "{user_name} waves at you", *group)

        assert done.exit_code == 0, done.output
        assert (root / "host_events.py").read_text().endswith(GROUPED)
        assert "`{user_name} and {others} others wave at you`" in (root / "docs/events.md").read_text()
        assert "2 passed" in self.run_written(root)

    @pytest.mark.parametrize(
        ("args", "written"),
        [
            ([], '    group="pokes",\n):'),
            (["--group-text", "{count}: more"], '    group="pokes",\n    group_text={"en": "{count}: more"},\n):'),
        ],
    )
    def test_group_may_have_one_text_or_none(self, app: Flask, root: Path, args: list[str], written: str) -> None:
        text = ["--field", "art_id:integer", "--text", "{user_name} pokes you"]

        done = self.run(app, "poke notify", *text, "--group", "pokes", *args)

        assert done.exit_code == 0, done.output
        written_test = (root / "tests/unit/host_events/test_poke_notify.py").read_text()
        assert max(map(len, written_test.splitlines())) <= 120
        assert written in (root / "host_events.py").read_text()
        assert f"{1 + bool(args)} passed" in self.run_written(root)

    def run_written(self, root: Path) -> str:
        """Run the tests that were written, and return the output."""
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/unit/host_events"]
        path = os.pathsep.join([str(root), str(ROOT)])
        env = {**os.environ, "PYTHONPATH": path}
        tested = subprocess.run(command, cwd=root, env=env, capture_output=True, text=True, timeout=60, check=False)
        return tested.stdout

    @pytest.mark.parametrize(
        ("args", "complaint"),
        [
            (["liking notify"], "event 'liking notify' is declared twice"),
            (["sync"], "'sync' is an event of the servers"),
            (["poke notify", "--field", "id:integer"], "event 'poke notify': field 'id' is reserved"),
            (["poke notify", "--field", "a:date"], "'a:date' should be NAME:TYPE"),
            (["poke notify", "--about", 'x"""; y'], "should be one line, without double quotes"),
            (["poke notify", "--text", "{a}"], "text.en has {a}, which is no field of it"),
            (["poke notify", "--group", "poke:{a}"], "group has {a}, which is no field of it"),
            (["poke notify", "--group-text", "{count}"], "group_text needs group"),
            (["poke notify", "--group", "a", "--group-text", "one:x"], "group_text.en: should have the category other"),
            (["poke notify", "--group", "a", "--group-text", "x", "--group-text", "other:y"], "or one for each of"),
        ],
    )
    def test_wrong_event_writes_nothing(self, app: Flask, root: Path, args: list[str], complaint: str) -> None:
        done = self.run(app, "--text", "waves", *args)

        assert done.exit_code != 0
        assert complaint in done.output
        assert (root / "host_events.py").read_text() == "from core.events import Event\n"
        assert not (root / "tests").exists()
