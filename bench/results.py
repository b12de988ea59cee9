"""The results: samples by metric, peer and size."""

import json
import statistics
from collections import defaultdict
from pathlib import Path
from typing import Any

Key = tuple[str, str, int | None]


class Results:
    def __init__(self) -> None:
        self._samples: defaultdict[Key, list[float]] = defaultdict(list)
        self.notes: list[str] = []

    def add(self, metric: str, peer: str, value: float, *, at: int | None = None) -> None:
        """Keep one sample; `at` is the number of clients or the rate that it belongs to."""
        self._samples[metric, peer, at].append(value)

    def note(self, text: str) -> None:
        """Keep a sentence for the report, for example what was left out and why."""
        if text not in self.notes:
            self.notes.append(text)

    def median(self, metric: str, peer: str, *, at: int | None = None) -> float | None:
        samples = self._samples.get((metric, peer, at))
        return statistics.median(samples) if samples else None

    def sizes(self, metric: str) -> list[int]:
        """Return the sizes or rates of a metric, in order."""
        return sorted({at for name, _, at in self._samples if name == metric and at is not None})

    def to_json(self) -> dict[str, Any]:
        samples = [
            {"metric": metric, "peer": peer, "at": at, "median": statistics.median(values), "samples": values}
            for (metric, peer, at), values in self._samples.items()
        ]
        return {"samples": samples, "notes": self.notes}

    @classmethod
    def load(cls, path: Path) -> "Results":
        results = cls()
        content = json.loads(path.read_text())
        for sample in content["samples"]:
            results._samples[sample["metric"], sample["peer"], sample["at"]] = sample["samples"]
        results.notes = content["notes"]
        return results
