"""Ann and Bob walk through the whole page, Bob on two devices, and axe finds no fault in any view.

The looks have each pair of width, colour scheme and language.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.e2e.accessibility import fits, violations
from tests.e2e.pages import Person, look_away, look_back, open_settings
from tests.e2e.phone import FAR, TOUCH, Phone
from tests.services import wait_until
from tests.system import ROOT, System

WORDS = {language: json.loads((ROOT / f"app/web/words/{language}.json").read_text()) for language in ("en", "zh")}
OF_LIST = {
    "en": {
        "follows": "{} follows you now",
        "others_follow": "{} and 2 others follow you now",
        "archive": "Archive",
        "mark_unread": "Mark unread",
        "more": "More",
        "mute_person": "Mute",
        "muted": "{} is muted",
        "one_request": "1 request",
    },
    "zh": {
        "follows": "{} 关注了你",
        "others_follow": "{} 等 3 人关注了你",
        "archive": "归档",
        "mark_unread": "标为未读",
        "more": "更多",
        "mute_person": "屏蔽此人",
        "muted": "已屏蔽 {}",
        "one_request": "1 条请求",
    },
}
DESKTOP = {"viewport": {"width": 1280, "height": 800}}


@dataclass(frozen=True)
class Look:
    """How Bob's first device shows the page. His second one is a phone, or a desktop if the first is a phone."""

    width: int
    scheme: str
    language: str

    def __str__(self) -> str:
        return f"{self.width}-{self.scheme}-{self.language}"

    @property
    def is_phone(self) -> bool:
        return self.width == TOUCH["viewport"]["width"]  # type: ignore[index]

    @property
    def options(self) -> dict[str, Any]:
        size = TOUCH if self.is_phone else {"viewport": {"width": self.width, "height": 800}}
        return {**size, **self._taste}

    @property
    def options_of_second_device(self) -> dict[str, Any]:
        return {**(DESKTOP if self.is_phone else TOUCH), **self._taste}

    @property
    def _taste(self) -> dict[str, Any]:
        return {"color_scheme": self.scheme, "locale": self.language, "reduced_motion": "reduce"}


LOOKS = [
    Look(360, "light", "en"),
    Look(360, "dark", "zh"),
    Look(768, "light", "zh"),
    Look(768, "dark", "en"),
    Look(1280, "light", "en"),
    Look(1280, "dark", "zh"),
]


