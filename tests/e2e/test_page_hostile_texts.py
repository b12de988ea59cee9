"""The page shows names of others as texts, whatever is in them."""

from playwright.sync_api import Browser, expect

from tests.e2e.pages import Person, look_away, look_back
from tests.system import System

_HTML = ["<img src=x onerror=document.title=1>", "<b>bold</b>", "&lt;i&gt;", "{{7*7}}"]


def test_html_in_a_name_is_shown_as_text(browser: Browser, pages: System) -> None:
    bob = Person(browser, pages)
    for html in _HTML:
        look_away(bob.page)
        [name] = bob.is_followed_by(1, prefix=html)

        expect(bob.page.locator(".toast bdi").filter(has_text=name)).to_be_visible()
        look_back(bob.page)
        expect(bob.row(name).locator("bdi").first).to_have_text(name)
        bob.page.get_by_role("searchbox").fill(name)
        bob.page.get_by_role("button", name="Search").click()
        expect(bob.page.locator("#people strong bdi")).to_have_text([name])  # and nobody else

    assert "Toutiao" in bob.page.title()
    assert bob.page.locator("bdi *, [onerror]").count() == 0
