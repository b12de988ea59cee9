"""Shows the rest of the API the real address and scheme of the client, where a trusted proxy stands between."""

from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask

from core.addresses import TrustedProxies


def init_app(app: Flask, proxies: TrustedProxies) -> None:
    app.wsgi_app = _RealClient(app.wsgi_app, proxies)  # type: ignore[method-assign]


class _RealClient:
    """WSGI middleware, as ProxyFix of Werkzeug is: so `request.remote_addr` and `request.is_secure` are right."""

    def __init__(self, app: WSGIApplication, proxies: TrustedProxies) -> None:
        self._app = app
        self._proxies = proxies

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        peer = environ.get("REMOTE_ADDR", "")
        scheme = environ["wsgi.url_scheme"]
        environ["REMOTE_ADDR"] = self._proxies.client_of(peer, environ.get("HTTP_X_FORWARDED_FOR"))
        environ["wsgi.url_scheme"] = self._proxies.scheme_of(peer, scheme, environ.get("HTTP_X_FORWARDED_PROTO"))
        return self._app(environ, start_response)
