"""The engine's tables, and the base class of an app's tables. Users are ids here. Times are integer Unix seconds."""

from sqlalchemy import JSON, BigInteger, Boolean, Index, Integer, SmallInteger, String, Text, false, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from core.db import unix_time
from core.group_texts import LONGEST_KEY
from core.user_ids import LONGEST

# SQLite generates ids only in a column that is declared INTEGER.
Id = BigInteger().with_variant(Integer, "sqlite")
# Ids are compared byte by byte, which is the fastest order, and the same on each machine.
UserId = String(LONGEST).with_variant(String(LONGEST, collation="C"), "postgresql")

MUTED, FILTERED, DROPPED, EXPIRED = "muted", "filtered", "dropped", "expired"  # Notification.not_sent
# A Notification.pushed_at of what is new, and like what its recipient was told a moment ago. Nobody has let it in.
TOLD_BEFORE = 0

# By state of core.inbox_filters, which rows have it. Each has an index, so that pages and counts read no other rows.
_SHOWN = "withdrawn_at IS NULL AND not_sent IS NULL"
# Without what is withdrawn: who follows and unfollows again and again would make the groups of others slow.
_GATHERED = f"group_key IS NOT NULL AND {_SHOWN}"
_STATES = {
    "all": f"archived_at IS NULL AND {_SHOWN}",
    "unread": f"read_at IS NULL AND archived_at IS NULL AND {_SHOWN}",
    "unseen": f"seen_at IS NULL AND read_at IS NULL AND archived_at IS NULL AND {_SHOWN}",
    "archived": f"archived_at IS NOT NULL AND {_SHOWN}",
}


def _index_of_state(state: str) -> Index:
    where = text(_STATES[state])
    columns = ("recipient_id", "event", "id")
    return Index(f"ix_notifications_state_{state}", *columns, sqlite_where=where, postgresql_where=where)


class Base(DeclarativeBase):
    pass


