-- What the other parts share: the moment, the pool's rules and its state.

if redis.replicate_commands then redis.replicate_commands() end

local pool, caller = KEYS[1], ARGV[1]
local settings = cjson.decode(ARGV[2])
local rules, weights = settings.rules, settings.weights
local recovery, patience = settings.recovery, settings.patience

local function moment()
  if ARGV[4] then return tonumber(ARGV[4]) end
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local now = moment()
local soon = now + settings.horizon
local factor = 1

-- The generation is new whenever Redis has lost the pool.
local held = redis.call('HMGET', pool .. ':meta', 'generation', 'brakes')
local generation = held[1]
if not generation then
  generation = caller .. ' ' .. string.format('%.0f', now)
  redis.call('HSET', pool .. ':meta', 'generation', generation)
end
local brakes = held[2] and cmsgpack.unpack(held[2]) or {}

local function whole(number) return string.format('%.0f', number) end
local function exact(number) return string.format('%.17g', number) end
