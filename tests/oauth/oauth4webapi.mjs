import assert from 'node:assert/strict';
import * as oauth from 'oauth4webapi';
import { base, bearer, me, outage, server, signIn, unheardOf, wellKnown } from './server.mjs';

const client = { client_id: 'web' };
const insecure = { [oauth.allowInsecureRequests]: true };
const None = oauth.None();

const refresh = async (token, auth = None, parameters = {}) => {
    const options = { ...insecure, additionalParameters: parameters };
    const answer = await oauth.refreshTokenGrantRequest(server, client, auth, token, options);
    assert.equal(answer.headers.get('cache-control'), 'no-store');
    return oauth.processRefreshTokenResponse(server, client, answer);
};
const revoke = async (token, auth = None, parameters = {}) => {
    const options = { ...insecure, additionalParameters: parameters };
    const answer = await oauth.revocationRequest(server, client, auth, token, options);
    return oauth.processRevocationResponse(answer);
};
const introspect = async (token, auth, parameters = {}) => {
    const options = { ...insecure, additionalParameters: parameters };
    const answer = await oauth.introspectionRequest(server, client, auth, token, options);
    return oauth.processIntrospectionResponse(server, client, answer);
};
/** The error as the client reads it from the body. */
const refused = (status, error) => (thrown) => {
    assert(thrown instanceof oauth.ResponseBodyError, thrown);
    assert.deepEqual([thrown.status, thrown.error], [status, error]);
    assert.match(thrown.error_description, /^[A-Z].*\.$/);
    assert.equal(thrown.cause.code, error);
    return true;
};

// Discovery (RFC 8414): the client asks the issuer, whose requests come to this server.
const issuer = new URL('https://issuer.test');
const asked = (url, options) => {
    assert.equal(url, `${issuer.origin}${wellKnown}`);
    return fetch(base + wellKnown, options);
};
const found = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', [oauth.customFetch]: asked });
assert.deepEqual(await oauth.processDiscoveryResponse(issuer, found), server);

// The refresh grant (RFC 6749 section 6), with each way in which a client may name itself.
let pair = await signIn('ada');
for (const auth of [None, oauth.ClientSecretPost('s e&c+r=e%t'), oauth.ClientSecretBasic('s e&c+r=e%t')]) {
    for (const parameters of [{}, { scope: 'posts:read posts:write' }, { resource: 'https://api.test', unheard_of: 'x' }]) {
        const next = await refresh(pair.refresh_token, auth, parameters);
        assert.equal(next.token_type, 'bearer');
        assert.equal(next.scope, parameters.scope && 'posts:read');
        assert(next.expires_in > 800 && next.access_token && next.refresh_token !== pair.refresh_token);
        pair = next;
    }
}
await assert.rejects(refresh(unheardOf), refused(400, 'invalid_grant'));
await assert.rejects(refresh(pair.access_token), refused(400, 'invalid_grant'));
for (const [type, error] of [
    ['client_credentials', 'unsupported_grant_type'],
    ['password', 'unsupported_grant_type'],
    ['refresh_token', 'invalid_request'],
]) {
    const answer = await oauth.genericTokenEndpointRequest(server, client, None, type, { username: 'x' }, insecure);
    await assert.rejects(oauth.processGenericTokenEndpointResponse(server, client, answer), refused(400, error));
}

// The access token as a resource server reads it (RFC 9068 section 4).
const request = new Request(me, { headers: { authorization: `Bearer ${pair.access_token}` } });
const claims = await oauth.validateJwtAccessToken(server, request, 'https://api.test', insecure);
assert.deepEqual([claims.sub, claims.client_id, claims.scope], ['ada', 'web', 'posts:read']);
const answer = await oauth.protectedResourceRequest(pair.access_token, 'GET', me, undefined, undefined, insecure);
assert.equal(await answer.text(), 'ada');

// Introspection (RFC 7662).
const service = bearer((await signIn('service')).access_token);
for (const parameters of [{}, { token_type_hint: 'access_token' }, { token_type_hint: 'refresh_token' }]) {
    const state = await introspect(pair.access_token, service, parameters);
    const { iss, aud, client_id, sub, scope, jti, iat, exp, nbf } = claims;
    assert.deepEqual(state, { active: true, token_type: 'Bearer', iss, aud, client_id, sub, scope, jti, iat, exp, nbf, sid: claims.sid });
    const other = await introspect(pair.refresh_token, service, parameters);
    assert.deepEqual([other.active, other.token_type, other.aud], [true, 'N_A', 'https://api.test']);
    assert.deepEqual(await introspect(unheardOf, service, parameters), { active: false });
}
const challenged = (status, parameters) => (thrown) => {
    assert(thrown instanceof oauth.WWWAuthenticateChallengeError, thrown);
    assert.deepEqual([thrown.status, thrown.cause.length, thrown.cause[0].scheme], [status, 1, 'bearer']);
    assert.deepEqual(thrown.cause[0].parameters.error, parameters.error);
    return true;
};
await assert.rejects(introspect(unheardOf, None), challenged(401, {}));
await assert.rejects(introspect(unheardOf, oauth.ClientSecretBasic('secret')), challenged(401, {}));
await assert.rejects(introspect(unheardOf, bearer(unheardOf)), challenged(401, { error: 'invalid_token' }));
await assert.rejects(introspect(unheardOf, bearer(pair.access_token)), challenged(403, { error: 'insufficient_scope' }));

// An outage is no refusal of the token.
const down = (thrown) => {
    assert(thrown instanceof oauth.OperationProcessingError, thrown);
    assert.deepEqual([thrown.code, thrown.cause.status], [oauth.RESPONSE_IS_NOT_CONFORM, 503]);
    assert.match(thrown.cause.headers.get('retry-after'), /^[0-9]+$/);
    return true;
};
await outage(async () => {
    await assert.rejects(refresh(pair.refresh_token), down);
    await assert.rejects(introspect(pair.access_token, service), down);
});
pair = await refresh(pair.refresh_token);

// Revocation (RFC 7009): either token, with any hint, twice, or of no session.
for (const [kind, hint] of [
    ['refresh_token', undefined],
    ['access_token', undefined],
    ['refresh_token', 'access_token'],
    ['access_token', 'access_token'],
    ['access_token', 'unheard_of'],
]) {
    for (const auth of [None, oauth.ClientSecretPost('secret'), oauth.ClientSecretBasic('secret')]) {
        const pair = await signIn('bob');
        const parameters = hint ? { token_type_hint: hint } : {};
        for (let times = 0; times < 2; times += 1) {
            assert.equal(await revoke(pair[kind], auth, parameters), undefined);
        }
        assert.deepEqual(await introspect(pair.access_token, service), { active: false });
        assert.deepEqual(await introspect(pair.refresh_token, service), { active: false });
        await assert.rejects(refresh(pair.refresh_token), refused(400, 'invalid_grant'));
    }
}
await revoke(unheardOf);
assert.equal((await introspect(pair.access_token, service)).active, true);

console.log('everything was asked');
