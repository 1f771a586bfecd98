-- KEYS: the record, all sessions.
-- ARGV: identifier, what the keys of users start with.
local record, all = KEYS[1], KEYS[2]
local id, users = unpack(ARGV)

local user = redis.call('HGET', record, 'user')
-- The session ends even if an index turns out to be damaged.
local removed = redis.call('DEL', record)
redis.call('ZREM', all, id)
if user then
    redis.call('ZREM', users .. user, id)
end
return removed
