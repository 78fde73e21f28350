-- All effects of one micro-batch, if the ledger stands where the batch begins; else tells where it stands.
--
-- KEYS: ledger, outbox, one per state, one per slate.
-- ARGV: first, next, seconds a slate lives, outgoing records ('' for none), states, marks,
--       then a blob per key of KEYS[3..], then mark names and offsets in turn.
-- Returns {1, next, outbox entry} or {0, where the ledger stands, ''}.
local stands = redis.call('HGET', KEYS[1], 'next') or '0'
if stands ~= ARGV[1] then
  return {0, stands, ''}
end

local states, marks = tonumber(ARGV[5]), tonumber(ARGV[6])
local blob = 4 -- KEYS[3] belongs to ARGV[7]

-- unpack() puts its arguments on a stack of some thousand places.
for from = 3, states + 2, 500 do
  local pairs_of_keys = {}
  for key = from, math.min(from + 499, states + 2) do
    pairs_of_keys[#pairs_of_keys + 1] = KEYS[key]
    pairs_of_keys[#pairs_of_keys + 1] = ARGV[key + blob]
  end
  redis.call('MSET', unpack(pairs_of_keys))
end
for key = states + 3, #KEYS do
  redis.call('SET', KEYS[key], ARGV[key + blob], 'EX', ARGV[3])
end

local entry = ''
if ARGV[4] ~= '' then
  entry = redis.call('XADD', KEYS[2], '*', 'r', ARGV[4])
end
for mark = #KEYS + blob + 1, #KEYS + blob + 2 * marks, 2 do
  redis.call('HSET', KEYS[1], ARGV[mark], ARGV[mark + 1])
end
redis.call('HSET', KEYS[1], 'next', ARGV[2])
return {1, ARGV[2], entry}
