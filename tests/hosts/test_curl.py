"""A service in any language, here a shell with curl, notifies users and takes notifications back."""

import json
import shutil
import subprocess
import uuid
from collections.abc import Callable

import pytest

from tests.clients import Client
from tests.hosts.host import Host
from tests.services import missing
from tests.system import System

EVENT = "order shipped"
USER = "curl@example.com"

Curl = Callable[..., tuple[int, str]]


@pytest.fixture
def curl(system: System, service_key: str) -> Curl:
    """Call the API; return status and body."""
    if shutil.which("curl") is None:
        missing("curl")

    def call(method: str, path: str, *options: str) -> tuple[int, str]:
        command = ["curl", "-sS", "--max-time", "30", "-X", method, f"{system.api.url}{path}", "-w", "\n%{http_code}"]
        command += ["-H", f"Authorization: Bearer {service_key}", *options]
        answer = subprocess.run(command, capture_output=True, text=True, timeout=40, check=True).stdout
        body, _, code = answer.rpartition("\n")
        return int(code), body

    return call


def body(**changes: object) -> list[str]:
    told = {"event": EVENT, "to": [USER], "data": {"order_id": 5, "item": "a book"}, "key": uuid.uuid4().hex, **changes}
    return ["-H", "Content-Type: application/json", "-d", json.dumps(told)]


def test_repeated_call_notifies_once_and_a_withdrawal_outlives_the_worker(
    system: System, hosts: dict[str, Host], curl: Curl
) -> None:
    client = Client(system.im_urls, hosts["flask"].token(USER)).stay()
    client.wait_for("sync")
    told = [*body(), "-H", f"Idempotency-Key: {uuid.uuid4()}"]

    first, repeated = (curl("POST", "/v1_0/notifications", *told) for _ in range(2))

    assert first == repeated
    status, answer = first
    assert status == 202
    [id_] = json.loads(answer)["ids"]
    [pushed] = client.wait_for(EVENT)
    assert (pushed["id"], pushed["item"]) == (id_, "a book")

    system.processes["worker"].kill()
    assert curl("DELETE", f"/v1_0/notifications/{id_}") == (204, "")
    assert json.loads(curl("GET", f"/v1_0/notifications/{id_}")[1])["state"] == "withdrawn"
    system.processes["worker"].start()

    [withdrawn] = client.wait_for("withdrawn", seconds=30)
    assert withdrawn["ids"] == [id_]
    client.close()


@pytest.mark.parametrize(
    ("changes", "field"), [({"data": {"order_id": "five"}}, "data"), ({"to": []}, "to"), ({"event": "none"}, "event")]
)
def test_call_that_does_not_fit_is_told_the_field(curl: Curl, changes: dict[str, object], field: str) -> None:
    status, answer = curl("POST", "/v1_0/notifications", *body(**changes))

    assert status == 422
    assert field in json.loads(answer)["errors"]
