"""A shop in FastAPI with asyncpg. Its users are names, and its tokens are signed with RS256."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from sqlalchemy import select
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from toutiao_push import Push, mint_token


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "fastapi_orders"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[str]
    item: Mapped[str]


engine = create_async_engine(os.environ["DATABASE_URL"].replace("psycopg", "asyncpg"))
sessions = async_sessionmaker(engine)
push = Push(os.environ["PUSH_EVENTS"], schema=os.environ["PUSH_SCHEMA"])
key = Path(os.environ["PRIVATE_KEY"]).read_text()


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield
    await engine.dispose()


app = FastAPI(lifespan=lifespan)


@app.post("/orders", status_code=201)
async def order(body: dict[str, Any]) -> dict[str, int]:
    """Keep an order and notify its user, or neither of the two."""
    async with sessions() as session, session.begin():
        made = Order(user_id=body["user"], item=body["item"])
        session.add(made)
        await session.flush()
        data = {"order_id": made.id, "item": made.item}
        await push.notify_async(session, "order shipped", to=made.user_id, data=data)
        if body.get("fails"):
            raise ValueError("the order fails")
        return {"id": made.id}


@app.get("/orders")
async def orders() -> list[str]:
    async with sessions() as session:
        return list(await session.scalars(select(Order.item).order_by(Order.id)))


@app.get("/token/{user_id}")
async def token(user_id: str) -> dict[str, str]:
    return {"token": mint_token(user_id, key, algorithm="RS256", user_claim="sub", key_id="shop", audience="push")}
