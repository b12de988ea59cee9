"""Publish `following notify`: `python -m bench.publish N M`.

M events, the i-th to room str(1 + i % N), or with N = 0 to all. Each has a field `t`, the Unix time of its making.
"""

import argparse
import sys
import time
from typing import Any

from app import events, push
from app.config import QueueSettings, SettingsError, load_settings
from bench.emitters import EMITTERS, Emitter

# Events share a message as they do where a worker pushes a batch, and an event waits no longer than this for others.
_BATCH = 64
_WAIT_SECONDS = 0.002


def main() -> None:
    arguments = _parse()
    try:
        emitter = EMITTERS[arguments.through](load_settings(QueueSettings).message_queue_url)
        publish(emitter, arguments.rooms, arguments.count, rate=arguments.rate)
    except (SettingsError, push.PushFailed) as error:
        sys.exit(str(error))


def publish(emitter: Emitter, rooms: int, count: int, *, rate: float | None = None) -> None:
    """Push `count` events, `rate` a second or as fast as it goes; raise PushFailed."""
    begun = time.monotonic()
    sent = 0
    while sent < count:
        due = count if rate is None else min(count, 1 + int((time.monotonic() - begun) * rate))
        if sent == due:
            time.sleep(max(0.0, begun + sent / rate - time.monotonic()) if rate else 0)
            continue
        batch = _make(sent, min(due, sent + _BATCH), rooms)
        emitter.push(batch)
        sent += len(batch)


def _make(start: int, end: int, rooms: int) -> list[tuple[str, dict[str, Any]]]:
    """Make the events from `start` to before `end`, or fewer when their time is over."""
    batch: list[tuple[str, dict[str, Any]]] = []
    deadline = time.monotonic() + _WAIT_SECONDS
    for i in range(start, end):
        batch.append((events.room_of(1 + i % rooms) if rooms else "", {"t": time.time()}))
        if time.monotonic() > deadline:
            break
    return batch


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.publish", description=__doc__)
    parser.add_argument("rooms", type=_natural, metavar="N", help="rooms, 0 for an event to all")
    parser.add_argument("count", type=_natural, metavar="M", help="events")
    parser.add_argument("--rate", type=float, help="events a second; without it, as fast as it goes")
    parser.add_argument("--through", choices=EMITTERS, default="own", help="what is pushed with (%(default)s)")
    return parser.parse_args()


def _natural(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError("should not be negative")
    return number


if __name__ == "__main__":
    main()
