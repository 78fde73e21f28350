-- Puts a message into an inbox, unless its decision was there before, and wakes who listens.
--
-- KEYS: inbox, posted decisions. ARGV: decision, payload, messages kept, decisions remembered, seconds both live,
-- channel, customer. Returns 1, or 0 where the decision was there.
local time = redis.call('TIME')
if redis.call('ZADD', KEYS[2], 'NX', time[1], ARGV[1]) == 0 then
  return 0
end
redis.call('ZREMRANGEBYRANK', KEYS[2], 0, -ARGV[4] - 1)
redis.call('EXPIRE', KEYS[2], ARGV[5])
redis.call('XADD', KEYS[1], 'MAXLEN', '=', ARGV[3], '*', 'd', ARGV[1], 'p', ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[5])
redis.call('PUBLISH', ARGV[6], ARGV[7])
return 1
