-- One call: what is void goes, the operations in their order, then whoever can go, then all is written.

-- What is void: reservations whose call died, and waiting calls nobody asked for again.
local function expire()
  local void = redis.call('ZRANGEBYSCORE', pool .. ':exp', '-inf', whole(now), 'LIMIT', 0, 50)
  for _, id in ipairs(void) do
    local record = record_of(id)
    redis.call('ZREM', pool .. ':exp', id)
    if record and record.state == HELD then
      local _, _, refs = parts_of(record.lane)
      settle_counters(refs, record, asked_of(record.requests, 0), record.at)
      record.state = EXPIRED
      keep_record(id, record)
      redis.call('ZADD', pool .. ':exp', whole(now + LATE_MS), id)
    elseif record then
      if record.state ~= EXPIRED then
        leave_line(id, record)
        count_waiting(parts_of(record.lane), -record.service)
      end
      drop_record(id)
    end
  end
end

local function write_records()
  local set, gone = {}, {}
  for id in pairs(changed) do
    local record = records[id]
    if record then
      set[#set + 1] = id
      set[#set + 1] = cmsgpack.pack(record)
    else
      gone[#gone + 1] = id
    end
  end
  if #set > 0 then redis.call('HSET', pool .. ':rec', unpack(set)) end
  if #gone > 0 then redis.call('HDEL', pool .. ':rec', unpack(gone)) end
end

local function read_all_records(given)
  local ids = {}
  for _, operation in ipairs(given) do
    if type(operation[2]) == 'string' then ids[#ids + 1] = operation[2] end
  end
  if #ids == 0 then return end
  local packed = redis.call('HMGET', pool .. ':rec', unpack(ids))
  for place, id in ipairs(ids) do
    records[id] = packed[place] and cmsgpack.unpack(packed[place])
  end
end

local function run(given)
  local answers = {}
  read_all_records(given)
  expire()
  for place, operation in ipairs(given) do
    local name = operation[1]
    answers[place] = operations[name](unpack(operation, 2)) or false
  end
  serve()
  for place, operation in ipairs(given) do
    if operation[1] == 'take' then
      answers[place] = answer_take(operation[2], operation[7])
    elseif operation[1] == 'left' then
      answers[place] = left_of(operation[2])
    elseif operation[1] == 'turn' or operation[1] == 'again' then
      local id = operation[2]
      local record = record_of(id)
      local known = granted[id] or record and record.state ~= EXPIRED
      if record and record.state == HELD then granted[id] = record.at end
      answers[place] = known and answer_take(id, math.huge) or {'unknown'}
    end
  end
  write_records()
  write_counters()
  for client, calls in pairs(told) do
    if client ~= caller then
      redis.call('PUBLISH', client, cjson.encode({pool, calls}))
    end
  end
  local missing = {}
  for ref in pairs(restore) do missing[#missing + 1] = ref end
  local frozen = {}
  for model, brake in pairs(brakes) do
    if brake.frozen > now then frozen[model] = brake.frozen end
  end
  return cjson.encode({now, generation, answers, told[caller] or {}, missing, more, frozen})
end

return run(cjson.decode(ARGV[3]))
