"""The page's own files, at an address that changes with them, so that browsers keep them for good."""

import gzip
import hashlib
import logging
import mimetypes
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from flask import Blueprint, Response, current_app, request

log = logging.getLogger(__name__)
bp = Blueprint("assets", __name__)

_VERSION_LENGTH = 16
_SECONDS_OF_A_YEAR = 31_536_000
_CLIENT = "vendor/socket.io.esm.min.js"


@dataclass(frozen=True, slots=True)
class Assets:
    """All files as they were at one moment: `version` is a hash of them, so that they fit together."""

    version: str
    files: dict[str, bytes]
    gzipped: dict[str, bytes]

    def url(self, name: str) -> str:
        return f"/static/{self.version}/{name}"

    @property
    def modules(self) -> list[str]:
        """The names of the page's own JavaScript modules."""
        return [name for name in self.files if name.endswith(".js") and "/" not in name]


def load() -> Assets:
    """Return the files as they are now; they are read again only where one of them has changed."""
    folder = Path(str(current_app.static_folder))
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return _read(folder, tuple((path, path.stat().st_mtime_ns, path.stat().st_size) for path in paths))


@bp.get(f"/static/<string(length={_VERSION_LENGTH}):version>/<path:name>")
def asset(version: str, name: str) -> Response:
    """Answer a file, to be kept for good. A page of another version gets what there is now, not to be kept."""
    assets = load()
    if version != assets.version or name not in assets.files:
        return current_app.send_static_file(name)
    response = Response(assets.files[name], mimetype=mimetypes.guess_type(name)[0])
    response.headers["Cache-Control"] = f"public, max-age={_SECONDS_OF_A_YEAR}, immutable"
    response.vary.add("Accept-Encoding")
    if request.accept_encodings["gzip"]:
        response.set_data(assets.gzipped[name])
        response.content_encoding = "gzip"
    return response


@lru_cache(maxsize=1)
def _read(folder: Path, states: tuple[tuple[Path, int, int], ...]) -> Assets:
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path, *_ in states}
    if _CLIENT not in files:
        log.warning("the page has no live updates: %s is missing; run npm ci && npm run vendor", folder / _CLIENT)
    hashed = hashlib.sha256()
    for name, content in files.items():
        hashed.update(f"{name}\0{len(content)}\0".encode() + content)
    gzipped = {name: gzip.compress(content, mtime=0) for name, content in files.items()}
    return Assets(hashed.hexdigest()[:_VERSION_LENGTH], files, gzipped)
