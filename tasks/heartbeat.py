"""A file that workers and beat touch while they run, so that a health check only reads the time of a file."""

from celery.signals import after_task_publish, beat_init, heartbeat_sent

from core.settings import BeatSettings, load_settings

_file = load_settings(BeatSettings).heartbeat_file
_written = ""


def touch(**_about: object) -> None:
    if _file is not None:
        _file.touch(mode=0o600)


def write(state: str) -> None:
    """Write the state of a worker into the file, only when it changes: touch() alone shows that the loop runs."""
    global _written  # noqa: PLW0603  (one state for each process)
    if _file is not None and state != _written:
        _file.touch(mode=0o600)
        _file.write_text(f"{state}\n")
        _written = state


# Celery sends this signal while a worker's loop runs and is connected to the broker.
heartbeat_sent.connect(touch)


@beat_init.connect
def _follow_beat(**_about: object) -> None:
    # The broker accepted a task from beat. Only for beat: a worker that sends a task does not show that its loop runs.
    after_task_publish.connect(touch)
