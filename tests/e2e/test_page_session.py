"""One login for all tabs of a browser: the refresh token stays in a cookie, and each tab has what it needs."""

import json

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.clients import PASSWORD
from tests.e2e.pages import Person
from tests.system import System

STORED = "() => JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])"


@pytest.fixture
def bob(browser: Browser, pages: System) -> Person:
    return Person(browser, pages)


def new_tab(person: Person) -> Page:
    tab = person.page.context.new_page()
    tab.goto(person.page.url)
    return tab


class TestLogin:
    def test_refresh_token_is_in_a_cookie_and_no_token_is_stored(self, bob: Person) -> None:
        [cookie] = bob.page.context.cookies()

        assert cookie["httpOnly"]
        assert cookie["sameSite"] == "Strict"
        assert cookie["path"] == "/v1_0/authorizations"
        assert "eyJ" not in str(bob.page.evaluate(STORED))

    def test_new_tab_and_reloaded_tab_are_logged_in_and_live(self, bob: Person) -> None:
        tab = new_tab(bob)
        bob.page.reload()

        for page in (tab, bob.page):
            expect(page.locator("#state")).to_have_text("Live")
            expect(page.locator("#me")).to_contain_text(bob.name)

    def test_another_user_on_one_tab_takes_over_the_others(self, bob: Person) -> None:
        tab = new_tab(bob)
        expect(tab.locator("#state")).to_have_text("Live")
        bob.page.get_by_role("button", name="Log out").click()
        bob.name += " too"

        bob.sign_up()

        expect(tab.locator("#me")).to_contain_text(bob.name)
        expect(tab.locator("#state")).to_have_text("Live")


class TestLogout:
    def test_logging_out_on_one_tab_logs_out_all_and_ends_the_login(self, bob: Person) -> None:
        tab = new_tab(bob)
        expect(tab.locator("#state")).to_have_text("Live")

        with bob.page.expect_response("**/authorizations?token=this") as answered:
            bob.page.get_by_role("button", name="Log out").click()

        assert answered.value.status == 204
        expect(tab.locator("#welcome")).to_be_visible()
        assert bob.page.context.cookies() == []

    def test_other_browsers_of_the_user_stay_logged_in(self, bob: Person, browser: Browser) -> None:
        other = browser.new_context().new_page()
        other.goto(bob.page.url)
        other.get_by_label("Name").fill(bob.name)
        other.get_by_label("Password").fill(PASSWORD)
        other.get_by_role("button", name="Log in").click()
        expect(other.locator("#state")).to_have_text("Live")

        bob.page.get_by_role("button", name="Log out").click()
        expect(bob.page.locator("#welcome")).to_be_visible()
        other.reload()

        expect(other.locator("#state")).to_have_text("Live")

    def test_logout_without_a_connection_is_made_good_after_a_reload(self, bob: Person) -> None:
        bob.page.route("**/authorizations*", lambda route: route.abort())
        bob.page.get_by_role("button", name="Log out").click()
        expect(bob.page.locator("#welcome")).to_be_visible()
        bob.page.unroute("**/authorizations*")

        with bob.page.expect_response("**/authorizations?token=this") as answered:
            bob.page.reload()

        assert answered.value.status == 204
        expect(bob.page.locator("#welcome")).to_be_visible()

    def test_revoked_user_is_logged_out_on_the_open_page(self, bob: Person) -> None:
        assert bob.api.call("DELETE", "/v1_0/authorizations", token=bob.log_in_elsewhere())[0] == 204

        expect(bob.page.locator("#welcome")).to_be_visible()
        expect(bob.page.locator("#error")).to_contain_text("You have been logged out")


def test_ended_access_token_is_renewed(bob: Person) -> None:
    ended = json.dumps({"message": "the token has expired"})
    bob.page.route("**/user/notifications?*", lambda route: route.fulfill(status=401, body=ended), times=1)

    with bob.page.expect_response("**/v1_0/authorizations") as renewed:
        bob.page.get_by_role("button", name="Refresh").click()

    assert renewed.value.status == 201
    expect(bob.page.locator("#error")).to_be_hidden()