class Notification(Base):
    """A row of both inbox and outbox. The outbox still has to push it until `dispatched_at` is set.

    A row that is withdrawn has no `dispatched_at` again, until the outbox has told that. docs/services.md says which
    columns other programs may write.
    """

    __tablename__ = "notifications"
    __table_args__ = (
        Index("ix_notifications_inbox", "recipient_id", "id"),
        Index(  # what a user has not read of one actor: a repeated follow looks here
            "ix_notifications_unread_actor",
            "recipient_id",
            "actor_id",
            "event",
            sqlite_where=text("read_at IS NULL AND withdrawn_at IS NULL"),
            postgresql_where=text("read_at IS NULL AND withdrawn_at IS NULL"),
        ),
        *map(_index_of_state, _STATES),
        Index(  # an event with a key is told to a user once
            "uq_notifications_key",
            "recipient_id",
            "event",
            "key",
            unique=True,
            sqlite_where=text("key IS NOT NULL"),
            postgresql_where=text("key IS NOT NULL"),
        ),
        Index(  # what strangers did and its recipient has not let in
            "ix_notifications_requests",
            "recipient_id",
            "id",
            sqlite_where=text("not_sent = 'filtered'"),
            postgresql_where=text("not_sent = 'filtered'"),
        ),
        Index(
            "ix_notifications_group",
            "recipient_id",
            "group_key",
            "group_id",
            "id",
            sqlite_where=text(_GATHERED),
            postgresql_where=text(_GATHERED),
        ),
        Index(
            "ix_notifications_expiring",
            "expires_at",
            sqlite_where=text(f"expires_at IS NOT NULL AND archived_at IS NULL AND {_SHOWN}"),
            postgresql_where=text(f"expires_at IS NOT NULL AND archived_at IS NULL AND {_SHOWN}"),
        ),
        Index(
            "ix_notifications_outbox",
            "id",
            sqlite_where=text("dispatched_at IS NULL AND set_aside_at IS NULL"),
            postgresql_where=text("dispatched_at IS NULL AND set_aside_at IS NULL"),
        ),
        Index(
            "ix_notifications_dead_letters",
            "dead_lettered_at",
            sqlite_where=text("set_aside_at IS NOT NULL"),
            postgresql_where=text("set_aside_at IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    recipient_id: Mapped[str] = mapped_column(UserId)
    actor_id: Mapped[str | None] = mapped_column(UserId)
    event: Mapped[str] = mapped_column(String(64))
    data: Mapped[dict[str, object] | None] = mapped_column(JSON(none_as_null=True))
    key: Mapped[str | None] = mapped_column(String(255))
    created_at: Mapped[int] = mapped_column(BigInteger, server_default=unix_time())
    read_at: Mapped[int | None] = mapped_column(BigInteger)
    dispatched_at: Mapped[int | None] = mapped_column(BigInteger)
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    # A notification that can't be pushed becomes a dead letter, so that it blocks no other one. The column keeps an old
    # name, because workers of the last release read it.
    dead_lettered_at: Mapped[int | None] = mapped_column("set_aside_at", BigInteger, key="dead_lettered_at")
    retry_at: Mapped[int | None] = mapped_column(BigInteger)  # no attempt before this time, by the database's clock
    failure_reason: Mapped[str | None] = mapped_column(Text)  # of the last attempt
    withdrawn_at: Mapped[int | None] = mapped_column(BigInteger)
    # Of one that is in the outbox again, because it was withdrawn or let in: its dispatched_at before. Of a new one:
    # when its recipient was told the same. No toast shows it then.
    pushed_at: Mapped[int | None] = mapped_column(BigInteger)
    seen_at: Mapped[int | None] = mapped_column(BigInteger)  # null with a read_at: the last release has marked it
    archived_at: Mapped[int | None] = mapped_column(BigInteger)
    expires_at: Mapped[int | None] = mapped_column(BigInteger)  # when it is archived by itself; null again after it
    not_sent: Mapped[str | None] = mapped_column(String(16))  # why it is neither pushed, nor listed, nor counted
    # Of one that was pushed and whose event has a group: the filled text, and the id of the first of its group.
    group_key: Mapped[str | None] = mapped_column(String(LONGEST_KEY))
    group_id: Mapped[int | None] = mapped_column(BigInteger)


class NotificationGroup(Base):
    """The newest group of one user, event and filled text, and when its sockets were told of it. See core.groups."""

    __tablename__ = "notification_groups"
    __table_args__ = (
        Index(
            "ix_notification_groups_due",
            "due_at",
            sqlite_where=text("due_at IS NOT NULL"),
            postgresql_where=text("due_at IS NOT NULL"),
        ),
        Index("ix_notification_groups_opened", "opened_at"),
    )

    recipient_id: Mapped[str] = mapped_column(UserId, primary_key=True)
    event: Mapped[str] = mapped_column(String(64), primary_key=True)
    group_key: Mapped[str] = mapped_column(String(LONGEST_KEY), primary_key=True)
    group_id: Mapped[int] = mapped_column(BigInteger)
    opened_at: Mapped[int] = mapped_column(BigInteger)
    told_at: Mapped[int | None] = mapped_column(BigInteger)  # or about to be told; null: never
    due_at: Mapped[int | None] = mapped_column(BigInteger)  # null: there is nothing to tell
    is_loud: Mapped[bool] = mapped_column(Boolean, server_default=false())  # of what is due, one may show a toast
    tellings: Mapped[int] = mapped_column(BigInteger, server_default="0")  # how often its sockets were told
    changes: Mapped[int] = mapped_column(BigInteger, server_default="0")  # how often dispatches have changed this row


class Preference(Base):
    """What one user chose, as JSON. A user who chose nothing has no row. See core.preferences."""

    __tablename__ = "preferences"

    user_id: Mapped[str] = mapped_column(UserId, primary_key=True)
    document: Mapped[str] = mapped_column(Text)
    updated_at: Mapped[int] = mapped_column(BigInteger)


class Revocation(Base):
    """Access and refresh tokens of one user that are valid no more. See core.revocations."""

    __tablename__ = "revocations"
    __table_args__ = (
        Index("ix_revocations_user", "user_id"),
        Index("ix_revocations_created", "created_at"),
        Index(
            "ix_revocations_waiting",
            "id",
            sqlite_where=text("published_at IS NULL"),
            postgresql_where=text("published_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    user_id: Mapped[str] = mapped_column(UserId)
    issued_until: Mapped[int | None] = mapped_column(BigInteger)
    family: Mapped[str | None] = mapped_column(String(64))
    spared_family: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[int] = mapped_column(BigInteger)
    published_at: Mapped[int | None] = mapped_column(BigInteger)  # null until Redis has it


class IdempotentCall(Base):
    """The answer to a call of another service, kept for when the service repeats the call."""

    __tablename__ = "idempotent_calls"
    __table_args__ = (Index("ix_idempotent_calls_created", "created_at"),)

    service: Mapped[str] = mapped_column(String(64), primary_key=True)
    key_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    body_hash: Mapped[str] = mapped_column(String(64))
    answer: Mapped[str] = mapped_column(Text)
    created_at: Mapped[int] = mapped_column(BigInteger)


class PushSubscription(Base):
    """A device that agreed to Web Push. `endpoint` is its address at the push service of its browser."""

    __tablename__ = "push_subscriptions"
    __table_args__ = (
        Index("ix_push_subscriptions_user", "user_id", "renewed_at"),
        Index("uq_push_subscriptions_endpoint", "endpoint_hash", unique=True),
        {"sqlite_autoincrement": True},  # what waits for a device that is gone does not go to a new one
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    user_id: Mapped[str] = mapped_column(UserId)
    endpoint: Mapped[str] = mapped_column(Text)
    endpoint_hash: Mapped[str] = mapped_column(String(64))
    p256dh: Mapped[str] = mapped_column(String(90))
    auth: Mapped[str] = mapped_column(String(24))
    language: Mapped[str] = mapped_column(String(35))
    device: Mapped[str] = mapped_column(String(400))  # a User-Agent
    family: Mapped[str] = mapped_column(String(64))  # of the token that subscribed; a log-out ends both
    created_at: Mapped[int] = mapped_column(BigInteger)
    renewed_at: Mapped[int] = mapped_column(BigInteger)
    failures: Mapped[int] = mapped_column(SmallInteger, server_default="0")  # in a row
    paused_until: Mapped[int | None] = mapped_column(BigInteger)


class WebPush(Base):
    """One notification for one device, from its dispatch until it was sent or need not be. See core.web_pushes."""

    __tablename__ = "web_pushes"
    __table_args__ = (
        Index(
            "ix_web_pushes_due",
            "due_at",
            sqlite_where=text("claimed_at IS NULL"),
            postgresql_where=text("claimed_at IS NULL"),
        ),
        Index("ix_web_pushes_subscription", "subscription_id"),
        Index(
            "ix_web_pushes_claimed",
            "claimed_at",
            sqlite_where=text("claimed_at IS NOT NULL"),
            postgresql_where=text("claimed_at IS NOT NULL"),
        ),
    )

    notification_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    subscription_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    due_at: Mapped[int] = mapped_column(BigInteger)
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    claimed_at: Mapped[int | None] = mapped_column(BigInteger)  # a row with it is never sent again


class DispatchState(Base):
    """One row: how many writes to the histories are committed, to compare with Redis. See core.epochs."""

    __tablename__ = "dispatch_state"

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    epoch: Mapped[int | None] = mapped_column(BigInteger)
    server: Mapped[str] = mapped_column(String(64), server_default="")
    sequence: Mapped[int] = mapped_column(BigInteger, server_default="0")
