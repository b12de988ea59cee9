"""For Flask apps: notify with the app's own database session, show a bell, and serve the inbox of who is logged in.

Configuration, all names with the prefix `TOUTIAO_PUSH_`: EVENTS is required; SCHEMA and WAKE are as in Push;
API_URL, SOCKET_URL and SCRIPT_URL say where the server, its sockets and the bell's script are; JWT_KEY, JWT_ALGORITHM,
JWT_USER_CLAIM, JWT_ISSUER, JWT_AUDIENCE, JWT_KEY_ID and TOKEN_SECONDS say how tokens are signed.
"""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Flask, current_app
from markupsafe import Markup

from toutiao_push.flask_inbox import create_blueprint
from toutiao_push.push import Push
from toutiao_push.tokens import ACCESS_SECONDS, SERVER_CLAIM, mint_token
from toutiao_push.user_ids import UserId

_PREFIX = "TOUTIAO_PUSH_"
_EXTENSION = "toutiao_push"


class ToutiaoPush:
    """One object serves several apps; each has its own configuration."""

    def __init__(self, app: Flask | None = None, db: Any = None) -> None:
        if app is not None:
            self.init_app(app, db)

    def init_app(self, app: Flask, db: Any = None) -> None:
        """Read the configuration. `db` is that of Flask-SQLAlchemy, or any object with a `session`.

        Raise KeyError where TOUTIAO_PUSH_EVENTS is missing, and InvalidDeclarations.
        """
        push = Push(
            app.config[f"{_PREFIX}EVENTS"],
            schema=app.config.get(f"{_PREFIX}SCHEMA"),
            wake=app.config.get(f"{_PREFIX}WAKE", "notify"),
        )
        app.extensions[_EXTENSION] = (push, db)
        app.jinja_env.globals["push"] = self

    def notify(self, event: str, *, to: UserId, **options: Any) -> int | None:
        """Do what Push.notify does, in the session of the app's database."""
        push, db = current_app.extensions[_EXTENSION]
        return push.notify(db.session, event, to=to, **options)  # type: ignore[no-any-return]

    def notify_many(self, event: str, *, to: Any, **options: Any) -> int:
        """Do what Push.notify_many does, in the session of the app's database."""
        push, db = current_app.extensions[_EXTENSION]
        return push.notify_many(db.session, event, to=to, **options)  # type: ignore[no-any-return]

    def wake(self) -> None:
        """Do what Push.wake does."""
        current_app.extensions[_EXTENSION][0].wake()

    def mint_token(self, user_id: UserId) -> str:
        """Sign a token for a user; raise KeyError where TOUTIAO_PUSH_JWT_KEY is missing."""
        return mint_token(
            user_id,
            current_app.config[f"{_PREFIX}JWT_KEY"],
            algorithm=_configured("JWT_ALGORITHM", "HS256"),
            user_claim=_configured("JWT_USER_CLAIM", SERVER_CLAIM),
            seconds=_configured("TOKEN_SECONDS", ACCESS_SECONDS),
            issuer=_configured("JWT_ISSUER"),
            audience=_configured("JWT_AUDIENCE"),
            key_id=_configured("JWT_KEY_ID"),
        )

    def inbox_blueprint(
        self, current_user_id: Callable[[], UserId | None], *, url_prefix: str = "/push", name: str = "toutiao_push"
    ) -> Blueprint:
        """Return a blueprint with the inbox and the token of the user whom `current_user_id` names.

        It answers 401 where that is None. The app's own protection against forged requests applies to it.
        """
        return create_blueprint(self.mint_token, current_user_id, url_prefix=url_prefix, name=name)

    def bell(self, *, url_prefix: str = "/push") -> Markup:
        """Return the elements of a bell for a template: `{{ push.bell() }}`. `url_prefix` is that of the blueprint."""
        attributes = {"src": url_prefix, "token-url": f"{url_prefix}/token", "socket-url": _configured("SOCKET_URL")}
        written = Markup("").join(
            Markup(' {}="{}"').format(name, value) for name, value in attributes.items() if value is not None
        )
        script = Markup('<script src="{}" defer></script>').format(_configured("SCRIPT_URL", "/static/push-bell.js"))
        return script + Markup("<push-bell{}></push-bell>").format(written)


def _configured(name: str, default: Any = None) -> Any:
    return current_app.config.get(f"{_PREFIX}{name}", default)
