"""The tables of the news app: users, who follows whom, and articles. Times are integer Unix seconds."""

from sqlalchemy import BigInteger, ForeignKey, Index, SmallInteger, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.models import Base, Id

ACTIVE, CLOSED = 1, 0  # User.status
FOLLOWING, NOT_FOLLOWING = 1, 0  # Relation.status
LIKED, NOT_LIKED = 1, 0  # Liking.status


class User(Base):
    __tablename__ = "users"
    __table_args__ = (Index("ix_users_name_key", "name_key", unique=True),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    # Null for an old name that differs from another only in case: its user has to type it exactly to log in.
    name_key: Mapped[str | None] = mapped_column(String(255))
    password_hash: Mapped[str] = mapped_column(String(255))
    photo: Mapped[str | None] = mapped_column(String(512))
    introduction: Mapped[str | None] = mapped_column(Text)
    status: Mapped[int] = mapped_column(SmallInteger, default=ACTIVE)
    created_at: Mapped[int] = mapped_column(BigInteger)


class Relation(Base):
    """One row for each ordered pair of users that ever existed. An unfollow changes its status."""

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


class Article(Base):
    __tablename__ = "articles"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    title: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[int] = mapped_column(BigInteger)


class Liking(Base):
    """One row for each user and article that this user ever liked. To take a like back changes its status."""

    __tablename__ = "likings"
    __table_args__ = (Index("ix_likings_article", "article_id", "status"),)

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("articles.id"), primary_key=True)
    status: Mapped[int] = mapped_column(SmallInteger)
    created_at: Mapped[int] = mapped_column(BigInteger)
    updated_at: Mapped[int] = mapped_column(BigInteger)


class Comment(Base):
    __tablename__ = "comments"
    __table_args__ = (Index("ix_comments_article", "article_id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("articles.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    content: Mapped[str] = mapped_column(Text)
    created_at: Mapped[int] = mapped_column(BigInteger)


class TokenFamily(Base):
    """The refresh tokens that come from one log-in. Only the newest one is valid; each use replaces it."""

    __tablename__ = "token_families"
    __table_args__ = (Index("ix_token_families_expires", "expires_at"),)

    # Both are the key: who mints tokens elsewhere may name the families of two users alike.
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    family: Mapped[str] = mapped_column(String(64), primary_key=True)
    token_id: Mapped[str] = mapped_column(String(64))
    issued_at: Mapped[int] = mapped_column(BigInteger)
    expires_at: Mapped[int] = mapped_column(BigInteger)
    previous_id: Mapped[str | None] = mapped_column(String(64))  # of the token that the newest one replaced
    replaced_at: Mapped[int | None] = mapped_column(BigInteger)  # when it did, by the database's clock
