-- Turns: who waits, in which order they are let through, and when.
--
-- A call is let through at a moment of its own, up to a horizon ahead, so that its process sleeps
-- until exactly then and nobody asks twice. Who does not fit before the horizon waits in a lane: the
-- calls of one tenant and model that need the same counters, oldest first. Lanes are served by
-- start-time fair queueing (Goyal, Vin, Cheng 1996): a tenant's next call has the tag
-- max(virtual time, finish of its last one), finish = tag + service time / weight, and the smallest
-- tag goes first. A call that does not fit closes the counters it waits for to everybody behind it,
-- so that small calls do not starve a large one; lanes that need none of them go on.
--
-- Keys beside the counters: rec (hash id -> record), exp (zset id -> when the record is void),
-- lanes (zset lane -> its oldest number), q:<lane> (zset id -> number), z:<lane> (the same of those
-- that come again later), away (set of the lanes that have such), owned (zset of their ids, for a
-- search by how they begin), flow (hash tenant -> finish, '' -> virtual time), len (hash tenant ->
-- service time that waits), meta (hash).

local WAITING, PARKED, HELD, EXPIRED = 0, 1, 2, 3
local LANES_SEEN, GRANTS, AHEAD = 256, 500, 32
local LATE_MS = 3600000

local records, changed = {}, {}
local granted, told = {}, {}
local flow, waiting, alive = nil, nil, {}
local more = false

local function record_of(id)
  local record = records[id]
  if record == nil then
    local packed = redis.call('HGET', pool .. ':rec', id)
    record = packed and cmsgpack.unpack(packed)
    records[id] = record
  end
  return record
end

local function keep_record(id, record)
  records[id], changed[id] = record, true
end

local function drop_record(id)
  records[id], changed[id] = false, true
end

