"""The page takes the address of the IM server from the settings."""

import html
import json
import re

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
def test_foreign_host_is_not_written_into_the_page(client: FlaskClient, host: str, address: str) -> None:
    answer = client.get("/", headers={"Host": host})

    assert f'data-im-url="{address}"' in answer.text
    assert f" {address} " in answer.headers["Content-Security-Policy"]
    assert "evil" not in answer.text + str(answer.headers)


def test_page_has_the_text_and_the_link_of_each_event(client: FlaskClient) -> None:
    [escaped] = re.findall(r'data-events="([^"]*)"', client.get("/").text)

    events = json.loads(html.unescape(escaped))
    assert events["liking notify"] == {
        "text": "{user_name} likes {art_title}",
        "link": "/#article-{art_id}",
        "group_text": {
            "one": "{user_name} and {others} other like {art_title}",
            "other": "{user_name} and {others} others like {art_title}",
        },
    }
    assert {"following notify", "comment notify"} <= events.keys()
