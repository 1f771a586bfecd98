-- Adds a record and its index entries. Returns its sequence, or nothing when the identifier is taken.
-- KEYS: the record, the sessions of its user, the ends of all sessions under the tag, the last sequence under the tag.
-- ARGV: identifier, version, name of the user, what stays, what changes, end, until when this write keeps the record, milliseconds to live
-- of the record and of indexes, prefix of the keys of records, and two numbers that say where to look for entries without a record.
local record, of_user, ends, last_sequence = unpack(KEYS)
local id, version, user, data, state, ends_at, kept, ttl, index_ttl, records = unpack(ARGV, 1, 10)

if redis.call('EXISTS', record) == 1 then
    -- The same call once more: a connection to a cluster repeats a call whose answer was lost.
    if redis.call('HGET', record, 'state') == state then
        return tonumber(redis.call('HGET', record, 'sequence'))
    end
    return false
end
-- A script is not rolled back, so it has to fail before its first write: a key of the wrong type fails here, and full memory at
-- the INCR.
redis.call('ZCARD', of_user)
redis.call('ZCARD', ends)
local sequence = redis.call('INCR', last_sequence)
redis.call('HSET', record, 'version', version, 'user', user, 'sequence', sequence, 'data', data, 'state', state,
    'end', ends_at, 'due', ends_at, 'kept', kept)
redis.call('PEXPIRE', record, ttl)
redis.call('ZADD', of_user, sequence, id)
redis.call('ZADD', ends, ends_at, id)
for _, index in ipairs({ of_user, ends }) do
    -- An index lives at least as long as the records that it names.
    if redis.call('PTTL', index) < tonumber(index_ttl) then
        redis.call('PEXPIRE', index, index_ttl)
    end
    -- The entries of records that expired by themselves stay in an index. Each call removes up to two of them, at random places,
    -- so that an index does not grow for ever and sessions that live long hide no others. The names of these records are not
    -- declared. They are in the same slot. While a slot moves to another node, a record that is not here may be there; this
    -- script does not run then, since its own record is on neither node.
    for place = 11, 12 do
        local size = redis.call('ZCARD', index)
        local rank = tonumber(ARGV[place]) % size
        local other = redis.call('ZRANGE', index, rank, rank)[1]
        if redis.call('EXISTS', records .. other) == 0 then
            redis.call('ZREM', index, other)
        end
    end
end
return sequence
