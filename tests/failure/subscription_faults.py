"""Faults of the IM servers' subscriptions to the message queue."""

from tests.failure.faults import Fault
from tests.failure.load import Load
from tests.failure.symptoms import is_stalled, metric
from tests.services import RabbitMQ


def cut_subscriptions() -> Fault:
    """Close only the connections over which the IM servers read the message queue."""

    def inject(load: Load) -> None:
        cluster = load.cluster
        if isinstance(rabbitmq := cluster.services.get("rabbitmq"), RabbitMQ):
            for line in rabbitmq.ctl("list_queues", "-q", "name", "owner_pid").splitlines():
                if line.startswith("toutiao-im"):
                    rabbitmq.ctl("close_connection", line.split("\t")[1], "tests")
            return
        with cluster.redis() as connection:
            connection.client_kill_filter(_type="pubsub")

    return Fault(
        "cut subscriptions",
        inject=inject,
        lasts_seconds=1,
        symptoms={"im0 subscribes again": metric("im0", "toutiao_im_subscriptions_total")},
    )


def unbind_queues() -> Fault:
    """Unbind the IM servers' queues from the exchange: the connections stay open, and no message arrives."""

    def inject(load: Load) -> None:
        rabbitmq = load.cluster.services["rabbitmq"]
        assert isinstance(rabbitmq, RabbitMQ)
        for line in rabbitmq.ctl("list_queues", "-q", "name").splitlines():
            if line.startswith("toutiao-im"):
                rabbitmq.ctl("eval", _UNBIND.replace("QUEUE", line.strip()))

    return Fault(
        "unbind queues",
        inject=inject,
        lasts_seconds=0,
        symptoms={
            "im0 reports a stalled subscription": is_stalled("im0"),
            "im0 counts the stall": metric("im0", "toutiao_im_subscription_stalls_total"),
            "im0 subscribes again": metric("im0", "toutiao_im_subscriptions_total"),
        },
    )


_UNBIND = """
Q = rabbit_misc:r(<<"/">>, queue, <<"QUEUE">>),
[rabbit_binding:remove(B, <<"tests">>) || B <- rabbit_binding:list_for_destination(Q),
 element(2, B) =/= rabbit_misc:r(<<"/">>, exchange, <<>>)].
"""
