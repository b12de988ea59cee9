"""The settings of notifications on the page: what is chosen counts at once, and on all devices."""

from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.clients import PASSWORD
from tests.e2e.pages import Person, look_away, open_settings
from tests.services import wait_until
from tests.system import System

FOLLOW, LIKE, COMMENT = "Somebody follows you", "Somebody likes your article", "Somebody comments on your article"
ZONE = "Pacific/Kiritimati"


@pytest.fixture
def bob(browser: Browser, pages: System) -> Person:
    return Person(browser, pages, timezone_id="Asia/Shanghai")


def open_elsewhere(browser: Browser, bob: Person, **options: Any) -> Page:
    """Log in on another device."""
    page = browser.new_context(**options).new_page()
    page.goto(bob.page.url.partition("#")[0])
    page.locator("#log-in [name=user_name]").fill(bob.name)
    page.locator("#log-in [name=password]").fill(PASSWORD)
    page.locator("#log-in [value=log-in]").click()
    expect(page.locator("#state")).to_have_attribute("data-state", "live")
    return page


def box(page: Page, what: str, channel: str) -> Locator:
    return page.get_by_role("checkbox", name=f"{what}: {channel}", exact=True)


def preferences(bob: Person) -> Any:
    status, told = bob.api.call("GET", "/v1_0/user/preferences", token=bob.log_in_elsewhere())
    assert status == 200
    return told


def saved(bob: Person, what: str, is_saved: Any) -> None:
    wait_until(lambda: is_saved(preferences(bob)) or bob.page.wait_for_timeout(50), seconds=10, what=what)


def follow(system: System, bob: Person) -> Any:
    fan = system.user()
    assert bob.api.call("POST", "/v1_0/user/followings", {"target": bob.id}, token=fan.token)[0] == 201
    return fan


def test_settings_have_an_address_and_the_way_back(bob: Person) -> None:
    open_settings(bob.page)
    assert bob.page.url.endswith("#settings")
    expect(bob.page.locator("#home")).to_be_hidden()

    bob.page.go_back()
    expect(bob.page.locator("#home")).to_be_visible()
    expect(bob.page.locator("#inbox-title")).to_be_focused()
    bob.page.go_forward()
    expect(bob.page.locator("#channels")).to_be_visible()
    bob.page.reload()
    expect(bob.page.locator("#channels")).to_be_visible()
    bob.page.get_by_role("link", name="Back").click()
    expect(bob.page.locator("#inbox-card article, #inbox-card .empty").first).to_be_visible()
    bob.page.locator("push-bell .bell").click()
    bob.page.locator("push-bell .settings").click()
    expect(bob.page.locator("#channels")).to_be_visible()
    expect(bob.page.locator("push-bell .panel")).to_be_hidden()


def test_choice_on_one_device_is_there_on_the_other(browser: Browser, bob: Person) -> None:
    phone = open_elsewhere(browser, bob, viewport={"width": 390, "height": 800})
    open_settings(bob.page)
    open_settings(phone)

    box(bob.page, LIKE, "Pop-up").uncheck()
    assert box(bob.page, "Your articles", "Pop-up").evaluate("box => box.indeterminate")
    box(bob.page, "Your articles", "Push").uncheck()
    box(bob.page, FOLLOW, "Inbox").uncheck()
    for channel in ("Pop-up", "Push"):
        expect(box(bob.page, FOLLOW, channel)).to_be_disabled()
        expect(box(bob.page, FOLLOW, channel)).not_to_be_checked()
    saved(bob, "all is saved", lambda told: not told["events"]["following notify"]["in_app"])
    phone.reload()

    expect(box(phone, LIKE, "Pop-up")).not_to_be_checked()
    expect(box(phone, COMMENT, "Pop-up")).to_be_checked()
    for event in (LIKE, COMMENT, "Your articles"):
        expect(box(phone, event, "Push")).not_to_be_checked()
    expect(box(phone, FOLLOW, "Inbox")).not_to_be_checked()
    box(phone, "Your articles", "Pop-up").check()
    saved(bob, "the category counts", lambda told: told["events"]["liking notify"]["toast"])


