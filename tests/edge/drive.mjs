// node drive.mjs FOLDER COMMAND...: runs the Worker of examples/worker from FOLDER under miniflare, signs in, refreshes, lists and revokes,
// restarts it, and runs COMMAND, which finds the address of the objects in the variable OBJECTS.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Miniflare } from 'miniflare';

const [folder, ...command] = process.argv.slice(2);
const password = 'a password of a test';
const kept = await mkdtemp(path.join(tmpdir(), 'countersign-worker-'));

// The shim that worker-build puts around the output of wasm-bindgen, less the recovery from panics: here a panic is a failure.
const shim = `
import { WorkerEntrypoint } from 'cloudflare:workers';
import * as worker from './index.js';
export const CountersignSessions = worker.CountersignSessions;
export default class extends WorkerEntrypoint {
    fetch(request) { return worker.fetch.call(this, request, this.env, this.ctx); }
}`;
// Objects that do not answer.
const silent = shim.replace('worker.CountersignSessions', 'class { fetch() { return new Promise((resolve) => setTimeout(resolve, 60_000)); } }');
// Lets the conformance suite ask the objects of the Worker, which are not to be reached from outside.
const door = `
export default {
    fetch(request, env) {
        const name = decodeURIComponent(new URL(request.url).pathname.slice(1));
        return env.SESSIONS.get(env.SESSIONS.idFromName(name)).fetch(request);
    },
}`;
const compatibilityDate = '2026-04-01';
const sessions = { className: 'CountersignSessions', useSQLite: true };

const files = await readdir(folder, { recursive: true });
const modules = await Promise.all(
    files.filter((file) => /\.(js|wasm)$/.test(file)).map(async (file) => ({
        type: file.endsWith('.js') ? 'ESModule' : 'CompiledWasm',
        path: path.join(folder, file),
        contents: await readFile(path.join(folder, file), file.endsWith('.js') ? 'utf8' : null),
    })),
);

// `purgeEvery`: the seconds between two alarms of an object.
const start = async (purgeEvery = 3600, entry = shim) => {
    const code = {
        compatibilityDate,
        modulesRoot: folder,
        modules: [{ type: 'ESModule', path: path.join(folder, 'shim.js'), contents: entry }, ...modules],
        bindings: {
            ACCESS_SECRET: 'Yk3mPq8ZtRw1xVb7Nc5LdHs2JfGu9aEo',
            REFRESH_SECRET: 'Qe7TzXn4Wb9KsMv2RjYc6PhLd8GfUa3i',
            PASSWORD: password,
            COUNTERSIGN_PURGE_EVERY: `${purgeEvery}`,
        },
        kvNamespaces: ['ENDED'],
    };
    const ofTheFirst = { SESSIONS: { ...sessions, scriptName: 'example' } };
    const direct = { unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }] };
    const worker = new Miniflare({
        cf: false,
        durableObjectsPersist: path.join(kept, 'objects'),
        kvPersist: path.join(kept, 'kv'),
        workers: [
            { name: 'example', ...code, durableObjects: { SESSIONS: sessions } },
            // The same Worker in an isolate of its own, with the objects of the first.
            { name: 'second', ...code, durableObjects: ofTheFirst, ...direct },
            { name: 'door', compatibilityDate, modules: true, script: door, durableObjects: ofTheFirst, ...direct },
        ],
    });
    await worker.ready;
    return worker;
};

let worker = await start();
const call = async (method, url, { token, json, to } = {}) => {
    const headers = {};
    if (token) headers.authorization = `Bearer ${token}`;
    if (json) headers['content-type'] = 'application/json';
    const request = { method, headers, body: json && JSON.stringify(json) };
    const answer = await (to ? fetch(new URL(url, to), request) : worker.dispatchFetch(`https://worker.test${url}`, request));
    const text = await answer.text();
    return { status: answer.status, body: /json/.test(answer.headers.get('content-type') ?? '') ? JSON.parse(text) : text };
};
const status = async (...request) => (await call(...request)).status;
const signIn = async (name = 'ada') => {
    const { status, body } = await call('POST', '/login', { json: { name, password } });
    assert.equal(status, 200, JSON.stringify(body));
    return body;
};
const refresh = ({ refresh_token }, to) => call('POST', '/refresh', { json: { refresh_token }, to });
const refused = async (answer) => {
    const { status, body } = await answer;
    assert.deepEqual([status, body.error], [400, 'invalid_grant']);
};
const sessionOf = ({ access_token }) => JSON.parse(Buffer.from(access_token.split('.')[1], 'base64url')).sid;
const list = async ({ access_token }) => {
    const { status, body } = await call('GET', '/sessions', { token: access_token });
    assert.equal(status, 200, JSON.stringify(body));
    return body.sessions;
};

