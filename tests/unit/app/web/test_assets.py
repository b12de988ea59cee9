"""The page's files are compressed, cached forever, and never mixed between two versions."""

import gzip
import os
import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.services import accounts
from app.web import assets
from tests.services import missing
from tests.system import ROOT
from tests.unit.app.conftest import Call

GZIP = {"Accept-Encoding": "gzip"}
BROWSER = {"Accept-Encoding": "gzip, deflate, br, zstd"}  # as Chromium sends it to servers by https and on this machine
BUNDLED = ["vendor/first.js", "vendor/page.js"]
SETTINGS = "vendor/settings.js"  # loaded when somebody opens them
CLIENT = "vendor/socket.io.esm.min.js"
GZIP_TAKEN = {"HTTP_ACCEPT_ENCODING": "gzip"}
BELL = ROOT / "clients/js/dist/push-bell.js"
LARGEST_PAGE = 53_500  # bytes, compressed, with all that it loads
LARGEST_SETTINGS = 7_000
LARGEST_BELL = 35_500


def url_of(app: Flask, name: str) -> str:
    with app.app_context():
        return assets.load().url(name)


def own_files(client: FlaskClient) -> list[str]:
    page = client.get("/").get_data(as_text=True)
    return sorted(set(re.findall(r'(?:href|src)="(/static/[^"]+)"', page)))


def scripts_of(client: FlaskClient) -> set[str]:
    return {path.split("/", 3)[3] for path in own_files(client) if path.endswith(".js")}


@pytest.fixture
def bundle(app: Flask) -> None:
    with app.app_context():
        if assets.load().scripts != BUNDLED:
            missing("the bundle of the page, newer than its modules (make page)")


@pytest.mark.usefixtures("bundle")
def test_every_asset_of_the_page_is_compressed_and_immutable(client: FlaskClient) -> None:
    files = own_files(client)

    assert len(files) > 3
    for path in files:
        answer = client.get(path, headers=GZIP)
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert (answer.headers["Content-Encoding"], answer.headers["Vary"]) == ("gzip", "Accept-Encoding")
        assert gzip.decompress(answer.data) == client.get(path).data


@pytest.mark.usefixtures("bundle")
class TestWeight:
    def test_page_is_small(self, app: Flask, client: FlaskClient) -> None:
        paths = [url_of(app, name) for name in ("style.css", "page.css", "icon.svg", *BUNDLED)]
        weight = sum(len(client.get(path, headers=BROWSER).data) for path in ["/", *paths])

        assert weight < LARGEST_PAGE

    def test_settings_are_small_and_loaded_later(self, app: Flask, client: FlaskClient) -> None:
        address = url_of(app, SETTINGS)

        assert len(client.get(address, headers=BROWSER).data) < LARGEST_SETTINGS
        assert address in client.get("/").text
        assert address not in own_files(client)

    def test_bell_is_small(self, client: FlaskClient) -> None:
        assert len(client.get("/static/push-bell.js", headers=BROWSER).data) < LARGEST_BELL


@pytest.mark.usefixtures("bundle")
class TestBell:
    def test_it_is_compressed_and_revalidated(self, client: FlaskClient) -> None:
        for coding, headers in (("br", BROWSER), ("gzip", GZIP)):
            answer = client.get("/static/push-bell.js", headers=headers)
            again = client.get("/static/push-bell.js", headers={**headers, "If-None-Match": answer.headers["ETag"]})

            assert (answer.headers["Content-Encoding"], answer.headers["Vary"]) == (coding, "Accept-Encoding")
            assert (answer.headers["Cache-Control"], again.status_code) == ("no-cache", 304)
        assert gzip.decompress(answer.data) == client.get("/static/push-bell.js").data == BELL.read_bytes()


class TestBrotli:
    """The files of the build are answered where they are as new as what they were made of."""

    @pytest.fixture(autouse=True)
    def folder(self, app: Flask, tmp_path: Path) -> Path:
        app.static_folder = str(tmp_path)
        (tmp_path / "page.css").write_text("a file")
        (tmp_path / "page.css.br").write_bytes(b"in Brotli")
        return tmp_path

    def test_client_that_accepts_it_gets_it(self, app: Flask, client: FlaskClient) -> None:
        address = url_of(app, "page.css")

        answer = client.get(address, headers=BROWSER)

        assert (answer.headers["Content-Encoding"], answer.data) == ("br", b"in Brotli")
        assert client.get(address, headers={"Accept-Encoding": "br;q=0, gzip"}).headers["Content-Encoding"] == "gzip"
        assert client.get(address).data == b"a file"

    def test_older_file_is_not_used(self, app: Flask, client: FlaskClient, folder: Path) -> None:
        changed_at = (folder / "page.css").stat().st_mtime_ns
        os.utime(folder / "page.css.br", ns=(changed_at - 1, changed_at - 1))

        assert client.get(url_of(app, "page.css"), headers=BROWSER).headers["Content-Encoding"] == "gzip"

    def test_other_file_has_another_address(self, app: Flask, folder: Path) -> None:
        """Browsers keep what an address has answered for a year."""
        before = url_of(app, "page.css")

        (folder / "page.css.br").write_bytes(b"in Brotli, all of it")

        assert url_of(app, "page.css") != before