-- A lane is written `tenant\nmodel\nref\nref…`.
local function parts_of(lane)
  local parts = {}
  for part in string.gmatch(lane .. '\n', '([^\n]*)\n') do parts[#parts + 1] = part end
  local refs = {}
  for place = 3, #parts do refs[place - 2] = parts[place] end
  return parts[1], parts[2], refs
end

-- The time this call keeps the tightest of its limits busy: what a tenant's share is counted in.
local function service_time(refs, asked)
  local longest = 0
  for _, ref in ipairs(refs) do
    local counter = counter_of(ref)
    if counter and counter.rule.per then
      local amount = amount_of(counter.rule, asked)
      longest = math.max(longest, amount * counter.rule.per / counter.rule.n)
    end
  end
  return math.max(longest, 0.001)
end

local function load_flows()
  if flow then return end
  flow = {}
  local held = redis.call('HGETALL', pool .. ':flow')
  for place = 1, #held, 2 do flow[held[place]] = tonumber(held[place + 1]) end
  flow[''] = flow[''] or 0
end

local function count_waiting(tenant, service)
  local left = tonumber(redis.call('HINCRBYFLOAT', pool .. ':len', tenant, exact(service)))
  if left < 0.0005 then
    redis.call('HDEL', pool .. ':len', tenant)
    if redis.call('EXISTS', pool .. ':len') == 0 then
      redis.call('DEL', pool .. ':flow')
      flow = nil
    end
  end
end

local function refresh_lane(lane)
  local head = redis.call('ZRANGE', pool .. ':q:' .. lane, 0, 0, 'WITHSCORES')
  if head[1] then
    redis.call('ZADD', pool .. ':lanes', head[2], lane)
  else
    redis.call('ZREM', pool .. ':lanes', lane)
  end
end

local function leave_the_parked(id, record)
  redis.call('ZREM', pool .. ':z:' .. record.lane, id)
  redis.call('ZREM', pool .. ':owned', id)
  if redis.call('EXISTS', pool .. ':z:' .. record.lane) == 0 then
    redis.call('SREM', pool .. ':away', record.lane)
  end
end

local function stand_in_line(id, record)
  if record.state == PARKED then leave_the_parked(id, record) end
  record.state = WAITING
  redis.call('ZADD', pool .. ':q:' .. record.lane, whole(record.number), id)
  redis.call('ZADD', pool .. ':lanes', 'LT', whole(record.number), record.lane)
  keep_record(id, record)
end

local function leave_line(id, record)
  if record.state == PARKED then
    leave_the_parked(id, record)
  else
    redis.call('ZREM', pool .. ':q:' .. record.lane, id)
    refresh_lane(record.lane)
  end
end

-- Keeps its number while nobody listens for it; it does not hold up those behind.
local function park(id, record)
  record.state = PARKED
  redis.call('ZADD', pool .. ':z:' .. record.lane, whole(record.number), id)
  redis.call('SADD', pool .. ':away', record.lane)
  redis.call('ZADD', pool .. ':owned', 0, id)
  keep_record(id, record)
end

-- The blow of a refusal: frozen until then, and at that part of the limits. For the pool and a model.
local function brake_of(model)
  local until_ms, part = 0, 1
  for _, target in ipairs({'', model}) do
    local brake = brakes[target]
    if brake then
      until_ms = math.max(until_ms, brake.frozen)
      part = math.min(part, brake.part + math.max(0, now - brake.since) / 1000 * recovery)
    end
  end
  return until_ms, part
end

local function first_room(model, refs, asked)
  local frozen, part = brake_of(model)
  factor = part
  local at, by, closed = room_for(refs, asked)
  if frozen > at then at, by = frozen, 'frozen' end
  return at, by, closed
end

local function let_through(id, record, refs, at)
  take_all(refs, record, at)
  record.state, record.at = HELD, at
  keep_record(id, record)
  granted[id] = at
  redis.call('ZADD', pool .. ':exp', whole(at + record.ttl), id)
end

-- Whether a process still listens: a killed one is gone from its channel at once.
local function listens(client)
  if client == caller then return true end
  if alive[client] == nil then
    alive[client] = tonumber(redis.call('PUBSUB', 'NUMSUB', client)[2]) > 0
  end
  return alive[client]
end

local function next_ids(lane)
  local key, from = pool .. ':q:' .. lane.name, #lane.ids
  local page = redis.call('ZRANGE', key, from, from + AHEAD - 1, 'WITHSCORES')
  for place = 1, #page, 2 do
    lane.ids[#lane.ids + 1] = page[place]
    lane.numbers[#lane.ids] = tonumber(page[place + 1])
  end
end

-- The first call of a lane that somebody listens for, or nil; those before it leave the lane.
local function head_of(lane)
  while true do
    lane.place = lane.place or 1
    if lane.place > #lane.ids then next_ids(lane) end
    local id = lane.ids[lane.place]
    if not id then return nil end
    local record = record_of(id)
    if record and record.state == WAITING then
      if listens(record.client) then return id, record end
      park(id, record)
    end
    lane.place = lane.place + 1
  end
end

local function is_shut(lane, shut)
  for _, ref in ipairs(lane.refs) do
    if shut[ref] then return true end
  end
  return false
end

local function next_lane(lanes, shut)
  local best, best_tag, best_number
  for _, lane in ipairs(lanes) do
    if not lane.shut then
      if is_shut(lane, shut) or not head_of(lane) then
        lane.shut = true
      else
        local tag = math.max(flow[''], flow[lane.tenant] or 0)
        local number = lane.numbers[lane.place]
        if not best or tag < best_tag or (tag == best_tag and number < best_number) then
          best, best_tag, best_number = lane, tag, number
        end
      end
    end
  end
  return best, best_tag
end

local function tell(id, record)
  told[record.client] = told[record.client] or {}
  table.insert(told[record.client], {id, granted[id]})
end

-- Let through, in order, all that fit before the horizon.
local function serve()
  local names = redis.call('ZRANGE', pool .. ':lanes', 0, LANES_SEEN - 1)
  if #names == 0 then return end
  load_flows()
  local lanes, shut, count = {}, {}, 0
  for _, name in ipairs(names) do
    local tenant, model, refs = parts_of(name)
    lanes[#lanes + 1] =
      {name = name, tenant = tenant, model = model, refs = refs, ids = {}, numbers = {}}
  end
  while count < GRANTS do
    local lane, tag = next_lane(lanes, shut)
    if not lane then break end
    local id, record = head_of(lane)
    local too_large = too_large_for(lane.refs, record)
    local at, _, closed = first_room(lane.model, lane.refs, record)
    if too_large then
      -- Its limit was lowered while it waited.
      granted[id] = {too_large}
      drop_record(id)
      redis.call('ZREM', pool .. ':exp', id)
      tell(id, record)
    elseif at <= soon then
      let_through(id, record, lane.refs, at)
      flow[''], flow[lane.tenant] = tag, tag + record.service / (weights[lane.tenant] or 1)
      tell(id, record)
    else
      for _, ref in ipairs(closed) do shut[ref] = true end
      lane.shut = true
    end
    if granted[id] then
      lane.place, count = lane.place + 1, count + 1
      lane.served = (lane.served or 0) + record.service
    end
  end
  for _, lane in ipairs(lanes) do
    if lane.place and lane.place > 1 then
      local gone = {}
      for place = 1, lane.place - 1 do gone[place] = lane.ids[place] end
      redis.call('ZREM', pool .. ':q:' .. lane.name, unpack(gone))
      refresh_lane(lane.name)
    end
    if lane.served then count_waiting(lane.tenant, -lane.served) end
  end
  if flow then
    local fields = {}
    for tenant, finish in pairs(flow) do
      if tenant == '' or finish > flow[''] then
        fields[#fields + 1] = tenant
        fields[#fields + 1] = exact(finish)
      end
    end
    redis.call('DEL', pool .. ':flow')
    redis.call('HSET', pool .. ':flow', unpack(fields))
  end
  more = count == GRANTS
end
