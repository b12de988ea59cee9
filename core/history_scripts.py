"""Lua scripts: Redis changes a history in one step."""

from core import counters, epochs, wire

CLOCK_SKEW_MS = 60_000  # by which the clocks of Redis and of who makes notifications may differ

# A history starts again where it can't be read or belongs to another epoch. Its first entry then records the loss, so
# that the history does not count as complete since the beginning. Every id contains the epoch: see epochs.PLACES.
# KEYS begin with the key of the epoch and that of the counters.
_BEGIN_ANEW = (
    epochs.LUA
    + """
local epoch, server, committed = verified()
local base = epoch and tonumber(epoch) * PLACES
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function write_id(ms, place) return string.format('%.0f-%.0f', ms, place) end
local function begin_anew(key, is_bad)
  redis.call('UNLINK', key)
  if is_bad then COUNT_REPAIR end
  return redis.call('XADD', key, write_id(now, base), 'n', '')
end
""".replace("PLACES", str(epochs.PLACES)).replace(
        "COUNT_REPAIR", counters.lua_add("repaired_keys", "history", key="KEYS[2]")
    )
)

# One round trip for a batch. An entry that exists already (the same notification, after a crash) keeps its offset.
# Where the message queue is the same Redis, the script also publishes each push, so that offsets and pushes come in one
# order.
# KEYS: that of the epoch, that of the counters, then one stream for each entry.
# ARGV: channel or '', length, a time in ms before which none of these entries can have been added, ttl, the text after
# the offset in each packet; then for each entry: id, room, the packet up to the value of its offset.
# The answer: the epoch, the server, the sequence, the sequence that the database had committed, the time in
# microseconds; then for each entry its offset and the offset before it, which is '?' where the entry existed already.
# A key is replaced where it has another type, where its ids are used up, or where it has more entries than a history
# keeps, which would take long to read. Its own user loses these entries; all other users lose nothing.
APPEND = (
    _BEGIN_ANEW
    + wire.LUA
    + """
if not epoch then return redis.error_reply(unverified) end
local function is_bad(answer)
  if not answer.err then return false end
  for _, sign in ipairs({'^WRONGTYPE', 'exhausted the last possible ID', 'equal or smaller', 'Invalid stream ID'}) do
    if string.find(answer.err, sign) then return true end
  end
  error(answer)
end
local function place_of(id)
  local ms, place = string.match(id, '^(%d+)-(%d+)$')
  return tonumber(ms), tonumber(place)
end
local first_now = write_id(now, base)
local channel, length, since, ttl, tail = unpack(ARGV, 1, 5)
since = string.format('%.0f', math.min(tonumber(since), now - CLOCK_SKEW_MS))  -- whoever made them may be ahead
local answers, known = {}, {}
for i = 1, #KEYS - 2 do
  local key, at = KEYS[i + 2], 3 * i + 3
  local id, room, head = ARGV[at], ARGV[at + 1], ARGV[at + 2]
  local stream = known[key]
  if not stream then
    stream = {last = '0-0', ms = 0, place = base, offsets = {}}
    local newest = redis.pcall('XREVRANGE', key, '+', '-', 'COUNT', 1)
    local last = newest[1]
    local ms, place
    if last then ms, place = place_of(last[1]) end
    local is_stale = last and (place < base or place >= base + PLACES)
    local is_broken = not last and is_bad(newest) or last and redis.call('XLEN', key) > 2 * length + 200
    if is_stale or is_broken then
      stream.ms, stream.place = place_of(begin_anew(key, is_broken))
    elseif last then
      stream.last, stream.ms, stream.place = last[1], ms, place
      if stream.ms >= tonumber(since) then
        for _, entry in ipairs(redis.call('XRANGE', key, since, '+')) do
          stream.offsets[entry[2][2]] = {entry[1], '?'}
        end
      end
    end
    known[key] = stream
  end
  local place = stream.offsets[id]
  if not place then
    local offset = first_now
    if now > stream.ms then
      stream.ms, stream.place = now, base
    else
      stream.place = stream.place + 1
      if stream.place == base + PLACES then stream.ms, stream.place = stream.ms + 1, base end
      offset = write_id(stream.ms, stream.place)
    end
    local added = redis.pcall('XADD', key, 'MAXLEN', '~', length, offset, 'n', id, 'h', head, 't', tail)
    if type(added) == 'table' and is_bad(added) then
      stream.ms, stream.place = place_of(begin_anew(key, true))
      stream.last, stream.offsets, stream.place = '0-0', {}, stream.place + 1
      offset = redis.call('XADD', key, write_id(stream.ms, stream.place), 'n', id, 'h', head, 't', tail)
    end
    place = {offset, stream.last}
    stream.last = offset
    stream.offsets[id] = place
  end
  if channel ~= '' then
    redis.call('PUBLISH', channel, encode_push(room, place[2], place[1], head .. place[1] .. tail))
  end
  answers[i] = place
end
for key in pairs(known) do redis.call('EXPIRE', key, ttl) end
local sequence = redis.call('HINCRBY', KEYS[1], 'sequence', 1)
return {epoch, server, sequence, committed, time[1] * 1000000 + time[2], answers}
""".replace("PLACES", str(epochs.PLACES)).replace("CLOCK_SKEW_MS", str(CLOCK_SKEW_MS))
)

# Another process may have replaced the history meanwhile.
# KEYS: that of the epoch, that of the counters, then a stream.
# ARGV: the offset of the invalid entry, or '' where the key is not a stream or belongs to another epoch; ttl.
# The answer: the newest offset.
REPLACE = (
    _BEGIN_ANEW
    + """
if not epoch then return redis.error_reply(unverified) end
local key, entry, ttl = KEYS[3], ARGV[1], ARGV[2]
local kind = redis.call('TYPE', key).ok
if kind == 'none' then return '0-0' end
if kind ~= 'stream' or (entry ~= '' and redis.call('XRANGE', key, entry, entry)[1]) then
  begin_anew(key, true)
  redis.call('EXPIRE', key, ttl)
end
local last = redis.call('XREVRANGE', key, '+', '-', 'COUNT', 1)[1]
if last and not is_of_epoch(last[1], epoch) then
  last = {begin_anew(key, false)}
  redis.call('EXPIRE', key, ttl)
end
return last and last[1] or '0-0'
"""
)

# KEYS: that of the epoch, then the streams. The answer: the new sequence, since this is another write to the histories.
MARK_PARTIAL = (
    epochs.LUA
    + """
if not verified() then return redis.error_reply(unverified) end
for i = 2, #KEYS do
  local key = KEYS[i]
  local last, length
  local info = redis.call('XINFO', 'STREAM', key)
  for at = 1, #info, 2 do
    if info[at] == 'last-generated-id' then last = info[at + 1] end
    if info[at] == 'length' then length = info[at + 1] end
  end
  redis.call('XSETID', key, last, 'ENTRIESADDED', length + 1, 'MAXDELETEDID', '0-1')
end
return redis.call('HINCRBY', KEYS[1], 'sequence', 1)
"""
)
