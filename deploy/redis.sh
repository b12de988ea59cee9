#!/bin/sh
# Start Valkey with the users of this system. Each has its own password, and only the keys, the channel and the commands
# that it uses. The user "default" is for the operator: only this container knows its password. Options of the command
# line go to the server.
set -eu
umask 077

users=/tmp/users.acl
commands='-@all +@read +@write +@connection +@transaction +@scripting +@pubsub -@dangerous +info +time'
p=${KEY_PREFIX:-}
shared="~${p}push:* ~${p}counters ~${p}ready &${CHANNEL:-socketio}"
# %R: only to read.
api="~${p}user:* ~${p}revocations* ~${p}limits:* %R~${p}im:*"
worker="~${p}user:* ~${p}revocations*"
im="~${p}user:*:history ~${p}user:*:unread ~${p}user:*:online ~${p}user:*:sessions:* ~${p}im:* %R~${p}revocations*"

cat >"$users" <<END
user default reset on >$REDIS_PASSWORD +@all ~* &*
user api reset on >$REDIS_API_PASSWORD $commands $shared $api
user worker reset on >$REDIS_WORKER_PASSWORD $commands $shared $worker
user im reset on >$REDIS_IM_PASSWORD $commands $shared $im
END

# Histories end by themselves and are bounded; when memory is short the least used are let go, and clients read their
# inbox instead.
exec valkey-server --aclfile "$users" --appendonly yes --maxmemory 768mb --maxmemory-policy volatile-lru "$@"
