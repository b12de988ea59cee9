"""Helpers for tests of the page: a user in a browser, and the users who follow that user."""

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Locator, Page, Route, StorageState, expect
from sqlalchemy import Connection

from app.services import accounts, followings
from core import inbox_counts
from tests.accounts import insert_user, log_in, opened
from tests.clients import PASSWORD, Api, User
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
    """A user whose browser is logged in, in a separate window."""

    def __init__(
        self, browser: Browser, system: System, *, url: str | None = None, path: str = "/", **options: Any
    ) -> None:
        self._system = system
        self.api = Api(system.api.url)
        self.name = f"user {uuid.uuid4().hex[:8]}"
        user = insert_user(system.env, self.name)
        self.id = user.id
        origin = url or system.api.url
        self.page = browser.new_context(storage_state=_logged_in(user, origin), **options).new_page()
        self.page.goto(origin + path)
        self._wait_live()

    def sign_up(self) -> None:
        """Sign up, in whatever language the page is."""
        self.page.locator("#log-in [name=user_name]").fill(self.name)
        self.page.locator("#log-in [name=password]").fill(PASSWORD)
        self.page.locator("#log-in [value=sign-up]").click()
        self._wait_live()

    def log_in_elsewhere(self) -> str:
        """Return an access token of another device."""
        return log_in(self._system.env, self.name).token

    def second_device(self, browser: Browser, **options: Any) -> Page:
        """Log in on another device, and return its page."""
        url = self._system.api.url
        state = _logged_in(log_in(self._system.env, self.name), url)
        page = browser.new_context(storage_state=state, **options).new_page()
        page.goto(url)
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

    def _wait_live(self) -> None:
        expect(self.page.locator("#state")).to_have_attribute("data-state", "live")
        self.page.mouse.move(0, 0)  # new rows wait while the mouse is over the list

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        with opened(self._system.env) as database, database.transaction() as connection:
            yield connection


def _logged_in(user: User, url: str) -> StorageState:
    """Return what a browser keeps of a log-in: the cookie, and who it is."""
    shown = {"id": user.id, "name": user.name, "photo": None}
    return {
        "cookies": [
            {
                "name": "refresh_token",
                "value": user.refresh_token,
                "domain": str(urlsplit(url).hostname),
                "path": "/v1_0/authorizations",
                "expires": -1,
                "httpOnly": True,
                "secure": False,
                "sameSite": "Strict",
            }
        ],
        "origins": [{"origin": url, "localStorage": [{"name": "user", "value": json.dumps(shown)}]}],
    }
