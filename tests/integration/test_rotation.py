"""The steps of "Rotate secrets" in docs/operations.md, on the running services of docker-compose.yml."""

import re
import secrets
import shlex
import threading
import time
from base64 import b64encode

import psycopg
import pytest
from amqp.exceptions import AccessRefused
from kombu import Connection
from redis import Redis
from redis.exceptions import AuthenticationError

from app.services import accounts
from core import service_keys, tokens
from core.db import Database
from tests.clients import PASSWORD, Client, User
from tests.integration.test_flower import ask
from tests.services import wait_until
from tests.stack import SECRETS, Stack
from tests.system import ROOT

CHAPTER = (ROOT / "docs/operations.md").read_text().partition("## Rotate secrets\n")[2].partition("\n## ")[0]
STEPS = re.findall(r"^```sh\n(.*?)^```", CHAPTER, re.MULTILINE | re.DOTALL)
FANS = 300


class Operator:
    """Does what the page says, with a new secret for each block of commands."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack

    def do(self, steps: str) -> None:
        new = secrets.token_hex(32)
        for line in steps.splitlines():
            self._step(line.replace("NEW", new))

    def _step(self, line: str) -> None:
        if line.startswith("# .env: "):
            name, _, value = line.removeprefix("# .env: ").partition("=")
            self._stack.change(**{name: self._stack.secret("JWT_SECRET") if value == "OLD" else value})
            return
        docker, compose, *step = shlex.split(line)
        assert (docker, compose) == ("docker", "compose")
        match step:
            case ["up", "--detach", "--no-deps", service]:
                self._stack.replace(service)
            case ["exec", "redis", "sh", "-c", command]:
                with Redis.from_url(self._stack.valkey.as_operator()) as redis:
                    redis.execute_command(*shlex.split(command.partition("valkey-cli ")[2]))
            case ["exec", "rabbitmq", "rabbitmqctl", *arguments]:
                self._stack.rabbitmq.ctl(*arguments)
            case ["exec", "postgres", "psql", "-U", "toutiao", "-c", statement]:
                with psycopg.connect(self._stack.database_url, autocommit=True) as connection:
                    connection.execute(statement)
            case _:
                raise ValueError(f"unknown step: {line}")


class Fans:
    """Users who follow one person, one after the other, with tokens that the first secret signed."""

    def __init__(self, stack: Stack, target: User) -> None:
        self._stack = stack
        self._target = target
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.statuses: set[int] = set()
        self.followed = 0
        database = Database(stack.database_url.replace("postgresql:", "postgresql+psycopg:"))
        with database.transaction() as connection:
            ids = [accounts.sign_up(connection, name=f"fan {n}", password_hash="-")["id"] for n in range(FANS)]
        database.close()
        self._tokens = [tokens.sign(stack.secret("JWT_SECRET"), user_id=fan) for fan in ids]

    def __enter__(self) -> "Fans":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join(30)

    def _run(self) -> None:
        for token in self._tokens:
            while not self._follows(token):
                time.sleep(0.05)
            self.followed += 1
            if self._is_over.wait(0.5):
                return

    def _follows(self, token: str) -> bool:
        """Say whether it worked. While the only API process is replaced, nobody answers."""
        try:
            status, _ = self._stack.api.call("POST", "/v1_0/user/followings", {"target": self._target.id}, token=token)
        except OSError:
            return False
        self.statuses.add(status)
        return status == 201


def inbox(stack: Stack, user: User) -> list[int]:
    """Return the ids of all notifications of a user, oldest first."""
    with psycopg.connect(stack.database_url) as connection:
        found = connection.execute("SELECT id FROM notifications WHERE recipient_id = %s ORDER BY id", (str(user.id),))
        return [row[0] for row in found]


@pytest.mark.timeout(400)
def test_secrets_are_rotated_without_a_lost_push(stack: Stack) -> None:
    assert len(STEPS) == 5
    bob = stack.api.sign_up(f"bob-{time.time_ns()}")
    client = Client([stack.url("im1"), stack.url("im2")], bob.token).stay()
    client.wait_for("sync", seconds=60)
    old = {name: stack.secret(name) for name in SECRETS}
    operator = Operator(stack)

    with Fans(stack, bob) as fans:
        for steps in STEPS:
            before = fans.followed
            operator.do(steps)
            wait_until(lambda before=before: fans.followed > before, seconds=60, what="somebody follows")  # type: ignore[misc]

    ids = inbox(stack, bob)
    assert len(ids) == fans.followed
    wait_until(lambda: set(client.ids()) >= set(ids), seconds=60, what="every push arrives")
    assert fans.statuses == {201}, "no token of the first secret is refused"
    assert "" not in {stack.secret(name) for name in old}
    client.close()
    assert_old_secrets_are_useless(stack, old, bob)


def assert_old_secrets_are_useless(stack: Stack, old: dict[str, str], bob: User) -> None:
    with (
        pytest.raises(AuthenticationError),
        Redis.from_url(stack.valkey.url.replace("//", f"//worker:{old['REDIS_WORKER_PASSWORD']}@")) as redis,
    ):
        redis.ping()
    with (
        pytest.raises(AccessRefused),
        Connection(
            f"amqp://beat:{old['RABBITMQ_BEAT_PASSWORD']}@127.0.0.1:{stack.rabbitmq.port}/{stack.vhost}"
        ) as connection,
    ):
        connection.connect()
    login = "Basic " + b64encode(old["FLOWER_BASIC_AUTH"].encode()).decode()
    assert ask(int(stack.url("flower").rpartition(":")[2]), "GET", "/", Authorization=login).status == 401
    with psycopg.connect(stack.database_url) as connection:
        roles = connection.execute(
            "SELECT usename FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        assert {row[0] for row in roles} == {"toutiao_2"}
    signed = stack.api.post("/v1_0/authorizations", {"user_name": bob.name, "password": PASSWORD})[1]["token"]
    assert tokens.verify([stack.secret("JWT_SECRET")], signed).user_id == str(bob.id)


@pytest.mark.timeout(400)
def test_two_keys_of_a_service_are_valid_until_one_is_removed(stack: Stack) -> None:
    bob = stack.api.sign_up(f"bob-{time.time_ns()}")
    (old, old_line), (new, new_line) = (service_keys.create("news") for _ in range(2))

    def statuses() -> list[int]:
        path = f"/v1_0/users/{bob.id}/disconnect"
        return [stack.api.call("POST", path, token=key)[0] for key in (old, new)]

    stack.change(SERVICE_KEYS=f"{old_line},{new_line}")
    stack.replace("api")
    assert statuses() == [204, 204]
    stack.change(SERVICE_KEYS=new_line)
    stack.replace("api")
    assert statuses() == [401, 204]
