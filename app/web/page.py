"""The web page, the OpenAPI document as a page, and the AsyncAPI document of the IM servers."""

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from urllib.parse import urlsplit

from flask import Blueprint, Response, current_app, jsonify, make_response, render_template, request

from app.api.state import state
from app.web import assets, words
from core import asyncapi, events, texts
from core.declarations import Declaration

bp = Blueprint("page", __name__)


@bp.get("/")
def index() -> Response:
    im_url = _im_url()
    language = words.choose_language()
    early, its_hash = _early()
    response = _page(
        "index.html",
        connect=f"{im_url} {im_url.replace('http', 'ws', 1)}",
        script=its_hash,
        early=early,
        im_url=im_url,
        default_photo=state.settings.default_photo,
        events=_events(language),
        language=language,
        languages=words.NAMES,
        words=words.of(language),
    )
    response.vary.update(["Accept-Language", "Cookie"])
    return response


@bp.get("/asyncapi.json")
def describe_sockets() -> Response:
    return jsonify(asyncapi.document("Toutiao push", host=urlsplit(_im_url()).netloc))


@bp.get("/docs")
def docs() -> Response:
    return _page("docs.html", spec=current_app.extensions["openapi"].to_dict())


def _page(template: str, *, connect: str = "", script: str = "", **context: object) -> Response:
    response = make_response(render_template(template, assets=assets.load(), **context))
    response.headers["Cache-Control"] = "no-cache"  # it contains the addresses of the current files
    response.headers["Content-Security-Policy"] = (
        f"default-src 'self'; script-src 'self' {script}; connect-src 'self' {connect}; "
        "img-src 'self' http: https: data:; object-src 'none'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    )
    return response


@cache
def _early() -> tuple[str, str]:
    """Return the script in the page, and what the policy calls it, so that browsers run no other one."""
    script = render_template("early.js")
    return script, f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def _im_url() -> str:
    return state.settings.im_public_url or f"{request.scheme}://{_own_host()}:{state.settings.im_port}"


def _events(language: str) -> dict[str, dict[str, object]]:
    """Return the texts of each event in the page's language, and its link."""
    return {it.name: _templates(it, language) for it in (event.declaration for event in events.declared())}


def _templates(declaration: Declaration, language: str) -> dict[str, object]:
    text, group_text = (_choose(its, language) for its in (declaration.text, declaration.group_text))
    return {"text": text, "link": declaration.link} | ({"group_text": group_text} if group_text else {})


def _choose(templates: Mapping[str, object], language: str) -> object:
    chosen = texts.choose(templates, [language])
    return None if chosen is None else templates[chosen]


def _own_host() -> str:
    """Return the host of the request if this system has it: a client can send any `Host`."""
    settings = state.settings
    host = request.host if settings.origins.knows_host(request.host) else urlsplit(settings.allowed_origins[0]).netloc
    return host.rsplit(":", 1)[0] if not host.endswith("]") else host
