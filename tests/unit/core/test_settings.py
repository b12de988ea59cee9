"""A missing or wrong setting stops a process with a line that names the variable and its expected value."""

import base64
import os
import secrets
import uuid
from pathlib import Path

import pytest

from core.keys import Keys
from core.settings import (
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
from core.vapid import create_key
from tests.token_keys import key_of

COMPLETE = {
    "DATABASE_URL": "sqlite://",
    "BROKER_URL": "redis://localhost/0",
    "MESSAGE_QUEUE_URL": "redis://localhost/1",
    "REDIS_URL": "redis://localhost/0",
    "JWT_SECRET": "a secret that only the tests use",
    "FLOWER_BASIC_AUTH": "admin:secret",
}
NEW_KEY, OLD_KEY = secrets.token_hex(32), secrets.token_hex(32)
URLS = {"BROKER_URL", "MESSAGE_QUEUE_URL", "REDIS_URL"}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """All required settings, and none of this machine's own."""
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


class TestMissingSettings:
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
    def test_missing_setting_is_named_with_its_expected_value(
        self, environment: pytest.MonkeyPatch, name: str, holds: str
    ) -> None:
        environment.delenv(name)

        [line] = complaint().splitlines()

        assert line.startswith(f"{name}: is not set")
        assert holds in line

    def test_each_missing_setting_has_a_line(self, environment: pytest.MonkeyPatch) -> None:
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
    def test_process_requires_only_the_settings_that_it_uses(
        self, environment: pytest.MonkeyPatch, kind: type[QueueSettings], needed: set[str]
    ) -> None:
        for name in COMPLETE:
            environment.delenv(name)

        with pytest.raises(SettingsError) as raised:
            load_settings(kind)

        assert {line.partition(":")[0] for line in str(raised.value).splitlines()} == needed
        assert load_settings(kind, {name: COMPLETE[name] for name in needed})


class TestWrongSettings:
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
            ("MESSAGE_QUEUE_URL", "amqps://localhost//?cacertfile=ca.pem", "cacertfile: is an unknown option"),
            ("JWT_SECRET", "", "32 bytes or more"),
            (
                "JWT_SECRET",
                "0123456789abcdef0123456789abcde",  # pragma: allowlist secret
                "32 bytes or more, such as the output of: openssl rand -hex 32",
            ),
            ("JWT_SECRET", "x" * 64, "fewer than 8 different characters"),
            ("JWT_SECRET", "secret" * 10, "fewer than 8 different characters"),
            ("JWT_SECRET", "changeme" * 4, "fewer than 8 different characters"),
            ("JWT_SECRET", "1234567890" * 4 + "123", "repeats a piece of fewer than 11 characters"),
            ("JWT_SECRET", "please-Change-Me-before-production-1", "is a placeholder"),
            ("JWT_SECRET", "<your-jwt-secret-of-32-bytes-or-more>", "is a placeholder"),
            ("JWT_PUBLIC_KEY", "-----BEGIN PUBLIC KEY-----", "no whole block"),
            ("JWT_PUBLIC_KEY", "/nowhere.pem", "the path of a file with some; No such file or directory"),
            ("JWT_JWKS_URL", "http://login.example/jwks.json", "should begin with https://"),
            ("JWT_JWKS_URL", "http://127.0.0.1.login.example/jwks.json", "should begin with https://"),
            ("JWT_JWKS_URL", "file:///etc/passwd", "https://..."),
            ("JWT_JWKS_URL", "login.example/jwks.json", "https://..."),
            ("JWT_JWKS_URL", "https://user:password@login.example/", "https://..."),
            ("JWT_JWKS_URL", "https://[", "https://..."),
            ("JWT_USER_CLAIM", "", "at least 1 character"),
            ("API_PORT", "0", "greater than or equal to 1"),
            ("API_PORT", "http", "integer"),
            ("IM_PORT", "65536", "less than or equal to 65535"),
            ("FLOWER_PORT", "", "integer"),
            ("IM_PUBLIC_URL", "news.example", "origin such as https://"),
            ("CORS_ORIGINS", "null", "'null' should be an origin such as https://"),
            ("TRUSTED_PROXIES", "10.0.0.5,nginx", "'nginx' should be an address or a network such as 10.0.0.0/8"),
            ("TRUSTED_PROXIES", "10.0.0.5/8", "'10.0.0.5/8' should be an address or a network"),
            ("IM_TRANSPORT", "slow", "'fast' or 'stock'"),
            ("VAPID_PRIVATE_KEY", "short", "flask vapid-key new"),
            ("VAPID_SUBJECT", "you@example.com", "mailto:you@example.com"),
            ("WEB_PUSH_PRIVATE_ORIGINS", "http://push.internal/path", "should be an origin"),
            ("WEB_PUSH_PRIVATE_ORIGINS", "ws://push.internal,*", "should be an origin"),
            ("IM_DRAIN_SECONDS", "-1", "greater than or equal to 0"),
            ("IM_DRAIN_SECONDS", "nan", "less than or equal to 3600"),
            ("FLOWER_BASIC_AUTH", "admin", "user:password"),
            ("FLOWER_BASIC_AUTH", ":secret", "user:password"),
            ("CORS_ORIGINS", "https://a.example/path", "without a path"),
            ("CORS_ORIGINS", "https://a.example, ftp://b.example", "'ftp://b.example' should be an origin"),
            ("HISTORY_LENGTH", "0", "greater than or equal to 1"),
            ("HISTORY_SECONDS", "1", "greater than or equal to 60"),
            ("KEY_PREFIX", "x" * 41, "0 to 40 characters, of A to Z, a to z, 0 to 9 and . _ - :"),
            ("KEY_PREFIX", "news*", "0 to 40 characters"),
            ("KEY_PREFIX", "ñ:", "0 to 40 characters"),
            ("CHANNEL", "", "1 to 40 characters, of A to Z, a to z, 0 to 9 and . _ - :"),
            ("CHANNEL", "news/pushes", "1 to 40 characters"),
            ("CHANNEL", "news\n", "1 to 40 characters"),
        ],
    )
    def test_wrong_setting_is_named_with_its_expected_value(
        self, environment: pytest.MonkeyPatch, name: str, value: str, holds: str
    ) -> None:
        environment.setenv(name, value)

        [line] = complaint().splitlines()

        assert line.startswith(f"{name}: ")
        assert holds in line

    def test_wrong_secret_is_not_shown(self, environment: pytest.MonkeyPatch) -> None:
        environment.setenv("JWT_SECRET", "not-for-logs")

        assert "not-for-logs" not in complaint()


