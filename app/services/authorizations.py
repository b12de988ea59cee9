"""Log-ins. Each begins a family of tokens: an access token and a refresh token, and all that replace them.

Of the refresh tokens of a family only the newest is valid, and its use replaces it. So a token that was stolen and used
shows: the thief or the user comes with one that was replaced, and then the family is revoked.

All changes of one user's families are made under a lock on the user, one after the other.
"""

import math
import time
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, tuple_, update

from app.models import ACTIVE, TokenFamily, User
from app.services import accounts
from app.services.accounts import UnknownCaller
from app.services.credentials import Credentials, WrongCredentials
from core import revocations, tokens
from core.db import unix_time
from core.revoked_tokens import Revocation
from core.tokens import ANYBODY, Claims, Parties
from core.user_ids import as_text

# For so long, a token that was replaced gets the same answer: two tabs may use one at once, and an answer may be lost.
GRACE_SECONDS = 10
_IS_ACTIVE = User.status == ACTIVE
_EXPIRED_AT_ONCE = 10  # families that a log-in deletes: more than it adds, so that the table does not grow for ever


class TokenRevoked(Exception):
    """The token was valid, and is revoked."""


@dataclass(frozen=True, slots=True)
class Authorization:
    """What the tokens of a family are made of, so that the same refresh token can be made again."""

    user_id: int
    family: str
    token_id: str
    issued_at: int
    access_issued_at: int

    def access_token(self, secret: str, parties: Parties = ANYBODY) -> str:
        return tokens.sign(
            secret, user_id=self.user_id, family=self.family, issued_at=self.access_issued_at, parties=parties
        )

    def refresh_token(self, secret: str, parties: Parties = ANYBODY) -> str:
        return tokens.sign(
            secret,
            user_id=self.user_id,
            refresh=True,
            family=self.family,
            token_id=self.token_id,
            issued_at=self.issued_at,
            parties=parties,
        )


def log_in(connection: Connection, checked: Credentials) -> Authorization:
    """Begin a family for a user whose password was checked; raise WrongCredentials if it has changed since."""
    if not _lock(connection, checked.user_id, _IS_ACTIVE, User.password_hash == checked.password_hash):
        raise WrongCredentials
    _delete_expired(connection)
    issued_at = revocations.earliest_issue(revocations.of_user(connection, as_text(checked.user_id)), int(time.time()))
    new = Authorization(checked.user_id, tokens.new_id(), tokens.new_id(), issued_at, issued_at)
    connection.execute(insert(TokenFamily).values(family=new.family, user_id=new.user_id, **_values(new)))
    return new


def renew(connection: Connection, claims: Claims, *, grace_seconds: int = GRACE_SECONDS) -> Authorization | Revocation:
    """Replace a refresh token; raise TokenRevoked or UnknownCaller.

    One that was replaced at most `grace_seconds` ago gets what replaced it. One that was replaced earlier revokes its
    family: that is returned, and not raised, since it has to be committed.
    """
    account_id = accounts.id_of(claims.user_id)
    if account_id is None or not _lock(connection, account_id, _IS_ACTIVE):
        raise UnknownCaller
    revoked = revocations.of_user(connection, claims.user_id)
    if any(each.covers(claims.user_id, claims.issued_at, claims.family) for each in revoked):
        raise TokenRevoked
    earliest = revocations.earliest_issue(revoked, int(time.time()))
    known = connection.execute(_select(account_id, claims.family)).one_or_none()
    if known is not None and known.previous_id == claims.token_id and known.age_seconds <= grace_seconds:
        return Authorization(account_id, claims.family, known.token_id, known.issued_at, min(known.issued_at, earliest))
    if known is None or known.token_id == claims.token_id or known.issued_at < claims.issued_at:
        return _replace(connection, account_id, claims, earliest, is_known=known is not None)
    return end(connection, claims.user_id, claims.family)


