"""A fault that is injected into a cluster, and its repair."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tests.failure.load import Load
from tests.failure.symptoms import Symptom

Action = Callable[[Load], object]


def _do_nothing(_load: Load) -> None:
    pass


@dataclass(frozen=True)
class Fault:
    """Inject it, wait for its symptoms and some seconds, repair it.

    `answers_stay` says that every follow is answered 201 in time while it lasts.
    `settles_seconds` is the longest time from the repair until every client has seen everything.
    """

    name: str
    inject: Action
    repair: Action = _do_nothing
    lasts_seconds: float = 3.0
    answers_stay: bool = True
    settles_seconds: float = 10.0
    symptoms: Mapping[str, Symptom] = field(default_factory=dict)
