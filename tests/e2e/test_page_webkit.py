"""The page in WebKit, the engine of Safari: what matters most, so that no iPhone is left out."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver import WebKitGTK
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from tests.clients import PASSWORD, User
from tests.services import PATIENCE, missing, wait_until
from tests.system import System
from tests.webkit import find_browser, screen, webkit

# Selenium's own class for WebKitGTK calls what Selenium has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:setting remote_server_addr:DeprecationWarning")

ROWS = "#inbox-card article"


class Reader:
    """A user who reads the page in WebKit."""

    def __init__(self, driver: WebKitGTK, system: System) -> None:
        self.driver = driver
        self.user = system.api.sign_up(f"user {uuid.uuid4().hex[:8]}")
        self._wait = WebDriverWait(driver, 10 * PATIENCE, ignored_exceptions=[StaleElementReferenceException])
        driver.get(system.api.url)
        self.find("#log-in [name=user_name]").send_keys(self.user.name)
        self.find("#log-in [name=password]").send_keys(PASSWORD)
        self.find("#log-in [value=log-in]").click()
        self.wait_for_live()

    def find(self, css: str) -> WebElement:
        """Wait for an element that is shown, and return it."""

        def shown(driver: WebKitGTK) -> WebElement | None:
            return next((found for found in driver.find_elements(By.CSS_SELECTOR, css) if found.is_displayed()), None)

        return self._wait.until(shown, f"{css} is shown")

    def wait_for_live(self) -> None:
        self.wait_for('return document.querySelector("#state").dataset.state === "live"')

    def wait_for(self, script: str, *arguments: object) -> None:
        self._wait.until(lambda driver: driver.execute_script(script, *arguments), script)

    def wait_for_rows(self, *texts: str) -> None:
        """Wait until the list has just these rows; each text is a part of one."""

        def are_shown(driver: WebKitGTK) -> bool:
            rows = [row.text for row in driver.find_elements(By.CSS_SELECTOR, ROWS)]
            return len(rows) == len(texts) and all(text in row for text, row in zip(texts, rows, strict=True))

        self._wait.until(are_shown, f"rows: {texts}")

    def wait_for_title(self, title: str) -> None:
        self._wait.until(lambda driver: driver.title == title, title)

    def press(self, label: str) -> None:
        """Press a button of the newest row. It is shown when the mouse is over the row, which is not so on phones."""
        button = self.driver.find_element(By.CSS_SELECTOR, f'{ROWS} button[aria-label^="{label}:"]')
        self.driver.execute_script("arguments[0].click()", button)


@pytest.fixture(scope="module")
def display(module_folder: Path) -> Iterator[str]:
    if find_browser() is None:
        missing("WebKitGTK with its driver, and Xvfb")
    with screen(module_folder / "screen.log") as name:
        yield name


@pytest.fixture
def driver(display: str) -> Iterator[WebKitGTK]:
    browser = find_browser()
    assert browser is not None
    with webkit(browser, display) as driver:
        yield driver


def follow(system: System, reader: Reader, count: int) -> list[User]:
    fans = [system.user() for _ in range(count)]
    for fan in fans:
        assert system.api.follow(fan, reader.user) == 201
    return fans


def test_follow_is_shown_live_read_and_archived(driver: WebKitGTK, pages: System) -> None:
    bob = Reader(driver, pages)

    [fan] = follow(pages, bob, 1)

    bob.wait_for_rows(fan.name)
    bob.wait_for_title("(1) Toutiao")
    bob.press("Mark read")
    bob.wait_for_title("Toutiao")
    bob.press("Archive")
    bob.wait_for_rows()
    bob.find(".undo-button").click()
    bob.wait_for_rows(fan.name)
    assert pages.api.get("/v1_0/user/notifications", bob.user)[1]["unread_count"] == 0


def test_followers_are_gathered_in_one_row(driver: WebKitGTK, pages_with_groups: System) -> None:
    bob = Reader(driver, pages_with_groups)

    fans = follow(pages_with_groups, bob, 3)

    bob.wait_for_rows(f"{fans[-1].name} and 2 others")


def test_page_is_live_again_and_misses_nothing_after_a_reload(driver: WebKitGTK, pages: System) -> None:
    bob = Reader(driver, pages)
    [first] = follow(pages, bob, 1)
    bob.wait_for_rows(first.name)
    driver.get("about:blank")
    [second] = follow(pages, bob, 1)

    driver.get(pages.api.url)

    bob.wait_for_live()
    bob.wait_for_rows(second.name, first.name)


def test_settings_are_kept(driver: WebKitGTK, pages: System) -> None:
    bob = Reader(driver, pages)
    bob.find("#inbox-card .settings").click()
    bob.find("#channels")

    before = pages.api.get("/v1_0/user/preferences", bob.user)
    bob.find("#channels input[type=checkbox]:enabled:checked").click()
    wait_until(lambda: pages.api.get("/v1_0/user/preferences", bob.user) != before, seconds=10, what="it is saved")
    driver.refresh()
    bob.wait_for('return document.querySelector("#channels input[type=checkbox]:enabled:not(:checked)") !== null')
