-- Whose first timer is due, and since when, in turn.
--
-- KEYS: due. ARGV: now in milliseconds, how many at most.
-- A caller whose clock is ahead asks for what is not due yet: the earlier of two clocks counts.
local time = redis.call('TIME')
local now = math.min(tonumber(ARGV[1]), time[1] * 1000 + math.floor(time[2] / 1000))
return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now), 'WITHSCORES', 'LIMIT', 0, ARGV[2])
