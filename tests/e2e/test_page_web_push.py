"""Chromium's own service worker shows what a worker has sent, and a click marks it as read.

Only the push service is this machine's: Chromium would ask that of its maker for an endpoint.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, CDPSession, Page, Worker, expect
from sqlalchemy import update

from core.db import Database
from core.models import WebPush
from core.vapid import create_key
from dev.ports import find_free
from tests.e2e.pages import Person, open_settings
from tests.push_service import PushService, running_push_service
from tests.services import Service, wait_until
from tests.system import System, on_redis

# What the push service of the browser's maker would do for it.
_SUBSCRIBING = """
const kept = () => JSON.parse(localStorage.getItem("push-service") ?? "null");
const subscription = () => kept() && {
  toJSON: () => kept(),
  unsubscribe: async () => localStorage.removeItem("push-service"),
};
PushManager.prototype.subscribe = async function (options) {
  window.subscribedWith = options;
  localStorage.setItem("push-service", JSON.stringify(%s));
  return subscription();
};
PushManager.prototype.getSubscription = async () => subscription();
"""
_SHOWN = """async () => {
  const registration = await navigator.serviceWorker.getRegistration("/web-push/");
  const shown = await registration.getNotifications();
  return shown.map(({ title, body, tag, lang, data }) => ({ title, body, tag, lang, data }));
}"""
_CLICK = """async () => {
  const [notification] = await self.registration.getNotifications();
  self.dispatchEvent(new NotificationEvent("notificationclick", { notification }));
}"""
_SWITCH = "#web-push-switch"


@pytest.fixture(scope="module")
def service() -> Iterator[PushService]:
    with running_push_service() as service:
        yield service


@pytest.fixture(scope="module")
def system(module_folder: Path, valkeys: Callable[[], Service], service: PushService) -> Iterator[System]:
    port = find_free()
    settings = {
        "VAPID_PRIVATE_KEY": create_key(),
        "VAPID_SUBJECT": "mailto:ops@news.example",
        "WEB_PUSH_PRIVATE_ORIGINS": service.url,
        "IM_PORT": str(port),
        **on_redis(valkeys().url),
    }
    with System(module_folder / "web-push", im_ports=[port], **settings) as system:
        yield system


@pytest.fixture
def browser(whole_browser: Browser) -> Browser:
    return whole_browser


@pytest.fixture
def bob(browser: Browser, system: System) -> Person:
    return Person(browser, system, permissions=["notifications"])


@pytest.fixture
def phone(bob: Person, service: PushService) -> str:
    """The name of the browser's device at the push service."""
    name = f"chromium-{bob.id}"
    bob.page.add_init_script(_SUBSCRIBING % json.dumps(service.add_device(name)))
    bob.page.reload()
    expect(bob.page.locator("#state")).to_have_text("Live")
    return name


def switch_on(page: Page) -> None:
    open_settings(page)
    page.locator(_SWITCH).check()
    expect(page.locator("#here [aria-busy]")).to_have_count(0)
    expect(page.locator(_SWITCH)).to_be_checked()
    page.go_back()


def service_worker(page: Page) -> Worker:
    """Return that of Web Push. Another one opens the page without a network."""

    def found() -> list[Worker]:
        return [worker for worker in page.context.service_workers if worker.url.endswith("/push-worker.js")]

    wait_until(lambda: found() or page.wait_for_timeout(20), seconds=10, what="it runs")
    return found()[0]


def deliver(page: Page, text: str) -> None:
    """Have Chromium deliver a push, as its push service does."""
    session: CDPSession = page.context.new_cdp_session(page)
    found: list[str] = []
    session.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda event: found.extend(
            each["registrationId"] for each in event["registrations"] if each["scopeURL"].endswith("/web-push/")
        ),
    )
    session.send("ServiceWorker.enable")
    wait_until(lambda: found or page.wait_for_timeout(20), seconds=10, what="the registration is known")
    origin = page.evaluate("location.origin")
    session.send("ServiceWorker.deliverPushMessage", {"origin": origin, "registrationId": found[-1], "data": text})
    session.detach()


def shown(page: Page, count: int = 1) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []

    def are_shown() -> bool:
        found[:] = page.evaluate(_SHOWN)
        return len(found) >= count

    wait_until(are_shown, seconds=20, what=f"{count} notifications are shown")
    return found


def make_due(system: System) -> None:
    database = Database(system.env["DATABASE_URL"])
    with database.transaction() as connection:
        connection.execute(update(WebPush).values(due_at=0))
    database.close()


def test_notification_is_shown_and_a_click_marks_it_read(
    bob: Person, phone: str, system: System, service: PushService
) -> None:
    switch_on(bob.page)
    bob.page.goto(system.api.url + "/docs")  # of this site, and without the list, which would show it
    fan = system.user("fan")
    assert system.api.post("/v1_0/user/followings", {"target": bob.id}, fan)[0] == 201

    def is_told() -> bool:
        make_due(system)
        return bool(service.of(phone))

    wait_until(is_told, seconds=40, what="the push service is called")
    call = service.of(phone)[0].shown
    assert call["title"].startswith("fan-")
    assert call["title"].endswith(" follows you now")

    deliver(bob.page, json.dumps(call))

    [told] = shown(bob.page)
    assert (told["title"], told["tag"], told["lang"]) == (call["title"], call["tag"], "en")
    assert told["data"] == {"id": call["id"], "url": None}
    assert bob.read_inbox()["unread_count"] == 1
    service_worker(bob.page).evaluate(_CLICK)
    wait_until(lambda: bob.read_inbox()["unread_count"] == 0, seconds=20, what="it is read")
    assert bob.page.evaluate(_SHOWN) == []
    bob.page.goto(system.api.url)  # the worker's renewal of the login ends none
    expect(bob.page.locator("#state")).to_have_text("Live")


