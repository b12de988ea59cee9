"""A list that gets very much: the numbers of rows and of draws stay small, however many arrive."""

from typing import Any

from playwright.sync_api import Browser

from tests.system import System

MOST_ROWS = 200

# The modules of the package, with an inbox in memory.
_OPEN = """async (modules) => {
  const { InboxStore } = await import(`${modules}/store/inbox-store.js`);
  const { InboxView } = await import(`${modules}/list/inbox-view.js`);
  const item = (id) => ({ id, event: "note", data: {}, created_at: 1, read: false, text: `Note ${id}`, url: null });
  const results = Array.from({ length: 20 }, (_, place) => item(10_000 - place));
  const page = { unread_count: 1000, unseen_count: 0, results };
  const store = new InboxStore({ list: async () => page, markRead: async () => page, markState: async () => page });
  const view = new InboxView(store, { language: "en" });
  document.body.replaceChildren(view.element);
  await store.load();
  const frame = () => new Promise(requestAnimationFrame);
  await frame();
  await frame();
"""
# 600 come within 60 frames.
_BURST = (
    _OPEN
    + """
  const seen = { told: 0, rows: 0, frames: 60 };
  store.subscribe(() => (seen.told += 1));
  for (let frames = 0; frames < seen.frames; frames++) {
    for (let n = 0; n < 10; n++) {
      store.add({ ...item(10_001 + 10 * frames + n), timestamp: 1 });
      store.setUnread(1000);
    }
    await frame();
    seen.rows = Math.max(seen.rows, view.element.querySelectorAll("article").length);
  }
  seen.waiting = view.element.querySelector(".pill").textContent;
  view.element.querySelector(".pill").click();
  seen.rowsAfterClick = view.element.querySelectorAll("article").length;
  return seen;
}"""
)
_FEW = (
    _OPEN
    + """
  const rows = [];
  const shifts = [];
  const note = (list) => shifts.push(...list.getEntries().map(({ value }) => value));
  new PerformanceObserver(note).observe({ type: "layout-shift" });
  const jumps = [];
  const known = view.element.querySelector("article");
  const place = () => known.getBoundingClientRect().y;
  for (const id of [10_001, 10_002, 10_003]) {
    for (const slide of view.element.getAnimations({ subtree: true })) slide.pause();
    const before = place();
    const told = new Promise((resolve) => store.subscribe(resolve));
    store.add({ ...item(id), timestamp: 1 });
    await told;
    await frame();
    jumps.push(Math.round(place() - before));
    await frame();
    rows.push(view.element.querySelector("article .said").textContent);
  }
  await new Promise((resolve) => setTimeout(resolve, 500)); // longer than rows slide
  return { rows, jumps, shifts };
}"""
)


def test_burst_is_drawn_once_for_each_frame_and_waits_above_the_rows(browser: Browser, pages: System) -> None:
    page = browser.new_context().new_page()
    page.goto(pages.api.url)

    seen: dict[str, Any] = page.evaluate(_BURST, f"{pages.api.url}/static/{16 * '0'}/push")

    assert seen["told"] <= seen["frames"] + 1
    assert seen["rows"] <= MOST_ROWS
    assert seen["waiting"].endswith("new")
    assert seen["rowsAfterClick"] <= MOST_ROWS


def test_few_that_come_at_once_do_not_wait_and_others_slide_down(browser: Browser, pages: System) -> None:
    page = browser.new_context().new_page()
    page.goto(pages.api.url)

    seen: dict[str, Any] = page.evaluate(_FEW, f"{pages.api.url}/static/{16 * '0'}/push")

    assert seen == {"rows": ["Note 10001", "Note 10002", "Note 10003"], "jumps": [0, 0, 0], "shifts": []}