def test_page_loads_bundles_or_else_each_module(app: Flask, client: FlaskClient, tmp_path: Path) -> None:
    app.static_folder = str(tmp_path)
    (tmp_path / "vendor").mkdir()
    newest = max(path.stat().st_mtime_ns for path in (ROOT / "clients/js/src").rglob("*.js"))
    for name in ("start.js", "page.js", "inbox.js", "client.js", "bundled-client.js", *BUNDLED, SETTINGS):
        (tmp_path / name).write_text(name)
        os.utime(tmp_path / name, ns=(newest, newest))

    assert scripts_of(client) == set(BUNDLED)
    assert SETTINGS in client.get("/").text
    os.utime(tmp_path / "inbox.js", ns=(newest + 10**9, newest + 10**9))
    assert {"start.js", "page.js", "inbox.js", "client.js", "push/push.js", CLIENT} < scripts_of(client)
    assert not {*BUNDLED, "bundled-client.js", "push/index.js"} & scripts_of(client)
    assert "/settings/settings.js" in client.get("/").text


def test_page_is_revalidated_each_time(client: FlaskClient) -> None:
    answer = client.get("/", headers=GZIP)

    assert (answer.headers["Cache-Control"], answer.headers["Content-Encoding"]) == ("no-cache", "gzip")


@pytest.mark.parametrize("version", ["", "0123456789abcdef/"])
def test_asset_of_another_version_is_served_and_not_cached(client: FlaskClient, version: str) -> None:
    with client.get(f"/static/{version}page.js") as answer:
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-cache")
    with client.get(f"/static/{version}page.js", headers={"If-None-Match": answer.headers["ETag"]}) as again:
        assert again.status_code == 304


def test_package_file_of_another_version_is_served_and_not_cached(client: FlaskClient) -> None:
    with client.get("/static/0123456789abcdef/push/live/http.js") as answer:
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-cache")
        assert b"export async function request" in answer.data


@pytest.mark.parametrize(
    "name",
    ["none.js", "../models.py", "..%2Fmodels.py", "vendor", "push/none.js", "push/..%2Fpackage.json", "push/live"],
)
def test_other_files_are_not_served(client: FlaskClient, name: str) -> None:
    version = own_files(client)[0].split("/")[2]

    assert client.get(f"/static/{version}/{name}").status_code == 404
    assert client.get(f"/static/0123456789abcdef/{name}").status_code == 404


def test_changed_file_changes_every_asset_address(app: Flask, client: FlaskClient, tmp_path: Path) -> None:
    (tmp_path / "page.js").write_text("1")
    app.static_folder = str(tmp_path)
    with app.app_context():
        before = assets.load()
        (tmp_path / "page.js").write_text("two")
        after = assets.load()

    assert before.url("page.js") != after.url("page.js")
    assert client.get(after.url("page.js")).data == b"two"


def test_missing_socketio_client_is_logged(app: Flask, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    app.static_folder = str(tmp_path)
    with app.app_context():
        for _ in range(2):
            assets.load()

    [record] = caplog.records
    assert "npm run vendor" in record.getMessage()


class TestJson:
    def test_long_list_is_compressed_when_accepted(self, app: Flask, call: Call, ann: int) -> None:
        with app.extensions["toutiao"].database.transaction() as connection:
            for n in range(10):
                accounts.sign_up(connection, name=f"somebody {n}", password_hash="", introduction="hi" * 50)

        plain = call(ann, "GET", "/users")
        small = call(ann, "GET", "/users", environ_overrides=GZIP_TAKEN)

        assert (plain.content_encoding, small.content_encoding) == (None, "gzip")
        assert plain.headers["Vary"] == small.headers["Vary"] == "Accept-Encoding"
        assert gzip.decompress(small.data) == plain.data
        assert len(small.data) < len(plain.data) / 3

    def test_tokens_are_never_compressed(self, app: Flask, call: Call) -> None:
        app.view_functions["authorizations.log_in"] = lambda: {"token": "a" * 5000}

        answer = call(None, "POST", "/authorizations", environ_overrides=GZIP_TAKEN)

        assert (answer.status_code, answer.content_encoding) == (200, None)
