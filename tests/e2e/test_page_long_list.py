"""A list of many rows: the browser lays out only those near the window, and nothing else is different."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.system import System

ROWS = 600
MOST_LAID_OUT = 160  # 80 of them are the first of the first days
HEADINGS_AT = 84  # px from the top, below the title and the tabs

# The modules of the package, with an inbox in memory that has 100 notifications a day.
_OPEN = """async (modules) => {
  const { InboxStore } = await import(`${modules}/store/inbox-store.js`);
  const { InboxView } = await import(`${modules}/list/inbox-view.js`);
  const noon = new Date().setHours(12, 0, 0, 0) / 1000;
  const item = (id) => ({ id, event: "note", data: {}, created_at: noon - 86_400 * Math.floor((10_000 - id) / 100),
    read: false, seen_at: null, archived_at: null, text: `Note ${id}`, url: null });
  const list = async ({ limit, before = 10_001 }) =>
    ({ unread_count: 1000, unseen_count: 0, results: Array.from({ length: limit }, (_, n) => item(before - 1 - n)) });
  window.store = new InboxStore({ list, markRead: list, markState: list });
  window.push = (id) => store.add({ id, event: "note", timestamp: noon, text: `Note ${id}`, url: null });
  window.changes = 0;
  document.body.replaceChildren(new InboxView(store, { language: "en" }).element);
  await store.load();
  const all = { subtree: true, childList: true, attributes: true, characterData: true };
  window.watchRows = () => new MutationObserver((seen) => (changes += seen.length))
    .observe(document.querySelector(".days"), all);
}"""
_LAID_OUT = """() => [...document.querySelectorAll("article")]
  .filter((row) => row.checkVisibility({ contentVisibilityAuto: true })).length"""
_TWO_FRAMES = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


@pytest.fixture(scope="module")
def page(shared_browser: Browser, pages: System) -> Iterator[Page]:
    """A page whose reader has scrolled through ROWS rows."""
    page = shared_browser.new_context().new_page()
    page.goto(pages.api.url)
    page.evaluate(_OPEN, f"{pages.api.url}/static/{16 * '0'}/push")
    rows = page.locator("article")
    for shown in range(20, ROWS + 1, 20):
        page.wait_for_function("(rows) => document.querySelectorAll('article').length >= rows", arg=shown)
        page.evaluate("() => scrollTo(0, document.body.scrollHeight)")
    assert rows.count() >= ROWS
    yield page
    page.context.close()


def _show(page: Page, note: int) -> None:
    """Scroll to a row, and wait until the page rests."""
    _row(page, note).evaluate("(row) => row.scrollIntoView({ block: 'center' })")
    page.evaluate(_TWO_FRAMES)


def _row(page: Page, note: int) -> Locator:
    return page.locator(f'article[aria-label^="Note {note},"]')


def test_only_rows_near_the_window_are_laid_out(page: Page) -> None:
    for note in (9_999, 9_700, 9_450):
        _show(page, note)

        assert page.evaluate(_LAID_OUT) <= MOST_LAID_OUT
        expect(_row(page, note)).to_be_in_viewport()


def test_heights_of_rows_that_are_not_laid_out_are_right(page: Page) -> None:
    def top() -> float:
        return float(_row(page, 9_450).evaluate("(row) => row.getBoundingClientRect().top + scrollY"))

    before = top()
    for note in (9_999, 9_800, 9_600):
        _show(page, note)

    assert top() == pytest.approx(before, abs=1)


def test_keys_and_the_focus_cross_all_borders(page: Page) -> None:
    _show(page, 9_720)
    _row(page, 9_720).focus()

    for note in range(9_719, 9_679, -1):
        page.keyboard.press("j")
        expect(_row(page, note)).to_be_focused()
    expect(_row(page, 9_680)).to_be_in_viewport()
    page.keyboard.press("k")

    expect(_row(page, 9_681)).to_be_focused()


def test_row_keeps_the_focus_while_it_is_not_laid_out(page: Page) -> None:
    _show(page, 9_720)
    _row(page, 9_720).focus()

    page.evaluate("() => scrollTo(0, 0)")
    page.evaluate(_TWO_FRAMES)

    expect(_row(page, 9_720)).to_be_focused()
    page.keyboard.press("j")
    expect(_row(page, 9_719)).to_be_focused()
    expect(_row(page, 9_719)).to_be_in_viewport()


def test_heading_of_its_day_stays_above_each_row(page: Page) -> None:
    for note in (9_950, 9_750, 9_550):
        _show(page, note)

        day = _row(page, note).locator("xpath=ancestor::section")
        assert day.locator("h3").evaluate("(h3) => h3.getBoundingClientRect().top") == HEADINGS_AT
        assert day.locator("article").count() == 100


def test_rows_say_where_they_stand_among_those_of_their_day(page: Page) -> None:
    row = _row(page, 9_750)

    assert row.get_attribute("aria-posinset") == "51"
    assert row.get_attribute("aria-setsize") == "100"


def test_text_of_rows_that_are_not_laid_out_is_found(page: Page) -> None:
    assert page.evaluate("() => find('Note 9930', false, true)")

    expect(_row(page, 9_930)).to_be_in_viewport()


def test_push_and_reading_again_change_no_row(page: Page) -> None:
    _show(page, 9_700)
    page.evaluate("() => watchRows()")

    page.evaluate("() => [10_001, 10_002, 10_003].forEach(push)")
    expect(page.locator(".pill")).to_have_text("3 new", timeout=30_000)
    page.evaluate("() => store.load()")
    page.evaluate(_TWO_FRAMES)

    assert page.evaluate("() => changes") == 0
