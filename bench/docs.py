"""Writes results into docs/performance.md and its plots."""

import json
from pathlib import Path

from bench import plots, report
from bench.results import Results

_DOCS = Path(__file__).resolve().parent.parent / "docs"
_BEGIN, _END = "<!-- figures: begin, written by `python -m bench --write-docs` -->", "<!-- figures: end -->"


def write(path: Path) -> None:
    """Rewrite the marked part of docs/performance.md, and the plots, from a file of results."""
    results = Results.load(path)
    machine: dict[str, str] = json.loads(path.read_text())["machine"]
    page = _DOCS / "performance.md"
    before, _, rest = page.read_text().partition(_BEGIN)
    _, _, after = rest.partition(_END)
    figures = f"{_describe(machine)}\n\n{report.render(results)}"
    page.write_text(f"{before}{_BEGIN}\n\n{figures}\n{_END}{after}")
    plots.draw_leaving(results, _DOCS / "leaving.png")
    plots.draw_latency(results, _DOCS / "latency.png")
    print(f"Wrote {page.name} and its plots from {path.name}")


def _describe(machine: dict[str, str]) -> str:
    place = ("date", "machine", "system", "command", "revision")
    lines = [
        f"{name.capitalize()}: {'`' + machine[name] + '`' if name == 'command' else machine[name]}" for name in place
    ]
    versions = ", ".join(f"{name} {version}" for name, version in machine.items() if name not in place)
    return "  \n".join([*lines, f"Versions: {versions}"])
