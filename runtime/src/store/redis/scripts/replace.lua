
-- Compared as strings, because numbers of Lua are floating-point and cannot hold every version.
if redis.call('HGET', record, 'version') ~= ARGV[9] then
    return 0
end
keep()
return 1
