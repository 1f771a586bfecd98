import assert from 'node:assert/strict';
import { createRemoteJWKSet, customFetch, decodeProtectedHeader, jwtVerify } from 'jose';

const base = process.argv[2];
const [minute, hour, day] = [60, 3600, 24 * 3600];
const [ttl, leeway] = [15 * minute, minute];

const post = async (path) => {
    const answer = await fetch(base + path, { method: 'POST' });
    assert.equal(answer.status, 200);
    return answer;
};

// The client keeps the set by this clock.
let now = 0;
Date.now = () => now * 1000;
const advance = async (seconds) => {
    now = Number(await (await post(`/advance/${seconds}`)).text());
};
await advance(0);
const start = now;

let fetches = 0;
const counted = (...request) => {
    fetches += 1;
    return fetch(...request);
};
const keys = createRemoteJWKSet(new URL(`${base}/.well-known/jwks.json`), { [customFetch]: counted });

/** Tokens that have not expired, each with its end. */
let issued = [];
const signed = new Map();
let verified = 0;

while (now < start + 366 * day) {
    const { access_token: token } = await (await post('/login/ada')).json();
    const { kid } = decodeProtectedHeader(token);
    if (!signed.has(kid)) signed.set(kid, now);
    issued.push({ token, ends: now + ttl });
    issued = issued.filter(({ ends }) => now < ends + leeway);
    for (const { token } of issued) {
        const options = { issuer: 'https://issuer.test', audience: 'https://api.test', typ: 'at+jwt', algorithms: ['ES256'] };
        await jwtVerify(token, keys, { ...options, clockTolerance: leeway, currentDate: new Date(now * 1000) });
        verified += 1;
    }
    // Minutes around each change and the end of each retired key, and else a quarter of a day.
    const since = (now - start) % (90 * day);
    const isNear = now > start + 80 * day && (since < 30 * minute || since >= 90 * day - 20 * minute);
    const toWindow = 90 * day - 20 * minute - since;
    await advance(isNear ? minute : Math.min(6 * hour, toWindow > 0 ? toWindow : minute));
}
assert.equal(signed.size, 5);
assert.deepEqual([...signed.values()].map((from) => Math.round((from - start) / day)), [0, 90, 180, 270, 360]);
assert(verified > 3000, verified);
// One for each time that the set was older than ten minutes, and none because a key was unknown.
assert(fetches < 1600, fetches);
console.log('everything was asked');
