"""What repeats is one row and one toast of the page, which grows and moves up."""

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.pages import Person, look_away, look_back
from tests.system import System

WATCH_ROWS = """() => {
  window.removed = 0;
  const count = (nodes) => [...nodes].filter((node) => node.matches?.("article")).length;
  const note = ({ removedNodes }) => (window.removed += count(removedNodes));
  const watch = new MutationObserver((changes) => changes.forEach(note));
  watch.observe(document.querySelector("#inbox-card"), { childList: true, subtree: true });
}"""

# What screen readers say of a live region: what is added to it, with all of the part around it that is atomic.
LISTEN = """() => {
  window.said = [];
  const isHeard = (node) => node.nodeType === Node.TEXT_NODE || !node.matches("[aria-hidden], [alt='']");
  const said = ({ addedNodes, target }) => {
    const heard = [...addedNodes].filter(isHeard);
    const whole = target.closest("[aria-atomic=true]");
    return whole && heard.length ? [whole] : heard;
  };
  const note = (changes) => window.said.push(...[...new Set(changes.flatMap(said))].map((part) => part.textContent));
  const watch = new MutationObserver(note);
  watch.observe(document.querySelector("#toasts"), { childList: true, subtree: true });
}"""


def follow(system: System, bob: Person, count: int) -> list[str]:
    """Let so many people follow Bob, and return their names."""
    users = [system.user() for _ in range(count)]
    for user in users:
        assert bob.api.call("POST", "/v1_0/user/followings", {"target": bob.id}, token=user.token)[0] == 201
    return [user.name for user in users]


@pytest.mark.parametrize(
    ("locale", "text"), [("en-GB", r"{} and 4 others follow you now"), ("zh-CN", r"{} 等 5 人关注了你")]
)
def test_five_followers_are_one_row(browser: Browser, pages_with_groups: System, locale: str, text: str) -> None:
    bob = Person(browser, pages_with_groups, locale=locale)
    rows = bob.page.locator("#inbox-card article")

    names = follow(pages_with_groups, bob, 5)

    expect(rows.locator(".said")).to_have_text([text.format(names[-1])])
    expect(rows.locator(".figure .avatar")).to_have_count(2)
    bob.page.reload()
    expect(rows.locator(".said")).to_have_text([text.format(names[-1])])


def test_group_has_one_toast_that_grows(browser: Browser, pages_with_groups: System) -> None:
    bob = Person(browser, pages_with_groups)
    look_away(bob.page)
    toasts = bob.page.locator(".toast")

    [first] = follow(pages_with_groups, bob, 1)
    expect(toasts).to_have_text([re.compile(f"^.*{first} follows you now.*$")])
    [second] = follow(pages_with_groups, bob, 1)

    expect(toasts).to_have_text([re.compile(f"^.*{second} and 1 other follow you now.*$")])


def test_toast_that_grows_is_announced_once_and_keeps_the_focus(browser: Browser, pages_with_groups: System) -> None:
    bob = Person(browser, pages_with_groups)
    look_away(bob.page)
    link = bob.page.locator(".toast .open")
    follow(pages_with_groups, bob, 1)
    link.focus()
    bob.page.evaluate(LISTEN)

    [second] = follow(pages_with_groups, bob, 1)

    expect(link).to_contain_text(f"{second} and 1 other follow you now")
    expect(link).to_be_focused()
    assert bob.page.evaluate("() => window.said") == [f"{second} and 1 other follow you now"]


def test_row_that_is_read_is_read_as_a_whole_on_all_devices(browser: Browser, pages_with_groups: System) -> None:
    bob = Person(browser, pages_with_groups)
    follow(pages_with_groups, bob, 3)
    row = bob.page.locator("#inbox-card article")
    expect(row).to_contain_text("and 2 others")
    expect(bob.page).to_have_title("(3) Toutiao")
    other = bob.second_device(browser)
    expect(other.locator("#inbox-card article.unread")).to_contain_text("and 2 others")

    row.locator(".open").click()
    bob.page.mouse.move(0, 0)

    expect(bob.page).to_have_title("Toutiao")
    expect(other).to_have_title("Toutiao")
    expect(other.locator("#inbox-card article.read")).to_have_count(1)
    follow(pages_with_groups, bob, 1)
    bob.page.locator("#inbox-card .pill").click()
    expect(row).to_have_count(2)


def test_archived_group_comes_back_as_a_whole(browser: Browser, pages_with_groups: System) -> None:
    bob = Person(browser, pages_with_groups)
    follow(pages_with_groups, bob, 3)
    row = bob.page.locator("#inbox-card article")
    expect(row).to_contain_text("and 2 others")

    row.hover()
    row.get_by_role("button", name="Archive").click()
    expect(row).to_have_count(0)
    bob.page.get_by_role("button", name="Undo").click()

    expect(row).to_contain_text("and 2 others")
    expect(bob.page).to_have_title("(3) Toutiao")
    bob.page.reload()
    expect(row).to_contain_text("and 2 others")


def test_group_goes_on_when_its_newest_one_is_taken_back(browser: Browser, pages_with_groups: System) -> None:
    bob = Person(browser, pages_with_groups)
    users = [pages_with_groups.user() for _ in range(3)]
    row = bob.page.locator("#inbox-card article")
    bob.page.evaluate(WATCH_ROWS)
    look_away(bob.page)
    for user in users:
        assert bob.api.call("POST", "/v1_0/user/followings", {"target": bob.id}, token=user.token)[0] == 201
    expect(row).to_contain_text("and 2 others")

    assert bob.api.call("DELETE", f"/v1_0/user/followings/{bob.id}", token=users[-1].token)[0] == 204

    expect(row).to_contain_text(f"{users[-2].name} and 1 other follow you now")
    assert bob.page.evaluate("() => window.removed") == 0


def test_group_does_not_move_under_the_reader(browser: Browser, pages_with_groups: System) -> None:
    bob = Person(browser, pages_with_groups)
    [ann] = follow(pages_with_groups, bob, 1)
    rows = bob.page.locator("#inbox-card article")
    expect(rows).to_have_count(1)
    status, article = bob.api.call("POST", "/v1_0/articles", {"title": "Rain"}, token=bob.log_in_elsewhere())
    assert status == 201
    fan = pages_with_groups.user()
    assert bob.api.call("POST", f"/v1_0/articles/{article['id']}/likings", token=fan.token)[0] == 201
    expect(rows).to_have_count(2)
    expect(rows.nth(1)).to_contain_text(ann)
    rows.nth(1).hover()

    [eve] = follow(pages_with_groups, bob, 1)

    expect(rows.nth(1)).to_contain_text(f"{eve} and 1 other follow you now")
    expect(rows.nth(0)).to_contain_text("Rain")
    bob.page.mouse.move(0, 0)
    look_back(bob.page)
    expect(rows.nth(0)).to_contain_text(eve)
    expect(rows.nth(1)).to_contain_text("Rain")