class TestReadSettings:
    def test_urls_of_the_original_design_are_accepted(self, environment: pytest.MonkeyPatch) -> None:
        url = "amqp://python:rabbitmqpwd@localhost:5672/toutiao"
        environment.setenv("MESSAGE_QUEUE_URL", url)

        assert load_settings(QueueSettings).message_queue_url == url

    def test_names_are_those_of_before_unless_a_prefix_is_set(self, environment: pytest.MonkeyPatch) -> None:
        assert load_settings(BrokerSettings).keys == Keys()
        assert load_settings(QueueSettings).channel == "socketio"

        environment.setenv("KEY_PREFIX", "news.A-1_b:")

        assert {load_settings(kind).keys for kind in (BrokerSettings, ApiSettings, WorkerSettings, ImSettings)} == {
            Keys("news.A-1_b:")
        }

    def test_overrides_precede_the_environment(self) -> None:
        assert load_settings(Settings, {"REDIS_URL": "redis://elsewhere/0"}).redis_url == "redis://elsewhere/0"

    @pytest.mark.parametrize("link", ["tcp://10.0.0.1:5000", "udp://[fd00::1]:53"])
    def test_address_of_a_service_link_is_ignored(self, environment: pytest.MonkeyPatch, link: str) -> None:
        for name in ("API_PORT", "IM_PORT", "FLOWER_PORT"):
            environment.setenv(name, link)

        settings = load_settings(Settings)

        assert (settings.api_port, settings.im_port, settings.flower_port) == (5000, 8001, 5555)

    def test_address_in_another_setting_is_wrong(self, environment: pytest.MonkeyPatch) -> None:
        environment.setenv("REDIS_URL", "tcp://10.0.0.1:6379")

        assert complaint().startswith("REDIS_URL: should begin with")

    def test_secret_is_not_in_the_repr(self) -> None:
        for name in ("JWT_SECRET", "FLOWER_BASIC_AUTH"):
            assert COMPLETE[name] not in repr(load_settings(Settings))

    def test_secret_length_is_counted_in_bytes(self, environment: pytest.MonkeyPatch) -> None:
        environment.setenv("JWT_SECRET", "äöüßéèêëñçåøæœÿî")

        assert load_settings(Settings).jwt_secret.get_secret_value() == "äöüßéèêëñçåøæœÿî"

    def test_secret_that_nobody_guesses_is_accepted(self, environment: pytest.MonkeyPatch) -> None:
        for secret in (
            *(secrets.token_hex(16) for _ in range(20)),
            secrets.token_urlsafe(24),
            base64.b64encode(secrets.token_bytes(32)).decode(),
            str(uuid.uuid4()),
            "test-secret-test-secret-test-secret-1234",
            "correct horse battery staple of the news",
        ):
            environment.setenv("JWT_SECRET", secret)
            assert load_settings(Settings).jwt_secret.get_secret_value() == secret

    def test_origins_are_separated_by_commas(self, environment: pytest.MonkeyPatch) -> None:
        environment.setenv("CORS_ORIGINS", " https://a.example , http://b.example:3000,")

        assert load_settings(Settings).allowed_origins == ["https://a.example", "http://b.example:3000"]

    def test_default_origins_are_those_of_the_api(self, environment: pytest.MonkeyPatch) -> None:
        environment.setenv("API_PORT", "5001")

        own = ["http://127.0.0.1:5001", "http://localhost:5001", "http://[::1]:5001"]
        assert load_settings(Settings).allowed_origins == own

    def test_trusted_proxies_are_addresses_and_networks(self, environment: pytest.MonkeyPatch) -> None:
        environment.setenv("TRUSTED_PROXIES", " 10.0.0.5, 2001:db8::/48,")

        proxies = load_settings(ApiSettings).proxies

        assert proxies.client_of("10.0.0.5", "203.0.113.7") == "203.0.113.7"
        assert proxies.client_of("2001:db8::1", "203.0.113.7") == "203.0.113.7"
        assert proxies.client_of("10.0.0.6", "203.0.113.7") == "10.0.0.6"

    def test_scripts_publish_where_history_and_message_queue_are_one_redis(self) -> None:
        one_redis = {"MESSAGE_QUEUE_URL": COMPLETE["REDIS_URL"]}

        assert load_settings(Settings).script_channel == ""
        assert load_settings(Settings, one_redis).script_channel == "socketio"
        assert load_settings(Settings, {**one_redis, "MESSAGE_QUEUE_KEY": NEW_KEY}).script_channel == ""

    def test_first_key_of_the_message_queue_is_the_new_one(self, environment: pytest.MonkeyPatch) -> None:
        environment.setenv("MESSAGE_QUEUE_KEY", NEW_KEY)
        environment.setenv("MESSAGE_QUEUE_KEY_PREVIOUS", OLD_KEY)

        assert load_settings(Settings).message_queue_keys == [NEW_KEY, OLD_KEY]

    def test_empty_key_of_the_message_queue_is_none(self, environment: pytest.MonkeyPatch) -> None:
        environment.setenv("MESSAGE_QUEUE_KEY", "")
        environment.setenv("MESSAGE_QUEUE_KEY_PREVIOUS", "")

        assert load_settings(Settings).message_queue_keys == []

    def test_previous_key_of_the_message_queue_alone_is_refused(self, environment: pytest.MonkeyPatch) -> None:
        environment.setenv("MESSAGE_QUEUE_KEY_PREVIOUS", OLD_KEY)

        assert complaint() == "MESSAGE_QUEUE_KEY_PREVIOUS: needs MESSAGE_QUEUE_KEY beside it, which signs"

    def test_short_key_of_the_message_queue_is_refused(self, environment: pytest.MonkeyPatch) -> None:
        environment.setenv("MESSAGE_QUEUE_KEY", "short")

        assert complaint().startswith("MESSAGE_QUEUE_KEY: should be a secret of 32 bytes or more")

    def test_workers_listen_to_postgresql_unless_they_are_told_otherwise(self, environment: pytest.MonkeyPatch) -> None:
        assert load_settings(WorkerSettings).listen_url is None

        environment.setenv("DATABASE_URL", "postgresql+psycopg://pooler/x")
        assert load_settings(WorkerSettings).listen_url == "postgresql+psycopg://pooler/x"

        environment.setenv("DATABASE_LISTEN_URL", "postgresql+psycopg://server/x")
        assert load_settings(WorkerSettings).listen_url == "postgresql+psycopg://server/x"

        environment.setenv("DATABASE_LISTEN", "false")
        assert load_settings(WorkerSettings).listen_url is None


