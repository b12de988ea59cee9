"""The page names the IM server by an address of the settings' own."""

import pytest
from flask.testing import FlaskClient


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("localhost:5000", "http://localhost:8001"),
        ("127.0.0.1", "http://127.0.0.1:8001"),
        ("[::1]:5000", "http://[::1]:8001"),
        ("evil.example", "http://127.0.0.1:8001"),
        ("evil.example; script-src *", "http://127.0.0.1:8001"),
    ],
)
def test_a_host_that_is_not_ours_does_not_get_into_the_page(client: FlaskClient, host: str, address: str) -> None:
    answer = client.get("/", headers={"Host": host})

    assert f'data-im-url="{address}"' in answer.text
    assert f" {address} " in answer.headers["Content-Security-Policy"]
    assert "evil" not in answer.text + str(answer.headers)
