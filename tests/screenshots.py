"""Makes the pictures of README: `make screenshots`. `python -m tests.screenshots FOLDER` makes those of all looks."""

import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from dev.ports import find_free
from tests.e2e.pages import Person, open_settings
from tests.e2e.phone import TOUCH
from tests.services import Valkey
from tests.system import ROOT, System, on_redis

_DOCS = ROOT / "docs/screenshots"
_PHONE = 360
_WIDTHS = (_PHONE, 768, 1280)
_LOOKS = [("light", "en-US"), ("dark", "zh-CN")]
_TITLES = [
    "On rain",
    "A very long title that goes on and on, and does not end where the line ends, so that one sees how it is cut",
]


@dataclass(frozen=True)
class Shot:
    """How the page is shown, and where the pictures go."""

    folder: Path
    width: int
    scheme: str
    language: str
    pictures: tuple[str, ...] = ("page", "bell", "settings")

    def take(self, page: Page, picture: str) -> None:
        if picture in self.pictures:
            name = f"{picture}-{self.width}-{self.scheme}-{self.language[:2]}.png"
            page.screenshot(path=self.folder / name)

    def open(self, browser: Browser, system: System) -> Person:
        size = {"viewport": {"width": self.width, "height": 800}} if self.width > _PHONE else TOUCH
        look = {"color_scheme": self.scheme, "locale": self.language, "reduced_motion": "reduce"}
        return Person(browser, system, **size, **look)


def main(folder: Path, shots: list[Shot]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    place = Path(tempfile.mkdtemp(prefix="toutiao-screenshots-"))
    valkey = Valkey(place / "valkey").start()
    port = find_free()
    settings = {"IM_PORT": str(port), "GROUP_SECONDS": "1", **on_redis(valkey.url)}
    try:
        with System(place / "system", im_ports=[port], **settings) as system, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            for shot in shots:
                _take(browser, system, shot)
            browser.close()
    finally:
        valkey.stop()
        shutil.rmtree(place, ignore_errors=True)


def _take(browser: Browser, system: System, shot: Shot) -> None:
    bob = shot.open(browser, system)
    page = bob.page
    bob.is_followed_by(4, prefix="Zoë Müller")
    for title in _TITLES:
        _like_and_comment(bob, system, title)
    page.locator("#inbox-card article").nth(3).locator(".open").click()
    page.locator("#inbox-card article").nth(1).hover()
    shot.take(page, "page")
    page.locator("push-bell button").first.click()
    shot.take(page, "bell")
    page.keyboard.press("Escape")
    open_settings(page)
    page.locator("#quiet-hours [type=checkbox]").check()
    expect(page.locator("#devices li")).to_have_count(1)
    shot.take(page, "settings")


def _like_and_comment(bob: Person, system: System, title: str) -> None:
    token = bob.log_in_elsewhere()
    article = bob.api.call("POST", "/v1_0/articles", {"title": title}, token=token)[1]["id"]
    fan = system.user("Ann")
    bob.api.call("POST", f"/v1_0/articles/{article}/likings", token=fan.token)
    bob.api.call("POST", f"/v1_0/articles/{article}/comments", {"content": "Yes"}, token=fan.token)
    expect(bob.page.locator("#inbox-card article").filter(has_text=title)).to_have_count(2)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        folder = Path(sys.argv[1])
        main(folder, [Shot(folder, width, *look) for width in _WIDTHS for look in _LOOKS])
    else:
        pictures = [
            Shot(_DOCS, 1280, "light", "en-US", ("page",)),
            Shot(_DOCS, 768, "light", "en-US", ("settings",)),
            Shot(_DOCS, _PHONE, "light", "en-US", ("page",)),
            Shot(_DOCS, _PHONE, "dark", "zh-CN", ("bell",)),
        ]
        main(_DOCS, pictures)