def test_choice_that_can_not_be_saved_is_taken_back_with_a_reason(bob: Person) -> None:
    open_settings(bob.page)
    bob.page.route("**/user/preferences", lambda route: route.abort())

    box(bob.page, COMMENT, "Inbox").click()

    expect(bob.page.locator("#channels .wrong")).to_have_text("The server can't be reached. Try again in a moment.")
    expect(box(bob.page, COMMENT, "Inbox")).to_be_checked()
    expect(box(bob.page, COMMENT, "Push")).to_be_enabled()


def test_what_is_required_is_locked_with_the_reason(bob: Person) -> None:
    def require(route: Any) -> None:
        answer = route.fetch()
        told = answer.json()
        told["events"]["following notify"]["required"] = told["categories"]["people"]["required"] = True
        route.fulfill(response=answer, json=told)

    bob.page.route("**/user/preferences", require)
    open_settings(bob.page)

    expect(bob.page.get_by_role("row", name=FOLLOW)).to_contain_text("Required: it can't be switched off.")
    for channel in ("Inbox", "Pop-up", "Push"):
        expect(box(bob.page, FOLLOW, channel)).to_be_disabled()
        expect(box(bob.page, FOLLOW, channel)).to_be_checked()


def test_muted_person_sends_nothing_until_unmuted(pages: System, bob: Person) -> None:
    muted, other = pages.user(), pages.user()
    bob.api.call("PUT", f"/v1_0/user/preferences/muted/{muted.id}", token=bob.log_in_elsewhere())
    asked: list[str] = []
    bob.page.on("request", lambda request: asked.append(request.url))
    open_settings(bob.page)
    expect(bob.page.locator("#muted li")).to_have_text([f"{muted.name[0].upper()}{muted.name}Unmute {muted.name}"])
    assert not [url for url in asked if "/v1_0/users/" in url]

    for fan in (muted, other):
        bob.api.call("POST", "/v1_0/user/followings", {"target": bob.id}, token=fan.token)
    expect(bob.page.locator(".toast")).to_contain_text(other.name)
    bob.page.get_by_role("button", name=f"Unmute {muted.name}").click()
    expect(bob.page.locator("#muted li")).to_have_count(0)
    expect(bob.page.locator("#muted-title")).to_be_focused()
    saved(bob, "nobody is muted", lambda told: told["muted"] == [])

    assert [entry["data"]["user_id"] for entry in bob.read_inbox()["results"]] == [other.id]


def test_unmuting_that_fails_is_taken_back(pages: System, bob: Person) -> None:
    people = [pages.user() for _ in range(3)]
    for person in people:
        bob.api.call("PUT", f"/v1_0/user/preferences/muted/{person.id}", token=bob.log_in_elsewhere())
    open_settings(bob.page)
    before = bob.page.locator("#muted li").all_text_contents()
    bob.page.route("**/preferences/muted/**", lambda route: route.abort())

    bob.page.get_by_role("button", name=f"Unmute {people[1].name}").click()

    expect(bob.page.locator("#muted .wrong")).to_contain_text("can't be reached")
    expect(bob.page.locator("#muted li")).to_have_text(before)


def test_stranger_who_was_let_in_can_be_taken_back(pages: System, bob: Person) -> None:
    stranger = pages.user()
    bob.api.call(
        "PATCH",
        "/v1_0/user/preferences",
        {"strangers": "filter", "accepted": [stranger.id]},
        token=bob.log_in_elsewhere(),
    )
    open_settings(bob.page)

    bob.page.get_by_role("button", name=f"Take back {stranger.name}").click()

    expect(bob.page.locator("#accepted li")).to_have_count(0)
    expect(bob.page.locator("#accepted")).to_contain_text("You have let nobody in.")
    saved(bob, "nobody is let in", lambda told: told["accepted"] == [])


