"""The API reads a file if asked to, a config and the environment; an earlier one overrides a later one."""

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from app.factory import create_app
from core.settings import ApiSettings, SettingsError

CONFIG = {
    "DATABASE_URL": "sqlite:///unused",
    "BROKER_URL": "redis://127.0.0.1:1/0",
    "MESSAGE_QUEUE_URL": "redis://127.0.0.1:1/0",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "JWT_SECRET": "a secret that only the tests use",
}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in os.environ:
        if name.lower() in ApiSettings.model_fields:
            monkeypatch.delenv(name)
    return monkeypatch


def settings_of(*args: object, **options: bool) -> ApiSettings:
    settings: ApiSettings = create_app(*args, **options).extensions["toutiao"].settings  # type: ignore[arg-type]
    return settings


class TestCreateApp:
    @pytest.mark.parametrize("config", [CONFIG, SimpleNamespace(**CONFIG)], ids=["mapping", "object"])
    def test_app_starts_from_a_config(self, config: object) -> None:
        assert settings_of(config).redis_url == CONFIG["REDIS_URL"]

    def test_app_starts_from_the_environment(self, environment: pytest.MonkeyPatch) -> None:
        for name, value in CONFIG.items():
            environment.setenv(name, value)

        assert settings_of().redis_url == CONFIG["REDIS_URL"]

    @pytest.mark.parametrize(
        ("allowed", "origin", "answer"),
        [
            ("https://a.example, http://[::1]:5000", "http://[::1]:5000", "http://[::1]:5000"),
            ("https://a.example, http://[::1]:5000", "https://a.example", "https://a.example"),
            ("https://a.example", "https://a.example.evil.example", None),
            ("https://a.example", "https://aXexample", None),
            ("*", "https://anywhere.example", "https://anywhere.example"),
        ],
    )
    def test_only_allowed_origins_may_call(self, allowed: str, origin: str, answer: str | None) -> None:
        client = create_app({**CONFIG, "CORS_ORIGINS": allowed}).test_client()

        headers = client.get("/livez", headers={"Origin": origin}).headers

        assert headers.get("Access-Control-Allow-Origin") == answer

    def test_missing_setting_stops_the_start(self) -> None:
        with pytest.raises(SettingsError, match="JWT_SECRET"):
            create_app({**CONFIG, "JWT_SECRET": ""})

    @pytest.mark.parametrize(
        "url", ["sqlite:file", "sqlite://", "postgresql+psycopg://u:p@host:port/db", "sqlite:///file?timeout=soon"]
    )
    def test_invalid_database_url_stops_the_start(self, url: str) -> None:
        with pytest.raises(SettingsError, match=r"^DATABASE_URL: should "):
            create_app({**CONFIG, "DATABASE_URL": url})

    def test_file_overrides_the_config_when_requested(self, environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
        file = tmp_path / "settings.py"
        file.write_text("API_PORT = 5001\nHISTORY_LENGTH = 7\n")
        environment.setenv("TOUTIAO_SETTINGS", str(file))
        config = {**CONFIG, "API_PORT": 5002}

        assert settings_of(config, enable_config_file=True).api_port == 5001
        assert settings_of(config).api_port == 5002

    def test_missing_file_is_named(self, environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
        environment.setenv("TOUTIAO_SETTINGS", str(tmp_path / "none.py"))

        with pytest.raises(SettingsError, match=r"TOUTIAO_SETTINGS.*none\.py"):
            create_app(CONFIG, enable_config_file=True)

    @pytest.mark.parametrize("text", ["X = (", "X = Y"])
    def test_failing_file_is_named(self, environment: pytest.MonkeyPatch, tmp_path: Path, text: str) -> None:
        file = tmp_path / "wrong.py"
        file.write_text(text)
        environment.setenv("TOUTIAO_SETTINGS", str(file))

        with pytest.raises(SettingsError, match=r"TOUTIAO_SETTINGS.*wrong\.py"):
            create_app(CONFIG, enable_config_file=True)
