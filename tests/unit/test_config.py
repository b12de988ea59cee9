"""What is missing or wrong stops a process with a line that names the variable and what it should hold."""

import os

import pytest

from app.config import (
    ApiSettings,
    BrokerSettings,
    DatabaseSettings,
    FlowerSettings,
    ImSettings,
    QueueSettings,
    Settings,
    SettingsError,
    WorkerSettings,
    load_settings,
)

COMPLETE = {
    "DATABASE_URL": "sqlite://",
    "BROKER_URL": "redis://localhost/0",
    "MESSAGE_QUEUE_URL": "redis://localhost/1",
    "REDIS_URL": "redis://localhost/0",
    "JWT_SECRET": "x" * 32,
    "FLOWER_BASIC_AUTH": "admin:secret",
}
URLS = {"BROKER_URL", "MESSAGE_QUEUE_URL", "REDIS_URL"}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Nothing of this machine's settings, and all that is required."""
    for name in os.environ:
        if name.lower() in Settings.model_fields:
            monkeypatch.delenv(name)
    for name, value in COMPLETE.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def complaint() -> str:
    with pytest.raises(SettingsError) as raised:
        load_settings(Settings)
    return str(raised.value)


class TestMissing:
    @pytest.mark.parametrize(
        ("name", "holds"),
        [
            ("DATABASE_URL", "sqlite:///... or postgresql+psycopg://..."),
            ("BROKER_URL", "amqp://... or redis://..."),
            ("MESSAGE_QUEUE_URL", "amqp://... or redis://..."),
            ("REDIS_URL", "redis://..."),
            ("JWT_SECRET", "32 bytes or more"),
            ("FLOWER_BASIC_AUTH", "user:password"),
        ],
    )
    def test_what_has_no_default_is_named_with_what_it_should_hold(
        self, environment: pytest.MonkeyPatch, name: str, holds: str
    ) -> None:
        environment.delenv(name)

        [line] = complaint().splitlines()

        assert line.startswith(f"{name}: is not set")
        assert holds in line

    def test_each_that_is_missing_has_a_line(self, environment: pytest.MonkeyPatch) -> None:
        for name in COMPLETE:
            environment.delenv(name)

        assert sorted(line.partition(":")[0] for line in complaint().splitlines()) == sorted(COMPLETE)

    @pytest.mark.parametrize(
        ("kind", "needed"),
        [
            (DatabaseSettings, {"DATABASE_URL"}),
            (BrokerSettings, {"BROKER_URL"}),
            (QueueSettings, {"MESSAGE_QUEUE_URL"}),
            (ApiSettings, {"DATABASE_URL", "JWT_SECRET", *URLS}),
            (WorkerSettings, {"DATABASE_URL", *URLS}),
            (ImSettings, {"MESSAGE_QUEUE_URL", "REDIS_URL", "JWT_SECRET"}),
            (FlowerSettings, {"BROKER_URL", "FLOWER_BASIC_AUTH"}),
        ],
    )
    def test_a_process_asks_for_what_it_needs_and_no_more(
        self, environment: pytest.MonkeyPatch, kind: type[QueueSettings], needed: set[str]
    ) -> None:
        for name in COMPLETE:
            environment.delenv(name)

        with pytest.raises(SettingsError) as raised:
            load_settings(kind)

        assert {line.partition(":")[0] for line in str(raised.value).splitlines()} == needed
        assert load_settings(kind, {name: COMPLETE[name] for name in needed})


