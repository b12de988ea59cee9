"""Articles on the page, in a real browser."""

import os

from playwright.sync_api import Browser, expect

from tests.e2e.pages import Person
from tests.system import System


class TestArticles:
    def test_like_and_comment_appear_in_the_authors_window(self, browser: Browser, pages: System) -> None:
        bob = Person(browser, pages)
        title = f"Rain by {bob.name} {{user_name}}"
        bob.page.get_by_label("Title of a new article").fill(title)
        bob.page.get_by_role("button", name="Publish").click()
        expect(bob.page.locator("#articles li").first).to_contain_text(title)
        bob.page.mouse.move(0, 0)  # new rows wait while the mouse is over the list
        bob.page.evaluate("() => scrollTo(0, 0)")  # where new rows do not wait
        ann = Person(browser, pages, viewport={"width": 390, "height": 760})
        article = ann.page.locator("#articles li").first

        article.get_by_role("button", name=f"Like {title}").click()
        expect(article).to_contain_text("1 like")
        article.get_by_label("Comment on this article").fill("Yes")
        article.get_by_role("button", name="Send").click()

        expect(article).to_contain_text("1 like · 1 comment")
        expect(article.get_by_role("button", name=f"Unlike {title}")).to_be_visible()
        expect(bob.page.locator("#inbox-card")).to_contain_text(f"{ann.name} likes {title}")
        expect(bob.page.locator("#inbox-card")).to_contain_text(f"{ann.name} commented on {title}")
        expect(bob.page.locator("#inbox-card .badge")).to_have_text("2")
        if folder := os.environ.get("SHOTS"):
            bob.page.screenshot(path=f"{folder}/bob.png", full_page=True)
            ann.page.screenshot(path=f"{folder}/ann.png", full_page=True)
