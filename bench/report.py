"""The tables of results, with the peers and the goals."""

from collections.abc import Sequence

from bench.goals import JUDGED_RATE, Figure, figures, judged_latency
from bench.results import Results
from bench.servers import PEERS


def render(results: Results) -> str:
    """Return the tables in Markdown, with aligned columns for a terminal."""
    parts = [_table(_rows(results))]
    if results.sizes("p99_ms"):
        parts.append(_table(_latency_rows(results)))
    floor = results.median("send_us", "floor")
    if floor is not None:
        parts.append(f"The floor: one `send(2)` of a push's size on this machine takes {floor:.1f} us of CPU.")
    if results.notes:
        parts.append("\n".join(f"- {note}" for note in results.notes))
    return "\n\n".join(parts) + "\n"


def _rows(results: Results) -> list[list[str]]:
    rows = [["figure", "unit", *PEERS, "ours / node", "goal", "met"]]
    shown = [*figures(results), judged_latency()]
    return rows + [_row(results, figure) for figure in shown if _is_known(results, figure)]


def _row(results: Results, figure: Figure) -> list[str]:
    label = f"{figure.label}, {JUDGED_RATE:,} pushes a second" if figure.metric == "p99_ms" else figure.label
    values = [_number(figure.value(results, peer)) for peer in PEERS]
    ratio = figure.ratio(results)
    verdict = {True: "yes", False: "NO", None: ""}[figure.is_met(results)]
    return [label, figure.unit, *values, f"{ratio:.2f}" if ratio is not None else "", _goal(figure), verdict]


def _is_known(results: Results, figure: Figure) -> bool:
    return any(figure.value(results, peer) is not None for peer in ("ours", "stock"))


def _goal(figure: Figure) -> str:
    goals = []
    if figure.ratio_goal is not None:
        goals.append(f"{figure.ratio_goal} x node")
    if figure.limit is not None:
        goals.append(f"{figure.limit:g} {figure.unit}")
    return ", ".join(goals)


def _latency_rows(results: Results) -> list[list[str]]:
    rows = [["pushes a second", "server", "p50 ms", "p99 ms", "p99.9 ms", "CPU of a push, us"]]
    metrics = ("p50_ms", "p99_ms", "p999_ms", "rate_push_us")
    for rate in results.sizes("p99_ms"):
        for peer in PEERS:
            values = [results.median(metric, peer, at=rate) for metric in metrics]
            if values[0] is not None:
                rows.append([f"{rate:,}", peer, *(_number(value) for value in values)])
    return rows


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _table(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)
