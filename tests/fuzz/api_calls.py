"""Calls of the API that schemathesis generates from the OpenAPI document, valid and invalid, by several callers."""

import json
import secrets
import time
import uuid
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from app.factory import create_app
from app.models import Base
from app.services import accounts
from core import service_keys, tokens
from core.epochs import Epochs
from tests.rows import write_notification
from tests.system import on_redis

# Not those that expect an answer to a valid or an invalid token: the callers bring their own tokens.
_CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
CALLERS = ("a stranger", "a user", "another user", "a user with the wrong token", "a service")
_RENEWAL = "renew_tokens"  # the only call that takes a refresh token

_SERVICE_KEY, _SERVICE_LINE = service_keys.create("fuzz")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls. `foreign_texts` are in the inboxes of others: no answer to this caller may show one."""

    foreign_texts: frozenset[str]
    token: str | None = None
    renewal_token: str | None = None

    def headers(self, operation_id: str) -> dict[str, str]:
        token = self.renewal_token if operation_id == _RENEWAL else self.token
        plain = {"Accept-Encoding": "identity"}  # so that the answer can be searched
        return {**plain, "Authorization": f"Bearer {token}"} if token else plain


@contextmanager
def running_app(folder: Path, redis_url: str) -> Iterator[Flask]:
    """Make the API in this process, on a new SQLite file."""
    url = f"sqlite:///{folder}/{uuid.uuid4().hex}.db"
    settings = {"DATABASE_URL": url, "JWT_SECRET": secrets.token_hex(32), "SERVICE_KEYS": _SERVICE_LINE}
    app = create_app({**settings, **on_redis(redis_url)})
    state = app.extensions["toutiao"]
    Base.metadata.create_all(state.database.engine)
    Epochs(state.redis).establish()  # as a worker does
    try:
        yield app
    finally:
        state.database.close()
        state.redis.close()


def create_callers(app: Flask) -> dict[str, Caller]:
    """Make each of CALLERS, by name. Users have a text in their inbox that nobody else may see."""
    texts = [f"private-{uuid.uuid4().hex}" for _ in range(3)]
    ann, bob, cid = (_create_user(app, *user) for user in zip(("ann", "bob", "cid"), texts, strict=True))
    everybodys = frozenset(texts)
    callers = (
        Caller(everybodys),
        Caller(everybodys - {texts[0]}, *ann),
        Caller(everybodys - {texts[1]}, *bob),
        Caller(everybodys, *reversed(cid)),
        Caller(everybodys, _SERVICE_KEY, _SERVICE_KEY),
    )
    return dict(zip(CALLERS, callers, strict=True))


def _create_user(app: Flask, name: str, secret_text: str) -> tuple[str, str]:
    """Sign a user up; return an access token and a refresh token."""
    state = app.extensions["toutiao"]
    with state.database.transaction() as connection:
        profile = accounts.sign_up(connection, name=f"{name} {uuid.uuid4().hex[:8]}", password_hash="no hash")
        data = json.dumps({"note": secret_text})
        write_notification(connection, profile["id"], profile["id"], data=data)
    sign = partial(tokens.sign, app.config["JWT_SECRET"], user_id=profile["id"])
    return sign(), sign(refresh=True)


def load_operations(app: Flask) -> list[Any]:
    """Return the operations of the document, as schemathesis sees them."""
    return [result.ok() for result in schemathesis.openapi.from_wsgi("/openapi.json", app).get_all_operations()]


def is_for(operation: Any, caller: Caller) -> bool:
    """Whether to let this caller call it: a call without a token is the same for all, so strangers make it."""
    return caller.token is None or bool(operation.definition.raw.get("security"))


def call_often(operation: Any, callers: Collection[Caller], *, examples: int, until: float = float("inf")) -> list[int]:
    """Call an operation with valid and invalid data, each as every caller; return the status of each answer.

    Raise schemathesis' Failure for an answer that the document does not allow, and AssertionError for foreign data. It
    stops at `until` on time.monotonic's clock; without it, it makes the same calls each time.
    """
    statuses: list[int] = []

    def call(case: Any) -> None:
        generated = {name: value for name, value in case.headers.items() if name.lower() != "authorization"}
        for caller in callers:
            if time.monotonic() >= until:
                return
            case.headers = {**generated, **caller.headers(operation.definition.raw["operationId"])}
            statuses.append(_call(case, caller))

    for mode in GenerationMode:
        configured = settings(
            max_examples=examples,
            deadline=None,
            database=None,
            derandomize=until == float("inf"),
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        try:
            configured(given(case=operation.as_strategy(generation_mode=mode))(call))()
        except Unsatisfiable:
            continue  # a call without parameters can't be invalid
    return statuses


def _call(case: Any, caller: Caller) -> int:
    answer = case.call()
    case.validate_response(answer, checks=_CHECKS)
    shown = f"{answer.headers} {answer.text}"
    is_clean = not any(text in shown for text in caller.foreign_texts)
    assert is_clean, f"foreign data in the answer to {case.as_curl_command()}"
    return int(answer.status_code)
