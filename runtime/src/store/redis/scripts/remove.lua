-- Removes one record and its index entries. Returns whether the record existed.
-- KEYS: the record, all sessions.
-- ARGV: identifier, prefix of the keys of users.
local record, all = KEYS[1], KEYS[2]
local id, users = unpack(ARGV)

local user = redis.call('HGET', record, 'user')
-- First the record: the session ends even if an index has the wrong type.
local removed = redis.call('DEL', record)
redis.call('ZREM', all, id)
if user then
    redis.call('ZREM', users .. user, id)
end
return removed
