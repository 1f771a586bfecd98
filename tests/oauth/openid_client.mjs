import assert from 'node:assert/strict';
import * as client from 'openid-client';
import { bearer, me, outage, server, signIn, unheardOf } from './server.mjs';

/** The client, with a way to say who it is. */
const configured = (auth) => {
    const config = new client.Configuration(server, 'web', undefined, auth);
    client.allowInsecureRequests(config);
    return config;
};
/** The error as the client reads it from the body. */
const refused = (error) => (thrown) => {
    assert(thrown instanceof client.ResponseBodyError, thrown);
    assert.deepEqual([thrown.status, thrown.error], [400, error]);
    return true;
};

const service = configured(bearer((await signIn('service')).access_token));
const open = configured();
for (const config of [open, configured(client.ClientSecretPost('secret')), configured(client.ClientSecretBasic('secret'))]) {
    const first = await signIn('ada');
    const second = await client.refreshTokenGrant(config, first.refresh_token);
    const third = await client.refreshTokenGrant(config, second.refresh_token, { scope: 'posts:read admin' });
    assert(third.expiresIn() > 800);
    const answer = await client.fetchProtectedResource(config, third.access_token, me, 'GET');
    assert.equal(await answer.text(), 'ada');

    const state = await client.tokenIntrospection(service, third.access_token, { token_type_hint: 'access_token' });
    assert.deepEqual([state.active, state.client_id, state.aud, state.sub], [true, 'web', 'https://api.test', 'ada']);
    assert.deepEqual(await client.tokenIntrospection(service, second.refresh_token), { active: false });

    await client.tokenRevocation(config, third.refresh_token, { token_type_hint: 'refresh_token' });
    await client.tokenRevocation(config, third.refresh_token);
    await client.tokenRevocation(config, unheardOf);
    assert.deepEqual(await client.tokenIntrospection(service, third.access_token), { active: false });
    await assert.rejects(client.refreshTokenGrant(config, third.refresh_token), refused('invalid_grant'));
    await assert.rejects(client.refreshTokenGrant(config, unheardOf), refused('invalid_grant'));
    await assert.rejects(client.clientCredentialsGrant(config), refused('unsupported_grant_type'));
    await assert.rejects(client.genericGrantRequest(config, 'password', { username: 'x' }), refused('unsupported_grant_type'));
}

await assert.rejects(client.tokenIntrospection(open, unheardOf), (thrown) => {
    assert(thrown instanceof client.WWWAuthenticateChallengeError, thrown);
    return thrown.status === 401;
});
const pair = await signIn('ada');
await outage(async () => {
    await assert.rejects(client.refreshTokenGrant(open, pair.refresh_token), (thrown) => {
        assert(thrown instanceof client.ClientError, thrown);
        return thrown.cause.status === 503;
    });
});
await client.refreshTokenGrant(open, pair.refresh_token);

console.log('everything was asked');
