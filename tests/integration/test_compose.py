"""docker-compose.yml: the command of each service runs here as a local process, on private services."""

import gzip
import json
import os
import re
import shutil
import signal
import subprocess
import time
import urllib.request
from email.message import Message
from pathlib import Path

import pytest
from redis import Redis

from core.settings import ApiSettings, BeatSettings, DatabaseSettings, FlowerSettings, ImSettings, WorkerSettings
from tests.clients import Api, Client
from tests.nginx import Nginx
from tests.services import wait_until
from tests.stack import OURS, SECRETS, Stack, read_compose
from tests.system import ROOT
from tests.wire import Polling, query

KNOWS = {
    "rabbitmq": {name for name in SECRETS if name.startswith("RABBITMQ_")},
    "redis": {name for name in SECRETS if name.startswith("REDIS_")},
    "postgres": {"POSTGRES_PASSWORD"},
    "migrate": {"POSTGRES_PASSWORD"},
    "api": {"POSTGRES_PASSWORD", "RABBITMQ_API_PASSWORD", "REDIS_API_PASSWORD", "JWT_SECRET"},
    "worker": {"POSTGRES_PASSWORD", "RABBITMQ_WORKER_PASSWORD", "REDIS_WORKER_PASSWORD"},
    "beat": {"RABBITMQ_BEAT_PASSWORD"},
    "flower": {"RABBITMQ_FLOWER_PASSWORD", "FLOWER_BASIC_AUTH"},
    "im1": {"REDIS_IM_PASSWORD", "JWT_SECRET"},
    "im2": {"REDIS_IM_PASSWORD", "JWT_SECRET"},
    "nginx": set(),
}
# Which settings each process reads: no service is given another variable of ours.
READS = {
    "migrate": DatabaseSettings,
    "api": ApiSettings,
    "worker": WorkerSettings,
    "beat": BeatSettings,
    "flower": FlowerSettings,
    "im1": ImSettings,
    "im2": ImSettings,
}


pytestmark = pytest.mark.timeout(400)  # the first test starts nine processes


class TestComposeFile:
    @pytest.mark.parametrize("name", SECRETS)
    def test_missing_secret_is_named(self, name: str) -> None:
        with pytest.raises(KeyError, match=rf"{name}: set it in \.env"):
            read_compose(**{key: value for key, value in SECRETS.items() if key != name})

    def test_example_env_names_every_secret(self) -> None:
        assert {f"{name}=" for name in SECRETS} <= set((ROOT / ".env.example").read_text().splitlines())

    def test_every_service_is_defined(self) -> None:
        assert set(read_compose(**SECRETS)) == set(KNOWS)

    @pytest.mark.parametrize("name", KNOWS)
    def test_service_has_limits_and_a_health_check(self, name: str) -> None:
        service = read_compose(**SECRETS)[name]

        assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory", "pids"}
        assert name == "migrate" or service["healthcheck"]["test"]
        assert set(service["logging"]["options"]) == {"max-size", "max-file"}
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))

    @pytest.mark.parametrize("name", KNOWS)
    def test_service_runs_without_privileges(self, name: str) -> None:
        service = read_compose(**SECRETS)[name]

        assert (service["cap_drop"], service["security_opt"]) == (["ALL"], ["no-new-privileges:true"])
        assert "cap_add" not in service
        assert "privileged" not in service
        assert service["read_only"] is True
        assert service["image"] == "toutiao-push" or service["user"] not in ("root", "0")

    @pytest.mark.parametrize("name", ["api", "im1", "im2"])
    def test_service_trusts_nginx_alone(self, name: str) -> None:
        services = read_compose(**SECRETS, WEB_PREFIX="10.9.8")

        assert services[name]["environment"]["TRUSTED_PROXIES"] == "10.9.8.2"
        assert services["nginx"]["networks"]["web"]["ipv4_address"] == "10.9.8.2"

    def test_health_check_of_nginx_ignores_proxies(self) -> None:
        assert read_compose(**SECRETS)["nginx"]["healthcheck"]["test"][1:4] == ["wget", "-Y", "off"]

    def test_new_env_holds_every_secret(self, tmp_path: Path) -> None:
        (tmp_path / "deploy").mkdir()
        for name in (".env.example", "deploy/make-env"):
            shutil.copy(ROOT / name, tmp_path / name)
        (tmp_path / ".env").write_text("REDIS_PASSWORD=kept\nJWT_SECRET=\n")

        subprocess.run([tmp_path / "deploy/make-env"], check=True, timeout=20, capture_output=True)

        variables = dict(line.split("=", 1) for line in (tmp_path / ".env").read_text().splitlines())
        assert variables.keys() == SECRETS.keys()
        assert variables["REDIS_PASSWORD"] == "kept"
        assert len(set(variables.values())) == len(SECRETS)
        assert (tmp_path / ".env").stat().st_mode & 0o777 == 0o600
        read_compose(**variables)

    def test_image_does_not_run_as_root(self) -> None:
        *_, last = (ROOT / "deploy/Dockerfile").read_text().splitlines()
        assert last == "USER toutiao"

    @pytest.mark.parametrize("name", KNOWS)
    def test_service_gets_only_its_own_secrets(self, name: str) -> None:
        text = json.dumps(read_compose(**SECRETS)[name])

        assert {secret for secret, value in SECRETS.items() if value in text} == KNOWS[name]

    @pytest.mark.parametrize("name", READS)
    def test_service_gets_only_settings_that_it_reads(self, name: str) -> None:
        assert {key.lower() for key in read_compose(**SECRETS)[name]["environment"]} <= set(READS[name].model_fields)

    @pytest.mark.parametrize("name", KNOWS)
    def test_service_reaches_only_the_services_that_it_uses(self, name: str) -> None:
        services = read_compose(**SECRETS)
        inside = {"database": "postgres", "broker": "rabbitmq", "cache": "redis"}

        reached = {inside[network] for network in services[name]["networks"] if network in inside}

        assert reached - {name} == {host for host in inside.values() if f"@{host}:" in json.dumps(services[name])}


