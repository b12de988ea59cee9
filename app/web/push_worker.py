"""The page's service worker for Web Push. Its address stays the same, since browsers keep it."""

from flask import Blueprint, Response, current_app

bp = Blueprint("push_worker", __name__)


@bp.get("/push-worker.js")
def push_worker() -> Response:
    """Answer the service worker. Browsers ask at each use whether it has changed."""
    response = current_app.send_static_file("push-worker/push-worker.js")
    response.headers["Cache-Control"] = "no-cache"
    response.headers["Service-Worker-Allowed"] = "/"
    # A worker has its own policy. This one calls the API, and loads nothing.
    response.headers["Content-Security-Policy"] = "default-src 'none'; connect-src 'self'"
    return response
