-- All effects of one micro-batch, if the ledger stands where the batch begins; else tells where it stands.
--
-- KEYS: ledger, outbox, due, one per state, one per slate.
-- ARGV: first, next, seconds a slate lives, outgoing records ('' for none), states, marks, customers with a moment due,
--       then a blob per key of KEYS[4..], then mark names and offsets in turn, then moments and customers in turn,
--       then customers of whom nothing is due any more.
-- Returns {1, next, outbox entry} or {0, where the ledger stands, ''}.
local stands = redis.call('HGET', KEYS[1], 'next') or '0'
if stands ~= ARGV[1] then
  return {0, stands, ''}
end

local states, marks, moments = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local blob = 4 -- KEYS[4] belongs to ARGV[8]

-- unpack() puts its arguments on a stack of some thousand places.
for from = 4, states + 3, 500 do
  local pairs_of_keys = {}
  for key = from, math.min(from + 499, states + 3) do
    pairs_of_keys[#pairs_of_keys + 1] = KEYS[key]
    pairs_of_keys[#pairs_of_keys + 1] = ARGV[key + blob]
  end
  redis.call('MSET', unpack(pairs_of_keys))
end
for key = states + 4, #KEYS do
  redis.call('SET', KEYS[key], ARGV[key + blob], 'EX', ARGV[3])
end

local entry = ''
if ARGV[4] ~= '' then
  entry = redis.call('XADD', KEYS[2], '*', 'r', ARGV[4])
end
for mark = #KEYS + blob + 1, #KEYS + blob + 2 * marks, 2 do
  redis.call('HSET', KEYS[1], ARGV[mark], ARGV[mark + 1])
end
local timed = #KEYS + blob + 2 * marks
local timeless = timed + 2 * moments
for from = timed + 1, timeless, 1000 do
  redis.call('ZADD', KEYS[3], unpack(ARGV, from, math.min(from + 999, timeless)))
end
for from = timeless + 1, #ARGV, 1000 do
  redis.call('ZREM', KEYS[3], unpack(ARGV, from, math.min(from + 999, #ARGV)))
end
redis.call('HSET', KEYS[1], 'next', ARGV[2])
return {1, ARGV[2], entry}
