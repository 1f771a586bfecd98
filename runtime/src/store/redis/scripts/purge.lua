-- KEYS: all sessions.
-- ARGV: now, how many at most, what the keys of records and of users start with.
local all = KEYS[1]
local now, limit, records, users = unpack(ARGV)

local expired = redis.call('ZRANGEBYSCORE', all, '-inf', now, 'LIMIT', 0, limit)
local removed = 0
for _, id in ipairs(expired) do
    local user = redis.call('HGET', records .. id, 'user')
    removed = removed + redis.call('DEL', records .. id)
    if user then
        redis.call('ZREM', users .. user, id)
    end
    redis.call('ZREM', all, id)
end
return { #expired, removed }