class TestKeysOfAHost:
    @pytest.mark.parametrize(
        ("name", "value"),
        [("JWT_PUBLIC_KEY", key_of("EC").pem), ("JWT_JWKS_URL", "https://login.example/jwks.json")],
        ids=["a key", "a provider"],
    )
    @pytest.mark.parametrize("secret", [None, ""])
    def test_no_secret_is_needed_beside_them(
        self, environment: pytest.MonkeyPatch, name: str, value: str, secret: str | None
    ) -> None:
        environment.setenv(name, value)
        environment.delenv("JWT_SECRET") if secret is None else environment.setenv("JWT_SECRET", secret)

        settings = load_settings(Settings)

        assert settings.jwt_secrets == ()
        assert not settings.has_own_tokens

    def test_private_key_is_refused_and_not_shown(self, environment: pytest.MonkeyPatch) -> None:
        environment.setenv("JWT_PUBLIC_KEY", key_of("EC").private_pem)

        assert "holds a private key; give the public key alone" in (message := complaint())
        assert key_of("EC").private_pem.splitlines()[1] not in message

    def test_public_key_is_no_secret(self, environment: pytest.MonkeyPatch) -> None:
        environment.setenv("JWT_SECRET", key_of("EC").pem)

        assert "belongs into JWT_PUBLIC_KEY" in complaint()

    def test_they_can_come_from_a_file(self, environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
        (tmp_path / "keys.pem").write_text(key_of("EC").pem + key_of("OKP").pem)
        environment.setenv("JWT_PUBLIC_KEY", str(tmp_path / "keys.pem"))

        assert [key.algorithm for key in load_settings(Settings).public_keys] == ["ES256", "EdDSA"]

    def test_they_come_from_one_place(self, environment: pytest.MonkeyPatch) -> None:
        environment.setenv("JWT_PUBLIC_KEY", key_of("EC").pem)
        environment.setenv("JWT_JWKS_URL", "https://login.example/jwks.json")

        assert complaint().startswith("JWT_JWKS_URL: should not be set beside JWT_PUBLIC_KEY")

    def test_wrong_key_has_one_complaint(self, environment: pytest.MonkeyPatch) -> None:
        environment.delenv("JWT_SECRET")
        environment.setenv("JWT_PUBLIC_KEY", "-----BEGIN")

        [line] = complaint().splitlines()

        assert line.startswith("JWT_PUBLIC_KEY: ")

    def test_previous_secret_needs_one_that_signs(self, environment: pytest.MonkeyPatch) -> None:
        environment.setenv("JWT_PUBLIC_KEY", key_of("EC").pem)
        environment.setenv("JWT_SECRET_PREVIOUS", secrets.token_hex(32))
        environment.delenv("JWT_SECRET")

        assert complaint() == "JWT_SECRET_PREVIOUS: needs JWT_SECRET beside it, which signs"

    def test_own_tokens_are_those_of_a_secret_that_no_host_signs_with(self, environment: pytest.MonkeyPatch) -> None:
        environment.setenv("JWT_USER_CLAIM", "sub")
        assert not load_settings(Settings).has_own_tokens

        environment.setenv("JWT_PUBLIC_KEY", key_of("EC").pem)
        assert load_settings(Settings).has_own_tokens

    def test_issuers_and_audiences_are_separated_by_commas(self, environment: pytest.MonkeyPatch) -> None:
        environment.setenv("JWT_ISSUER", "https://login.example, https://old.example")
        environment.setenv("JWT_AUDIENCE", "")

        parties = load_settings(Settings).parties

        assert parties.issuers == ("https://login.example", "https://old.example")
        assert parties.audiences == ()


class TestWebPush:
    def test_it_is_off_without_a_key(self) -> None:
        settings = load_settings(ApiSettings)

        assert (settings.has_web_push, settings.vapid) == (False, None)

    def test_key_needs_a_subject(self, environment: pytest.MonkeyPatch) -> None:
        environment.setenv("VAPID_PRIVATE_KEY", create_key())

        assert complaint().startswith("VAPID_SUBJECT: is not set")

        environment.setenv("VAPID_SUBJECT", "mailto:ops@news.example")
        vapid = load_settings(WorkerSettings).vapid
        assert vapid is not None
        assert vapid.subject == "mailto:ops@news.example"

    def test_empty_variables_of_compose_count_as_not_set(self, environment: pytest.MonkeyPatch) -> None:
        environment.setenv("VAPID_PRIVATE_KEY", "")
        environment.setenv("VAPID_SUBJECT", "")

        assert not load_settings(WorkerSettings).has_web_push
