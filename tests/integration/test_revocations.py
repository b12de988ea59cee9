"""What is revoked is known to every process, also after Redis has forgotten it."""

from collections.abc import Iterator

import pytest
from redis import Redis

from core import revocation_sync, revocations
from core.cache import connect
from core.db import UNAVAILABLE, Database
from core.keys import Keys
from core.revocation_mirror import RevocationMirror
from core.revocation_stream import Closing, RevocationStream
from core.revoked_tokens import Revocation
from core.tokens import Claims
from dev.ports import find_free


def claims(user_id: str = "7", *, issued_at: float = 1, family: str = "f") -> Claims:
    return Claims(user_id, issued_at, issued_at + 60, token_id="t", family=family)


@pytest.fixture
def stream(redis: Redis) -> RevocationStream:
    return RevocationStream(redis)


@pytest.fixture
def away() -> Iterator[RevocationStream]:
    """A stream in a Redis that does not answer."""
    with connect(f"redis://127.0.0.1:{find_free()}/0", timeout_seconds=1) as redis:
        yield RevocationStream(redis)


def revoke(database: Database, user_id: str = "7") -> Revocation:
    with database.transaction() as connection:
        return revocations.revoke_user(connection, user_id)


class TestRevocations:
    def test_a_token_of_a_signer_whose_clock_is_ahead_is_revoked(self, database: Database) -> None:
        with database.transaction() as connection:
            revocation = revocations.revoke_user(connection, "7", newest=4e9)

        assert revocation.covers("7", 4e9, "f")

    def test_those_of_one_user_are_read_back(self, database: Database) -> None:
        with database.transaction() as connection:
            made = [
                revocations.revoke_family(connection, "7", "lost"),
                revocations.revoke_user(connection, "7", spared_family="mine"),
            ]
            revocations.revoke_user(connection, "8")

            assert revocations.of_user(connection, "7") == made

    def test_old_ones_are_deleted(self, database: Database, stream: RevocationStream) -> None:
        revoke(database)
        with database.transaction() as connection:
            connection.exec_driver_sql("UPDATE revocations SET created_at = created_at - 15 * 86400 - 1")

        revocation_sync.delete_old(database, stream)

        with database.reading() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM revocations").scalar() == 0


class TestRevocationStream:
    def test_entries_are_read_in_order_and_once(self, stream: RevocationStream) -> None:
        entries = [
            Revocation("7", 1, issued_until=5, spared_family="f"),
            Closing("7", "sid"),
            Revocation("8", 1, family="f"),
        ]
        stream.append(entries)

        read = stream.read()

        assert read.entries == entries
        assert stream.read(read.position).entries == []

    def test_a_bad_entry_hides_no_other(self, stream: RevocationStream, redis: Redis) -> None:
        for fields in ({"x": "y"}, {"user_id": "7", "created_at": "z"}, {b"\xff": b"\xff"}, {"user_id": "1" * 65}):
            redis.xadd(Keys().revocations, fields)  # type: ignore[arg-type]
        stream.append([Closing("7", "sid")])

        assert stream.read().entries == [Closing("7", "sid")]

    def test_a_key_of_another_type_is_replaced(
        self, stream: RevocationStream, redis: Redis, database: Database
    ) -> None:
        revoke(database)
        redis.set(Keys().revocations, "junk")

        assert stream.read().entries == []
        assert revocation_sync.fill_if_lost(database, stream)
        assert len(stream.read().entries) == 1


class TestRevocationSync:
    def test_what_is_committed_is_published_once(self, database: Database, stream: RevocationStream) -> None:
        made = revoke(database)

        assert revocation_sync.publish_waiting(database, stream) == 1
        assert revocation_sync.publish_waiting(database, stream) == 0
        assert stream.read().entries == [made]

    def test_a_redis_that_forgot_is_filled_again(
        self, database: Database, stream: RevocationStream, redis: Redis
    ) -> None:
        made = revoke(database)
        revocation_sync.publish_waiting(database, stream)
        redis.flushdb()

        assert revocation_sync.fill_if_lost(database, stream)
        assert not revocation_sync.fill_if_lost(database, stream)
        assert stream.read().entries == [made]

    def test_only_one_process_fills_at_a_time(self, database: Database, stream: RevocationStream, redis: Redis) -> None:
        revoke(database)
        with redis.lock(Keys().revocations_filling, timeout=10):
            assert not revocation_sync.fill_if_lost(database, stream)
            assert not stream.is_filled()

        assert revocation_sync.fill_if_lost(database, stream)

    def test_a_fill_that_breaks_off_is_made_again(self, database: Database, stream: RevocationStream) -> None:
        made = revoke(database)
        assert revocation_sync.fill_if_lost(database, stream)

        def read(after_id: int) -> tuple[list[Revocation], int]:
            raise RuntimeError("the process ends here")

        with pytest.raises(RuntimeError):
            stream.fill(read)

        assert revocation_sync.fill_if_lost(database, stream)
        assert stream.read().entries == [made]


class TestRevocationMirror:
    def test_a_process_that_starts_knows_what_was_revoked(self, database: Database, stream: RevocationStream) -> None:
        revoke(database)
        revocation_sync.fill_if_lost(database, stream)

        mirror = RevocationMirror(stream, database)

        assert mirror.is_revoked(claims())
        assert not mirror.is_revoked(claims(8))

    def test_it_asks_the_database_while_redis_is_unavailable(self, database: Database, away: RevocationStream) -> None:
        revoke(database)

        assert RevocationMirror(away, database).is_revoked(claims())

    def test_its_own_process_knows_at_once(self, database: Database, stream: RevocationStream) -> None:
        mirror = RevocationMirror(stream, database)
        assert not mirror.is_revoked(claims())

        mirror.add(revoke(database))

        assert mirror.is_revoked(claims())

    def test_a_process_that_can_read_neither_admits_nobody(self, away: RevocationStream) -> None:
        with pytest.raises(UNAVAILABLE):
            RevocationMirror(away, _unavailable()).is_revoked(claims())


def _unavailable() -> Database:
    return Database(f"postgresql+psycopg://a:b@127.0.0.1:{find_free()}/c")
