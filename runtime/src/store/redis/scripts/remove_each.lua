-- Removes records. Returns for each one the name of its user, or nothing if it did not exist.
-- KEYS: the records.
local users = {}
for number, record in ipairs(KEYS) do
    local user = redis.call('HGET', record, 'user')
    users[number] = redis.call('DEL', record) == 1 and (user or '')
end
return users
