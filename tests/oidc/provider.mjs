// An OpenID provider on loopback, for `main.rs`: `node provider.mjs`.
//
// It says its address in a line of JSON and ends when stdin closes. Each line of JSON on stdin is a command, answered by one line; `commands` has all.
// The resource decides about the token: https://rs256.api.test gets one signed with RS256, and so on. The audience is https://api.test for each
// of these, and the resource itself for any other.
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { exportJWK, generateKeyPair } from 'jose';
import { Provider } from 'oidc-provider';
import { clientCredentials, redirectUri, signIn } from './client.mjs';

// Stdout is for lines of JSON.
console.info = console.error;

const algorithms = ['RS256', 'ES256', 'EdDSA'];
const roles = { ada: ['realm-admin', 'of-another-application'], max: ['member'] };
const scopes = ['posts:read', 'sync'];

let generation = 0;
let jwks = { keys: [] };
let answer;
const server = createServer((request, response) => answer(request, response));
await listen(0);
const { port } = server.address();
const issuer = `http://127.0.0.1:${port}`;

function listen(port) {
    return new Promise((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
}

function configuration() {
    return {
        jwks,
        cookies: { keys: ['a key for a test'] },
        clients: [
            { client_id: 'web', redirect_uris: [redirectUri], token_endpoint_auth_method: 'none', application_type: 'native' },
            {
                client_id: 'robot',
                client_secret: 'swordfish',
                grant_types: ['client_credentials'],
                redirect_uris: [],
                response_types: [],
                scope: scopes.join(' '),
            },
        ],
        scopes: ['openid', ...scopes],
        findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
        extraTokenClaims: (_context, token) => {
            const mail = token.accountId && { email: `${token.accountId}@mail.test` };
            return { roles: roles[token.accountId] ?? [], ...mail };
        },
        // A test moves its clock by hours.
        ttl: { AccessToken: 86_400, ClientCredentials: 86_400 },
        features: {
            clientCredentials: { enabled: true },
            devInteractions: { enabled: true },
            resourceIndicators: {
                enabled: true,
                useGrantedResource: () => true,
                getResourceServerInfo: (_context, resource) => {
                    const [name, ...rest] = new URL(resource).hostname.split('.');
                    const alg = algorithms.find((algorithm) => algorithm.toLowerCase() === name);
                    const audience = alg && rest.join('.') === 'api.test' ? 'https://api.test' : resource;
                    const jwt = { sign: { alg: alg ?? 'ES256' } };
                    return { audience, scope: scopes.join(' '), accessTokenFormat: 'jwt', jwt };
                },
            },
        },
    };
}

/** Signs with new keys from now on. The provider reads its keys once, so this is another provider behind the same address. */
async function rotate({ keep = false } = {}) {
    generation += 1;
    const created = algorithms.map(async (alg) => {
        const { privateKey } = await generateKeyPair(alg, { extractable: true });
        return { ...(await exportJWK(privateKey)), alg, use: 'sig', kid: `${alg}-${generation}` };
    });
    // Of several keys for an algorithm the first one signs.
    jwks = { keys: [...(await Promise.all(created)), ...(keep ? jwks.keys : [])] };
    answer = new Provider(issuer, configuration()).callback();
    return { kids: jwks.keys.map(({ kid }) => kid) };
}

/** From now on the address refuses connections. */
function goDown() {
    return new Promise((resolve) => {
        server.close(() => resolve({}));
        server.closeAllConnections();
    });
}

const commands = {
    sign_in: ({ user, resource }) => signIn(issuer, { user, resource }),
    client_credentials: ({ resource }) => clientCredentials(issuer, { resource }),
    rotate,
    down: goDown,
    up: () => listen(port).then(() => ({})),
};

await rotate();
console.log(JSON.stringify({ issuer }));
for await (const line of createInterface({ input: process.stdin })) {
    const { command, ...options } = JSON.parse(line);
    const said = await commands[command](options).catch((error) => ({ error: `${error.stack} ${error.cause}` }));
    console.log(JSON.stringify(said));
}
process.exit();
