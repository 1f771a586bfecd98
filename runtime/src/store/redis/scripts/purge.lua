-- Removes those of some sessions that have ended. Returns how many entries are still due, and identifier and user of each session
-- that was removed.
-- KEYS: the ends of all sessions under the tag, the records.
-- ARGV: now, the identifiers.
local ends, now = KEYS[1], tonumber(ARGV[1])

local function is_refused(answer)
    return type(answer) == 'table' and answer.err ~= nil
end

local still_due, removed = 0, {}
for number = 2, #KEYS do
    local record, id = KEYS[number], ARGV[number]
    local ends_at, user = unpack(redis.call('HMGET', record, 'end', 'user'))
    if not ends_at then
        -- The record expired by itself, or was removed.
        redis.call('ZREM', ends, id)
    elseif tonumber(ends_at) <= now then
        redis.call('DEL', record)
        redis.call('ZREM', ends, id)
        removed[#removed + 1] = { id, user or '' }
    else
        -- The session was prolonged since it got this entry. When memory is full, the entry stays where it is.
        if is_refused(redis.pcall('HSET', record, 'due', ends_at))
            or is_refused(redis.pcall('ZADD', ends, ends_at, id)) then
            still_due = still_due + 1
        end
    end
end
return { still_due, removed }
