"""Publish through the project's own emitter: `python -m bench.publish N M`."""

import sys
import time
from collections.abc import Iterator

from app import events, push
from app.config import SettingsError, load_settings


def main() -> None:
    try:
        rooms, count = (int(argument) for argument in sys.argv[1:])
    except ValueError:
        sys.exit(
            "Usage: python -m bench.publish N M\n  M events, the i-th to room str(1 + i % N); with N = 0, M to all"
        )
    if rooms < 0 or count < 0:
        sys.exit("N and M should not be negative")
    try:
        emitter = push.create_emitter(load_settings().message_queue_url)
    except SettingsError as error:
        sys.exit(str(error))
    try:
        for one in _pushes(rooms, count):
            emitter.push([one])
    except push.PushFailed as error:
        sys.exit(str(error))


def _pushes(rooms: int, count: int) -> Iterator[bytes]:
    for i in range(count):
        room = events.room_of(1 + i % rooms) if rooms else ""
        yield events.encode_push(room, events.encode_packet(events.FOLLOWING_NOTIFY, {"t": time.time()}))


if __name__ == "__main__":
    main()
