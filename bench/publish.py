"""Publish `following notify`: `python -m bench.publish N M`.

M events, the i-th to room str(1 + i % N), or to all clients if N = 0. Each has a field `t`, its time in Unix seconds.
"""

import argparse
import sys
import time
from typing import Any

from bench.emitters import EMITTERS, Emitter
from core.settings import QueueSettings, SettingsError, load_settings
from core.signatures import create_signer
from tasks.emitter import PushFailed

# Several events share a message, as in a batch of a worker. An event waits at most _WAIT_SECONDS for others.
_BATCH = 64
_WAIT_SECONDS = 0.002


def main() -> None:
    arguments = _parse()
    try:
        settings = load_settings(QueueSettings)
        sign = create_signer(settings.message_queue_keys, settings.channel, time.time)
        emitter = EMITTERS[arguments.through](settings.message_queue_url, settings.channel, sign)
        publish(emitter, arguments.rooms, arguments.count, rate=arguments.rate)
    except (SettingsError, PushFailed) as error:
        sys.exit(str(error))


def publish(emitter: Emitter, rooms: int, count: int, *, rate: float | None = None) -> None:
    """Push `count` events, `rate` a second or as fast as possible; raise PushFailed."""
    started = time.monotonic()
    sent = 0
    while sent < count:
        due = count if rate is None else min(count, 1 + int((time.monotonic() - started) * rate))
        if sent == due:
            time.sleep(max(0.0, started + sent / rate - time.monotonic()) if rate else 0)
            continue
        batch = _make(sent, min(due, sent + _BATCH), rooms)
        emitter.push(batch)
        sent += len(batch)


def _make(start: int, end: int, rooms: int) -> list[tuple[str, dict[str, Any]]]:
    """Make the events from `start` to `end` (excluded), or fewer if that takes longer than _WAIT_SECONDS."""
    batch: list[tuple[str, dict[str, Any]]] = []
    deadline = time.monotonic() + _WAIT_SECONDS
    for i in range(start, end):
        batch.append((str(1 + i % rooms) if rooms else "", {"t": time.time()}))
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
