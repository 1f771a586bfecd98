-- Removes the first entries of the log that are no longer needed. Returns how many.
-- KEYS: the log.
-- ARGV: now, how many at most.
local log, now = KEYS[1], tonumber(ARGV[1])

local removed = 0
for _, entry in ipairs(redis.call('XRANGE', log, '-', '+', 'COUNT', ARGV[2])) do
    local fields = entry[2]
    if tonumber(fields[2]) > now then
        break
    end
    removed = removed + redis.call('XDEL', log, entry[1])
end
return removed
