"""What axe finds on a page, and whether the page fits into its window."""

from playwright.sync_api import Page

from tests.services import missing
from tests.system import ROOT

_AXE = ROOT / "node_modules/axe-core/axe.min.js"
# Off by default, since it is experimental: the visible text of a button must be in its accessible name.
_RULES = {"rules": {"label-content-name-mismatch": {"enabled": True}}}


def violations(page: Page) -> list[str]:
    if not _AXE.exists():
        missing("axe-core (make page)")
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(_AXE.read_text())
    found = page.evaluate("rules => axe.run(rules)", _RULES)["violations"]
    return [f"{rule['id']}: {node['html']}" for rule in found for node in rule["nodes"]]


def fits(page: Page) -> bool:
    return bool(page.evaluate("() => document.documentElement.scrollWidth <= innerWidth"))
