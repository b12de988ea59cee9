"""TLS to Redis and RabbitMQ, as the options of their URL ask for it, in the words of each client.

Each client has names and defaults of its own: without options Kombu checks no certificate of Redis', and knows none in
the URL of RabbitMQ.
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
# Whatever else looks as if it were about TLS is a mistake, and not to be passed over.
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
    """How the server of one URL is to be checked, and what it is shown. `host` is None where its name may be any."""

    host: str | None
    cert_reqs: ssl.VerifyMode
    ca_certs: str | None
    certfile: str | None
    keyfile: str | None

    def context(self) -> ssl.SSLContext:
        """Return it as Python has it; raise ValueError that names the option whose file can't be used."""
        context = ssl.create_default_context()
        context.check_hostname = self.host is not None
        context.verify_mode = self.cert_reqs
        try:
            if self.ca_certs:
                context.load_verify_locations(self.ca_certs)
        except OSError as error:
            raise ValueError(f"ssl_ca_certs: {self.ca_certs} can't be used: {_reason(error)}") from None
        try:
            if self.certfile:
                context.load_cert_chain(self.certfile, self.keyfile, password=_no_password)
        except OSError as error:
            files = " with ".join(filter(None, (self.certfile, self.keyfile)))
            raise ValueError(f"ssl_certfile, ssl_keyfile: {files} can't be used: {_reason(error)}") from None
        return context


def read(url: str) -> Tls | None:
    """Return what a URL asks for, None where that is no TLS; raise ValueError that names an option that is wrong."""
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    for name in options:
        if name not in _OPTIONS and _LIKE_TLS.search(name):
            raise ValueError(f"{name}: is no option; there are {', '.join(_OPTIONS)}")
        if name in _OPTIONS and parts.scheme in _SECURE:
            raise ValueError(f"{name}: is for {_SECURE[parts.scheme]}://, and this is {parts.scheme}://")
    if parts.scheme not in _SECURE.values():
        return None
    if "ssl_keyfile" in options and "ssl_certfile" not in options:
        raise ValueError("ssl_keyfile: is of no use without ssl_certfile")
    cert_reqs = _one_of(options, "ssl_cert_reqs", _CERT_REQS, "required")
    is_host_checked = _one_of(options, "ssl_check_hostname", _BOOLEANS, "true") and cert_reqs != ssl.CERT_NONE
    host = (parts.hostname or "localhost") if is_host_checked else None
    ca_certs, certfile, keyfile = (_file(options, name) for name in _FILES)
    return Tls(host, cert_reqs, ca_certs, certfile, keyfile)


def for_redis(url: str) -> str:
    """Return a URL that says all there is to say, in words that both redis-py and Kombu know."""
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
    """Return the URL and `ssl` for Kombu, whose transports take it in the words of their own clients."""
    tls = read(url)
    if tls is None:
        return url, False
    if urlsplit(url).scheme == "rediss":
        explicit_url = for_redis(url)
        return explicit_url, parse_url(explicit_url)["ssl"]
    return _with_options(url, {}), _amqp_options(tls)


def _amqp_options(tls: Tls) -> dict[str, Any]:
    options = {"cert_reqs": tls.cert_reqs, "ca_certs": tls.ca_certs, "certfile": tls.certfile, "keyfile": tls.keyfile}
    # It checks the name that it is given; one that is None would stand for the URL's.
    return options if tls.host is None else {**options, "server_hostname": tls.host}


def _with_options(url: str, options: Mapping[str, str]) -> str:
    others = [(name, value) for name, value in parse_qsl(urlsplit(url).query) if name not in _OPTIONS]
    query = urlencode([*others, *options.items()])
    head = url.partition("?")[0]  # as it stands: to put a URL together again changes // at its end
    return f"{head}?{query}" if query else head


def _one_of(options: Mapping[str, str], name: str, values: Mapping[str, Any], default: str) -> Any:
    value = options.get(name, default).lower().removeprefix("cert_")  # CERT_NONE is how Celery has it
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
    raise PermissionError(0, "the key has a password, which nobody would be there to type")


def _reason(error: OSError) -> str:
    return error.strerror or str(error)
