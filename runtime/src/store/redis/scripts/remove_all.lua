-- Removes the records of a user. Returns how many existed, or nothing when the sessions of the user have changed since they were read.
-- KEYS: the sessions of the user, the records.
-- ARGV: the newest session that was read.
if redis.call('ZREVRANGE', KEYS[1], 0, 0)[1] ~= ARGV[1] then
    return false
end
local removed = 0
-- Lua limits the length of the list that `unpack` makes.
for first = 2, #KEYS, 1000 do
    removed = removed + redis.call('DEL', unpack(KEYS, first, math.min(first + 999, #KEYS)))
end
return removed
