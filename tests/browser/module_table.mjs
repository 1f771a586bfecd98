/**
 * Every refusal × every origin × everything that `fetch` takes × everything that may happen meanwhile: `node module_table.mjs`.
 *
 * Each cell is one call of `session.fetch`; its requests and renewals are counted by the server. What they should be is not
 * computed as the module does it, from the words of an answer, but by asking the server: a renewal is right if the same
 * request with a fresh token gets another answer.
 */
import { launch } from "./browser.mjs";
import { LOST, freeze, json, open, serve } from "./module_server.mjs";

const ok = { status: 200, headers: {}, body: "" };
const problem = (status, code, challenge) =>
  json(status, { code }, { "Content-Type": "application/problem+json", ...(challenge && { "WWW-Authenticate": challenge }) });
const bearer = (error) => `Bearer realm="api"${error ? `, error="${error}"` : ""}`;
const denied = (status, code) => problem(status, code, bearer(code));
const missing = problem(401, "missing_credentials", bearer());

/** Why a server may refuse, as a function of the token that it is shown; `token` is the one that the page holds. */
const causes = {
  "the token has expired": { token: "expired", by: { none: missing, expired: denied(401, "invalid_token"), fresh: ok } },
  "it has expired, as only the challenge says": {
    token: "expired",
    by: { none: missing, expired: { status: 401, headers: { "WWW-Authenticate": bearer("invalid_token") } }, fresh: ok },
  },
  "it has expired, as only the body says": {
    token: "expired",
    by: { none: json(401, { code: "missing_credentials" }), expired: json(401, { error: "invalid_token" }), fresh: ok },
  },
  "it has expired, and the password is wrong too": {
    token: "expired",
    by: { none: missing, expired: denied(401, "invalid_token"), fresh: problem(401, "invalid_credentials", bearer()) },
  },
  "there is no token, and no word about it": { token: "fresh", by: { none: { status: 401, headers: {} }, fresh: ok } },
  "the password is wrong": { token: "fresh", always: problem(401, "invalid_credentials", bearer()) },
  "the refresh cookie is missing": { token: "fresh", always: problem(401, "missing_refresh_token", bearer()) },
  "the sign-in is too old": { token: "fresh", always: denied(401, "insufficient_user_authentication") },
  "the application says no": { token: "fresh", always: problem(401, "wrong_code") },
  // Not `Basic`, for which the browser would ask its user.
  "another scheme is wanted": { token: "fresh", always: { status: 401, headers: { "WWW-Authenticate": 'DPoP algs="ES256"' } } },
  "the request is malformed": { token: "fresh", always: denied(400, "invalid_request") },
  "the role is missing": { token: "fresh", always: denied(403, "insufficient_scope") },
  "a 403 speaks of the token": { token: "fresh", always: denied(403, "invalid_token") },
  "there are too many requests": { token: "fresh", always: problem(429, "slow_down") },
  "the gateway fails": { token: "fresh", always: { status: 502, headers: { "Content-Type": "text/html" }, body: "<html>" } },
  "the store is down": { token: "fresh", always: problem(503, "temporarily_unavailable") },
  "the network fails": { token: "fresh", always: LOST },
  "nothing is wrong": { token: "fresh", always: ok },
};
const decide = ({ by, always }, token) => always ?? by[token];

const targets = ["own", "trusted", "other"];
const inputs = ["Request", "url", "url and init", "FormData", "stream", "Request of a stream"];
const situations = {
  "nothing happens": { refresh: "works" },
  "bob signs in meanwhile": { refresh: "works" },
  "another tab is frozen": { refresh: "works" },
  "the page was reloaded": { refresh: "works" },
  "the answer to the renewal is lost": { refresh: "fails", answer: () => LOST },
  "renewals are out of order": { refresh: "fails", answer: () => problem(503, "temporarily_unavailable") },
  "the session has ended": { refresh: "ends", answer: () => problem(400, "invalid_grant") },
};

