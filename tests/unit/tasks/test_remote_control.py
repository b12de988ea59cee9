"""The names of remote control begin with the prefix; without one they are Celery's own."""

import pytest
from celery import Celery
from kombu import pidbox

from core.keys import Keys
from tasks.remote_control import Control

NODE = "worker@host"


def names(mailbox: pidbox.Mailbox) -> list[str]:
    """Return the names of exchanges and queues, each process's own id left out."""
    found = (mailbox.exchange, mailbox.reply_exchange, mailbox.get_queue(NODE), mailbox.get_reply_queue())
    return [one.name.replace(mailbox.oid, "OID") for one in found]


def mailbox_of(keys: Keys) -> pidbox.Mailbox:
    with Celery(set_as_current=False, control=Control) as app:
        app.conf.control_exchange = keys.control
        return app.control.mailbox


@pytest.mark.parametrize("prefix", ["", "news:"])
def test_names_of_remote_control_begin_with_the_prefix(prefix: str) -> None:
    own = names(pidbox.Mailbox("celery"))

    assert names(mailbox_of(Keys(prefix))) == [prefix + name for name in own]


def test_command_reaches_a_worker_of_the_same_prefix() -> None:
    asking, answering = (mailbox_of(Keys("news:")) for _ in range(2))

    assert asking.exchange == answering.exchange
    assert asking.get_reply_queue().exchange == asking.reply_exchange
    assert asking.get_reply_queue().routing_key == asking.oid
