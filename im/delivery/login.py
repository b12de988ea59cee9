"""By which token a socket was let in, and from where."""

import struct
import time

from core import sessions
from core.tokens import Claims
from im.delivery.client import Client

_TIMES = struct.Struct("<ddd")


class Login:
    """The base of a cursor: an object of its own for each socket would take more memory.

    So do times and texts of their own. They are rarely read, so they are kept in one value.
    """

    __slots__ = ("_packed", "address", "device")

    def log_in(self, claims: Claims, client: Client) -> None:
        self.address, self.device = client.address, client.device
        self._pack(claims, time.time())

    def renew(self, claims: Claims) -> None:
        """Go on with another token of the same user."""
        self._pack(claims, self.since)

    @property
    def issued_at(self) -> float:
        return self._times()[0]

    @property
    def expires_at(self) -> float:
        return self._times()[1]

    @property
    def since(self) -> float:
        """When the socket connected, in Unix seconds."""
        return self._times()[2]

    @property
    def family(self) -> str:
        return self._packed[_TIMES.size :].decode()

    @property
    def session(self) -> bytes:
        """What the user sees of this socket, as it is stored."""
        return sessions.encode(device=self.device, address=self.address, since=int(self.since), family=self.family)

    def _times(self) -> tuple[float, float, float]:
        return _TIMES.unpack_from(self._packed)

    def _pack(self, claims: Claims, since: float) -> None:
        self._packed = _TIMES.pack(claims.issued_at, claims.expires_at, since) + claims.family.encode()