def test_quiet_hours_make_a_push_silent(browser: Browser, pages: System, bob: Person) -> None:
    pushed: list[str] = []
    bob.page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: pushed.append(str(frame))))
    bob.page.reload()
    expect(bob.page.locator("#state")).to_have_attribute("data-state", "live")
    open_settings(bob.page)
    bob.page.get_by_label("Be quiet each day").check()
    expect(bob.page.get_by_label("Time zone")).to_have_value("Asia/Shanghai")
    saved(bob, "the first times", lambda told: told["quiet_hours"] is not None)
    assert preferences(bob)["quiet_hours"] == {"from": "22:00", "to": "07:00", "zone": "Asia/Shanghai"}
    bob.page.get_by_label("Time zone").select_option(ZONE)
    bob.page.get_by_label("From", exact=True).fill("00:00")
    bob.page.get_by_label("To", exact=True).fill("23:59")
    bob.page.get_by_label("To", exact=True).blur()
    always = {"from": "00:00", "to": "23:59", "zone": ZONE}
    saved(bob, "all day", lambda told: told["quiet_hours"] == always)

    fan = follow(pages, bob)

    wait_until(
        lambda: any('"silent":true' in frame for frame in pushed) or bob.page.wait_for_timeout(50),
        seconds=10,
        what="the push says so",
    )
    expect(bob.page.locator("push-bell .bell .badge")).to_have_text("1")
    expect(bob.page.locator(".toast")).to_have_count(0)
    phone = open_elsewhere(browser, bob)
    open_settings(phone)
    expect(phone.get_by_label("To", exact=True)).to_have_value("23:59")
    expect(phone.get_by_label("Time zone")).to_have_value(ZONE)
    phone.get_by_label("Be quiet each day").uncheck()
    saved(bob, "no quiet hours", lambda told: told["quiet_hours"] is None)
    loud = follow(pages, bob)
    expect(bob.page.locator(".toast")).to_contain_text(loud.name)
    assert fan.name != loud.name


@pytest.mark.parametrize(
    ("locale", "said"),
    [("en", "They should end at another time than they begin."), ("zh", "结束时间不能与开始时间相同。")],
)
def test_wrong_quiet_hours_are_explained_in_the_language_of_the_reader(
    browser: Browser, pages: System, locale: str, said: str
) -> None:
    bob = Person(browser, pages, locale=locale)
    open_settings(bob.page)
    bob.page.locator("#quiet-hours [type=checkbox]").check()
    saved(bob, "the first times", lambda told: told["quiet_hours"] is not None)

    bob.page.locator("#quiet-hours [type=time]").nth(1).fill("22:00")
    bob.page.locator("#quiet-hours [type=time]").nth(1).blur()

    expect(bob.page.locator("#quiet-hours .wrong")).to_have_text(said)
    assert preferences(bob)["quiet_hours"]["to"] == "07:00"
    # The server says the same of what gets past the page.
    bob.page.route("**/user/preferences", lambda route: route.continue_(post_data='{"quiet_hours": {"zone": "Mars"}}'))
    bob.page.locator("#quiet-hours [type=time]").nth(1).fill("08:00")
    bob.page.locator("#quiet-hours [type=time]").nth(1).blur()
    expect(bob.page.locator("#quiet-hours .wrong")).to_contain_text({"en": "time zone", "zh": "时区"}[locale])


def test_strangers_are_filtered_or_dropped(pages: System, bob: Person) -> None:
    open_settings(bob.page)
    bob.page.get_by_label("Ask me first").check()
    saved(bob, "filter", lambda told: told["strangers"] == "filter")

    fan = follow(pages, bob)

    def requests() -> Any:
        path = "/v1_0/user/notifications?state=requests"
        return bob.api.call("GET", path, token=bob.log_in_elsewhere())[1]["results"]

    wait_until(lambda: requests() or bob.page.wait_for_timeout(50), seconds=10, what="it is filtered")
    assert [entry["data"]["user_id"] for entry in requests()] == [fan.id]
    bob.page.reload()
    expect(bob.page.get_by_label("Ask me first")).to_be_checked()


