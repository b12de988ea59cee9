"""What a worker does every few seconds for the revocations."""

from redis import Redis

from core import revocations
from core.db import Database
from core.revocation_stream import RevocationStream
from tasks.revocations import RevocationSync


def test_worker_copies_what_is_committed_and_fills_a_redis_that_is_new(sqlite: Database, redis: Redis) -> None:
    stream = RevocationStream(redis)
    sync = RevocationSync(sqlite, stream)
    with sqlite.transaction() as connection:
        revoked = revocations.revoke_user(connection, "7")

    sync.work()
    assert revoked in stream.read().entries
    assert stream.is_filled()

    redis.flushall()
    sync.work()

    assert stream.read().entries == [revoked]


def test_worker_copies_all_that_has_piled_up(sqlite: Database, redis: Redis) -> None:
    with sqlite.transaction() as connection:
        for user_id in range(1, 1002):
            revocations.revoke_user(connection, str(user_id))

    RevocationSync(sqlite, RevocationStream(redis)).work()

    with sqlite.reading() as connection:
        assert revocations.waiting(connection) == ([], [])


def test_worker_deletes_what_is_too_old_once_an_hour(sqlite: Database, redis: Redis) -> None:
    with sqlite.transaction() as connection:
        revocations.revoke_user(connection, "7")
        connection.exec_driver_sql("UPDATE revocations SET created_at = created_at - 15 * 86400 - 1")
    sync = RevocationSync(sqlite, RevocationStream(redis), delete_at=0)

    sync.work()

    with sqlite.reading() as connection:
        assert revocations.of_user(connection, "7") == []
        assert connection.exec_driver_sql("SELECT count(*) FROM revocations").scalar() == 0
    assert sync.delete_at > 0
