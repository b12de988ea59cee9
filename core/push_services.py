"""Calls a push service: one request, to an address that was checked, with a bound on all of it."""

import http.client
import re
import socket
import ssl
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import cache

from core.push_endpoints import Endpoint, Endpoints, InvalidEndpoint

WHOLE_SECONDS = 8  # for one call, with all its steps
_STEP_SECONDS = 4  # to connect, and between two pieces of the answer
_LONGEST_PAUSE = 24 * 3600
_DIGITS = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a call.

    `status` is that of the answer, 0 without one. `is_sent` says whether the service may have got the request: without
    an answer nobody knows. `retry_after_seconds` is what the service asks for.
    """

    status: int = 0
    is_sent: bool = False
    retry_after_seconds: int = 0
    fault: str = ""
    is_forbidden: bool = False  # the endpoint leads into a private network


class Call:
    """One request. `run` ends by `ends_at` if another thread calls `abort` then.

    Only the resolver of the machine may take longer. Nothing is sent after that.
    """

    def __init__(self, endpoints: Endpoints, endpoint: Endpoint, headers: Mapping[str, str], body: bytes) -> None:
        self._endpoints = endpoints
        self._endpoint = endpoint
        self._headers = dict(headers)
        self._body = body
        self._socket: socket.socket | None = None
        self._is_aborted = False
        self._is_sent = False
        self.ends_at = time.monotonic() + WHOLE_SECONDS

    def run(self) -> Answer:
        """Send it and wait for the answer. It goes nowhere else: a redirect is an answer like any other."""
        try:
            return self._send(self._endpoint, self._endpoints.find(self._endpoint))
        except InvalidEndpoint as error:
            return Answer(fault=str(error), is_forbidden=True)
        except (OSError, http.client.HTTPException, ValueError) as error:
            return Answer(fault=f"{type(error).__name__}: {error}"[:200], is_sent=self._is_sent)
        finally:
            self._close()

    def abort(self) -> None:
        """End it from another thread. Nothing is sent any more."""
        self._is_aborted = True
        if (connected := self._socket) is not None:
            with suppress(OSError):
                socket.socket.shutdown(connected, socket.SHUT_RDWR)  # that of TLS takes the state from the other thread

    def _send(self, endpoint: Endpoint, addresses: list[str]) -> Answer:
        connection = http.client.HTTPConnection(endpoint.host, endpoint.port, timeout=_STEP_SECONDS)
        connection.sock = self._socket = self._connect(endpoint, addresses)
        self._check()
        self._is_sent = True
        headers = {**self._headers, "Host": endpoint.origin.partition("://")[2], "Connection": "close"}
        connection.request("POST", endpoint.path, self._body, headers)
        answer = connection.getresponse()
        return Answer(answer.status, True, _seconds(answer.headers), answer.reason[:100])

    def _connect(self, endpoint: Endpoint, addresses: list[str]) -> socket.socket:
        """Connect to one of the addresses that were checked. The certificate is checked for the name."""
        fault: OSError | None = None
        for address in addresses:
            self._check()
            try:
                connected = socket.create_connection((address, endpoint.port), timeout=_STEP_SECONDS)
            except OSError as error:
                fault = error
                continue
            return connected if endpoint.scheme == "http" else self._begin_tls(connected, endpoint.host)
        raise fault or OSError("no address")

    def _begin_tls(self, connected: socket.socket, host: str) -> socket.socket:
        secured = _tls().wrap_socket(connected, server_hostname=host, do_handshake_on_connect=False)
        self._socket = secured  # so that a handshake can be aborted as well
        secured.do_handshake()
        return secured

    def _check(self) -> None:
        if self._is_aborted or time.monotonic() > self.ends_at:
            raise TimeoutError("too late")

    def _close(self) -> None:
        if self._socket is not None:
            with suppress(OSError):
                self._socket.close()


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()  # it reads hundreds of certificates


def _seconds(headers: http.client.HTTPMessage) -> int:
    """Read Retry-After: seconds, or a time by the clock of the service; 0 where it is neither."""
    wanted = headers.get("Retry-After", "")
    if _DIGITS.fullmatch(wanted):
        return min(int(wanted), _LONGEST_PAUSE)
    try:
        pause = parsedate_to_datetime(wanted) - parsedate_to_datetime(headers.get("Date", ""))
    except (ValueError, OverflowError, TypeError):  # TypeError: one of the two has no zone
        return 0
    return max(0, min(int(pause.total_seconds()), _LONGEST_PAUSE))
