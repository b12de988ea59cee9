"""The service worker that opens the page without a network. Its address stays the same, since browsers keep it."""

from flask import Blueprint, Response, current_app

bp = Blueprint("offline", __name__)


@bp.get("/offline-worker.js")
def offline_worker() -> Response:
    """Answer the service worker. Browsers ask now and then whether it has changed."""
    response = current_app.send_static_file("offline-worker.js")
    response.headers["Cache-Control"] = "no-cache"
    # A worker has its own policy. This one reads the page, and nothing else.
    response.headers["Content-Security-Policy"] = "default-src 'none'; connect-src 'self'"
    return response
