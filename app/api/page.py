"""The web page, and the readable form of the OpenAPI document."""

from urllib.parse import urlsplit

from flask import Blueprint, Response, current_app, make_response, render_template, request

from app.api import assets
from app.api.state import state

bp = Blueprint("page", __name__)


@bp.get("/")
def index() -> Response:
    im_url = state.settings.im_public_url or f"{request.scheme}://{_own_host()}:{state.settings.im_port}"
    connect = f"{im_url} {im_url.replace('http', 'ws', 1)}"
    return _page("index.html", connect=connect, im_url=im_url, default_photo=state.settings.default_photo)


@bp.get("/docs")
def docs() -> Response:
    return _page("docs.html", spec=current_app.extensions["openapi"].to_dict())


def _page(template: str, *, connect: str = "", **context: object) -> Response:
    response = make_response(render_template(template, assets=assets.load(), **context))
    response.headers["Cache-Control"] = "no-cache"  # it names the files that fit to each other now
    response.headers["Content-Security-Policy"] = (
        f"default-src 'self'; connect-src 'self' {connect}; img-src 'self' http: https: data:; "
        "object-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    )
    return response


def _own_host() -> str:
    """Return the host that the browser asked, if it is one of ours: `Host` is what the client says."""
    settings = state.settings
    host = request.host if settings.origins.knows_host(request.host) else urlsplit(settings.allowed_origins[0]).netloc
    return host.rsplit(":", 1)[0] if not host.endswith("]") else host
