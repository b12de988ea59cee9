"""The metrics of an IM server."""

from collections.abc import Iterator

from prometheus_client import REGISTRY, Counter, Gauge
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

CONNECTIONS = Gauge("toutiao_im_connections", "Open sockets", ["kind"])
SESSIONS = Gauge("toutiao_im_sessions", "Open Engine.IO sessions")
UNCONNECTED = Gauge("toutiao_im_unconnected_sessions", "Engine.IO sessions that are in no namespace")
REFUSED = Counter("toutiao_im_refused_total", "Connects that were refused", ["reason"])
REFRESHED = Counter("toutiao_im_refreshed_tokens_total", "Sockets that got a new token in place")
REFRESH_REFUSED = Counter("toutiao_im_refused_refreshes_total", "Tokens for open sockets that were refused", ["reason"])
REPLAYED = Counter("toutiao_im_replayed_total", "Notifications replayed to clients that came back")
UNRECOVERED = Counter("toutiao_im_unrecovered_total", "Clients that had to read their inbox")
GAPS = Counter("toutiao_im_gaps_total", "Pushes that showed that a socket had missed one")
CAUGHT_UP = Counter("toutiao_im_caught_up_total", "Notifications that open sockets read from the history")
DISCONNECTED = Counter("toutiao_im_disconnects_total", "Connections that this server closed", ["reason"])
PAUSES = Counter("toutiao_im_rate_limited_total", "Times that a client sent too much, and was not read for a second")
STALLS = Counter("toutiao_im_subscription_stalls_total", "Times that the subscription delivered nothing for 6 s")
LOSSES = Counter("toutiao_im_suspected_losses_total", "Times that the subscription may have lost messages")
SUBSCRIPTIONS = Counter("toutiao_im_subscriptions_total", "Subscriptions to the message queue")
SUBSCRIPTION_IS_ALIVE = Gauge("toutiao_im_subscription_alive", "1 while the subscription delivers messages")
BAD_MESSAGES = Counter(
    "toutiao_im_bad_messages_total", "Messages, or pushes in them, that could not be read or handled", ["reason"]
)
MISSED_PONGS = Counter("toutiao_im_missed_pongs_total", "Clients closed because they did not answer a ping")

_LIMITS = ("server_full", "too_many_sockets_of_address", "too_many_handshakes")

# Create these series at the start: rate() does not count the event that creates a series.
for _kind in ("user", "anonymous"):
    CONNECTIONS.labels(_kind)
_TOKENS = ("token_invalid", "token_expired", "token_revoked")
for _reason in (*_TOKENS, "protocol_version", "too_many_anonymous", "admin", *_LIMITS):
    REFUSED.labels(_reason)
for _reason in ("slow", "history", "failed", "flood", "reconnects", "unconnected", "attachments", "too_many_sockets"):
    DISCONNECTED.labels(_reason)
for _reason in ("token_expired", "token_revoked", "session_closed", "revocations_unknown", "keys_unknown"):
    DISCONNECTED.labels(_reason)
for _reason in (*_TOKENS, "token_of_another_user", "try_later"):
    REFRESH_REFUSED.labels(_reason)
for _reason in ("push", "json", "shape", "size", "failed", "control", "unsigned", "signature", "replayed", "stale"):
    BAD_MESSAGES.labels(_reason)


class HotCounters:
    """Plain numbers for what happens thousands of times a second: a call of a library counter costs a microsecond."""

    __slots__ = ("pushes", "waiting_bytes", "waiting_frames")

    def __init__(self) -> None:
        self.pushes = 0
        self.waiting_frames = 0
        self.waiting_bytes = 0

    def collect(self) -> Iterator[Metric]:
        yield CounterMetricFamily("toutiao_im_pushes_total", "Pushes written to sockets", self.pushes)
        yield GaugeMetricFamily("toutiao_im_send_queue_frames", "Frames queued for slow clients", self.waiting_frames)
        yield GaugeMetricFamily("toutiao_im_send_queue_bytes", "Bytes queued for slow clients", self.waiting_bytes)


HOT = HotCounters()
REGISTRY.register(HOT)
