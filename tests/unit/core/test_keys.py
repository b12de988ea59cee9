"""Every name begins with the prefix; without one, names are those under which systems have kept their data so far."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.keys import Keys

NAMES = {
    "epoch": "push:epoch",
    "counters": "counters",
    "ready": "ready",
    "limits": "limits",
    "notifications": "notifications",
    "dispatches": "dispatches",
    "events": "celeryev",
    "control": "celery",
    "im_servers": "im:servers",
}
OF_A_USER = {
    "history": "user:7:history",
    "unread": "user:7:unread",
    "online": "user:7:online",
    "profile": "user:7:profile",
    "profile_loading": "user:7:profile:loading",
}


@pytest.mark.parametrize("prefix", ["", "news:"])
def test_every_name_begins_with_the_prefix(prefix: str) -> None:
    keys = Keys(prefix)

    assert {name: getattr(keys, name) for name in NAMES} == {name: prefix + key for name, key in NAMES.items()}
    assert {name: getattr(keys, name)("7") for name in OF_A_USER} == {n: prefix + key for n, key in OF_A_USER.items()}
    assert keys.sessions("7", "a:1/x") == f"{prefix}user:7:sessions:a:1/x"
    assert keys.im_queue("a.1") == f"{prefix}toutiao-im.a.1"


@pytest.mark.parametrize("user_id", ["7c0e4f2a-9d55-4a0e-8a3c-2f6f1f0f9d11", "ann@news.example", "Zoë", "a b/c"])
def test_other_ids_stand_in_a_key_as_they_are(user_id: str) -> None:
    assert Keys().history(user_id) == f"user:{user_id}:history"


_PARTS = st.sampled_from([*OF_A_USER, "sessions", "loading", "7", ":", ":", ":", "%", "%3A", "%25", "a/b", "-", "user"])
_IDS = st.lists(_PARTS, min_size=1, max_size=7).map("".join)


@given(st.sets(_IDS, min_size=2, max_size=2))
def test_no_two_ids_have_a_key_in_common(user_ids: set[str]) -> None:
    first, second = (_all_of(user_id) for user_id in user_ids)

    assert not first & second
    assert len(first) == len(second) == len(OF_A_USER) + 1


def _all_of(user_id: str) -> set[str]:
    keys = Keys()
    return {*(getattr(keys, name)(user_id) for name in OF_A_USER), keys.sessions(user_id, "a:1/x")}
