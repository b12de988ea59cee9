"""What strangers did, on the page: a quiet line says how much there is, and the reader lets it in or refuses it."""

from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.clients import User
from tests.e2e.pages import Person
from tests.services import wait_until
from tests.system import System


@pytest.fixture
def bob(browser: Browser, pages: System) -> Person:
    bob = Person(browser, pages)
    ask(bob, "PATCH", "/user/preferences", {"strangers": "filter"})
    return bob


def ask(bob: Person, method: str, path: str, body: Any = None) -> Any:
    status, answer = bob.api.call(method, f"/v1_0{path}", body, token=bob.log_in_elsewhere())
    assert status < 300, answer
    return answer


def count(bob: Person) -> int:
    return int(ask(bob, "GET", "/user/notifications/counts")["requests"])


def strangers(pages: System, bob: Person, number: int) -> list[User]:
    """Have so many strangers follow, wait until their requests are there, and open the page again."""
    people = [pages.user() for _ in range(number)]
    for person in people:
        assert bob.api.call("POST", "/v1_0/user/followings", {"target": bob.id}, token=person.token)[0] == 201
    wait_until(lambda: count(bob) == number or bob.page.wait_for_timeout(50), seconds=15, what="they are filtered")
    bob.page.reload()
    return people


def line(bob: Person) -> Locator:
    return bob.page.locator("#inbox-card .requests-line")


def row(bob: Person, person: User) -> Locator:
    return bob.page.locator("#view li").filter(has_text=person.name)


def answer(bob: Person, person: User, what: str) -> None:
    row(bob, person).get_by_role("button", name=f"{what} {person.name}").click()


def test_line_says_how_many_there_are_and_leads_to_them(pages: System, bob: Person) -> None:
    expect(line(bob)).to_be_hidden()
    strangers(pages, bob, 3)

    expect(line(bob)).to_have_text("3 requests")
    expect(bob.page.locator("#inbox-card article")).to_have_count(0)
    line(bob).click()

    expect(bob.page.locator("#view-title")).to_be_focused()
    expect(bob.page.locator("#view li")).to_have_count(3)
    assert bob.page.url.endswith("#requests")


def test_each_request_is_let_in_refused_or_muted(pages: System, bob: Person) -> None:
    let_in, refused, muted = strangers(pages, bob, 3)
    line(bob).click()

    answer(bob, let_in, "Accept")
    expect(bob.page.locator("#view li")).to_have_count(2)
    answer(bob, refused, "Refuse")
    answer(bob, muted, "Mute")
    expect(bob.page.get_by_text("No requests.")).to_be_visible()
    wait_until(lambda: count(bob) == 0 or bob.page.wait_for_timeout(50), seconds=10, what="all are answered")
    bob.page.go_back()

    expect(bob.row(let_in.name)).to_be_visible()
    expect(bob.page.locator("#inbox-card article")).to_have_count(1)
    expect(line(bob)).to_be_hidden()
    told = ask(bob, "GET", "/user/preferences")
    assert (told["accepted"], told["muted"]) == ([let_in.id], [muted.id])


def test_answer_that_fails_is_taken_back(pages: System, bob: Person) -> None:
    people = strangers(pages, bob, 2)
    line(bob).click()
    expect(row(bob, people[0])).to_be_visible()
    bob.page.route("**/notifications/requests", lambda route: route.abort())

    answer(bob, people[0], "Refuse")

    expect(bob.page.locator("#view .wrong")).to_contain_text("can't be reached")
    expect(bob.page.locator("#view li")).to_have_count(2)
    assert count(bob) == 2
