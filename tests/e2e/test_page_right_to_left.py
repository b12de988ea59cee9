"""The page in a language that runs to the left: nothing sticks out, and the actions of a row are at its end."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.e2e.pages import Person, look_away, open_settings
from tests.system import System

STICKING_OUT = """() => [...document.querySelectorAll("body *")]
  .filter((e) => e.checkVisibility({ visibilityProperty: true, opacityProperty: true }))
  .filter((e) => !e.closest(".unseen, .badge"))
  .map((e) => [e.getBoundingClientRect(), e.outerHTML.slice(0, 120)])
  .filter(([{ left, right, width }]) => width && (left < -0.5 || right > innerWidth + 0.5))
  .map(([, html]) => html)"""
END_OF_TEXT = """(said) => {
  const range = document.createRange();
  range.selectNodeContents(said);
  return range.getBoundingClientRect().right;
}"""
TURN = "() => Object.assign(document.documentElement, { dir: 'rtl', lang: 'ar' })"
NAMES = ["محمد عبد الله", "שרה כהן"]


@pytest.mark.parametrize("width", [360, 1280])
def test_rows_are_mirrored_and_nothing_sticks_out(browser: Browser, pages: System, tmp_path: Path, width: int) -> None:
    bob = Person(browser, pages, viewport={"width": width, "height": 740}, locale="en")
    names = [name for prefix in NAMES for name in bob.is_followed_by(1, prefix=prefix)]
    bob.page.reload()
    expect(bob.page.locator("#inbox-card article").first).to_be_visible()
    bob.page.evaluate(TURN)
    row = bob.page.locator("#inbox-card article").first
    row.hover()

    assert bob.page.evaluate(STICKING_OUT) == []
    figure, actions = row.locator(".figure").bounding_box(), row.locator(".actions").bounding_box()
    assert figure is not None
    assert actions is not None
    assert actions["x"] + actions["width"] < figure["x"]
    assert figure["x"] - row.locator(".said").evaluate(END_OF_TEXT) < 16, "the text is beside the avatar"
    expect(bob.page.locator("#inbox-card")).to_contain_text(names[0].split()[0])
    bob.page.screenshot(path=tmp_path / "rtl.png")
    bob.page.context.close()


@pytest.mark.parametrize("width", [360, 1280])
def test_bell_settings_and_toasts_are_mirrored(browser: Browser, pages: System, width: int) -> None:
    bob = Person(browser, pages, viewport={"width": width, "height": 740}, locale="en", reduced_motion="reduce")
    bob.is_followed_by(1, prefix=NAMES[0])
    page = bob.page
    page.evaluate(TURN)
    page.locator("push-bell .bell").click()
    row = page.locator("push-bell .panel article")
    expect(row).to_be_visible()
    assert begins_beside_the_avatar(row, ".said")
    assert page.evaluate(STICKING_OUT) == []
    page.keyboard.press("Escape")

    look_away(page)
    bob.is_followed_by(1, prefix=NAMES[1])
    expect(page.locator(".toast")).to_be_visible()
    assert begins_beside_the_avatar(page.locator(".toast"), "p")
    assert page.evaluate(STICKING_OUT) == []
    page.keyboard.press("Escape")

    open_settings(page)
    assert page.evaluate(STICKING_OUT) == []
    expect(page.locator(".back")).to_have_css("transform", "none")  # browsers mirror the sign by themselves
    page.context.close()


def begins_beside_the_avatar(place: Locator, text: str) -> bool:
    avatar = place.locator(".avatar").bounding_box()
    assert avatar is not None
    gap: float = avatar["x"] - place.locator(text).evaluate(END_OF_TEXT)
    return 0 < gap < 20
