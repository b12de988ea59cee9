"""What eventlet's hub expects of a listener. tests/unit/im/test_private_names.py checks the names."""

from types import SimpleNamespace

from eventlet import hubs


class HubListener:
    """Makes a connection a listener itself, so that the hub can call it. This saves two objects for each client."""

    __slots__ = ()

    fileno: int
    evtype = hubs.hub.READ
    spent = False
    greenlet = SimpleNamespace(dead=True)  # the hub raises its errors in a greenlet that is alive, and so never here

    def on_readable(self) -> None:
        """Read the descriptor. The hub calls this, so it must not switch greenlets."""
        raise NotImplementedError

    def on_descriptor_reused(self) -> None:
        """Learn that the descriptor belongs to another socket now: somebody else closed it. The hub has removed it."""
        raise NotImplementedError

    def cb(self, _fileno: int) -> None:
        self.on_readable()

    def defang(self) -> None:
        self.on_descriptor_reused()

    def watch(self) -> None:
        hub = hubs.get_hub()
        is_new = self.fileno not in hub.listeners[hub.WRITE]
        hub.listeners[hub.READ][self.fileno] = self
        hub.register(self.fileno, new=is_new)

    def unwatch(self) -> None:
        hub = hubs.get_hub()
        del hub.listeners[hub.READ][self.fileno]
        hub.register(self.fileno)
