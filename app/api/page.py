"""The web page, and the readable form of the OpenAPI document."""

from flask import Blueprint, Response, current_app, make_response, render_template, request

from app.api.state import state

bp = Blueprint("page", __name__)


@bp.get("/")
def index() -> Response:
    im_url = state.settings.im_public_url or f"{request.scheme}://{_host()}:{state.settings.im_port}"
    return _page("index.html", connect=f"{im_url} {im_url.replace('http', 'ws', 1)}", im_url=im_url)


@bp.get("/docs")
def docs() -> Response:
    return _page("docs.html", spec=current_app.extensions["openapi"].to_dict())


def _page(template: str, *, connect: str = "", **context: object) -> Response:
    response = make_response(render_template(template, **context))
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = (
        f"default-src 'self'; connect-src 'self' {connect}; img-src 'self' http: https: data:; "
        "object-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    )
    return response


def _host() -> str:
    return request.host.rsplit(":", 1)[0] if not request.host.endswith("]") else request.host