/** What is right, from what the server would say to a fresh token. */
function expected({ cause, target, input, situation }) {
  const words = (answer) => (answer === LOST ? "TypeError" : `${answer.status} ${JSON.parse(answer.body?.startsWith("{") ? answer.body : "{}").code ?? ""}`);
  const isReloaded = situation === "the page was reloaded";
  const { refresh } = situations[situation];
  const right = { requests: 1, renewals: situation === "another tab is frozen" ? 1 : 0, isSignedIn: !isReloaded };
  if (target === "other") return { ...right, end: words(decide(cause, "none")) };
  let token = isReloaded ? "none" : cause.token;
  // A stream can be sent once, so the token has to be there before.
  if (isReloaded && input === "stream") [token, right.isSignedIn, right.renewals] = ["fresh", true, right.renewals + 1];
  const [first, fresh] = [decide(cause, token), decide(cause, "fresh")];
  if (first === fresh) return { ...right, end: words(first) };
  if (situation === "bob signs in meanwhile") return { ...right, end: "401 session_changed" };
  right.renewals += 1;
  if (refresh === "ends") return { ...right, isSignedIn: false, end: words(first) };
  const isOnce = input === "stream";
  if (refresh === "fails") return { ...right, end: isOnce ? words(first) : "OutageError" };
  return { ...right, isSignedIn: true, requests: isOnce ? 1 : 2, end: words(isOnce ? first : fresh) };
}

/** The cells of the table by number; the server keeps its counts here. */
const cells = [];
for (const situation of Object.keys(situations)) {
  for (const [name, cause] of Object.entries(causes)) {
    for (const target of targets) {
      for (const input of inputs) {
        cells.push({ id: cells.length, situation, name, cause, target, input, requests: 0, renewals: 0, bodies: [], faults: [] });
      }
    }
  }
}

let open_gate;
let gate = Promise.resolve();
const isWaiting = { refresh: false, request: false };
const close_gate = (what) => {
  isWaiting[what] = true;
  gate = new Promise((opened) => (open_gate = opened)).then(() => (isWaiting[what] = false));
};
/** Waits for this many requests. */
let arrived = () => {};
const arrivals = (count) => new Promise((resolve) => (arrived = () => --count || resolve()));

async function answer({ path, headers, body, origin }) {
  const [, id, rest] = /^\/cells\/(\d+)\/(.*)$/.exec(path);
  const cell = cells[id];
  if (rest === "auth/refresh") {
    cell.renewals += 1;
    const [isHeld, held] = [isWaiting.refresh, gate];
    arrived();
    if (isHeld) await held;
    const refuse = situations[cell.situation].answer;
    return refuse ? refuse() : json(200, { access_token: isHeld ? "ada.expired" : "ada.fresh" });
  }
  cell.requests += 1;
  const [, user, token] = /^Bearer (\w+)\.(\w+)$/.exec(headers.authorization) ?? [, "ada", "none"];
  if (user !== "ada") cell.faults.push(`sent as ${user}`);
  if (origin === other.origin && (headers.authorization || headers.cookie)) cell.faults.push("credentials for another origin");
  if (origin === trusted.origin && headers.cookie) cell.faults.push("a cookie for another origin");
  cell.bodies.push(body);
  const [isHeld, held] = [isWaiting.request, gate];
  arrived();
  if (isHeld) await held;
  return decide(cell.cause, token);
}

const [own, trusted, other] = await Promise.all([serve(answer), serve(answer), serve(answer)]);
const origins = { own: own.origin, trusted: trusted.origin, other: other.origin };

/** In the page: a session for each cell, with or without a sign-in. */
const prepare = ({ cells, trusted }) => {
  const options = { trustedOrigins: [trusted], lockTimeout: 20, networkTimeout: 60_000 };
  window.sessions = new Map(cells.map(({ id }) => [id, new Session(`/cells/${id}/auth`, options)]));
  return Promise.all(cells.map(({ id, token }) => token && sessions.get(id).signedIn({ access_token: token })));
};

