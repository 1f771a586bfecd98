// What a client of the provider does: the code flow of a user without a browser, and client credentials.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';

export const redirectUri = 'http://127.0.0.1:1/signed-in';

/** A visitor's browser, as far as cookies and redirects go. */
class Visitor {
    #cookies = new Map();

    async send(url, options = {}) {
        const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
        const answer = await fetch(url, { ...options, headers: { cookie }, redirect: 'manual' });
        for (const set of answer.headers.getSetCookie()) {
            const [, name, value] = /^([^=]+)=([^;]*)/.exec(set);
            this.#cookies.set(name, value);
        }
        return answer;
    }

    /** Sends a form, or goes to a page, that redirects. Returns where to. */
    async redirected(url, form) {
        const options = form && { method: 'POST', body: new URLSearchParams(form) };
        const answer = await this.send(url, options);
        assert.equal(answer.status, 303, await answer.text());
        return new URL(answer.headers.get('location'), url).href;
    }

    /** The address of the form on a page. */
    async formOf(url) {
        const answer = await this.send(url);
        const page = await answer.text();
        assert.equal(answer.status, 200, page);
        return new URL(/<form[^>]* action="([^"]+)"/.exec(page)[1], url).href;
    }
}

async function tokens(issuer, parameters, headers = {}) {
    const answer = await fetch(`${issuer}/token`, { method: 'POST', body: new URLSearchParams(parameters), headers });
    const body = await answer.json();
    assert.equal(answer.status, 200, JSON.stringify(body));
    return body;
}

/** Signs a user in: the authorization code flow with PKCE (RFC 7636), with a resource (RFC 8707). */
export async function signIn(issuer, { user, resource }) {
    const code_verifier = randomBytes(32).toString('base64url');
    const url = new URL(`${issuer}/auth`);
    url.search = new URLSearchParams({
        client_id: 'web',
        response_type: 'code',
        redirect_uri: redirectUri,
        scope: 'openid posts:read',
        resource,
        state: 'the state',
        nonce: 'the nonce',
        code_challenge: createHash('sha256').update(code_verifier).digest('base64url'),
        code_challenge_method: 'S256',
    });
    const visitor = new Visitor();
    const login = await visitor.formOf(await visitor.redirected(url));
    const consent = await visitor.redirected(await visitor.redirected(login, { prompt: 'login', login: user, password: 'any' }));
    const resumed = await visitor.redirected(await visitor.formOf(consent), { prompt: 'consent' });
    const back = new URL(await visitor.redirected(resumed));
    assert.equal(back.searchParams.get('state'), 'the state');
    return tokens(issuer, {
        grant_type: 'authorization_code',
        client_id: 'web',
        code: back.searchParams.get('code'),
        code_verifier,
        redirect_uri: redirectUri,
        resource,
    });
}

/** The token that a client has for itself (RFC 6749 section 4.4). */
export async function clientCredentials(issuer, { resource }) {
    const authorization = `Basic ${btoa('robot:swordfish')}`;
    return tokens(issuer, { grant_type: 'client_credentials', scope: 'sync', resource }, { authorization });
}
