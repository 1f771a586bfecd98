// What the scripts know of the server under test.
import assert from 'node:assert/strict';

export const base = process.argv[2];
export const wellKnown = '/.well-known/oauth-authorization-server';

/** What the server says about itself (RFC 8414). */
export const server = await (await fetch(base + wellKnown)).json();
assert.deepEqual(server, {
    issuer: 'https://issuer.test',
    jwks_uri: `${base}/.well-known/jwks.json`,
    token_endpoint: `${base}/auth/refresh`,
    token_endpoint_auth_methods_supported: ['none'],
    grant_types_supported: ['refresh_token'],
    response_types_supported: [],
    revocation_endpoint: `${base}/auth/logout`,
    revocation_endpoint_auth_methods_supported: ['none'],
    introspection_endpoint: `${base}/auth/introspect`,
    introspection_endpoint_auth_methods_supported: ['Bearer'],
});

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

/** A client that authenticates with an access token of its own. */
export const bearer = (token) => (_server, _client, _body, headers) => {
    headers.set('authorization', `Bearer ${token}`);
};

export const unheardOf = 'bm90LW91cnM.bm90LW91cnM.bm90LW91cnM';