/** In the page: the calls. */
const call = (cells) =>
  Promise.all(
    cells.map(async ({ id, url, input }) => {
      const stream = () => new Blob(["one ", "two"]).stream();
      const form = new FormData();
      form.set("file", new Blob(["text"]), "file.txt");
      const post = (body, more) => ({ method: "POST", body, ...more });
      const made = {
        Request: () => [new Request(url, post("text"))],
        url: () => [url],
        "url and init": () => [url, post('{"a":1}', { headers: { "Content-Type": "application/json" } })],
        FormData: () => [url, post(form)],
        stream: () => [url, post(stream(), { duplex: "half" })],
        "Request of a stream": () => [new Request(url, post(stream(), { duplex: "half" }))],
      };
      const session = sessions.get(id);
      const end = await session.fetch(...made[input]()).then(
        async (response) => {
          const text = await response.text();
          return `${response.status} ${JSON.parse(text.startsWith("{") ? text : "{}").code ?? ""}`;
        },
        (error) => error.name,
      );
      return [id, { end, isSignedIn: session.isSignedIn }];
    }),
  );

const browser = await launch();
const wrong = [];
try {
  // As many at once as Chromium sends to one server.
  for (const [situation, target] of Object.keys(situations).flatMap((situation) => targets.map((target) => [situation, target]))) {
    const row = cells.filter((cell) => cell.situation === situation && cell.target === target);
    const context = await browser.newContext({ ignoreHTTPSErrors: true });
    await context.addCookies([{ name: "probe", value: "1", url: own.origin, sameSite: "None", secure: true }]);
    const page = await open(context, own.origin);
    const signedIn = (user) => row.map(({ id, cause }) => ({ id, token: `${user}.${user === "ada" ? cause.token : "fresh"}` }));
    const calls = row.map(({ id, input }) => ({ id, input, url: `${origins[target]}/cells/${id}/thing` }));
    await page.evaluate(prepare, { cells: signedIn("ada"), trusted: trusted.origin });
    let ends;
    if (situation === "the page was reloaded") {
      await page.reload();
      await page.waitForFunction(() => window.Session);
      await page.evaluate(prepare, { cells: row.map(({ id }) => ({ id })), trusted: trusted.origin });
      ends = await page.evaluate(call, calls);
    } else if (situation === "bob signs in meanwhile") {
      const tab = await open(context, own.origin);
      close_gate("request");
      const sent = arrivals(row.length);
      const answers = page.evaluate(call, calls);
      await sent;
      await tab.evaluate(prepare, { cells: signedIn("bob"), trusted: trusted.origin });
      open_gate();
      ends = await answers;
    } else if (situation === "another tab is frozen") {
      const tab = await open(context, own.origin);
      await tab.evaluate(prepare, { cells: row.map(({ id }) => ({ id })), trusted: trusted.origin });
      await tab.waitForFunction(() => [...sessions.values()].every((session) => session.isSignedIn));
      close_gate("refresh");
      const sent = arrivals(row.length);
      await tab.evaluate(() => void (window.late = Promise.allSettled([...sessions.values()].map((session) => session.renew()))));
      await sent;
      const thaw = await freeze(tab);
      isWaiting.refresh = false;
      ends = await page.evaluate(call, calls);
      open_gate();
      await thaw();
      await tab.evaluate(() => window.late);
    } else {
      ends = await page.evaluate(call, calls);
    }
    for (const [id, { end, isSignedIn }] of ends) {
      const { name, target, input, requests, renewals, bodies, faults } = cells[id];
      const found = JSON.stringify({ requests, renewals, isSignedIn, end });
      const right = (({ requests, renewals, isSignedIn, end }) => JSON.stringify({ requests, renewals, isSignedIn, end }))(expected(cells[id]));
      if (new Set(bodies).size > 1) faults.push(`another body: ${JSON.stringify(bodies)}`);
      if (found !== right || faults.length) wrong.push(`${name} / ${target} / ${input} / ${situation}: ${found}, expected ${right} ${faults}`);
    }
    await context.close();
  }
} finally {
  await browser.close();
  for (const server of [own, trusted, other]) server.close();
}
if (wrong.length) {
  console.error(`${wrong.length} of ${cells.length} cells are wrong:\n${wrong.slice(0, 40).join("\n")}`);
  process.exit(1);
}
console.log(`${cells.length} cells, all right`);
