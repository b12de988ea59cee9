"""Dispatches the outbox, and prints the CPU time of one notification in microseconds."""

import time

from tasks.batch import push_batch
from tasks.notifications import BATCH
from tasks.resources import resources


def main() -> None:
    push_batch(resources(), limit=BATCH)  # the first batch also connects and compiles the statements
    started, count = time.process_time(), 0
    while outcome := push_batch(resources(), limit=BATCH):
        count += len(outcome)
    print(1e6 * (time.process_time() - started) / count)


if __name__ == "__main__":
    main()
