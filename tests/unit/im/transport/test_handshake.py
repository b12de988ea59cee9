"""What stays of a handshake while its session lives."""

import pytest

from im.transport.fast import Handshake


def test_it_has_what_handlers_read_and_nothing_else() -> None:
    kept = Handshake({"QUERY_STRING": "EIO=4", "REMOTE_ADDR": "203.0.113.9", "HTTP_COOKIE": "a=b"})

    assert dict(kept) == {"QUERY_STRING": "EIO=4", "REMOTE_ADDR": "203.0.113.9"}
    assert len(kept) == 2
    assert kept.get("HTTP_AUTHORIZATION", "") == ""


@pytest.mark.parametrize("name", ["HTTP_AUTHORIZATION", "HTTP_COOKIE", "__slots__"])
def test_a_name_that_it_has_not_raises_key_error(name: str) -> None:
    with pytest.raises(KeyError):
        Handshake({})[name]


def test_equal_texts_of_two_clients_are_one_object() -> None:
    first, second = (Handshake({"HTTP_USER_AGENT": "".join(["Fire", "fox"])}) for _ in range(2))

    assert first["HTTP_USER_AGENT"] is second["HTTP_USER_AGENT"]
