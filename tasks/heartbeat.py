"""A file that workers and beat touch while they are at work, for health checks that cost next to nothing."""

from celery.signals import after_task_publish, beat_init, heartbeat_sent

from app.config import BeatSettings, load_settings

_file = load_settings(BeatSettings).heartbeat_file
_written = ""


def touch(**_about: object) -> None:
    if _file is not None:
        _file.touch(mode=0o600)


def write(state: str) -> None:
    """Put into the file what a worker can do now. Only a change is written: it is no sign that the loop runs."""
    global _written  # noqa: PLW0603  (of this process)
    if _file is not None and state != _written:
        _file.touch(mode=0o600)
        _file.write_text(f"{state}\n")
        _written = state


# A worker's loop runs, and is connected to the broker.
heartbeat_sent.connect(touch)


@beat_init.connect
def _follow_beat(**_about: object) -> None:
    # The broker took a task from beat. Workers send tasks as well, which says nothing of their loop.
    after_task_publish.connect(touch)
