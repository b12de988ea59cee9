"""The options of TLS in a URL: their meaning for each client, and the errors of wrong ones."""

import ssl
from pathlib import Path

import pytest
from kombu.utils.url import parse_url
from redis.connection import SSLConnection
from redis.connection import parse_url as redis_options

from core import tls


@pytest.fixture
def empty_file(tmp_path: Path) -> Path:
    file = tmp_path / "a file & more.pem"
    file.write_text("")
    return file


class TestReadOptions:
    @pytest.mark.parametrize("url", ["redis://h/0", "redis://h/0?db=1", "amqp://h//", "amqp://h"])
    def test_url_without_tls_has_no_options(self, url: str) -> None:
        assert tls.read(url) is None
        assert tls.for_redis(url) == url
        assert tls.for_kombu(url) == (url, False)

    @pytest.mark.parametrize(("url", "host"), [("rediss://h/0", "h"), ("amqps://u:p@[::1]:1//", "::1")])
    def test_certificate_and_host_name_are_checked_by_default(self, url: str, host: str) -> None:
        assert tls.read(url) == tls.Tls(host, ssl.CERT_REQUIRED, None, None, None)

    @pytest.mark.parametrize("options", ["ssl_cert_reqs=none", "ssl_cert_reqs=CERT_NONE", "ssl_check_hostname=False"])
    def test_host_name_is_not_checked_when_the_url_says_so(self, options: str) -> None:
        asked = tls.read(f"rediss://h/0?{options}")

        assert asked is not None
        assert asked.host is None
        assert asked.context().check_hostname is False

    @pytest.mark.parametrize(
        ("url", "complaint"),
        [
            ("rediss://h/0?ssl_ca_cert=x", "ssl_ca_cert: is an unknown option, the TLS options are ssl_cert_reqs, "),
            ("rediss://h/0?ssl_min_version=1", "ssl_min_version: is an unknown option"),
            ("amqps://h//?certfile=x", "certfile: is an unknown option"),
            ("amqps://h//?verify=verify_none", "verify: is an unknown option"),
            ("rediss://h/0?ssl_cert_reqs=", "ssl_cert_reqs: should be one of required, optional, none"),
            ("rediss://h/0?ssl_check_hostname=2", "ssl_check_hostname: should be one of true, false"),
            ("redis://h/0?ssl_cert_reqs=none", "ssl_cert_reqs: is for rediss://, and this is redis://"),
            ("amqp://h//?ssl_ca_certs=/x", "ssl_ca_certs: is for amqps://, and this is amqp://"),
            ("rediss://h/0?ssl_keyfile=/x", "ssl_keyfile: needs ssl_certfile as well"),
            ("rediss://h/0?ssl_certfile=/nowhere", "ssl_certfile: '/nowhere' can't be read: No such file"),
        ],
    )
    def test_wrong_option_is_named(self, url: str, complaint: str) -> None:
        with pytest.raises(ValueError, match=f"^{complaint}"):
            tls.read(url)

    @pytest.mark.parametrize("name", ["ssl_ca_certs", "ssl_certfile"])
    def test_file_without_a_certificate_is_named(self, empty_file: Path, name: str) -> None:
        asked = tls.read(f"rediss://h/0?{name}={empty_file}".replace("&", "%26"))

        assert asked is not None
        with pytest.raises(ValueError, match=f"{name}.*{empty_file.name} can't be used"):
            asked.context()


class TestClients:
    def test_redis_client_gets_every_option(self, empty_file: Path) -> None:
        url = tls.for_redis(f"rediss://u:p%40@h:1/2?ssl_ca_certs={empty_file}&db=3".replace(" & ", "%20%26%20"))

        assert redis_options(url) == {
            **{"host": "h", "port": 1, "username": "u", "password": "p@", "db": 3},
            **{"connection_class": SSLConnection, "ssl_cert_reqs": "required", "ssl_check_hostname": True},
            "ssl_ca_certs": str(empty_file),
        }
        assert tls.for_redis(url) == url

    def test_kombu_gets_the_redis_options_in_url_and_arguments(self) -> None:
        url, options = tls.for_kombu("rediss://h/0?ssl_cert_reqs=CERT_NONE")

        assert options == parse_url(url)["ssl"] == {"ssl_cert_reqs": ssl.CERT_NONE, "ssl_check_hostname": False}

    def test_rabbitmq_client_checks_the_host_name_of_the_url(self, empty_file: Path) -> None:
        url, options = tls.for_kombu(f"amqps://h//?ssl_ca_certs={empty_file}&heartbeat=3".replace(" & ", "%20%26%20"))

        files = {"ca_certs": str(empty_file), "certfile": None, "keyfile": None}
        assert url == "amqps://h//?heartbeat=3"
        assert options == {"cert_reqs": ssl.CERT_REQUIRED, "server_hostname": "h", **files}

    def test_rabbitmq_client_checks_no_host_name_when_disabled(self) -> None:
        _, options = tls.for_kombu("amqps://localhost//?ssl_check_hostname=false")

        assert isinstance(options, dict)
        assert "server_hostname" not in options
