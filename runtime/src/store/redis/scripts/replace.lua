-- Changes a record. Returns 1 when it is written, 0 when it is gone or has another version, and 2 when it would end before the
-- purge looks at it, which takes the second key.
-- KEYS: the record, and perhaps the ends of all sessions under the tag.
-- ARGV: expected version, new version, what changes, end, milliseconds to live, identifier.
local record, ends = KEYS[1], KEYS[2]
local expected, version, state, ends_at, ttl, id = unpack(ARGV)

local stored = redis.call('HMGET', record, 'version', 'due')
-- Compared as strings, because numbers of Lua are floating-point and cannot hold every version.
if stored[1] ~= expected then
    -- The same call once more: a connection to a cluster repeats a call whose answer was lost.
    return stored[1] == version and redis.call('HGET', record, 'state') == state and 1 or 0
end
-- A rotation moves the end to a later time, and the purge then moves the entry. So a rotation writes this one key.
if tonumber(ends_at) < tonumber(stored[2]) then
    if not ends then
        return 2
    end
    redis.call('ZADD', ends, ends_at, id)
    redis.call('HSET', record, 'due', ends_at)
end
redis.call('HSET', record, 'version', version, 'state', state, 'end', ends_at)
redis.call('PEXPIRE', record, ttl)
return 1
