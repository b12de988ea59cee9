#!/bin/sh
# Write the users of this system where RabbitMQ reads them at each start: see rabbitmq.conf. Each has its own password,
# and may only declare, publish to and read from what it uses. The arguments are the command to continue with.
set -eu
umask 077

p=$(printf %s "${KEY_PREFIX:-}" | sed 's/\./\\\\./g') # a dot of a prefix is a dot
queues="notifications|dispatches|web_pushes" # and their exchanges: to bind them, one needs the right to read
events="celeryev.*"
control="(.*\\\\.)?celery\\\\.pidbox"

user() { # name, password
    printf '{"name": "%s", "password": "%s", "tags": ""}' "$1" "$2"
}

rights() { # name, and patterns of what it may declare, publish to and read
    printf '{"vhost": "toutiao", "user": "%s", "configure": "^%s(%s)$", "write": "^(amq\\\\.default|%s(%s))$", "read": "^%s(%s)$"}' \
        "$1" "$p" "$2" "$p" "$3" "$p" "$4"
}

cat >/tmp/definitions.json <<END
{
  "vhosts": [{"name": "toutiao"}],
  "users": [
    $(user api "$RABBITMQ_API_PASSWORD"),
    $(user worker "$RABBITMQ_WORKER_PASSWORD"),
    $(user beat "$RABBITMQ_BEAT_PASSWORD"),
    $(user flower "$RABBITMQ_FLOWER_PASSWORD")
  ],
  "permissions": [
    $(rights api "$queues" "$queues" "$queues"),
    $(rights worker "$queues|$events|$control" "$queues|$events|$control" "$queues|$events|$control"),
    $(rights beat "$queues" "$queues" "$queues"),
    $(rights flower "$events|$control" "$events|$control" "$events|$control")
  ]
}
END
exec "$@"
