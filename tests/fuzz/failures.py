"""Inputs that failed: kept in a file, so that they can be sent again."""

import base64
import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

FOLDER = Path("fuzz-failures")


@dataclass(frozen=True, slots=True)
class Failure:
    """What failed, why, and the inputs in base64: several, where no single one of them is enough."""

    name: str
    reason: str
    inputs: list[str]

    @classmethod
    def of(cls, name: str, reason: str, inputs: list[bytes]) -> "Failure":
        return cls(name, reason, [base64.b64encode(data).decode() for data in inputs])

    @classmethod
    def read(cls, path: Path) -> "Failure":
        return cls(**json.loads(path.read_text()))

    @property
    def data(self) -> list[bytes]:
        return [base64.b64decode(text) for text in self.inputs]

    def keep(self, folder: Path = FOLDER) -> Path:
        """Write it to a new file; return the path."""
        folder.mkdir(exist_ok=True)
        text = json.dumps(asdict(self), indent=1)
        path = folder / f"{self.name.replace(' ', '-')}-{hashlib.sha256(text.encode()).hexdigest()[:8]}.json"
        path.write_text(text)
        return path

    def show(self, path: Path) -> str:
        shown = "\n".join(f"  {data[:200]!r}" for data in self.data[:5])
        return f"{self.name} failed: {self.reason}\n{shown}\n  again: make fuzz FUZZ_ARGS='--replay {path}'"
