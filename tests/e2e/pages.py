"""Helpers for tests of the page: a user in a browser, and the users who follow that user."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, Locator, Page, Route, expect
from sqlalchemy import Connection

from app.services import accounts, credentials, followings
from core import inbox_counts
from core.db import Database
from tests.clients import PASSWORD, Api
from tests.system import System

RIGHT_TO_LEFT = "\u202e"  # a name may have it; the page does not show it


_LOOK_AWAY = """() => {
  document.querySelector("main").style.paddingBottom = "200vh";
  document.querySelector("main").scrollIntoView({ block: "end" });
}"""


def look_away(page: Page) -> None:
    """Scroll a page, which is a long one from now on, until its inbox is out of sight: there are toasts only then."""
    page.evaluate(_LOOK_AWAY)
    expect(page.locator("#inbox-card")).not_to_be_in_viewport()


def look_back(page: Page) -> None:
    """Scroll back to the inbox, so that no row waits."""
    page.evaluate("() => scrollTo(0, 0)")


def open_settings(page: Page) -> None:
    """Open the settings of notifications from the list, and wait until they are there."""
    page.locator("#inbox-card .settings").click()
    expect(page.locator("#view-title")).to_be_focused()
    expect(page.locator("#channels")).to_be_visible()


class Person:
    """A user who has signed up on the page, in a separate window."""

    def __init__(
        self, browser: Browser, system: System, *, url: str | None = None, path: str = "/", **options: object
    ) -> None:
        self._system = system
        self.api = Api(system.api.url)
        self.name = f"user {uuid.uuid4().hex[:8]}"
        self.page = browser.new_context(**options).new_page()  # type: ignore[arg-type]
        self.page.goto((url or system.api.url) + path)
        self.sign_up()
        with self._connection() as connection:
            found = credentials.find(connection, self.name)
        assert found is not None
        self.id = found.user_id

    def sign_up(self) -> None:
        """Sign up, in whatever language the page is."""
        self.page.locator("#log-in [name=user_name]").fill(self.name)
        self.page.locator("#log-in [name=password]").fill(PASSWORD)
        self.page.locator("#log-in [value=sign-up]").click()
        expect(self.page.locator("#state")).to_have_attribute("data-state", "live")
        self.page.mouse.move(0, 0)  # new rows wait while the mouse is over the list

    def log_in_elsewhere(self) -> str:
        """Return an access token of another device."""
        status, tokens = self.api.post("/v1_0/authorizations", {"user_name": self.name, "password": PASSWORD})
        assert status == 201, tokens
        return str(tokens["token"])

    def second_device(self, browser: Browser, **options: Any) -> Page:
        """Log in on another device, and return its page."""
        page = browser.new_context(**options).new_page()
        page.goto(self._system.api.url)
        page.fill("#log-in [name=user_name]", self.name)
        page.fill("#log-in [name=password]", PASSWORD)
        page.click("#log-in [value=log-in]")
        page.mouse.move(0, 0)
        return page

    def read_inbox(self, limit: int = 20) -> Any:
        """Read the inbox on another device."""
        path = f"/v1_0/user/notifications?limit={limit}"
        return self.api.call("GET", path, token=self.log_in_elsewhere())[1]

    def mark_read_elsewhere(self, ids: list[int]) -> None:
        path = "/v1_0/user/notifications/read"
        assert self.api.call("POST", path, {"ids": ids}, token=self.log_in_elsewhere())[0] == 200

    def is_followed_by(self, fans: int, *, prefix: str = "fan") -> list[str]:
        """Have new users follow this one, and wait until the page counts them; return their names, newest first."""
        names = [f"{prefix} {uuid.uuid4().hex[:6]} {number}" for number in range(fans)]
        with self._connection() as connection:
            for name in names:
                fan = accounts.sign_up(connection, name=name, password_hash="nobody logs in")["id"]
                followings.follow(connection, follower_id=fan, target_id=self.id)
            count = inbox_counts.count(connection, str(self.id)).unread
        expect(self.page.locator("#inbox-card .count")).to_contain_text(str(count), timeout=20_000)
        return names[::-1]

    def hold(self, url: str) -> list[Route]:
        """Hold the next request for this address; it is in the list once it was sent."""
        held: list[Route] = []

        def keep(route: Route) -> None:
            held.append(route)

        self.page.route(url, keep, times=1)
        return held

    def row(self, name: str) -> Locator:
        return self.page.locator("#inbox-card article").filter(has_text=name.replace(RIGHT_TO_LEFT, ""))

    def place_of(self, name: str) -> float:
        """The position of a row in the window."""
        box = self.row(name).bounding_box()
        assert box is not None
        return box["y"]

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        database = Database(self._system.env["DATABASE_URL"])
        try:
            with database.transaction() as connection:
                yield connection
        finally:
            database.close()
