
-- Returns whether the identifier was free.
if redis.call('EXISTS', record) == 1 then
    return 0
end
keep()
return 1
