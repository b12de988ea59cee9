"""The two plots of docs/performance.md."""

from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")

from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from bench.results import Results
from bench.servers import PEERS

_LABELS = {"ours": "this server", "stock": "stock python-socketio", "node": "Node socket.io"}
_COLOURS = {"ours": "#0b6e4f", "stock": "#c1666b", "node": "#48639c"}


def draw_leaving(results: Results, path: Path) -> None:
    """Draw the cost of leaving against the number of clients that leave together."""
    figure, axes = plt.subplots(figsize=(7, 4.2), layout="constrained")
    for peer in PEERS:
        _line(axes, results, "leave_us", peer)
    axes.set(
        title="Cost of leaving, by how many leave together",
        xlabel="clients that leave at once",
        ylabel="CPU of the server a client, us",
        xscale="log",
        yscale="log",
    )
    _finish(axes, results.sizes("leave_us"))
    figure.savefig(path, dpi=110)
    plt.close(figure)


def draw_latency(results: Results, path: Path) -> None:
    """Draw p50 and p99 of a push against the rate of pushes."""
    figure, axes = plt.subplots(figsize=(7, 4.2), layout="constrained")
    for peer in PEERS:
        _line(axes, results, "p99_ms", peer, suffix=", p99")
        _line(axes, results, "p50_ms", peer, suffix=", p50", style=":")
    axes.set(
        title="Latency of a push, by rate (1,000 clients)",
        xlabel="pushes a second",
        ylabel="publisher to client, ms",
        xscale="log",
        yscale="log",
    )
    _finish(axes, results.sizes("p99_ms"))
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _line(axes: Axes, results: Results, metric: str, peer: str, *, suffix: str = "", style: str = "-") -> None:
    points = [(at, value) for at in results.sizes(metric) if (value := results.median(metric, peer, at=at)) is not None]
    if points:
        xs, ys = zip(*points, strict=True)
        axes.plot(xs, ys, style, marker="o", color=_COLOURS[peer], label=_LABELS[peer] + suffix)


def _finish(axes: Axes, ticks: list[int]) -> None:
    axes.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
    axes.set_xticks([], minor=True)
    axes.yaxis.set_major_formatter("{x:,g}")
    axes.grid(visible=True, alpha=0.3)
    axes.legend(fontsize="small")
