-- Removes every record of a user except one. Returns how many records existed.
-- KEYS: the sessions of the user, all sessions.
-- ARGV: prefix of the keys of records, the identifier of the exception or an empty string.
local of_user, all = KEYS[1], KEYS[2]
local records, spared = unpack(ARGV)

-- A script is not rolled back, so a key of the wrong type has to fail here, before the first removal.
redis.call('ZCARD', all)
local removed = 0
for _, id in ipairs(redis.call('ZRANGE', of_user, 0, -1)) do
    if id ~= spared then
        removed = removed + redis.call('DEL', records .. id)
        redis.call('ZREM', all, id)
        redis.call('ZREM', of_user, id)
    end
end
return removed
