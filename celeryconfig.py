"""Celery's settings and nothing else."""

from urllib.parse import urlsplit

from kombu.entity import Queue

from app import events
from app.config import settings

_AMQP_OPTIONS = {"confirm_publish": True, "confirm_timeout": 2}
_REDIS_OPTIONS = {
    # What a killed worker held is handed out again after this long. Beat does not wait for it.
    "visibility_timeout": 120,
    "socket_timeout": 5,
    "socket_connect_timeout": 2,
    "socket_keepalive": True,
}

broker_url = settings().broker_url
broker_transport_options = _AMQP_OPTIONS if urlsplit(broker_url).scheme.startswith("amqp") else _REDIS_OPTIONS
broker_connection_timeout = 2
broker_heartbeat = 10
broker_connection_retry_on_startup = True
broker_connection_max_retries = None  # a worker waits for its broker as long as it takes, with a growing pause

task_queues = [Queue(events.QUEUE, routing_key=events.QUEUE, queue_arguments={"x-queue-type": "quorum"})]
task_default_queue = events.QUEUE
task_default_routing_key = events.QUEUE
task_publish_retry = True
task_publish_retry_policy = {"max_retries": 2, "interval_start": 0.1, "interval_step": 0.2, "interval_max": 0.5}

task_serializer = "json"
accept_content = ["json"]
task_ignore_result = True
task_store_errors_even_if_ignored = False

task_acks_late = True
task_reject_on_worker_lost = True
task_soft_time_limit = 45
task_time_limit = 60
worker_prefetch_multiplier = 1
worker_concurrency = 2
worker_send_task_events = True
task_send_sent_event = True
worker_hijack_root_logger = True
# RabbitMQ 4 refuses queues that are neither durable nor exclusive.
control_queue_exclusive = True
event_queue_exclusive = True

enable_utc = True
beat_schedule = {
    # What a dead broker or worker left behind is picked up here. A call that nobody took in time is dropped, so that
    # a queue without workers does not fill.
    "dispatch": {"task": events.DISPATCH_TASK, "schedule": 2.0, "options": {"expires": 10}},
}
