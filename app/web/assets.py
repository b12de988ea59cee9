"""The page's own files. Their address changes when a file changes, so browsers can cache them for ever.

They are compressed once. Brotli is what `npm run vendor` has made of the bundles: a tenth smaller than gzip.
"""

import gzip
import hashlib
import logging
import mimetypes
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from flask import Blueprint, Response, abort, current_app, request, send_from_directory

log = logging.getLogger(__name__)
bp = Blueprint("assets", __name__)

_VERSION_LENGTH = 16
_SECONDS_OF_A_YEAR = 31_536_000
_CLIENT = "vendor/socket.io.esm.min.js"
_BUNDLES = ["vendor/first.js", "vendor/page.js"]  # all modules of the page, if npm was there to bundle them
_BUNDLED_ONLY = "bundled-client.js"
_ENTRIES = ["start.js", "page.js"]
_SETTINGS_BUNDLE = "vendor/settings.js"  # what the page loads when somebody opens it
_SETTINGS_ENTRY = "settings/settings.js"
_PACKAGE = Path(__file__).parents[2] / "clients/js/src"
_BELL = _PACKAGE.parent / "dist/push-bell.js"
_BROTLI = ".br"
_PACKAGE_PREFIX = "push/"  # the page imports the files of the package as "./push/..."
_OF_PAGE = ("", "push", "push/bell", "push/list", "push/live", "push/store", "push/words")
# Of a worker, of the bundle, or of other pages.
_NOT_OF_PAGE = {_BUNDLED_ONLY, "offline-worker.js", "push/index.js", "push/bell.js", "push/react.js"}


_State = tuple[str, Path, int, int]  # of a file: its name, where it is, when it was changed, in ns, and its size


@dataclass(frozen=True, slots=True)
class File:
    """A file in each coding that it is kept in."""

    content: bytes
    encoded: dict[str, bytes]
    """By the name of the coding in HTTP."""

    def answer(self, name: str) -> Response:
        """Return it in the best coding that the client accepts."""
        response = Response(self.content, mimetype=mimetypes.guess_type(name)[0])
        response.vary.add("Accept-Encoding")
        coding = request.accept_encodings.best_match(self.encoded)
        if coding is not None:
            response.set_data(self.encoded[coding])
            response.content_encoding = coding
        return response


@dataclass(frozen=True, slots=True)
class Assets:
    """All files at one moment. `version` is a hash of all of them, so that files of one version fit together."""

    version: str
    files: dict[str, File]
    scripts: list[str]
    """The names of the JavaScript modules that the page runs, in their order."""
    modules: list[str]
    """Those that its scripts need at once."""
    settings: str
    """The name of the module with the settings and the requests, which the page loads later."""

    def url(self, name: str) -> str:
        return f"/static/{self.version}/{name}"


def load() -> Assets:
    """Return the current files. They are read again only when one of them has changed."""
    paths = {name: path for prefix, folder in _folders().items() for name, path in _find(prefix, folder).items()}
    return _read(_states(paths))


@bp.get("/static/push-bell.js")
def bell() -> Response:
    """Answer <push-bell> in one file, under an address that pages of other origins can keep."""
    paths = {path.name: path for path in (_BELL, _BELL.with_name(_BELL.name + _BROTLI)) if path.is_file()}
    if _BELL.name not in paths:
        abort(404)
    response = _read_bell(_states(paths)).answer(_BELL.name)
    response.headers["Cache-Control"] = "no-cache"
    response.add_etag()
    response.make_conditional(request)
    return response


@bp.get(f"/static/<string(length={_VERSION_LENGTH}):version>/<path:name>")
def asset(version: str, name: str) -> Response:
    """Answer a file that browsers cache for ever. For another version, answer the current file, without caching.

    Two bundles fit together only in one version: a page that does not get them loads itself anew.
    """
    assets = load()
    if version != assets.version and name in _BUNDLES:
        abort(404)
    if version != assets.version or name not in assets.files:
        return _send_current(name)
    response = assets.files[name].answer(name)
    response.headers["Cache-Control"] = f"public, max-age={_SECONDS_OF_A_YEAR}, immutable"
    return response


def _is_of_page(name: str) -> bool:
    return name.endswith(".js") and name.rpartition("/")[0] in _OF_PAGE and name not in _NOT_OF_PAGE


def _choose_scripts(changed_at: Mapping[str, int]) -> tuple[list[str], list[str], str]:
    """Choose the bundles, or else the modules: while somebody changes them, the bundles are older."""
    modules = [name for name in changed_at if _is_of_page(name)]
    later = [name for name in changed_at if name.startswith("settings/")]
    newest = max((changed_at[name] for name in [*modules, *later, _BUNDLED_ONLY] if name in changed_at), default=0)
    if min(changed_at.get(bundle, 0) for bundle in (*_BUNDLES, _SETTINGS_BUNDLE)) >= newest:
        return _BUNDLES, [], _SETTINGS_BUNDLE
    return _ENTRIES, [_CLIENT, *(name for name in modules if name not in _ENTRIES)], _SETTINGS_ENTRY


def _folders() -> dict[str, Path]:
    """Return the folders whose files are assets, by what their names begin with."""
    return {"": Path(str(current_app.static_folder)), _PACKAGE_PREFIX: _PACKAGE}


def _find(prefix: str, folder: Path) -> dict[str, Path]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {prefix + path.relative_to(folder).as_posix(): path for path in paths}


def _send_current(name: str) -> Response:
    if name.startswith(_PACKAGE_PREFIX):
        return send_from_directory(_PACKAGE, name.removeprefix(_PACKAGE_PREFIX))
    return current_app.send_static_file(name)


def _states(paths: Mapping[str, Path]) -> tuple[_State, ...]:
    return tuple((name, path, path.stat().st_mtime_ns, path.stat().st_size) for name, path in paths.items())


@lru_cache(maxsize=1)
def _read(states: tuple[_State, ...]) -> Assets:
    files = _compress(states)
    if _CLIENT not in files:
        log.warning("the page has no live updates: %s is missing; run npm ci && npm run vendor", _CLIENT)
    hashed = hashlib.sha256()
    for name, file in files.items():
        hashed.update(f"{name}\0{len(file.content)}\0".encode() + file.content + file.encoded.get("br", b""))
    chosen = _choose_scripts({name: changed_at for name, _path, changed_at, _size in states})
    return Assets(hashed.hexdigest()[:_VERSION_LENGTH], files, *chosen)


@lru_cache(maxsize=1)
def _read_bell(states: tuple[_State, ...]) -> File:
    return _compress(states)[_BELL.name]


def _compress(states: Iterable[_State]) -> dict[str, File]:
    """Return the files by name. What is older than its file is not of this one."""
    changed_at = {name: at for name, _path, at, _size in states}
    contents = {name: path.read_bytes() for name, path, *_ in states}
    files = {}
    for name, content in contents.items():
        if name.endswith(_BROTLI):
            continue
        brotli = name + _BROTLI
        codings = {"br": contents[brotli]} if changed_at.get(brotli, 0) >= changed_at[name] else {}
        files[name] = File(content, {**codings, "gzip": gzip.compress(content, mtime=0)})
    return files