def end(connection: Connection, user_id: str, family: str) -> Revocation:
    """Revoke the tokens of one family. There may be no such user here: the token may be minted elsewhere."""
    account_id = accounts.id_of(user_id)
    if account_id is not None:
        _lock(connection, account_id)
        connection.execute(delete(TokenFamily).where(*_is_family(account_id, family)))
    return revocations.revoke_family(connection, user_id, family)


def end_all(
    connection: Connection, user_id: str, *, shown: Claims | None = None, is_spared: bool = False
) -> Revocation:
    """Revoke all tokens of a user that were issued so far. `is_spared` spares the family of the token that was shown.

    There may be no such user here: the token may be minted elsewhere.
    """
    newest = [math.ceil(shown.issued_at)] if shown else [0]
    spared = shown.family if shown and is_spared else None
    account_id = accounts.id_of(user_id)
    if account_id is not None:
        newest.append(_end_families(connection, account_id, spared))
    return revocations.revoke_user(connection, user_id, newest=max(newest), spared_family=spared)


def _end_families(connection: Connection, user_id: int, spared: str | None) -> int:
    """Delete the families of a user, but for one; return when the newest token of any was issued."""
    _lock(connection, user_id)
    of_user = TokenFamily.user_id == user_id
    newest = connection.scalar(select(func.max(TokenFamily.issued_at)).where(of_user)) or 0
    connection.execute(delete(TokenFamily).where(of_user, *([TokenFamily.family != spared] if spared else [])))
    return newest


def _replace(connection: Connection, user_id: int, claims: Claims, earliest: int, *, is_known: bool) -> Authorization:
    """Replace the newest token of a family.

    There is no row of a token that was minted elsewhere, nor of one that the database has lost in a failover; it may
    also have lost the last renewals. Such a token is as good as any other.
    """
    # Never earlier than the token before it: which of two is newer shows by this.
    issued_at = max(earliest, math.ceil(claims.issued_at))
    new = Authorization(user_id, claims.family, tokens.new_id(), issued_at, earliest)
    values = {**_values(new), "previous_id": claims.token_id, "replaced_at": unix_time()}
    if is_known:
        connection.execute(update(TokenFamily).where(*_is_family(user_id, claims.family)).values(values))
    else:
        connection.execute(insert(TokenFamily).values(user_id=user_id, family=claims.family, **values))
    return new


def _lock(connection: Connection, user_id: int, *conditions: ColumnElement[bool]) -> bool:
    """Lock a user's row; say whether there is one. SQLite has no locks of rows: a transaction there is alone."""
    found = select(User.id).where(User.id == user_id, *conditions)
    return connection.execute(found.with_for_update(key_share=True)).one_or_none() is not None


def _select(user_id: int, family: str) -> Any:
    columns = (TokenFamily.token_id, TokenFamily.issued_at, TokenFamily.previous_id)
    age = (unix_time() - TokenFamily.replaced_at).label("age_seconds")
    return select(*columns, age).where(*_is_family(user_id, family))


def _is_family(user_id: int, family: str) -> tuple[ColumnElement[bool], ...]:
    return TokenFamily.user_id == user_id, TokenFamily.family == family


def _values(new: Authorization) -> dict[str, Any]:
    expires_at = new.issued_at + tokens.REFRESH_SECONDS
    return {"token_id": new.token_id, "issued_at": new.issued_at, "expires_at": expires_at}


def _delete_expired(connection: Connection) -> None:
    key = tuple_(TokenFamily.user_id, TokenFamily.family)
    expired = select(TokenFamily.user_id, TokenFamily.family).where(TokenFamily.expires_at <= unix_time())
    # Two log-ins at once delete different rows, so that neither waits for the other.
    some = expired.order_by(TokenFamily.expires_at).limit(_EXPIRED_AT_ONCE).with_for_update(skip_locked=True)
    connection.execute(delete(TokenFamily).where(key.in_(some)))
