"""A connection that asks for the server's role while the answer to another command is still on its way."""

import uuid

import pytest
from redis import Redis

from core import primary


@pytest.mark.parametrize("has_message", [True, False], ids=["a message", "none"])
def test_answer_to_an_earlier_command_is_not_taken_for_that_of_the_role(redis: Redis, has_message: bool) -> None:
    queue = f"queue-{uuid.uuid4().hex}"
    connection = redis.connection_pool.get_connection()
    if has_message:
        redis.lpush(queue, "a task")
    connection.send_command("BRPOP", queue, 0.1)
    connection.can_read(5)
    primary.doubt()

    connection.send_command("ECHO", "mine")

    assert connection.read_response() == b"mine"
    redis.connection_pool.release(connection)
