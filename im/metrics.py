"""What an operator sees of an IM server."""

from collections.abc import Iterator

from prometheus_client import REGISTRY, Counter, Gauge
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

CONNECTIONS = Gauge("toutiao_im_connections", "Open sockets", ["kind"])
SESSIONS = Gauge("toutiao_im_sessions", "Open Engine.IO sessions")
UNCONNECTED = Gauge("toutiao_im_unconnected", "Those of them that are in no namespace")
REFUSED = Counter("toutiao_im_refused_total", "Connects that were refused", ["reason"])
REPLAYED = Counter("toutiao_im_replayed_total", "Notifications replayed to clients that came back")
UNRECOVERED = Counter("toutiao_im_unrecovered_total", "Clients that were told to read their inbox")
GAPS = Counter("toutiao_im_gaps_total", "Pushes that told a socket that it had missed one")
CAUGHT_UP = Counter("toutiao_im_caught_up_total", "Notifications that open sockets read from the history")
SENT_AWAY = Counter("toutiao_im_sent_away_total", "Clients that this server closed by itself", ["reason"])
PAUSES = Counter("toutiao_im_pauses_total", "Times that a client sent too much, and was not read for a while")
DEAF = Counter("toutiao_im_deaf_total", "Times that this server did not hear itself over the message queue")
SUBSCRIPTIONS = Counter("toutiao_im_subscriptions_total", "Times that this server subscribed to the message queue")
IS_HEARING = Gauge("toutiao_im_is_hearing", "1 while this server hears itself over the message queue")
BAD_MESSAGES = Counter(
    "toutiao_im_bad_messages_total", "Messages, or pushes in them, that could not be read or handled", ["reason"]
)
MISSED_PONGS = Counter("toutiao_im_missed_pongs_total", "Clients closed because they did not answer a ping")

# Series that are there from the start: a rate misses the event that makes a series.
for _kind in ("user", "anonymous"):
    CONNECTIONS.labels(_kind)
for _reason in ("token_invalid", "token_expired", "protocol_version"):
    REFUSED.labels(_reason)
for _reason in ("slow", "history", "failed", "flood", "reconnects", "unconnected", "attachments"):
    SENT_AWAY.labels(_reason)
for _reason in ("push", "json", "shape", "size", "failed"):
    BAD_MESSAGES.labels(_reason)


class Hot:
    """Plain numbers for what happens thousands of times a second; a counter of the library costs a microsecond."""

    __slots__ = ("pushes", "waiting_bytes", "waiting_frames")

    def __init__(self) -> None:
        self.pushes = 0
        self.waiting_frames = 0
        self.waiting_bytes = 0

    def collect(self) -> Iterator[Metric]:
        yield CounterMetricFamily("toutiao_im_pushes_total", "Pushes written to sockets", self.pushes)
        yield GaugeMetricFamily("toutiao_im_waiting_frames", "Frames that wait for slow clients", self.waiting_frames)
        yield GaugeMetricFamily("toutiao_im_waiting_bytes", "Bytes that wait for slow clients", self.waiting_bytes)


HOT = Hot()
REGISTRY.register(HOT)
