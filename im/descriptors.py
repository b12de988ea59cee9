"""How many files this process may have open. Each connection of a client is one."""

import resource

# Connections to Redis and the message queue, listeners and logs; and requests while all sockets are taken.
_OTHERS, _REQUESTS = 64, 64
_NO_LIMIT = 1_000_000


def raise_limit() -> None:
    """Allow as many open files as this user may have."""
    _, hard_limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard_limit, hard_limit))


def most_sockets() -> int:
    """Return how many sockets of clients may be open, so that /readyz still answers when all are."""
    return max(1, _most() - _OTHERS - _REQUESTS)


def highest_of_client() -> int:
    """Return the highest number that the descriptor of a client may have, so that some are left for Redis.

    The kernel gives a new file the lowest number that is free.
    """
    return max(1, _most() - _OTHERS)


def _most() -> int:
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _NO_LIMIT if limit == resource.RLIM_INFINITY else limit