class TestRunningStack:
    @pytest.mark.parametrize("transports", [["websocket"], ["polling"], ["polling", "websocket"]])
    def test_follow_is_pushed_through_nginx(self, front: Nginx, transports: list[str]) -> None:
        api = Api(front.url)
        ann, bob = (api.sign_up(f"{name}-{'-'.join(transports)}") for name in ("ann", "bob"))
        client = Client([front.url], bob.token, transports=transports)
        client.wait_for("sync")

        assert api.follow(ann, bob) == 201

        assert client.wait_for("following notify")[0]["user_id"] == ann.id
        client.close()

    @pytest.mark.parametrize("name", OURS)
    def test_hanging_service_is_unhealthy(self, stack: Stack, name: str) -> None:
        process = stack.processes[name]
        process.signal(signal.SIGSTOP)
        try:
            if name in ("worker", "beat"):
                minute_ago = time.time() - 60
                os.utime(stack.folder(name) / "heartbeat", (minute_ago, minute_ago))

            assert not stack.is_healthy(name)
        finally:
            process.signal(signal.SIGCONT)
        wait_until(lambda: stack.is_healthy(name), seconds=20, what=f"{name} is healthy again")

    def test_flower_lists_a_dispatch_that_pushed(self, stack: Stack, front: Nginx) -> None:
        def task_types() -> str:
            request = urllib.request.Request(stack.url("flower") + "/api/tasks")
            request.add_header("Authorization", "Basic YWRtaW46Zmxvd2VyLXNlY3JldA==")
            with urllib.request.urlopen(request, timeout=5) as answer:
                return str(answer.read())

        api = Api(front.url)
        assert api.follow(api.sign_up("flora"), api.sign_up("fred")) == 201

        wait_until(lambda: "tasks.notifications.dispatch" in task_types(), seconds=20, what="a dispatch in Flower")

    def test_nginx_compresses_polling_answers(self, front: Nginx) -> None:
        session = Polling(int(front.url.rpartition(":")[2]))
        session.join()
        session.post(*(f'42["message",{{"msg":"{"x" * 100}"}}]' for _ in range(100)))

        request = urllib.request.Request(f"{front.url}/socket.io/?{query(sid=session.sid)}")
        request.add_header("Accept-Encoding", "gzip")
        with urllib.request.urlopen(request, timeout=5) as answer:
            assert answer.headers["Content-Encoding"] == "gzip"
            assert b"x" * 100 in gzip.decompress(answer.read())

    def test_assets_are_compressed_and_immutable(self, front: Nginx) -> None:
        def get(path: str) -> tuple[bytes, Message]:
            request = urllib.request.Request(front.url + path, headers={"Accept-Encoding": "gzip"})
            with urllib.request.urlopen(request, timeout=5) as answer:
                assert answer.headers["Content-Encoding"] == "gzip"
                return gzip.decompress(answer.read()), answer.headers

        page, _ = get("/")
        for path in re.findall(r'(?:href|src)="(/static/[^"]+)"', page.decode()):
            content, headers = get(path)
            assert content
            assert "immutable" in headers["Cache-Control"]

    def test_rights_in_redis_and_rabbitmq_are_sufficient(self, stack: Stack, front: Nginx) -> None:
        api = Api(front.url)
        ann, bob = api.sign_up("anne"), api.sign_up("bert")
        client = Client([front.url], bob.token)
        assert api.follow(ann, bob) == 201
        client.wait_for("following notify", seconds=30)
        assert api.post("/v1_0/user/notifications/read", {"up_to": 2**52}, bob)[0] == 200
        client.wait_for("unread", seconds=30)
        client.close()

        assert "lacks" not in str(Api(stack.url("api")).get("/readyz"))
        with Redis.from_url(stack.valkey.as_operator()) as redis:
            assert redis.acl_log() == []
        assert stack.refusals() == []
