"""Calls the server's HTTP API for one user, with a bound on each wait and on each answer."""

import http.client
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, quote, urlencode, urlsplit

_TIMEOUT_SECONDS = 5.0
_LARGEST_ANSWER = 4 * 1024 * 1024  # bytes
_RETRY_SECONDS = "2"
_NO_CONTENT = 204


@dataclass(frozen=True, slots=True)
class Answer:
    """What the caller's own client is told."""

    status: int
    body: Any
    retry_after: str | None = None


class InboxApi:
    """The inbox of the server at `url`, such as https://push.example/v1_0. Raise ValueError for what is no such URL.

    `languages` are those of the texts, as in the header Accept-Language.
    """

    def __init__(self, url: str, *, languages: str = "", timeout_seconds: float = _TIMEOUT_SECONDS) -> None:
        self._url: SplitResult = urlsplit(url.rstrip("/"))
        if self._url.scheme not in ("http", "https") or not self._url.hostname:
            raise ValueError(f"the server's URL should begin with http:// or https://, and is {url!r}")
        self._languages = languages
        self._timeout_seconds = timeout_seconds

    def page(self, token: str, query: dict[str, str]) -> Answer:
        """Read a page of notifications, newest first."""
        return self._call("GET", f"/user/notifications?{urlencode(query)}", token)

    def count(self, token: str, query: dict[str, str]) -> Answer:
        """Count the notifications of each state."""
        return self._call("GET", f"/user/notifications/counts?{urlencode(query)}", token)

    def mark(self, token: str, body: object) -> Answer:
        """Mark notifications as seen, read or archived, or take that back: {"ids": [...], "archived": true}."""
        return self._call("POST", "/user/notifications/state", token, body)

    def mark_read(self, token: str, body: object) -> Answer:
        """Mark notifications as read: {"ids": [...]} or {"up_to": id}."""
        return self._call("POST", "/user/notifications/read", token, body)

    def mute(self, token: str, user_id: str) -> Answer:
        """Let nothing come any more that this person does."""
        return self._call("PUT", f"/user/preferences/muted/{quote(user_id, safe='')}", token)

    def unmute(self, token: str, user_id: str) -> Answer:
        """Take that back."""
        return self._call("DELETE", f"/user/preferences/muted/{quote(user_id, safe='')}", token)

    def _call(self, method: str, path: str, token: str, body: object = None) -> Answer:
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json", "Connection": "close"}
        if self._languages:
            headers["Accept-Language"] = self._languages
        content = None if body is None else json.dumps(body).encode()
        if content is not None:
            headers["Content-Type"] = "application/json"
        kind = http.client.HTTPSConnection if self._url.scheme == "https" else http.client.HTTPConnection
        connection = kind(self._url.hostname or "", self._url.port, timeout=self._timeout_seconds)
        try:
            connection.request(method, f"{self._url.path}{path}", content, headers)
            response = connection.getresponse()
            answered = response.read(_LARGEST_ANSWER + 1)
        except (OSError, http.client.HTTPException):
            return Answer(503, {"message": "the notifications are not available now"}, _RETRY_SECONDS)
        finally:
            connection.close()
        return _translated(response.status, answered, response.getheader("Retry-After"))


def _translated(status: int, answered: bytes, retry_after: str | None) -> Answer:
    """Hand on an answer. That the server refuses our token, or answers no JSON, is no fault of the client."""
    bad_gateway = Answer(502, {"message": "the server of the notifications gave no usable answer"})
    if status in (401, 403) or len(answered) > _LARGEST_ANSWER:
        return bad_gateway
    if status == _NO_CONTENT:
        return Answer(status, None)
    try:
        return Answer(status, json.loads(answered), retry_after)
    except ValueError:
        return bad_gateway if status < 500 else Answer(503, bad_gateway.body, retry_after or _RETRY_SECONDS)