class Walk:
    """What the people do, step by step. Each step begins where the one before it ended."""

    def __init__(self, browser: Browser, system: System, look: Look) -> None:
        self._system = system
        self._look = look
        self.words = WORDS[look.language] | OF_LIST[look.language]
        self.bob = Phone(browser, system, **look.options) if look.is_phone else Person(browser, system, **look.options)
        self.page = self.bob.page
        self.undo = self.page.locator("#inbox-card .undo")
        self._token = self.bob.log_in_elsewhere()
        self.second = self.bob.second_device(browser, **look.options_of_second_device)
        expect(self.second.locator("#state")).to_have_attribute("data-state", "live")
        self.ann = Person(browser, system, locale=look.language)

    def close(self) -> None:
        for page in (self.page, self.second, self.ann.page):
            page.context.close()

    def check(self) -> None:
        assert violations(self.page) == []
        assert fits(self.page)

    def ann_follows_and_both_devices_tell(self) -> None:
        look_away(self.page)
        people = self.ann.page.locator("#people-card")
        people.get_by_role("searchbox").fill(self.bob.name)
        people.get_by_role("button", name=f"{self.words['follow']} {self.bob.name}").click()

        said = self.words["follows"].format(self.ann.name)
        expect(self.page.locator(".toast")).to_contain_text(said)
        expect(self.second.locator("#inbox-card .said")).to_have_text([said])
        self.check()

    def toast_is_opened_and_read_on_both_devices(self) -> None:
        self.page.locator(".toast .open").click()
        expect(self.page.locator(".toast")).to_have_count(0)

        look_back(self.page)
        for row in self._rows(self.ann.name):
            expect(row).to_have_class("read")
        self.check()

    def row_is_archived_and_brought_back(self) -> None:
        self._act("archive", -FAR)

        for row in self._rows(self.ann.name):
            expect(row).to_have_count(0)
        self.check()
        self.undo.get_by_role("button").click()
        for row in self._rows(self.ann.name):
            expect(row).to_have_count(1)

    def row_is_marked_unread(self) -> None:
        self._act("mark_unread", FAR)

        for row in self._rows(self.ann.name):
            expect(row).to_have_class("unread")
        self.check()

    def ann_is_muted_and_heard_again(self) -> None:
        mute = self._open_menu("mute_person")
        self.check()
        mute.click()

        expect(self.undo).to_contain_text(self.words["muted"].format(self.ann.name))
        self._saved("Ann is muted", lambda told: told["muted"] == [self.ann.id])
        self.undo.get_by_role("button").click()
        self._saved("nobody is muted", lambda told: told["muted"] == [])

    def bob_follows_back(self) -> None:
        if self._look.is_phone:
            self._open_menu("follow_back").click()
        else:
            self._button("follow_back").click()

        expect(self.ann.row(self.bob.name)).to_contain_text(self.words["follows"].format(self.bob.name))

    def three_fans_are_one_row(self) -> None:
        self._mark_all_read()
        fans = [self._fan() for _ in range(3)]

        for page in (self.page, self.second):
            expect(page.locator("#inbox-card .said").first).to_have_text(self.words["others_follow"].format(fans[-1]))
        self.check()
        self.page.locator("push-bell .bell").click()
        expect(self.page.locator("push-bell .panel article")).to_have_count(2)
        self.check()
        self.page.keyboard.press("Escape")

    def settings_are_chosen(self) -> None:
        open_settings(self.page)
        words = self.words
        box = f"{words['event_following_notify']}: {words['channel_toast']}"
        self.page.get_by_role("checkbox", name=box, exact=True).uncheck()
        self.page.get_by_label(words["quiet_hours_on"]).check()
        self.page.get_by_label(words["strangers_filter"]).check()

        self._saved("no toast", lambda told: not told["events"]["following notify"]["toast"])
        self._saved("quiet hours", lambda told: told["quiet_hours"] is not None)
        self._saved("strangers", lambda told: told["strangers"] == "filter")
        self.check()

    def request_is_accepted_and_told_without_a_toast(self) -> None:
        fan = self._fan()
        wait_until(lambda: self._count_requests() == 1, seconds=15, what="it is filtered")
        self.page.goto(self._system.api.url)
        self.page.get_by_role("link", name=self.words["one_request"]).click()
        self.page.get_by_role("button", name=f"{self.words['request_accept']} {fan}").focus()
        self.check()
        self.page.keyboard.press("Enter")
        expect(self.page.get_by_text(self.words["requests_none"])).to_be_visible()
        self.page.locator("#view .back").click()

        for row in self._rows(fan):
            expect(row).to_be_visible()
        expect(self.page.locator(".toast")).to_have_count(0)

    def language_is_switched(self) -> None:
        [other] = WORDS.keys() - {self._look.language}
        self.page.locator("#language").select_option(other)

        expect(self.page.locator("#inbox-title")).to_contain_text(WORDS[other]["inbox"])
        said = OF_LIST[other]["follows"].format(self.ann.name)
        expect(self.page.locator("#inbox-card .said").last).to_have_text(said)
        self.check()

    def _act(self, action: str, swipe: int) -> None:
        if isinstance(self.bob, Phone):
            self.bob.swipe(self.ann.name, (swipe, 2))
        else:
            self._button(action).click()

    def _button(self, name: str) -> Locator:
        """Return a button of Ann's row."""
        row = self.bob.row(self.ann.name)
        row.hover()
        return row.get_by_role("button", name=f"{self.words[name]}: {self.ann.name}")

    def _open_menu(self, name: str) -> Locator:
        """Open the menu of Ann's row, and return one of its items."""
        self._button("more").click()
        item = self.page.get_by_role("menuitem", name=self.words[name])
        expect(item).to_be_visible()
        return item

    def _mark_all_read(self) -> None:
        self.page.locator("#inbox-card .mark-all").click()
        expect(self.page.locator("#inbox-card article.unread")).to_have_count(0)
        self.page.mouse.move(0, 0)  # new rows wait while the mouse is over the list

    def _fan(self) -> str:
        """Have somebody follow Bob, and return the name."""
        fan = self._system.user("fan")
        assert self.bob.api.call("POST", "/v1_0/user/followings", {"target": self.bob.id}, token=fan.token)[0] == 201
        return fan.name

    def _rows(self, name: str) -> list[Locator]:
        """Return the rows of both devices that tell of a person."""
        return [page.locator("#inbox-card article").filter(has_text=name) for page in (self.page, self.second)]

    def _count_requests(self) -> int:
        return int(self._ask("/user/notifications/counts")["requests"])

    def _saved(self, what: str, is_saved: Callable[[Any], bool]) -> None:
        wait_until(lambda: is_saved(self._ask("/user/preferences")), seconds=10, what=what)

    def _ask(self, path: str) -> Any:
        self.page.wait_for_timeout(50)  # the page goes on only while Playwright waits
        return self.bob.api.call("GET", f"/v1_0{path}", token=self._token)[1]


@pytest.fixture(params=LOOKS, ids=str)
def walk(request: pytest.FixtureRequest, browser: Browser, pages_with_groups: System) -> Iterator[Walk]:
    walk = Walk(browser, pages_with_groups, request.param)
    yield walk
    walk.close()


def test_two_people_walk_through_the_page(walk: Walk) -> None:
    walk.ann_follows_and_both_devices_tell()
    walk.toast_is_opened_and_read_on_both_devices()
    walk.row_is_archived_and_brought_back()
    walk.row_is_marked_unread()
    walk.ann_is_muted_and_heard_again()
    walk.bob_follows_back()
    walk.three_fans_are_one_row()
    walk.settings_are_chosen()
    walk.request_is_accepted_and_told_without_a_toast()
    walk.language_is_switched()
