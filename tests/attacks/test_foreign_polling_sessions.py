"""Somebody uses the polling session of another client. Its id is a secret, and the owner notices a second user."""

import base64

from tests.im import Im
from tests.wire import Polling, query, request


def _neighbours(sid: str) -> list[str]:
    """Return ids that differ from one by a bit, or are the next and the previous one by their number."""
    whole = int.from_bytes(base64.urlsafe_b64decode(sid))
    near = [whole ^ 1 << bit for bit in range(0, 120, 8)] + [whole + 1, whole - 1]
    return [base64.urlsafe_b64encode(number.to_bytes(15)).decode() for number in near]


def test_id_of_another_session_can_not_be_guessed_from_ones_own(shared_im: Im) -> None:
    sessions = [Polling(shared_im.port) for _ in range(3)]
    own, *others = (session.sid for session in sessions)

    for sid in _neighbours(own):
        assert request(shared_im.port, query(sid=sid))[0] == 400
        assert request(shared_im.port, query(sid=sid), method="POST", body="1")[0] == 400
    assert len({sid[:16] for sid in (own, *others)}) == 3  # 12 random bytes, before the number


def test_session_ends_for_both_when_somebody_else_polls_it_as_well(shared_im: Im) -> None:
    owner = Polling(shared_im.port)
    owner.join()
    first, second = owner.begin_get(), owner.begin_get()  # it does not matter which of them is the owner's

    assert 400 in (first.answer()[0], second.answer()[0])
    assert owner.is_closed()


def test_session_id_is_told_to_its_owner_alone(shared_im: Im) -> None:
    owner, other = Polling(shared_im.port), Polling(shared_im.port)
    public = owner.join()
    told = [str(other.handshake), other.join(), request(shared_im.port, query(sid="x"))[1]]

    assert owner.sid != public  # the id of Socket.IO, which is not the key of the session
    assert owner.sid not in "".join(told)
    assert request(shared_im.port, query(sid=public))[0] == 400
