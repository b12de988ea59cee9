"""What a host writes with the package in its own transaction is pushed after the commit, and nothing else is."""

import asyncio
import json
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from sqlalchemy import BigInteger, Engine, column, create_engine, select, table
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session

from tests.clients import Client, User
from tests.services import wait_until
from tests.system import System
from toutiao_push import Push

EVENT = "following notify"
USERS = table("users", column("id", BigInteger))


@pytest.fixture(scope="module")
def push(big: System) -> Push:
    exported = big.run(sys.executable, "-m", "flask", "--app", "app.wsgi", "events", "export")
    assert exported.returncode == 0, exported.stderr
    return Push(json.loads(exported.stdout))


@pytest.fixture(scope="module")
def engine(big: System) -> Iterator[Engine]:
    engine = create_engine(big.env["DATABASE_URL"])
    yield engine
    engine.dispose()


@pytest.fixture
def users(big: System) -> tuple[User, User]:
    return big.user("ann"), big.user("bob")


@pytest.fixture
def client(big: System, users: tuple[User, User]) -> Iterator[Client]:
    """An open socket of the second user."""
    client = big.client(users[1])
    client.wait_for("sync")
    yield client
    client.close()


def test_what_is_committed_is_pushed(
    push: Push, big: System, engine: Engine, client: Client, users: tuple[User, User]
) -> None:
    ann, bob = users
    url = big.env["DATABASE_URL"]
    ids: list[int | None] = []
    options = {"to": bob.id, "actor": ann.id}

    with Session(engine) as session:
        ids.append(push.notify(session, EVENT, **options))
        session.commit()
        push.notify(session, EVENT, **options)
        session.rollback()
    with engine.begin() as connection:
        ids.append(push.notify(connection, EVENT, **options))
    with psycopg.connect(url.replace("+psycopg", "")) as raw, raw.cursor() as cursor:
        ids.append(push.notify(cursor, EVENT, **options))
        raw.commit()
        push.notify(cursor, EVENT, **options)
        raw.rollback()

    async def notify() -> None:
        asynchronous = create_async_engine(url.replace("+psycopg", "+asyncpg"))
        async with AsyncSession(asynchronous) as session:
            ids.append(await push.notify_async(session, EVENT, **options))
            await session.commit()
            await push.notify_async(session, EVENT, **options)
        async with asynchronous.begin() as connection:
            ids.append(await push.notify_async(connection, EVENT, **options))
        await asynchronous.dispose()

    with ThreadPoolExecutor(1) as pool:  # a browser of other tests may run a loop in this thread
        pool.submit(asyncio.run, notify()).result()
    with engine.begin() as connection:
        assert push.notify_many(connection, EVENT, to=[bob.id, ann.id], actor=ann.id, key="once") == 2
        assert push.notify_many(connection, EVENT, to=[bob.id, ann.id], actor=ann.id, key="once") == 0
        assert push.notify(connection, EVENT, to=bob.id, actor=ann.id, key="once") is None
        assert (
            push.notify_many(
                connection, EVENT, to=select(USERS.c.id).where(USERS.c.id.in_([bob.id, ann.id])), actor=ann.id
            )
            == 2
        )

    pushed = client.wait_for(EVENT, 7, seconds=30)
    assert [one["id"] for one in pushed][:5] == ids
    assert {(one["user_id"], one["user_name"]) for one in pushed} == {(ann.id, ann.name)}
    wait_until(lambda: inbox_size(big, bob) == 7, seconds=10, what="the inbox has what was committed")
    assert len(client.wait_for(EVENT, 7)) == 7


def inbox_size(big: System, user: User) -> int:
    return len(big.api.get("/v1_0/user/notifications?limit=50", user)[1]["results"])
