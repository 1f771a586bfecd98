-- KEYS: the sessions of the user, all sessions.
-- ARGV: what the keys of records start with, the identifier that is spared or nothing.
local of_user, all = KEYS[1], KEYS[2]
local records, spared = unpack(ARGV)

-- A script is not rolled back. A key of the wrong type fails here.
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
