// What the scripts know of the server under test.
import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';

const [base, publicKey] = process.argv.slice(2);

export const server = {
    issuer: 'https://issuer.test',
    token_endpoint: `${base}/auth/refresh`,
    revocation_endpoint: `${base}/auth/logout`,
    introspection_endpoint: `${base}/auth/introspect`,
    jwks_uri: 'https://issuer.test/jwks',
};

/** Tokens of a user. */
export async function signIn(name) {
    const answer = await fetch(`${base}/login/${name}`, { method: 'POST' });
    assert.equal(answer.status, 200);
    return answer.json();
}

/** Runs `during` while the store of the server does not answer. */
export async function outage(during) {
    await fetch(`${base}/outage/read`, { method: 'POST' });
    try {
        await during();
    } finally {
        await fetch(`${base}/outage/end`, { method: 'POST' });
    }
}

export const me = new URL(`${base}/me`);

/** The key set of the server, from whatever address. */
export async function keySet() {
    const key = createPublicKey(publicKey).export({ format: 'jwk' });
    const body = JSON.stringify({ keys: [{ ...key, kid: 'k1', alg: 'ES256', use: 'sig' }] });
    return new Response(body, { headers: { 'content-type': 'application/json' } });
}

/** A client that authenticates with an access token of its own. */
export const bearer = (token) => (_server, _client, _body, headers) => {
    headers.set('authorization', `Bearer ${token}`);
};

export const unheardOf = 'bm90LW91cnM.bm90LW91cnM.bm90LW91cnM';
