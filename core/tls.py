"""TLS to Redis and RabbitMQ: translate the options of a URL for each client library.

Each library has its own names and defaults: without options Kombu does not check the certificate of Redis, and it reads
no TLS options in the URL of RabbitMQ.
"""

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from kombu.utils.url import parse_url

_FILES = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
_OPTIONS = ("ssl_cert_reqs", "ssl_check_hostname", *_FILES)
# Any other option that looks like TLS is a mistake, so report it and do not ignore it.
_LIKE_TLS = re.compile(r"ssl|tls|cert|keyfile|verify", re.IGNORECASE)
_CERT_REQS = {
    "required": ssl.CERT_REQUIRED,
    "optional": ssl.CERT_OPTIONAL,
    "none": ssl.CERT_NONE,
}
_BOOLEANS = {"true": True, "false": False}
_SECURE = {"redis": "rediss", "amqp": "amqps"}


@dataclass(frozen=True, slots=True)
class Tls:
    """How to check the server of a URL, and which certificate to show it. `host` is None where any name is accepted."""

    host: str | None
    cert_reqs: ssl.VerifyMode
    ca_certs: str | None
    certfile: str | None
    keyfile: str | None

    def context(self) -> ssl.SSLContext:
        """Return Python's own context; raise ValueError with the name of the option whose file can't be used."""
        try:
            context = ssl.create_default_context(cafile=self.ca_certs)  # then the machine's own are not believed
        except OSError as error:
            raise ValueError(f"ssl_ca_certs: {self.ca_certs} can't be used: {_reason(error)}") from None
        context.check_hostname = self.host is not None
        context.verify_mode = self.cert_reqs
        try:
            if self.certfile:
                context.load_cert_chain(self.certfile, self.keyfile, password=_no_password)
        except OSError as error:
            files = " with ".join(filter(None, (self.certfile, self.keyfile)))
            raise ValueError(f"ssl_certfile, ssl_keyfile: {files} can't be used: {_reason(error)}") from None
        return context


def read(url: str) -> Tls | None:
    """Return the TLS options of a URL, None without TLS; raise ValueError with the name of a wrong option."""
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    for name in options:
        if name not in _OPTIONS and _LIKE_TLS.search(name):
            raise ValueError(f"{name}: is an unknown option, the TLS options are {', '.join(_OPTIONS)}")
        if name in _OPTIONS and parts.scheme in _SECURE:
            raise ValueError(f"{name}: is for {_SECURE[parts.scheme]}://, and this is {parts.scheme}://")
    if parts.scheme not in _SECURE.values():
        return None
    if "ssl_keyfile" in options and "ssl_certfile" not in options:
        raise ValueError("ssl_keyfile: needs ssl_certfile as well")
    cert_reqs = _one_of(options, "ssl_cert_reqs", _CERT_REQS, "required")
    is_host_checked = _one_of(options, "ssl_check_hostname", _BOOLEANS, "true") and cert_reqs != ssl.CERT_NONE
    host = (parts.hostname or "localhost") if is_host_checked else None
    ca_certs, certfile, keyfile = (_file(options, name) for name in _FILES)
    return Tls(host, cert_reqs, ca_certs, certfile, keyfile)


def for_redis(url: str) -> str:
    """Return the URL with each option written out, under names that both redis-py and Kombu know."""
    tls = read(url)
    if tls is None:
        return url
    options = {
        "ssl_cert_reqs": tls.cert_reqs.name.removeprefix("CERT_").lower(),
        "ssl_check_hostname": str(tls.host is not None).lower(),
        "ssl_ca_certs": tls.ca_certs,
        "ssl_certfile": tls.certfile,
        "ssl_keyfile": tls.keyfile,
    }
    return _with_options(url, {name: value for name, value in options.items() if value})


def for_kombu(url: str) -> tuple[str, dict[str, Any] | bool]:
    """Return the URL and the argument `ssl` for Kombu, under the names of the client library of its transport."""
    tls = read(url)
    if tls is None:
        return url, False
    if urlsplit(url).scheme == "rediss":
        explicit_url = for_redis(url)
        return explicit_url, parse_url(explicit_url)["ssl"]
    return _with_options(url, {}), _amqp_options(tls)


def _amqp_options(tls: Tls) -> dict[str, Any]:
    options = {"cert_reqs": tls.cert_reqs, "ca_certs": tls.ca_certs, "certfile": tls.certfile, "keyfile": tls.keyfile}
    # py-amqp checks the certificate for `server_hostname`. None would mean the host of the URL.
    return options if tls.host is None else {**options, "server_hostname": tls.host}


def _with_options(url: str, options: Mapping[str, str]) -> str:
    others = [(name, value) for name, value in parse_qsl(urlsplit(url).query) if name not in _OPTIONS]
    query = urlencode([*others, *options.items()])
    head = url.partition("?")[0]  # unchanged: urlunsplit would change // at its end
    return f"{head}?{query}" if query else head


def _one_of(options: Mapping[str, str], name: str, values: Mapping[str, Any], default: str) -> Any:
    value = options.get(name, default).lower().removeprefix("cert_")  # Celery writes CERT_NONE
    if value not in values:
        raise ValueError(f"{name}: should be one of {', '.join(values)}")
    return values[value]


def _file(options: Mapping[str, str], name: str) -> str | None:
    if name not in options:
        return None
    try:
        with open(options[name], "rb"):
            return options[name]
    except OSError as error:
        raise ValueError(f"{name}: {options[name]!r} can't be read: {error.strerror}") from None


def _no_password() -> str:
    raise PermissionError(0, "the key has a password, and no process can type it; use a key without one")


def _reason(error: OSError) -> str:
    return error.strerror or str(error)