def test_other_device_is_logged_out(browser: Browser, bob: Person) -> None:
    phone = open_elsewhere(browser, bob, user_agent="Mozilla/5.0 (Linux; Android 14) Chrome/120.0 Mobile Safari/537.36")
    open_settings(bob.page)
    rows = bob.page.locator("#devices li")
    expect(rows).to_have_count(2)
    expect(rows.filter(has_text="This device")).to_have_count(1)
    expect(rows.filter(has_text="Android")).to_contain_text("Connected since")

    rows.filter(has_text="Android").get_by_role("button").click()

    expect(rows).to_have_count(1)
    expect(phone.locator("#log-in")).to_be_visible(timeout=15_000)
    expect(bob.page.locator("#state")).to_have_attribute("data-state", "live")


def test_closing_a_device_that_fails_is_taken_back(browser: Browser, bob: Person) -> None:
    open_elsewhere(browser, bob)
    open_settings(bob.page)
    bob.page.route("**/user/sessions/**", lambda route: route.abort())

    bob.page.locator("#devices li").get_by_role("button").click()

    expect(bob.page.locator("#devices .wrong")).to_contain_text("can't be reached")
    expect(bob.page.locator("#devices li")).to_have_count(2)


_RECORD_ALERTS = """() => {
  window.alerts = [];
  window.Notification = class extends Notification {
    constructor(title, options) {
      super(title, options);
      alerts.push(options.body);
    }
  };
  const start = OscillatorNode.prototype.start;
  OscillatorNode.prototype.start = function (at) { alerts.push("sound"); return start.call(this, at); };
}"""


def test_desktop_notification_and_sound_are_a_choice_of_this_browser(whole_browser: Browser, pages: System) -> None:
    bob = Person(whole_browser, pages, permissions=["notifications"])
    page = bob.page
    page.add_init_script(f"({_RECORD_ALERTS})()")
    page.add_init_script("Object.defineProperty(document, 'hidden', { get: () => window.isHidden === true });")
    page.reload()
    open_settings(page)
    page.get_by_label("Desktop notification").check()
    page.get_by_label("Sound").check()
    assert page.evaluate("alerts") == ["sound", "sound"]  # two tones, so that the reader knows it
    page.evaluate(
        "() => { window.isHidden = true; alerts.length = 0; document.dispatchEvent(new Event('visibilitychange')); }"
    )

    fan = follow(pages, bob)

    wait_until(
        lambda: page.evaluate("alerts.length >= 3") or page.wait_for_timeout(50), seconds=10, what="both are there"
    )
    assert sorted(page.evaluate("alerts")) == sorted([f"{fan.name} follows you now", "sound", "sound"])
    page.reload()
    expect(page.get_by_label("Sound")).to_be_checked()
    expect(page.get_by_label("Desktop notification")).to_be_checked()
    page.get_by_label("Sound").uncheck()
    look_away(page)
    page.evaluate("() => (alerts.length = 0)")
    follow(pages, bob)
    expect(page.locator(".toast")).to_have_count(1)
    assert page.evaluate("alerts") == []


def test_settings_that_can_not_be_loaded_can_be_tried_again(bob: Person) -> None:
    bob.page.route("**/settings.js*", lambda route: route.abort())
    bob.page.locator("#inbox-card .settings").click()
    expect(bob.page.get_by_role("alert").filter(has_text="can't be reached")).to_be_visible()
    bob.page.unroute("**/settings.js*")

    bob.page.get_by_role("button", name="Try again").click()

    expect(bob.page.locator("#channels")).to_be_visible()
