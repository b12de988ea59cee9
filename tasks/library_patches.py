"""Changes of libraries in every process of Celery, each with what breaks without it.

flowerconfig.py has those of Flower, which only Flower's process imports.
"""

from billiard import pool

from core import log


def apply() -> None:
    """Apply the changes. Call it before Celery sets up its log and its pool."""
    # Without it, a stop sometimes takes 30 s. A child that ends waits until its parent has counted all results, and
    # sometimes one is never counted. Tasks do not need this wait: they are acknowledged late, and may be repeated.
    pool.GUARANTEE_MESSAGE_CONSUMPTION_RETRY_LIMIT = 20  # times 0.1 s
    # Without it, text that a client has sent can look like another record of the log of Celery or Flower.
    log.escape_records()
