"""The settings of the processes of `make run`: from the environment, then .env, then defaults."""

import stat
from pathlib import Path

import pytest

from dev import environment
from dev.errors import RunError

VALKEY = "redis://:secret@127.0.0.1:1/0"


class TestReadEnvironment:
    def test_environment_overrides_the_file_and_empty_means_unset(self, tmp_path: Path) -> None:
        file = tmp_path / ".env"
        file.write_text("API_PORT=1\nIM_PORT=2\nREDIS_URL=\n# FLOWER_PORT=3\n")

        assert environment.read(file, {"API_PORT": "7", "DATA_DIR": ""}) == {"API_PORT": "7", "IM_PORT": "2"}

    def test_app_without_profiles_stays_without_them(self, tmp_path: Path) -> None:
        empty = {"PROFILE_LOADER": "", "KNOWS_LOADER": ""}
        assert environment.read(tmp_path / ".env", empty) == empty

    def test_address_of_a_service_link_means_unset(self, tmp_path: Path) -> None:
        file = tmp_path / ".env"
        file.write_text("API_PORT=1\n")
        given = {"API_PORT": "tcp://10.0.0.1:5000", "IM_PORT": "udp://10.0.0.1:53", "FLOWER_PORT": "7"}

        assert environment.read(file, given) == {"API_PORT": "1", "FLOWER_PORT": "7"}

    def test_missing_file_is_ignored(self, tmp_path: Path) -> None:
        assert environment.read(tmp_path / ".env", {"API_PORT": "7"}) == {"API_PORT": "7"}


class TestFilePermissions:
    @pytest.mark.parametrize(("mode", "after"), [(0o644, 0o600), (0o640, 0o600), (0o777, 0o700), (0o400, 0o400)])
    def test_file_becomes_private_to_its_owner(self, tmp_path: Path, mode: int, after: int) -> None:
        file = tmp_path / ".env"
        file.touch()
        file.chmod(mode)

        assert environment.take_from_others(file) == (mode != after)
        assert stat.S_IMODE(file.stat().st_mode) == after

    def test_file_shared_on_purpose_keeps_its_mode(self, tmp_path: Path) -> None:
        shared = tmp_path / "tmp"
        shared.mkdir()
        shared.chmod(0o1777)

        for path in (shared, Path("/dev/null"), tmp_path / "none"):
            assert not environment.take_from_others(path)
        assert stat.S_IMODE(shared.stat().st_mode) == 0o1777


class TestCompleteEnvironment:
    def test_empty_secret_beside_public_keys_switches_the_log_in_off(self, tmp_path: Path) -> None:
        given = {"JWT_SECRET": "", "JWT_PUBLIC_KEY": "key.pem"}

        assert environment.complete(given, tmp_path)["JWT_SECRET"] == ""

    def test_empty_secret_without_public_keys_is_generated(self, tmp_path: Path) -> None:
        assert len(environment.complete({"JWT_SECRET": ""}, tmp_path)["JWT_SECRET"]) > 32

    def test_missing_settings_are_generated_and_valid(self, tmp_path: Path) -> None:
        env = environment.complete({}, tmp_path)
        is_valkey_needed = environment.use_for_what_is_missing(VALKEY, env)

        settings = environment.check(env)

        assert is_valkey_needed
        assert settings.script_channel
        assert settings.data_dir == tmp_path / ".data"
        assert settings.database_url == f"sqlite:///{tmp_path}/.data/toutiao.sqlite3"
        assert (settings.api_port, settings.im_port, settings.flower_port) == (5000, 8001, 5555)

    def test_given_settings_are_kept(self, tmp_path: Path) -> None:
        given = {
            "DATABASE_URL": "postgresql+psycopg://h/d",
            "REDIS_URL": "redis://h/0",
            "BROKER_URL": "amqp://h",
            "MESSAGE_QUEUE_URL": "amqp://h",
            "JWT_SECRET": "a secret that only the tests use",
            "FLOWER_BASIC_AUTH": "a:b",
            "API_PORT": "1",
        }
        env = environment.complete(given, tmp_path)

        assert not environment.use_for_what_is_missing(VALKEY, env)
        assert env | given == env

    def test_secrets_are_generated_once_and_private(self, tmp_path: Path) -> None:
        first, second = environment.complete({}, tmp_path), environment.complete({}, tmp_path)

        for name in ("jwt_secret", "flower_basic_auth", "vapid_private_key"):
            file = tmp_path / ".data" / name
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
            assert first[name.upper()] == second[name.upper()] == file.read_text().strip()

    def test_existing_folder_becomes_private_to_its_owner(self, tmp_path: Path) -> None:
        (tmp_path / ".data").mkdir(mode=0o755)

        environment.complete({}, tmp_path)

        assert stat.S_IMODE((tmp_path / ".data").stat().st_mode) == 0o700

    def test_unusable_folder_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()

        with pytest.raises(RunError, match=r"^DATA_DIR: .*file"):
            environment.complete({"DATA_DIR": "file/below"}, tmp_path)

    def test_wrong_setting_is_named(self, tmp_path: Path) -> None:
        env = environment.complete({"API_PORT": "none"}, tmp_path)
        environment.use_for_what_is_missing(VALKEY, env)

        with pytest.raises(RunError, match=r"^API_PORT: "):
            environment.check(env)


def test_other_terminals_use_the_same_system(tmp_path: Path) -> None:
    env = environment.complete({"FLOWER_BASIC_AUTH": "a:b c'd"}, tmp_path)

    environment.write_for_other_terminals(env)

    assert environment.read(tmp_path / ".data/environment", {})["JWT_SECRET"] == env["JWT_SECRET"]
    assert stat.S_IMODE((tmp_path / ".data/environment").stat().st_mode) == 0o600
