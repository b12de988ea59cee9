"""What the tests of the page share: somebody in front of it, and the people who follow them."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Locator, Route, expect
from sqlalchemy import Connection

from app.db import Database
from app.services import accounts, followings, inbox
from tests.system import System


class Person:
    """Somebody who has signed up on the page, in a window of their own."""

    def __init__(self, browser: Browser, system: System, *, path: str = "/", **options: object) -> None:
        self._system = system
        self.name = f"user {uuid.uuid4().hex[:8]}"
        self.page = browser.new_context(**options).new_page()  # type: ignore[arg-type]
        self.page.goto(system.api.url + path)
        self.sign_up()
        with self._connection() as connection:
            found = accounts.find_credentials(connection, self.name)
        assert found is not None
        self.id = found.user_id

    def sign_up(self) -> None:
        self.page.get_by_label("Name").fill(self.name)
        self.page.get_by_label("Password").fill("a good password")
        self.page.get_by_role("button", name="Sign up").click()
        expect(self.page.locator("#state")).to_have_text("Live")

    def is_followed_by(self, fans: int, *, prefix: str = "fan") -> list[str]:
        """Have new users follow this one, and wait until the page counts them; return their names, newest first."""
        names = [f"{prefix} {uuid.uuid4().hex[:6]} {number}" for number in range(fans)]
        with self._connection() as connection:
            for name in names:
                fan = accounts.sign_up(connection, name=name, password_hash="nobody logs in")["id"]
                followings.follow(connection, follower_id=fan, target_id=self.id)
            count = inbox.unread_count(connection, self.id)
        expect(self.page.locator("#badge-label")).to_have_text(f"{count} unread", timeout=20_000)
        return names[::-1]

    def hold(self, url: str) -> list[Route]:
        """Keep the next request for this address; it is in the list once it is made."""
        held: list[Route] = []

        def keep(route: Route) -> None:
            held.append(route)

        self.page.route(url, keep, times=1)
        return held

    def row(self, name: str) -> Locator:
        return self.page.locator("#inbox li").filter(has_text=name)

    def place_of(self, name: str) -> float:
        """Where a row stands in the window."""
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
