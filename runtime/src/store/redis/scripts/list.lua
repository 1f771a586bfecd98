-- Returns the fields of every record of a user, and removes the entries whose record has expired.
-- KEYS: the sessions of the user.
-- ARGV: prefix of the keys of records.
local of_user, records = KEYS[1], ARGV[1]

local found = {}
for _, id in ipairs(redis.call('ZRANGE', of_user, 0, -1)) do
    local fields = redis.call('HMGET', records .. id, 'version', 'user', 'data', 'authenticated_at')
    if fields[1] or fields[2] or fields[3] or fields[4] then
        found[#found + 1] = fields
    else
        redis.call('ZREM', of_user, id)
    end
end
return found