class TestWrong:
    @pytest.mark.parametrize(
        ("name", "value", "holds"),
        [
            ("DATABASE_URL", "", "sqlite://, postgresql+psycopg://"),
            ("DATABASE_URL", "mysql://localhost/x", "sqlite://, postgresql+psycopg://"),
            ("DATABASE_URL", "postgresql://localhost/x", "sqlite://, postgresql+psycopg://"),
            ("BROKER_URL", "localhost:6379", "amqp://, amqps://, redis://, rediss://"),
            ("BROKER_URL", "redis://localhost:port/0", "port"),
            ("MESSAGE_QUEUE_URL", "kafka://localhost", "amqp://, amqps://, redis://, rediss://"),
            ("MESSAGE_QUEUE_URL", "amqp://localhost:70000", "port"),
            ("REDIS_URL", "amqp://localhost", "redis://, rediss://"),
            ("REDIS_URL", "redis://[", "URL"),
            (
                "REDIS_URL",
                "rediss://localhost/0?ssl_ca_certs=/nowhere.pem",
                "'/nowhere.pem' can't be read",
            ),
            ("BROKER_URL", "amqps://localhost//?ssl_cert_reqs=maybe", "ssl_cert_reqs: should be one of required,"),
            ("MESSAGE_QUEUE_URL", "amqps://localhost//?cacertfile=ca.pem", "cacertfile: is no option"),
            ("JWT_SECRET", "", "32 bytes or more"),
            ("JWT_SECRET", "x" * 31, "32 bytes or more"),
            ("API_PORT", "0", "greater than or equal to 1"),
            ("API_PORT", "http", "integer"),
            ("IM_PORT", "65536", "less than or equal to 65535"),
            ("FLOWER_PORT", "", "integer"),
            ("IM_PUBLIC_URL", "news.example", "origin such as https://"),
            ("IM_TRANSPORT", "slow", "'fast' or 'stock'"),
            ("IM_DRAIN_SECONDS", "-1", "greater than or equal to 0"),
            ("IM_DRAIN_SECONDS", "nan", "less than or equal to 3600"),
            ("FLOWER_BASIC_AUTH", "admin", "user:password"),
            ("FLOWER_BASIC_AUTH", ":secret", "user:password"),
            ("CORS_ORIGINS", "https://a.example/path", "without a path"),
            ("CORS_ORIGINS", "https://a.example, ftp://b.example", "'ftp://b.example' should be an origin"),
            ("HISTORY_LENGTH", "0", "greater than or equal to 1"),
            ("HISTORY_SECONDS", "1", "greater than or equal to 60"),
        ],
    )
    def test_the_variable_is_named_with_what_it_should_hold(
        self, environment: pytest.MonkeyPatch, name: str, value: str, holds: str
    ) -> None:
        environment.setenv(name, value)

        [line] = complaint().splitlines()

        assert line.startswith(f"{name}: ")
        assert holds in line

    def test_a_wrong_secret_is_not_shown(self, environment: pytest.MonkeyPatch) -> None:
        environment.setenv("JWT_SECRET", "not-for-logs")

        assert "not-for-logs" not in complaint()


class TestRead:
    def test_the_urls_of_the_original_design_work(self, environment: pytest.MonkeyPatch) -> None:
        url = "amqp://python:rabbitmqpwd@localhost:5672/toutiao"
        environment.setenv("MESSAGE_QUEUE_URL", url)

        assert load_settings(QueueSettings).message_queue_url == url

    def test_overrides_stand_before_the_environment(self) -> None:
        assert load_settings(Settings, {"REDIS_URL": "redis://elsewhere/0"}).redis_url == "redis://elsewhere/0"

    @pytest.mark.parametrize("link", ["tcp://10.0.0.1:5000", "udp://[fd00::1]:53"])
    def test_the_address_of_a_service_is_no_port_of_ours(self, environment: pytest.MonkeyPatch, link: str) -> None:
        for name in ("API_PORT", "IM_PORT", "FLOWER_PORT"):
            environment.setenv(name, link)

        settings = load_settings(Settings)

        assert (settings.api_port, settings.im_port, settings.flower_port) == (5000, 8001, 5555)

    def test_an_address_elsewhere_is_as_wrong_as_ever(self, environment: pytest.MonkeyPatch) -> None:
        environment.setenv("REDIS_URL", "tcp://10.0.0.1:6379")

        assert complaint().startswith("REDIS_URL: should begin with")

    def test_a_secret_is_not_shown_by_accident(self) -> None:
        for name in ("JWT_SECRET", "FLOWER_BASIC_AUTH"):
            assert COMPLETE[name] not in repr(load_settings(Settings))

    def test_a_secret_is_counted_in_bytes(self, environment: pytest.MonkeyPatch) -> None:
        environment.setenv("JWT_SECRET", "ä" * 16)

        assert load_settings(Settings).jwt_secret.get_secret_value() == "ä" * 16

    def test_origins_are_separated_by_commas(self, environment: pytest.MonkeyPatch) -> None:
        environment.setenv("CORS_ORIGINS", " https://a.example , http://b.example:3000,")

        assert load_settings(Settings).allowed_origins == ["https://a.example", "http://b.example:3000"]

    def test_without_origins_the_apis_own_are_allowed(self, environment: pytest.MonkeyPatch) -> None:
        environment.setenv("API_PORT", "5001")

        own = ["http://127.0.0.1:5001", "http://localhost:5001", "http://[::1]:5001"]
        assert load_settings(Settings).allowed_origins == own

    def test_history_and_message_queue_are_one_redis_where_their_urls_are_the_same(self) -> None:
        assert not load_settings(Settings).is_one_redis
        assert load_settings(Settings, {"MESSAGE_QUEUE_URL": COMPLETE["REDIS_URL"]}).is_one_redis
