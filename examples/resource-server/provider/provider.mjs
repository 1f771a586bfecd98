// An OpenID provider for the example: `node provider.mjs <address of the API> <secret of the robot>`.
//
// It says its addresses in a line of JSON, and ends when stdin closes. Users sign in with any name and any password; ada is an administrator.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';

const [api, robotSecret] = process.argv.slice(2);
// Stdout is for the line of JSON; the remarks are about what is only good for an example, and about the age of Node.
console.info = console.warn = () => {};
const { Provider } = await import('oidc-provider');

const server = createServer();
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const issuer = `http://127.0.0.1:${server.address().port}`;

const [es256, rs256] = [
    generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    generateKeyPairSync('rsa', { modulusLength: 2048 }),
].map(({ privateKey }) => privateKey.export({ format: 'jwk' }));

const day = 86_400;
const provider = new Provider(issuer, {
    // ID tokens are signed with RS256.
    jwks: { keys: [{ ...es256, alg: 'ES256', use: 'sig' }, { ...rs256, alg: 'RS256', use: 'sig' }] },
    cookies: { keys: [randomBytes(32).toString('hex')] },
    scopes: ['openid', 'sync'],
    clients: [
        {
            client_id: 'docs',
            redirect_uris: [`${api}/scalar`],
            token_endpoint_auth_method: 'none',
            application_type: 'native',
        },
        {
            client_id: 'robot',
            client_secret: robotSecret,
            grant_types: ['client_credentials'],
            redirect_uris: [],
            response_types: [],
            scope: 'sync',
        },
    ],
    // The page of the API is of another origin.
    clientBasedCORS: (_context, origin) => origin === api,
    findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    extraTokenClaims: (_context, token) => ({ roles: token.accountId === 'ada' ? ['administrator'] : [] }),
    ttl: { AccessToken: 900, ClientCredentials: 900, Grant: day, IdToken: 900, Interaction: 900, Session: day },
    features: {
        clientCredentials: { enabled: true },
        devInteractions: { enabled: true },
        // Access tokens are JWTs for the API (RFC 9068), whether or not the client says so (RFC 8707).
        resourceIndicators: {
            enabled: true,
            defaultResource: () => api,
            useGrantedResource: () => true,
            getResourceServerInfo: () => ({
                audience: api,
                scope: 'sync',
                accessTokenFormat: 'jwt',
                jwt: { sign: { alg: 'ES256' } },
            }),
        },
    },
});
server.on('request', provider.callback());
console.log(JSON.stringify({ issuer, authorization_url: `${issuer}/auth`, token_url: `${issuer}/token` }));
process.stdin.on('end', () => process.exit()).resume();
