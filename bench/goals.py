"""The figures in the table, and the goal of each."""

from dataclasses import dataclass

from bench.results import Results

CROWD = 8000  # the number of clients for the goals of memory, idle CPU and connects
JUDGED_RATE = 1000  # pushes a second for the goal of latency


@dataclass(frozen=True, slots=True)
class Figure:
    """A line of the table. Its goal is a ratio to Node's figure, a limit, or both.

    `beside` is the metric of Node to compare with, if it is a different one.
    """

    metric: str
    label: str
    unit: str
    ratio_goal: float | None = None
    limit: float | None = None
    at: int | None = None
    beside: str | None = None

    def value(self, results: Results, peer: str) -> float | None:
        metric = self.beside if peer == "node" and self.beside else self.metric
        return results.median(metric, peer, at=self.at)

    def ratio(self, results: Results) -> float | None:
        ours, node = self.value(results, "ours"), self.value(results, "node")
        return ours / node if ours is not None and node else None

    def is_met(self, results: Results) -> bool | None:
        """Return whether the goal is met; None if there is no goal or no value."""
        ours, ratio = self.value(results, "ours"), self.ratio(results)
        verdicts = []
        if self.ratio_goal is not None and ratio is not None:
            verdicts.append(ratio <= self.ratio_goal)
        if self.limit is not None and ours is not None:
            verdicts.append(ours <= self.limit)
        return all(verdicts) if verdicts else None


def figures(results: Results) -> list[Figure]:
    """Return the lines of the table in order."""
    crowd = max(results.sizes("connect_us"), default=CROWD)
    crowd = CROWD if CROWD in results.sizes("connect_us") else crowd
    idle = max(results.sizes("idle_us"), default=CROWD)
    return [
        Figure("push_us", "push to one room, Redis, own emitter, one at a time", "us", 0.5),
        Figure("push_many_us", "the same, many at once", "us", 0.5),
        Figure("push_stock_us", "push from a stock RedisManager", "us", 1.2, beside="push_us"),
        Figure("amqp_many_us", "push on RabbitMQ, own emitter, many at once", "us", 0.8, beside="push_many_us"),
        Figure("amqp_stock_us", "push on RabbitMQ from a stock KombuManager", "us", beside="push_us"),
        Figure("broadcast_us", "one delivery of a broadcast", "us", 0.5),
        Figure("connect_us", f"connect: token, room, sync ({crowd:,} clients)", "us", 0.6, at=crowd),
        *(
            Figure("leave_us", f"leave, {size:,} at once", "us a client", 0.7, at=size)
            for size in results.sizes("leave_us")
        ),
        Figure("rss_kb", f"memory of an idle socket, RSS ({idle:,} clients)", "KB", 0.5, limit=8, at=idle),
        Figure("uss_kb", "the same, USS", "KB", at=idle),
        Figure("idle_us", f"CPU of an idle socket ({idle:,} clients)", "us a second", limit=3, at=idle),
        Figure("follow_us", "follow: one request to the API, SQLite", "us"),
        Figure("dispatch_us", "dispatch of a notification, batches of 200, SQLite", "us"),
        Figure("dispatch_text_us", "the same on PostgreSQL, with ids that are texts", "us", limit=40),
        *(Figure(metric, label, unit, at=size) for metric, label, unit, size in _storm_and_full(results)),
        *_notifications(),
        *_preferences(),
        *_groups(),
        *_tokens(results),
    ]


def judged_latency() -> Figure:
    return Figure("p99_ms", "p99 from publisher to client", "ms", limit=5, at=JUDGED_RATE)


def _storm_and_full(results: Results) -> list[tuple[str, str, str, int]]:
    lines = [
        ("storm_connect_us", "storm of {:,}: CPU of a connect", "us"),
        ("storm_wait_seconds", "storm of {:,}: longest wait", "s"),
        ("storm_p99_ms", "storm of {:,}: p99 of pushes meanwhile", "ms"),
        ("full_rss_mb", "{:,} idle sockets: RSS", "MB"),
        ("full_p99_ms", "{:,} idle sockets: p99 of pushes", "ms"),
    ]
    return [(metric, label.format(size), unit, size) for metric, label, unit in lines for size in results.sizes(metric)]


def _notifications() -> list[Figure]:
    return [
        Figure("notify_us", "notify with a Session, wake by NOTIFY; beside Celery's .delay()", "us"),
        Figure("notify_cursor_us", "notify with a cursor, no wake", "us"),
        Figure("notify_cursor_wake_us", "notify with a cursor, wake by NOTIFY", "us"),
        Figure("notify_many_us", "notify_many of 1,000, a recipient", "us"),
        Figure("wake_us", "wake by the broker, a task for each commit", "us"),
        Figure("request_us", "POST /notifications for one recipient: the caller", "us"),
        Figure("request_api_us", "the same: the API", "us"),
        Figure("first_push_notify_ms", "first push after a pause, wake by NOTIFY, p50", "ms", limit=10),
        Figure("first_push_broker_ms", "first push after a pause, wake by the broker, p50", "ms", limit=10),
        Figure("commits", "commits with one notification, 8 connections, no wake", "a second"),
        Figure("commits_notify", "the same, wake by NOTIFY", "a second"),
        Figure("commits_broker", "the same, wake by the broker", "a second"),
    ]


def _preferences() -> list[Figure]:
    return [
        Figure("preferences_none_us", "what users chose, where nobody chose anything, a notification", "us", limit=3),
        Figure("preferences_us", "where all chose something", "us", limit=3),
        Figure("preferences_own_us", "where each has a document that is not remembered", "us"),
        Figure("preferences_strangers_us", "where nobody wants anything from strangers", "us", limit=3),
    ]


def _groups() -> list[Figure]:
    return [
        Figure("groups_none_us", "dispatch without groups, each for another user, a notification", "us"),
        Figure("groups_each_us", "with a group, each for another user", "us"),
        Figure("groups_plain_one_us", "without groups, all for one user", "us"),
        Figure("groups_one_us", "with a group, all for one user", "us"),
        Figure("groups_burst_updates", "updates of a group that gets 10,000 in a minute", "", limit=13),
    ]


def _tokens(results: Results) -> list[Figure]:
    lines = [
        ("refresh_us", "{:,} tokens refreshed in one second: CPU of a socket", "us", None),
        ("refresh_seconds", "from the warning to the last refresh", "s", 1),
        ("refresh_p99_ms", "p99 of pushes meanwhile", "ms", None),
        ("expiry_us", "{:,} tokens end in one second: CPU of a socket", "us", None),
        ("expiry_seconds", "from the end to the last close", "s", 1),
        ("expiry_p99_ms", "p99 of pushes meanwhile", "ms", None),
        ("revoked_seconds", "{:,} sockets of a user, two servers: from the log-out to the last close", "s", 1),
    ]
    return [
        Figure(metric, label.format(size), unit, limit=limit, at=size)
        for metric, label, unit, limit in lines
        for size in results.sizes(metric)
    ]
