"""Large answers to polls that are expensive to compress: random Chinese characters, echoed."""

import http.client
import random
from contextlib import closing

from tests.attacks.attackers import Target, attack
from tests.attacks.bystanders import measure
from tests.im import Im
from tests.wire import Polling, query

_POSTS = 20
_LETTERS = 1000  # in each message, of three bytes each
_TEXTS = ["".join(chr(random.randint(0x4E00, 0x9FA5)) for _ in range(_LETTERS)) for _ in range(100)]


@attack
def compressed_polling(target: Target) -> None:
    session = Polling(target.port)
    session.join()
    for _ in range(_POSTS):
        session.post(*(f'42["message",{{"msg":"{text}"}}]' for text in random.sample(_TEXTS, 20)))
    _poll_compressed(target.port, session)


def test_large_compressible_answer_does_not_starve_other_clients(im: Im) -> None:
    measure(im, compressed_polling).assert_unharmed()


def test_event_loop_compresses_nothing(shared_im: Im) -> None:
    session = Polling(shared_im.port)
    session.join()
    session.post(*(f'42["message",{{"msg":"{"x" * 100}"}}]' for _ in range(100)))

    encoding, content = _poll_compressed(shared_im.port, session)

    assert encoding is None
    assert b"xxx" in content


def _poll_compressed(port: int, session: Polling) -> tuple[str | None, bytes]:
    """Poll as browsers do; return the encoding of the answer and its bytes."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        path = f"/socket.io/?{query(sid=session.sid)}"
        connection.request("GET", path, headers={"Accept-Encoding": "gzip, deflate"})
        answer = connection.getresponse()
        return answer.getheader("Content-Encoding"), answer.read()
