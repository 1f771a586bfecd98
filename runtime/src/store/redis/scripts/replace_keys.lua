-- Changes the keys of a ring. Returns 1 when they are written, and 0 when they have another version.
-- KEYS: the keys. ARGV: expected version, which is 0 where there are none; new version; document.
local version = redis.call('HGET', KEYS[1], 'version') or '0'
-- Compared as strings, because numbers of Lua are floating-point and cannot hold every version.
if version ~= ARGV[1] then
    -- The same call once more: a connection to a cluster repeats a call whose answer was lost.
    return version == ARGV[2] and redis.call('HGET', KEYS[1], 'document') == ARGV[3] and 1 or 0
end
redis.call('HSET', KEYS[1], 'version', ARGV[2], 'document', ARGV[3])
return 1
