"""Celery's settings and nothing else."""

from core import broker, events
from core.settings import BrokerSettings, load_settings

_settings = load_settings(BrokerSettings)
globals().update(broker.celery_settings(_settings.broker_url, _settings.keys))  # the API uses the same

broker_connection_retry_on_startup = True
broker_channel_error_retry = True  # missing rights or a foreign queue don't end a worker: tasks/consumer.py waits
broker_connection_max_retries = None  # a worker waits for its broker without end, with growing pauses

task_store_errors_even_if_ignored = False

task_acks_late = True
task_reject_on_worker_lost = True
task_soft_time_limit = 45
task_time_limit = 60
worker_consumer = "tasks.consumer:Consumer"
worker_prefetch_multiplier = 1
worker_concurrency = 2
worker_send_task_events = True
worker_hijack_root_logger = True

enable_utc = True
beat_schedule = {
    # Pushes what a crash of the broker or of a worker has left in the outbox. Without workers, the queue stays small by
    # its own limit. Do not use `expires`: it compares the clocks of two machines, and a wrong clock drops every task.
    "dispatch": {"task": events.DISPATCH_TASK, "schedule": 2.0},
    # Sends what has become due for Web Push. It has a queue of its own: core/broker.py routes both tasks.
    "web_pushes": {"task": events.WEB_PUSH_TASK, "schedule": 5.0},
}
