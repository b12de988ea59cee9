"""The answers to calls of other services, so that a repeated call gets the same answer and does nothing again."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import BigInteger, Connection, and_, delete, literal, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite

from core import lock_numbers
from core.db import Database, unix_time
from core.models import IdempotentCall

KEPT_SECONDS = 24 * 3600
DELETED_AT_ONCE = 1000  # rows in one transaction, so that no other one waits for long


class StillRunning(Exception):
    """Another call with the same key has not ended yet."""


class OtherBody(Exception):
    """An earlier call with the same key had another body."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call with an idempotency key. Each service has keys of its own. `body` is what JSON can hold."""

    service: str
    key: str
    body: object

    @property
    def key_hash(self) -> str:
        return hashlib.sha256(self.key.encode()).hexdigest()

    @property
    def body_hash(self) -> str:
        """The hash of what the body says: the order of its fields does not count."""
        return hashlib.sha256(orjson.dumps(self.body, option=orjson.OPT_SORT_KEYS)).hexdigest()


def once(connection: Connection, call: Call, act: Callable[[], object]) -> tuple[Any, bool]:
    """Return the answer of `act`, and whether it is that of an earlier call, for which `act` is not called again.

    The answer is kept in the caller's transaction, for KEPT_SECONDS. So a call that fails or crashes leaves nothing,
    and can be repeated. Raise StillRunning at once while another transaction has the same key (on SQLite the call
    waits for it instead), and OtherBody.
    """
    _lock(connection, call)
    kept = connection.execute(_kept(call)).one_or_none()
    if kept is not None:
        if kept.body_hash != call.body_hash:
            raise OtherBody
        return orjson.loads(kept.answer), True
    answer = act()
    _keep(connection, call, orjson.dumps(answer).decode())
    return answer, False


def delete_old(database: Database) -> int:
    """Delete the answers that are kept no longer, in parts; return how many."""
    deleted = 0
    table = IdempotentCall
    primary_key = tuple_(table.service, table.key_hash)
    old = select(table.service, table.key_hash).where(table.created_at <= _oldest_kept()).limit(DELETED_AT_ONCE)
    while True:
        with database.transaction() as connection:
            count = connection.execute(delete(table).where(primary_key.in_(old))).rowcount
        deleted += count
        if count < DELETED_AT_ONCE:
            return deleted


def _lock(connection: Connection, call: Call) -> None:
    if connection.dialect.name == "sqlite":
        return  # its transactions that write come one after another
    key = hashlib.sha256(f"{call.service}\0{call.key}".encode()).digest()
    number = int.from_bytes(key[:8], "big") >> (64 - lock_numbers.ID_BITS)
    is_ours = lock_numbers.try_lock(connection, "idempotent_calls", literal(number, BigInteger))
    if not connection.execute(select(is_ours)).scalar_one():
        raise StillRunning


def _kept(call: Call) -> Any:
    table = IdempotentCall
    is_same = and_(table.service == call.service, table.key_hash == call.key_hash)
    return select(table.body_hash, table.answer).where(is_same, table.created_at > _oldest_kept())


def _keep(connection: Connection, call: Call, answer: str) -> None:
    """Keep an answer, in the place of one that is too old and not deleted yet."""
    dialect: Any = sqlite if connection.dialect.name == "sqlite" else postgresql
    row = {"body_hash": call.body_hash, "answer": answer, "created_at": unix_time()}
    new = dialect.insert(IdempotentCall).values(service=call.service, key_hash=call.key_hash, **row)
    connection.execute(new.on_conflict_do_update(index_elements=["service", "key_hash"], set_=row))


def _oldest_kept() -> Any:
    return unix_time() - KEPT_SECONDS
