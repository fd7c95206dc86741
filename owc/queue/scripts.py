"""What a lease costs in Redis, in one call for many: Lua on the keys that RQ itself uses.

Each script leaves exactly the keys that RQ's public classes would have left (tests compare both),
so that `rq info`, dashboards and RQ's workers see what really runs; with RQ's own classes a sub-job
costs about a millisecond of Python. Their layout is that of RQ 2.12, to which the dependency is
pinned.

    rq:job:<id>                 hash: the job
    rq:queue:<name>             list of ids that wait; rq:queues names the lists
    rq:wip:<name>               sorted set of <id>:<execution>, by when RQ would call them abandoned
    rq:executions:<id>          sorted set of a job's executions
    rq:execution:<id>:<execution>  hash: who runs it
    rq:finished:<name>          sorted set of ids, by when they are forgotten

An execution of ours has its lease's id. One field of a job is ours, too: its `level`, which tells
how much its owner had been served when its turn came (`owc.domain.fairness`).
"""

from __future__ import annotations

from typing import Final

MOST: Final = 500
"""Sub-jobs of one call: Lua's `unpack` ends near 8,000 values, and others wait meanwhile."""

# KEYS: the queue's list. ARGV: "LPUSH" or "RPUSH", number of template values, template, then for
# each: id, level. What enters at the front is as urgent as what stands there.
ENQUEUE: Final = """
local values = tonumber(ARGV[2])
local fields = {}
for i = 1, values do fields[i] = ARGV[2 + i] end
fields[values + 1] = 'level'
local most = math.huge
if ARGV[1] == 'LPUSH' then
  local first = redis.call('LINDEX', KEYS[1], 0)
  most = first and tonumber(redis.call('HGET', 'rq:job:' .. first, 'level')) or most
end
redis.call('SADD', 'rq:queues', KEYS[1])
for i = 3 + values, #ARGV, 2 do
  local key, level = 'rq:job:' .. ARGV[i], ARGV[i + 1]
  if tonumber(level) > most then level = most end
  fields[values + 2] = level
  redis.call('DEL', key)
  redis.call('HSET', key, unpack(fields))
  redis.call(ARGV[1], KEYS[1], ARGV[i])
end
"""

# KEYS: the lists of queues, the most urgent first. ARGV: how many ids at most, then for each queue:
# its rank, "1" if it is known to have nothing. Of queues of one rank, that whose first job has the
# lowest level gives. Nothing is taken while one is empty that could have gone first and is not
# known to have nothing.
# Returns: which queue (0: none), ids, how many are left, which are empty, whether Redis has its
# mark.
POP: Final = """
local best, lowest, rank = 0, nil, nil
local empty = {}
for i, key in ipairs(KEYS) do
  if best > 0 and ARGV[2 * i] ~= rank then break end
  local first = redis.call('LINDEX', key, 0)
  if first then
    local level = tonumber(redis.call('HGET', 'rq:job:' .. first, 'level')) or 0
    if best == 0 or level < lowest then best, lowest, rank = i, level, ARGV[2 * i] end
  elseif ARGV[2 * i + 1] ~= '1' then
    empty[#empty + 1] = i
  end
end
if best == 0 or #empty > 0 then
  return {0, {}, 0, empty, redis.call('EXISTS', 'owc:marker')}
end
local ids = redis.call('LPOP', KEYS[best], ARGV[1])
return {best, ids, redis.call('LLEN', KEYS[best]), {}, 1}
"""

