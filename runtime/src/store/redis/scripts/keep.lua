-- Writes a record and its index entries. The scripts that call `keep` follow in the same text.
-- KEYS: the record, the sessions of its user, all sessions.
-- ARGV: identifier, version, user, data, end, milliseconds to live, prefix of the keys of records, time of authentication.
local record, indexes = KEYS[1], { KEYS[2], KEYS[3] }
local id, version, user, data, ends_at, ttl, records, authenticated_at = unpack(ARGV, 1, 8)

-- The entries of expired records stay in an index. Each write removes up to two of them, so that an index cannot grow for ever.
local function drop_expired(index)
    for _, oldest in ipairs(redis.call('ZRANGE', index, 0, 1)) do
        if redis.call('EXISTS', records .. oldest) == 0 then
            redis.call('ZREM', index, oldest)
        end
    end
end

local function keep()
    -- A script is not rolled back, so it has to fail before its first write: a key of the wrong type fails here, and full memory
    -- at the HSET.
    for _, index in ipairs(indexes) do
        redis.call('ZCARD', index)
    end
    redis.call('HSET', record, 'version', version, 'user', user, 'data', data, 'authenticated_at', authenticated_at)
    redis.call('PEXPIRE', record, ttl)
    for _, index in ipairs(indexes) do
        redis.call('ZADD', index, ends_at, id)
        -- An index lives at least as long as the records that it names.
        if redis.call('PTTL', index) < tonumber(ttl) then
            redis.call('PEXPIRE', index, ttl)
        end
        drop_expired(index)
    end
end
