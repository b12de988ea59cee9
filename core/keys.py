"""The names of all that the system keeps in Redis, and of its queues and exchanges in RabbitMQ.

Each name begins with the prefix of the settings, so that several systems can share one Redis and one RabbitMQ. The
channel of the message queue has its own setting, since other programs publish there as well.
"""

from dataclasses import dataclass

CONTROL = "celery"  # Celery's own name for what its remote control uses


@dataclass(frozen=True, slots=True)
class Keys:
    """The names behind one prefix."""

    prefix: str = ""

    @property
    def epoch(self) -> str:
        """A hash: epoch, server, sequence, and the least sequence that the database has committed. See core.epochs."""
        return f"{self.prefix}push:epoch"

    @property
    def counters(self) -> str:
        return f"{self.prefix}counters"

    @property
    def ready(self) -> str:
        """The key that /readyz writes, to check that it can."""
        return f"{self.prefix}ready"

    @property
    def revocations(self) -> str:
        """A stream: revoked tokens, and sockets to close. See core.revocation_stream."""
        return f"{self.prefix}revocations"

    @property
    def revocations_server(self) -> str:
        """The server of Redis whose stream was filled from the database."""
        return f"{self.prefix}revocations:server"

    @property
    def revocations_filling(self) -> str:
        """The right to fill the stream."""
        return f"{self.prefix}revocations:filling"

    @property
    def limits(self) -> str:
        """What the keys of the API's limits begin with. A colon follows."""
        return f"{self.prefix}limits"

    def history(self, user_id: str) -> str:
        return f"{self._of(user_id)}:history"

    def unread(self, user_id: str) -> str:
        return f"{self._of(user_id)}:unread"

    def online(self, user_id: str) -> str:
        return f"{self._of(user_id)}:online"

    def sessions(self, user_id: str, server: str) -> str:
        """A hash: the open sockets of a user on one IM server. See core.sessions."""
        return f"{self._of(user_id)}:sessions:{server}"

    @property
    def im_servers(self) -> str:
        """A sorted set: the IM servers that run, by the time at which they last said so."""
        return f"{self.prefix}im:servers"

    def profile(self, user_id: str) -> str:
        return f"{self._of(user_id)}:profile"

    def profile_loading(self, user_id: str) -> str:
        """The right to load a profile."""
        return f"{self._of(user_id)}:profile:loading"

    @property
    def notifications(self) -> str:
        """The queue of all tasks that have none of their own."""
        return f"{self.prefix}notifications"

    @property
    def dispatches(self) -> str:
        """The queue of dispatches. Each pushes all that is committed when a worker takes it."""
        return f"{self.prefix}dispatches"

    @property
    def web_pushes(self) -> str:
        """The queue of tasks that send what is due for Web Push. They wait for other companies' servers."""
        return f"{self.prefix}web_pushes"

    @property
    def events(self) -> str:
        """The exchange of Celery's events, which Flower reads; the names of the queues on it begin with the same."""
        return f"{self.prefix}celeryev"

    @property
    def control(self) -> str:
        """The part that is common to the names of Celery's remote control: see tasks.remote_control."""
        return f"{self.prefix}{CONTROL}"

    def im_queue(self, server: str) -> str:
        """The queue of one IM server in the message queue."""
        return f"{self.prefix}toutiao-im.{server}"

    def _of(self, user: str) -> str:
        """What all keys of a user begin with. A colon in an id is escaped: in a key, a colon ends the id."""
        if ":" in user or "%" in user:
            user = user.replace("%", "%25").replace(":", "%3A")
        return f"{self.prefix}user:{user}"
