"""The tables. Times are integer Unix seconds."""

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, Integer, SmallInteger, String, Text, UniqueConstraint, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

# SQLite numbers rows by itself only in a column that is declared INTEGER.
Id = BigInteger().with_variant(Integer, "sqlite")

ACTIVE, CLOSED = 1, 0  # User.status
FOLLOWING, NOT_FOLLOWING = 1, 0  # Relation.status


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"
    __table_args__ = (Index("ix_users_name_key", "name_key", unique=True),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    # Null for names from before there were keys that are another's but for case: each of these is typed exactly.
    name_key: Mapped[str | None] = mapped_column(String(255))
    password_hash: Mapped[str] = mapped_column(String(255))
    photo: Mapped[str | None] = mapped_column(String(512))
    introduction: Mapped[str | None] = mapped_column(Text)
    status: Mapped[int] = mapped_column(SmallInteger, default=ACTIVE)
    created_at: Mapped[int] = mapped_column(BigInteger)


class Relation(Base):
    """One row for each ordered pair that ever was; unfollowing turns it off."""

    __tablename__ = "relations"
    __table_args__ = (
        UniqueConstraint("user_id", "target_id"),
        Index("ix_relations_followings", "user_id", "status", "updated_at"),
        Index("ix_relations_followers", "target_id", "status", "updated_at"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    target_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    status: Mapped[int] = mapped_column(SmallInteger)
    created_at: Mapped[int] = mapped_column(BigInteger)
    updated_at: Mapped[int] = mapped_column(BigInteger)


class Notification(Base):
    """A row of the inbox, and at once of the outbox: until `dispatched_at` is set it is still to be pushed."""

    __tablename__ = "notifications"
    __table_args__ = (
        Index("ix_notifications_inbox", "recipient_id", "id"),
        Index(  # what is counted comes first, then what following again asks for
            "ix_notifications_unread_events",
            "recipient_id",
            "event",
            "actor_id",
            sqlite_where=text("read_at IS NULL"),
            postgresql_where=text("read_at IS NULL"),
        ),
        Index(
            "ix_notifications_outbox",
            "id",
            sqlite_where=text("dispatched_at IS NULL AND set_aside_at IS NULL"),
            postgresql_where=text("dispatched_at IS NULL AND set_aside_at IS NULL"),
        ),
        Index(
            "ix_notifications_dead_letters",
            "set_aside_at",
            sqlite_where=text("set_aside_at IS NOT NULL"),
            postgresql_where=text("set_aside_at IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    recipient_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    actor_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    event: Mapped[str] = mapped_column(String(64))
    data: Mapped[dict[str, object] | None] = mapped_column(JSON(none_as_null=True))
    created_at: Mapped[int] = mapped_column(BigInteger)
    read_at: Mapped[int | None] = mapped_column(BigInteger)
    dispatched_at: Mapped[int | None] = mapped_column(BigInteger)
    # A notification that can't be pushed is a dead letter from `set_aside_at` on, so that it holds up no other.
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    set_aside_at: Mapped[int | None] = mapped_column(BigInteger)
    retry_at: Mapped[int | None] = mapped_column(BigInteger)  # no attempt before, by the database's clock
    failure_reason: Mapped[str | None] = mapped_column(Text)  # of the last attempt


class DispatchState(Base):
    """One row: what of the histories is committed, to compare with what Redis says. See app.epochs."""

    __tablename__ = "dispatch_state"

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    epoch: Mapped[int | None] = mapped_column(BigInteger)
    server: Mapped[str] = mapped_column(String(64), server_default="")
    sequence: Mapped[int] = mapped_column(BigInteger, server_default="0")
