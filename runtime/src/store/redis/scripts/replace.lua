-- Changes a record. Returns 1 when it is written, 0 when it is gone or has another version, and 2 when it would end before the
-- purge looks at it, which takes the second key.
-- KEYS: the record, and perhaps the ends of all sessions under the tag.
-- ARGV: expected version, new version, what changes, end, until when this write keeps the record, milliseconds to live, identifier.
local record = KEYS[1]

local stored = redis.call('HMGET', record, 'version', 'due', 'kept')
-- Compared as strings, because numbers of Lua are floating-point and cannot hold every version.
if stored[1] ~= ARGV[1] then
    -- The same call once more: a connection to a cluster repeats a call whose answer was lost.
    return stored[1] == ARGV[2] and redis.call('HGET', record, 'state') == ARGV[3] and 1 or 0
end
local ends_at = tonumber(ARGV[4])
-- A rotation moves the end to a later time, and the purge then moves the entry. So a rotation writes this one key.
if ends_at < tonumber(stored[2]) then
    if not KEYS[2] then
        return 2
    end
    redis.call('ZADD', KEYS[2], ARGV[4], ARGV[7])
    redis.call('HSET', record, 'due', ARGV[4])
end
redis.call('HSET', record, 'version', ARGV[2], 'state', ARGV[3], 'end', ARGV[4])
if ends_at > tonumber(stored[3]) then
    redis.call('HSET', record, 'kept', ARGV[5])
    redis.call('PEXPIRE', record, ARGV[6])
end
return 1
