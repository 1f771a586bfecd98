/**
 * A program against the generated types: `node client.js <url> <access token> <refresh token>`.
 *
 * Each expected error is a test of the types: the client does not compile when the error is gone.
 */
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

declare const process: { argv: string[] };

const [url, access, refresh] = process.argv.slice(2);
const anonymous = createClient<paths>({ baseUrl: url });
const api = createClient<paths>({ baseUrl: url, headers: { Authorization: `Bearer ${access}` } });

function equal(found: unknown, expected: unknown, what: string): void {
  const [one, other] = [JSON.stringify(found), JSON.stringify(expected)];
  if (one !== other) throw new Error(`${what}: found ${one}, expected ${other}`);
}

const me = await api.GET("/me");
const user: components["schemas"]["User"] | undefined = me.data;
equal(user?.id, 7, "the user");
// @ts-expect-error a private role is not a value of the type.
const hidden: components["schemas"]["Role"] = "breakglass";
equal(user?.roles.includes(hidden), false, "what the document hides");

// A refusal has its type: that of the problem.
const refused = await anonymous.GET("/me");
equal([refused.response.status, refused.error?.code], [401, "missing_credentials"], "without a token");
const stranger = await createClient<paths>({ baseUrl: url, headers: { Authorization: "Bearer x" } }).GET("/members");
const problem: components["schemas"]["ProblemDetails"] | undefined = stranger.error;
equal([stranger.response.status, problem?.code], [401, "invalid_token"], "with a bad token");

equal((await anonymous.GET("/health", { parseAs: "text" })).data, "up", "a public operation");
const posted = await api.POST("/posts", { body: { title: "Hello" } });
equal([posted.response.status, posted.data?.title], [201, "Hello"], "a post");
const foreign = await api.PUT("/posts/{id}", { params: { path: { id: 1 } } });
equal([foreign.response.status, foreign.error], [404, foreign.error], "another user's post");

const next = await anonymous.POST("/auth/refresh", { body: { refresh_token: refresh ?? "" } });
equal(next.data?.token_type, "Bearer", "the next pair");

// @ts-expect-error there is no such operation.
const missing = await anonymous.GET("/nowhere").catch(() => undefined);
equal(missing?.response.status, 404, "a path that is not in the document");
// @ts-expect-error the body is not what the operation takes.
const wrong = await api.POST("/posts", { body: { text: "Hello" } });
equal(wrong.response.status, 422, "a body that is no post");
console.log("client: every check passed");
