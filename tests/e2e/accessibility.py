"""What axe finds on a page, and whether the page fits into its window."""

from playwright.sync_api import Page

from tests.services import missing
from tests.system import ROOT

_AXE = ROOT / "node_modules/axe-core/axe.min.js"
# Off by default, since it is experimental: the visible text of a button must be in its accessible name.
_RULES = {"label-content-name-mismatch": {"enabled": True}}
# What else axe says, of every element that passed, takes longer to send than to find.
_OPTIONS = {"rules": _RULES, "resultTypes": ["violations"], "selectors": False}
_RUN = """async (options) => (await axe.run(options)).violations
  .flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`))"""


def violations(page: Page) -> list[str]:
    if not _AXE.exists():
        missing("axe-core (make page)")
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(_AXE.read_text())
    found: list[str] = page.evaluate(_RUN, _OPTIONS)
    return found


def fits(page: Page) -> bool:
    return bool(page.evaluate("() => document.documentElement.scrollWidth <= innerWidth"))