# ARGV: now as RQ writes it, now in seconds, then for each: id, execution, worker, seconds to live.
# A job that Redis does not have (it was flushed) is left to `upkeep.reconcile`.
START: Final = """
for i = 3, #ARGV, 4 do
  local id, execution, worker, seconds = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
  local key = 'rq:job:' .. id
  local origin = redis.call('HGET', key, 'origin')
  if origin then
    local ends = ARGV[2] + seconds
    redis.call('HSET', key, 'status', 'started', 'worker_name', worker,
               'started_at', ARGV[1], 'last_heartbeat', ARGV[1])
    redis.call('ZADD', 'rq:wip:' .. origin, ends, id .. ':' .. execution)
    redis.call('ZADD', 'rq:executions:' .. id, ends, execution)
    redis.call('EXPIRE', 'rq:executions:' .. id, seconds + 60)
    local run = 'rq:execution:' .. id .. ':' .. execution
    redis.call('HSET', run, 'id', execution, 'created_at', ARGV[2],
               'last_heartbeat', ARGV[2], 'worker_name', worker)
    redis.call('EXPIRE', run, seconds)
  end
end
"""

# ARGV: now in seconds, then for each: id, execution, seconds to live.
RENEW: Final = """
for i = 2, #ARGV, 3 do
  local id, execution, seconds = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  local origin = redis.call('HGET', 'rq:job:' .. id, 'origin')
  local run = 'rq:execution:' .. id .. ':' .. execution
  if origin and redis.call('EXISTS', run) == 1 then
    local ends = ARGV[1] + seconds
    redis.call('HSET', run, 'last_heartbeat', ARGV[1])
    redis.call('EXPIRE', run, seconds)
    redis.call('ZADD', 'rq:wip:' .. origin, 'XX', ends, id .. ':' .. execution)
    redis.call('ZADD', 'rq:executions:' .. id, ends, execution)
    redis.call('EXPIRE', 'rq:executions:' .. id, seconds + 60)
  end
end
"""

# ARGV: now as RQ writes it, now in seconds, seconds to show them as finished (-1: forget), how many
# of a queue are shown at most, ids. RQ removes what is shown no longer only where somebody looks.
END: Final = """
local shown, most = tonumber(ARGV[3]), tonumber(ARGV[4])
local registries = {}
for i = 5, #ARGV do
  local id = ARGV[i]
  local key, runs = 'rq:job:' .. id, 'rq:executions:' .. id
  local origin = redis.call('HGET', key, 'origin')
  if origin then
    for _, execution in ipairs(redis.call('ZRANGE', runs, 0, -1)) do
      redis.call('ZREM', 'rq:wip:' .. origin, id .. ':' .. execution)
      redis.call('DEL', 'rq:execution:' .. id .. ':' .. execution)
    end
    if shown > 0 then
      redis.call('HSET', key, 'status', 'finished', 'ended_at', ARGV[1])
      redis.call('EXPIRE', key, shown)
      redis.call('ZADD', 'rq:finished:' .. origin, ARGV[2] + shown, id)
      registries['rq:finished:' .. origin] = true
    else
      redis.call('DEL', key)
    end
  end
  redis.call('DEL', runs, 'owc:checkpoint:' .. id)
end
for registry in pairs(registries) do
  redis.call('ZREMRANGEBYSCORE', registry, '-inf', ARGV[2])
  local over = math.min(redis.call('ZCARD', registry) - most, 1000)
  if over > 0 then
    local oldest = redis.call('ZPOPMIN', registry, over)
    for i = 1, #oldest, 2 do
      local key = 'rq:job:' .. oldest[i]
      -- one that was reopened may wait or run again
      if redis.call('HGET', key, 'status') == 'finished' then redis.call('DEL', key) end
    end
  end
end
"""

# KEYS: a queue's list. ARGV: ids to take out of it, wherever they stand.
WITHDRAW: Final = """
local gone = {}
for i = 1, #ARGV do gone[ARGV[i]] = true end
local kept = {}
for _, id in ipairs(redis.call('LRANGE', KEYS[1], 0, -1)) do
  if not gone[id] then kept[#kept + 1] = id end
end
redis.call('DEL', KEYS[1])
for i = 1, #kept, 1000 do
  redis.call('RPUSH', KEYS[1], unpack(kept, i, math.min(i + 999, #kept)))
end
"""
