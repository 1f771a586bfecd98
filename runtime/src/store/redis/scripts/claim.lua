-- Gives the turn to purge to one caller at a time, by the callers' clock. Returns whether it is the caller's.
-- KEYS: the turn.
-- ARGV: now, end of the turn, milliseconds to live of the key.
local held = redis.call('GET', KEYS[1])
if held and tonumber(held) > tonumber(ARGV[1]) then
    return 0
end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
