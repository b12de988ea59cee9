"""What has to run as long as the process survives its own errors."""

import eventlet
import pytest

from im.hub.background import keep_running


def test_task_that_fails_is_logged_and_starts_again(caplog: pytest.LogCaptureFixture) -> None:
    attempts, has_started_again = [], eventlet.event.Event()

    def task() -> None:
        attempts.append(1)
        if len(attempts) == 1:
            raise ValueError("unexpected")
        has_started_again.send()
        eventlet.sleep(60)

    running = eventlet.spawn(keep_running, task)

    with eventlet.Timeout(5):
        has_started_again.wait()
    running.kill()
    assert "unexpected" in caplog.text
