"""Compresses large answers for clients that accept it."""

import gzip

from flask import Flask, Response, request

_TYPES = {"application/json", "text/html"}
_LEAST_BYTES = 1024  # for a smaller answer, compression saves less than its headers need
_LEVEL = 5


def init_app(app: Flask) -> None:
    app.after_request(_compress)


def _compress(response: Response) -> Response:
    # The length of a compressed answer reveals something about its content, so answers with tokens are not compressed.
    holds_tokens = request.path.endswith("/authorizations")
    if response.mimetype not in _TYPES or response.is_streamed or response.content_encoding or holds_tokens:
        return response
    response.vary.add("Accept-Encoding")
    content = response.get_data()
    if len(content) >= _LEAST_BYTES and request.accept_encodings["gzip"]:
        response.set_data(gzip.compress(content, _LEVEL, mtime=0))
        response.content_encoding = "gzip"
    return response
