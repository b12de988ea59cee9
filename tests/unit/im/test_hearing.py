"""A server is deaf until it hears itself."""

from im.hearing import Hearing


def test_a_server_is_not_ready_before_it_has_heard_its_own_word() -> None:
    hearing = Hearing(say=lambda: None, subscribe_anew=lambda: None)
    assert hearing.is_deaf

    hearing.heard()

    assert not hearing.is_deaf


def test_any_message_is_a_sign_that_it_hears() -> None:
    hearing = Hearing(say=lambda: None, subscribe_anew=lambda: None)
    hearing.messages += 1

    hearing.look()

    assert not hearing.is_deaf