const suite = async (...filter) => {
    const { origin } = await worker.unsafeGetDirectURL('door');
    const tests = spawn(command[0], [...command.slice(1), '--', ...filter], { stdio: 'inherit', env: { ...process.env, OBJECTS: origin } });
    const code = await new Promise((resolve) => tests.on('close', resolve));
    assert.equal(code, 0, 'a test of the suite failed');
};

const cases = {
    async 'sign in, and guarded routes'() {
        const { access_token: token } = await signIn();
        assert.equal(await status('GET', '/me'), 401);
        assert.equal(await status('GET', '/me', { token: `${token}x` }), 401);
        assert.deepEqual(await call('GET', '/me', { token }), { status: 200, body: { name: 'ada' } });
        assert.deepEqual(await call('GET', '/me/now', { token }), { status: 200, body: { name: 'ada' } });
        assert.equal(await status('POST', '/login', { json: { name: 'ada', password: 'wrong' } }), 401);
    },

    // The tokens are of now, so the clock of the Worker is.
    async 'the clock'() {
        const { access_token } = await signIn();
        const { iat } = JSON.parse(Buffer.from(access_token.split('.')[1], 'base64url'));
        assert(Math.abs(iat - Date.now() / 1000) < 60, `issued at ${iat}`);
    },

    async 'the document'() {
        const { status, body } = await call('GET', '/openapi.json');
        assert.equal(status, 200);
        assert.equal(body.openapi, '3.1.0');
        for (const path of ['/login', '/me', '/me/now', '/refresh', '/sessions']) assert(body.paths[path], path);
        assert(body.paths['/me'].get.responses['401'] && body.paths['/me'].get.security);
    },

    async 'refresh, and the replay of an old token'() {
        const first = await signIn();
        const second = await refresh(first);
        assert.equal(second.status, 200);
        const third = await refresh(second.body);
        assert.equal(third.status, 200);
        assert.equal(await status('GET', '/me/now', { token: third.body.access_token }), 200);
        // A copy of it is in use, so the session ends.
        await refused(refresh(first));
        await refused(refresh(third.body));
        assert.equal(await status('GET', '/me/now', { token: third.body.access_token }), 401);
    },

    async '100 parallel refreshes have one successor'() {
        const first = await signIn();
        const answers = await Promise.all(Array.from({ length: 100 }, () => refresh(first)));
        const wrong = answers.filter(({ status }) => status !== 200);
        assert.deepEqual(wrong, []);
        assert.equal(new Set(answers.map(({ body }) => body.refresh_token)).size, 1);
        assert.equal((await refresh(answers[0].body)).status, 200);
    },

    async 'list and revoke'() {
        const pairs = [];
        for (let number = 0; number < 3; number++) pairs.push(await signIn('ada of the list'));
        const ids = pairs.map(sessionOf);
        assert.deepEqual((await list(pairs[0])).map(({ id }) => id), [...ids].reverse());
        assert.equal(await status('DELETE', `/sessions/${ids[2]}`, { token: pairs[0].access_token }), 204);
        await refused(refresh(pairs[2]));
        assert.equal(await status('GET', '/me/now', { token: pairs[2].access_token }), 401);
        assert.deepEqual((await list(pairs[0])).map(({ id }) => id), [ids[1], ids[0]]);
        assert.equal(await status('DELETE', '/sessions', { token: pairs[0].access_token }), 204);
        assert.deepEqual((await list(pairs[0])).map(({ id }) => id), [ids[0]]);
        // Those of another user are not in reach.
        const other = await signIn('ada of another list');
        assert.equal(await status('DELETE', `/sessions/${ids[0]}`, { token: other.access_token }), 404);
        assert.equal((await refresh(pairs[0])).status, 200);
    },

    // Row 163, and row 160: both have one salt.
    async 'two isolates see the same sessions, and what one ends is refused by the other'() {
        const to = await worker.unsafeGetDirectURL('second');
        const first = await signIn('ada of two isolates');
        const { body: second } = await call('POST', '/login', { json: { name: 'ada of two isolates', password }, to });
        assert.deepEqual((await list(first)).map(({ id }) => id), [second, first].map(sessionOf));
        assert.equal(await status('GET', '/me/now', { token: first.access_token, to }), 200);

        const answers = await Promise.all(Array.from({ length: 100 }, (_, number) => refresh(first, number % 2 ? to : undefined)));
        assert.deepEqual(answers.filter(({ status }) => status !== 200), []);
        const tokens = new Set(answers.map(({ body }) => body.refresh_token));
        assert.equal(tokens.size, 1);

        assert.equal(await status('POST', '/logout', { token: first.access_token }), 204);
        assert.equal(await status('GET', '/me/now', { token: first.access_token, to }), 401);
        assert.equal(await status('GET', '/me/now', { token: second.access_token, to }), 200);
        assert.equal(await status('POST', '/logout-all', { token: second.access_token, to }), 204);
        assert.equal(await status('GET', '/me/now', { token: second.access_token }), 401);
    },

    async 'what has ended is in Workers KV, and nothing else is'() {
        const entries = await worker.getKVNamespace('ENDED', 'example');
        const [gone, live] = [await signIn(), await signIn()];
        assert.equal(await status('POST', '/logout', { token: gone.access_token }), 204);
        const key = ({ access_token }) => `countersign:ended:${sessionOf({ access_token })}`;
        assert.equal(await entries.get(key(gone)), 'ended');
        const { keys } = await entries.list({ prefix: key(gone) });
        assert(keys[0].expiration - Date.now() / 1000 > 60, JSON.stringify(keys));
        assert.equal(await status('GET', '/me/now', { token: gone.access_token }), 401);

        // An entry that is not ours says nothing and is removed.
        await entries.put(key(live), '');
        assert.equal(await status('GET', '/me/now', { token: live.access_token }), 200);
        assert.equal(await entries.get(key(live)), null);
        // One that is ours is believed, which is how we see that it is read at all.
        await entries.put(key(live), 'ended');
        assert.equal(await status('GET', '/me/now', { token: live.access_token }), 401);
        for (const { name } of (await entries.list()).keys) assert.match(name, /^countersign:ended:[\w-]{22}$/);
    },

    async 'sessions survive a restart, and endings too'() {
        const [live, gone] = [await signIn('ada of before'), await signIn('ada of before')];
        assert.equal(await status('POST', '/logout', { token: gone.access_token }), 204);
        await worker.dispose();
        worker = await start();
        assert.deepEqual((await list(live)).map(({ id }) => id), [sessionOf(live)]);
        assert.equal(await status('GET', '/me/now', { token: gone.access_token }), 401);
        await refused(refresh(gone));
        const next = await refresh(live);
        assert.equal(next.status, 200);
        // The salt has survived as well: a new session is beside the old one.
        await signIn('ada of before');
        assert.equal((await list(next.body)).length, 2);
    },

    async 'objects that do not answer are a 503, and what needs none goes on'() {
        const live = await signIn();
        await worker.dispose();
        worker = await start(3600, silent);
        const begin = performance.now();
        assert.deepEqual(await Promise.all([
            status('GET', '/me', { token: live.access_token }),
            status('GET', '/me/now', { token: live.access_token }),
            refresh(live).then(({ status }) => status),
        ]), [200, 503, 503]);
        const waited = performance.now() - begin;
        assert(waited > 4_500 && waited < 20_000, `${waited} ms`);
        await worker.dispose();
        worker = await start();
        // Nothing was consumed.
        assert.equal((await refresh(live)).status, 200);
    },

    async 'the conformance suite, through HTTP'() {
        await suite('--skip', 'an_object_purges_itself');
    },

    // Alone, since the suite has times of its own, which for an object are long past.
    async 'an alarm that purges'() {
        await worker.dispose();
        worker = await start(1);
        await suite('--exact', 'an_object_purges_itself');
    },
};

let failed = 0;
for (const [name, run] of Object.entries(cases)) {
    const begin = performance.now();
    try {
        await run();
        console.log(`ok      ${name} (${Math.round(performance.now() - begin)} ms)`);
    } catch (error) {
        failed++;
        console.log(`FAILED  ${name}\n${error.stack}`);
    }
}
await worker.dispose();
await rm(kept, { recursive: true });
if (failed) process.exit(1);
console.log(`\nall passed: ${Object.keys(cases).length} cases of a Worker`);
