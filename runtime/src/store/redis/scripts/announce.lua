-- Adds an entry to the log of endings, and removes up to ten that are too old.
-- KEYS: the log.
-- ARGV: until when the entry is needed, the endings, milliseconds for which an entry is kept at most.
local log, kept = KEYS[1], ARGV[3]

local id = redis.call('XADD', log, '*', 'until', ARGV[1], 'endings', ARGV[2])
redis.call('PEXPIRE', log, kept)
local oldest = string.format('%.0f', tonumber(string.match(id, '^%d+')) - tonumber(kept))
for _, entry in ipairs(redis.call('XRANGE', log, '-', oldest, 'COUNT', 10)) do
    redis.call('XDEL', log, entry[1])
end
return id
