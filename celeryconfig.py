"""Celery's settings and nothing else."""

from app import broker, events
from app.config import BrokerSettings, load_settings

globals().update(broker.celery_settings(load_settings(BrokerSettings).broker_url))  # the API sends with the same

broker_connection_retry_on_startup = True
broker_channel_error_retry = True  # rights and queues of others don't end a worker: tasks/consumer.py waits
broker_connection_max_retries = None  # a worker waits for its broker as long as it takes, with a growing pause

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
# RabbitMQ 4 refuses queues that are neither durable nor exclusive.
control_queue_exclusive = True
event_queue_exclusive = True

enable_utc = True
beat_schedule = {
    # What a dead broker or worker left behind is picked up here. The queue's own limit keeps it from filling without
    # workers. Never `expires`: it compares the clocks of two machines, and one that is wrong drops everything.
    "dispatch": {"task": events.DISPATCH_TASK, "schedule": 2.0},
}
