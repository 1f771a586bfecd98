-- Removes sessions that have ended. Returns how many entries were found and how many records were removed; fewer entries than
-- the limit mean that none is left. The numbers differ where a record had expired by itself.
-- KEYS: all sessions.
-- ARGV: now, limit, prefixes of the keys of records and of users.
local all = KEYS[1]
local now, limit, records, users = unpack(ARGV)

local expired = redis.call('ZRANGEBYSCORE', all, '-inf', now, 'LIMIT', 0, limit)
local removed = 0
for _, id in ipairs(expired) do
    -- The index of the user is found through the record. If that has expired, the entry there goes with a later write.
    local user = redis.call('HGET', records .. id, 'user')
    removed = removed + redis.call('DEL', records .. id)
    if user then
        redis.call('ZREM', users .. user, id)
    end
    redis.call('ZREM', all, id)
end
return { #expired, removed }