def test_click_marks_all_of_a_group_read(bob: Person, phone: str, system: System) -> None:
    switch_on(bob.page)
    bob.page.goto(system.api.url + "/docs")
    for _ in range(2):
        assert system.api.post("/v1_0/user/followings", {"target": bob.id}, system.user())[0] == 201

    def group_ids() -> list[int | None]:
        return [row["group_id"] for row in bob.read_inbox()["results"]]

    wait_until(
        lambda: len(ids := group_ids()) == 2 and ids[0] == ids[1] is not None, seconds=20, what="they are a group"
    )
    newest = bob.read_inbox()["results"][0]["id"]
    deliver(bob.page, json.dumps({"id": newest, "title": "Ann and 1 other", "tag": "following", "timestamp": 1}))
    shown(bob.page)

    service_worker(bob.page).evaluate(_CLICK)

    wait_until(lambda: bob.read_inbox()["unread_count"] == 0, seconds=20, what="both are read")


def test_group_takes_the_place_of_the_one_before(bob: Person, phone: str) -> None:
    switch_on(bob.page)
    for number in (1, 2):
        deliver(bob.page, json.dumps({"id": number, "title": f"number {number}", "tag": "one group", "timestamp": 1}))
        wait_until(
            lambda number=number: [each["title"] for each in shown(bob.page)] == [f"number {number}"],  # type: ignore[misc]
            seconds=10,
            what="the newest is shown alone",
        )


def test_push_that_can_not_be_read_is_shown_all_the_same(bob: Person, phone: str) -> None:
    switch_on(bob.page)

    deliver(bob.page, "no JSON")

    assert [each["title"] for each in shown(bob.page)] == ["Toutiao"]


@pytest.mark.parametrize(
    ("url", "opened"),
    [
        ("/#article-7", "{origin}/#article-7"),
        ("https://news.example/a", "https://news.example/a"),
        ("//news.example/a", "{origin}/"),
        ("http://news.example/a", "{origin}/"),
        ("javascript:alert(1)", "{origin}/"),
        ("data:text/html,x", "{origin}/"),
        (None, "{origin}/"),
        ("http://[", "{origin}/"),
    ],
)
def test_click_leads_to_this_site_or_to_https(bob: Person, phone: str, url: str | None, opened: str) -> None:
    switch_on(bob.page)
    origin = bob.page.evaluate("location.origin")

    address = service_worker(bob.page).evaluate("(url) => addressOf(url).href", url)

    assert address == opened.format(origin=origin)


def test_page_in_front_opens_what_the_click_is_about(bob: Person, phone: str) -> None:
    switch_on(bob.page)
    worker = service_worker(bob.page)

    worker.evaluate(
        """async () => {
          const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
          for (const page of pages) {
            page.postMessage({ type: "open", url: "https://elsewhere.example/" });
            page.postMessage({ type: "open", url: `${self.location.origin}/#article-7` });
          }
        }"""
    )

    bob.page.wait_for_url("**/#article-7")


def test_switch_subscribes_with_the_servers_key_and_unsubscribes(bob: Person, phone: str, system: System) -> None:
    switch_on(bob.page)
    token = bob.log_in_elsewhere()

    [device] = system.api.call("GET", "/v1_0/user/push-subscriptions", token=token)[1]["results"]
    assert device["language"] == "en"
    assert bob.page.evaluate("window.subscribedWith") == {
        "userVisibleOnly": True,
        "applicationServerKey": system.api.get("/v1_0/push-key")[1]["key"],
    }

    open_settings(bob.page)
    bob.page.locator(_SWITCH).uncheck()
    expect(bob.page.locator("#here [aria-busy]")).to_have_count(0)
    expect(bob.page.locator(_SWITCH)).not_to_be_checked()
    assert system.api.call("GET", "/v1_0/user/push-subscriptions", token=token)[1]["results"] == []


def test_who_logs_out_gets_nothing_any_more_and_the_next_user_neither(bob: Person, phone: str, system: System) -> None:
    switch_on(bob.page)

    bob.page.get_by_role("button", name="Log out").click()

    expect(bob.page.locator("#welcome")).to_be_visible()
    wait_until(
        lambda: bob.page.evaluate("localStorage.getItem('push-service')") is None, seconds=10, what="it is unsubscribed"
    )
    token = bob.log_in_elsewhere()
    wait_until(
        lambda: system.api.call("GET", "/v1_0/user/push-subscriptions", token=token)[1]["results"] == [],
        seconds=10,
        what="the server sends nothing to it",
    )


def test_refused_permission_is_explained(browser: Browser, system: System, service: PushService) -> None:
    ann = Person(browser, system)  # notifications are not allowed
    ann.page.add_init_script("Notification.requestPermission = async () => 'denied'")
    ann.page.reload()
    expect(ann.page.locator("#state")).to_have_text("Live")
    open_settings(ann.page)

    ann.page.locator(_SWITCH).click()

    expect(ann.page.locator("#here .wrong")).to_contain_text("does not allow notifications")
    expect(ann.page.locator(_SWITCH)).not_to_be_checked()


def test_worker_is_never_kept_without_asking(bob: Person) -> None:
    answer = bob.page.request.get(bob.page.url + "push-worker.js")

    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["service-worker-allowed"] == "/"
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["etag"]
