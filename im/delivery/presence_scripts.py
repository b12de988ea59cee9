"""Lua scripts: Redis notes for many users in one step who is online, and by which sockets."""

from core import counters

# KEYS: that of the counters; the online keys of users with a socket here; those of users without; then the list of
# sockets for each change.
# ARGV: the times to live of the three kinds, the numbers of keys of the first two; then for each change the id of a
# socket and its session. Without a session the socket has closed. Without both the list is written anew.
WRITE = """
local present, gone = tonumber(ARGV[4]), tonumber(ARGV[5])
for i = 2, 1 + present do redis.call('SET', KEYS[i], 1, 'EX', ARGV[1]) end
for i = 2 + present, 1 + present + gone do redis.call('EXPIRE', KEYS[i], ARGV[2]) end
local at = 6
for i = 2 + present + gone, #KEYS do
  local key, sid, session = KEYS[i], ARGV[at], ARGV[at + 1]
  at = at + 2
  if sid == '' then
    redis.call('UNLINK', key)
  elseif session == '' then
    redis.pcall('HDEL', key, sid)
  else
    local answer = redis.pcall('HSET', key, sid, session)
    if type(answer) == 'table' then
      if not string.find(answer.err, '^WRONGTYPE') then error(answer) end
      redis.call('UNLINK', key)
      COUNT_REPAIR
      redis.call('HSET', key, sid, session)
    end
    redis.call('EXPIRE', key, ARGV[3])
  end
end
""".replace("COUNT_REPAIR", counters.lua_add("repaired_keys", "sessions", key="KEYS[1]"))

# Returns the numbers of the keys that do not exist, from 0.
RENEW = """
local missing = {}
for i, key in ipairs(KEYS) do
  if redis.call('EXPIRE', key, ARGV[1]) == 0 then missing[#missing + 1] = i - 1 end
end
return missing
"""

# KEYS: the servers that run, the counters. ARGV: a server, for how long one is listed that runs no more.
BEAT = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1e6
local answer = redis.pcall('ZADD', KEYS[1], now, ARGV[1])
if type(answer) == 'table' then
  if not string.find(answer.err, '^WRONGTYPE') then error(answer) end
  redis.call('UNLINK', KEYS[1])
  COUNT_REPAIR
  redis.call('ZADD', KEYS[1], now, ARGV[1])
end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[2])
""".replace("COUNT_REPAIR", counters.lua_add("repaired_keys", "sessions", key="KEYS[2]"))
