/** What the tables do not vary: outages, time-outs, clocks, and answers of every kind to a sign-in: `node module_situations.mjs`. */
import { equal, launch } from "./browser.mjs";
import { LOST, freeze, json, open, serve } from "./module_server.mjs";

const state = {};
let seen = [];
const NEVER = new Promise(() => {});
const server = await serve(async ({ method, path, headers, body }) => {
  const { authorization: token = null, "x-csrf-token": proof = null } = headers;
  seen.push({ method, path, token, proof, body });
  if (typeof state[path] === "function") return state[path]({ token, body });
  return state[path] ?? json(200, { token });
});
const take = () => {
  const taken = seen;
  seen = [];
  return taken.map(({ method, path, token }) => [method, path, token].filter(Boolean).join(" "));
};

const browser = await launch();
const tokens = (name, more) => json(200, { access_token: name, expires_in: 100, refresh_expires_in: 1000, ...more });
const expired = { "/me": ({ token }) => (token === "Bearer old" ? json(401, { code: "invalid_token" }) : json(200, {})) };
/** Two tabs with a clock that only the test moves; the first one is signed in. */
async function start(answers, more = { csrf_token: "csrf" }, script = () => {}) {
  for (const path of Object.keys(state)) delete state[path];
  Object.assign(state, answers);
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  await context.addInitScript(script);
  await context.clock.install();
  const tabs = [await open(context, server.origin), await open(context, server.origin)];
  for (const tab of tabs) {
    await tab.evaluate(() => {
      window.session = new Session("/auth");
      window.events = [];
      session.subscribe(({ type, reason }) => events.push(reason ? `${type}: ${reason}` : type));
      window.end = (promise) => promise.then((it) => (it instanceof Response ? it.status : it), ({ name, message, status, retryAfter }) => ({ name, message, status, retryAfter }));
      window.post = (path, body) => session.fetch(path, { method: "POST", body });
    });
  }
  await tabs[0].evaluate((answer) => session.signedIn(answer), JSON.parse(tokens("old", more).body));
  await tabs[1].waitForFunction(() => session.isSignedIn);
  take();
  return { context, page: tabs[0], tab: tabs[1] };
}
const me = (page) => page.evaluate(() => end(session.fetch("/me")));
const events = (page) => page.evaluate(() => events.splice(0));

try {
  {
    const { context, page, tab } = await start({ "/auth/refresh": tokens("new") });
    await context.clock.fastForward(99_000);
    equal(await me(page), 200, "a request with a good token");
    await context.clock.fastForward(2_000);
    equal(await me(page), 200, "a request with a token that is known to have expired");
    equal(take(), ["GET /me Bearer old", "POST /auth/refresh", "GET /me Bearer new"], "it is renewed before");
    equal(await me(tab), 200, "a request of the other tab");
    equal(take(), ["GET /me Bearer new"], "which has heard of it");
    await context.close();
  }
  {
    const { context, page } = await start({ "/auth/refresh": tokens("new") }, { refresh_expires_in: 100 });
    await context.clock.fastForward(101_000);
    equal(await me(page), 200, "a request at the end of the session");
    equal(take(), ["GET /me Bearer old"], "no renewal, which would not outlive it");
    await context.close();
  }
  {
    const busy = (status, headers) => ({ ...expired, "/auth/refresh": json(status, { code: "busy" }, headers) });
    const { context, page, tab } = await start(busy(503, { "Retry-After": "120" }));
    const error = { name: "OutageError", message: "the renewal was answered with 503", status: 503, retryAfter: 120 };
    equal(await me(page), error, "an outage");
    equal(await page.evaluate(() => end(session.renew())), { name: "OutageError", message: "the server asked to wait", retryAfter: 120 }, "a second renewal");
    equal(take(), ["GET /me Bearer old", "POST /auth/refresh"], "the server is left in peace");
    await context.clock.fastForward(60_000);
    equal((await me(page)).retryAfter, 60, "a minute later");
    await context.clock.fastForward(60_000);
    Object.assign(state, busy(429, { "Retry-After": new Date((await page.evaluate(() => Date.now())) + 5_500).toUTCString() }));
    equal((await me(page)).retryAfter > 3, true, "a date");
    state["/auth/refresh"] = LOST;
    await context.clock.fastForward(10_000);
    equal((await me(page)).message, "the server does not answer", "the network fails");
    state["/auth/refresh"] = { status: 200, headers: { "Content-Type": "text/html" }, body: "<html>a portal" };
    equal((await me(page)).message, "the renewal was answered with 200", "another server answers");
    equal([await events(page), await events(tab)], [["signed_in", ...Array(6).fill("outage")], ["signed_in"]], "neither tab is signed out");
    state["/auth/refresh"] = tokens("new");
    equal(await me(page), 200, "after the outage");
    await context.close();
  }
  {
    const { context, page, tab } = await start({ ...expired, "/auth/refresh": () => NEVER, "/auth/logout": { status: 204 } });
    const until = async (path) => {
      while (!seen.some((request) => request.path === path)) await new Promise(setImmediate);
    };
    const late = page.evaluate(() => {
      const stop = new AbortController();
      window.stop = () => stop.abort(new Error("the user left"));
      return Promise.all([end(session.fetch("/me", { signal: stop.signal })), end(session.fetch("/me"))]);
    });
    await until("/auth/refresh");
    const signedOut = tab.evaluate(() => end(session.signOut()));
    await page.evaluate(() => stop());
    await tab.waitForFunction(async () => (await navigator.locks.query()).pending.length === 1);
    equal(seen.some(({ path }) => path === "/auth/logout"), false, "the sign-out waits for the renewal");
    await tab.clock.fastForward(5_000);
    equal(await signedOut, true, "it waits no longer than five seconds");
    equal((await late).map((end) => end.message ?? end), ["the user left", 401], "the requests that waited");
    equal([await events(page), await events(tab)], Array(2).fill(["signed_in", "signed_out: signed_out"]), "both tabs are signed out");
    await context.close();
  }
  {
    const { context, page } = await start({ ...expired, "/auth/refresh": () => NEVER, "/auth/logout": () => NEVER, "/login": () => NEVER });
    for (const act of ["session.renew()", "session.signOut()", "session.reauthenticate('/login')", "session.signIn('/login')"]) {
      equal(await page.evaluate(() => session.isSignedIn), true, "the session is kept");
      const [{ path }] = [{ path: act.includes("renew") ? "/auth/refresh" : act.includes("Out") ? "/auth/logout" : "/login" }];
      take();
      const late = page.evaluate(`end(${act})`);
      while (!seen.some((request) => request.path === path)) await new Promise(setImmediate);
      await page.clock.fastForward(10_000);
      equal(await late, { name: "OutageError", message: "the server does not answer" }, `${act} without an answer`);
    }
    // The cookies of that sign-in may have come, and may be another user's. So the page acts for no user until it has asked.
    equal(await page.evaluate(() => session.isSignedIn), false, "a lost sign-in");
    take();
    await me(page);
    equal(take(), ["GET /me"], "the token of the user before is not sent");
    await context.close();
  }
  {
    const { context, page, tab } = await start({ "/login": json(401, { code: "invalid_credentials" }), "/auth/refresh": tokens("bob", { csrf_token: "other" }) });
    const signIn = () => page.evaluate(() => end(session.signIn("/login", { method: "POST" })));
    equal([await signIn(), await me(page)], [401, 200], "a sign-in that is refused");
    equal(take(), ["POST /login", "GET /me Bearer old"], "it changes nothing");
    state["/login"] = json(503, {});
    equal([await signIn(), await me(page)], [503, 200], "a sign-in in an outage");
    take();
    state["/login"] = json(200, { user: 7 });
    equal([await signIn(), await me(page), await me(tab)], [200, 200, 200], "a sign-in whose answer has no tokens");
    equal(take(), ["POST /login", "POST /auth/refresh", "GET /me Bearer bob", "GET /me Bearer bob"], "the server is asked whose cookie it is");
    await page.evaluate(() => dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true })));
    await page.waitForFunction(() => session.isSignedIn);
    state["/auth/refresh"] = json(400, { code: "invalid_grant" });
    equal([await page.evaluate(() => session.renew()), await me(page)], [false, 200], "the end of the session");
    equal(take().at(-1), "GET /me", "then no token is sent");
    equal((await events(tab)).at(-1), "signed_out: ended", "what the other tab hears");
    await context.close();
  }
  // A tab is frozen in its renewal, and its answer is there when it wakes up; meanwhile bob signs in elsewhere.
  for (const proof of [{}, { csrf_token: "csrf" }]) {
    let release;
    const held = new Promise((resolve) => (release = resolve)).then(() => tokens("late", proof));
    const { context, page, tab } = await start({ "/auth/refresh": () => held, "/login": tokens("bob", { csrf_token: proof.csrf_token && "other" }) }, proof);
    const late = tab.evaluate(() => void (window.late = end(session.renew())));
    while (!seen.some(({ path }) => path === "/auth/refresh")) await new Promise(setImmediate);
    await late;
    const thaw = await freeze(tab);
    const signedIn = page.evaluate(() => end(session.signIn("/login", { method: "POST" })));
    await page.waitForFunction(async () => (await navigator.locks.query()).pending.length === 1);
    await page.clock.fastForward(5_000);
    equal(await signedIn, 200, "a sign-in beside a frozen tab");
    release();
    await thaw();
    equal(await tab.evaluate(() => window.late), true, "the renewal of the tab that was frozen");
    take();
    equal([await me(page), await me(tab)], [200, 200], "requests after it");
    equal(take(), Array(2).fill("GET /me Bearer bob"), "both tabs are bob's");
    equal(await events(page), ["signed_in", "signed_in"], "what the page hears");
    await context.close();
  }
  {
    // A message that a tab of another session sent late.
    const { context, page, tab } = await start({ ...expired, "/auth/refresh": tokens("new", { csrf_token: "other" }) });
    await tab.evaluate(() => {
      const speaker = new BroadcastChannel(`countersign ${location.origin}/auth/`);
      const tokens = { id: "of the user before", stamp: "late", accessToken: "late", csrfToken: null, expiresAt: Infinity };
      for (const type of ["renewed", "signed_out"]) speaker.postMessage({ type, tokens, reason: "ended" });
      return session.signedIn({ access_token: "good", csrf_token: "csrf" });
    });
    await page.waitForFunction(() => events.length === 2);
    equal(await events(page), ["signed_in", "signed_in"], "messages about another session");
    // A cookie that another page has replaced behind the module's back.
    await tab.evaluate(() => session.signedIn({ access_token: "old", csrf_token: "csrf" }));
    await page.waitForFunction(() => events.length === 1);
    take();
    equal(await me(page), 401, "a request, when the renewal belongs to another session");
    equal(take(), ["GET /me Bearer old", "POST /auth/refresh"], "it is not sent again");
    equal(await events(page), ["signed_in", "signed_in"], "the page hears of the other session");
    await context.close();
  }
  {
    // Messages arrive late: an answer waits for all that were sent before it.
    const slow = () => {
      window.waiting = [];
      window.isSlow = false;
      window.BroadcastChannel = class extends BroadcastChannel {
        set onmessage(listener) {
          super.onmessage = (event) => (window.isSlow ? window.waiting.push(() => listener(event)) : listener(event));
        }
      };
    };
    let release;
    const held = new Promise((resolve) => (release = resolve)).then(() => tokens("late"));
    const { context, page, tab } = await start({ "/auth/refresh": () => held, "/login": tokens("bob") }, {}, slow);
    await tab.evaluate(() => void (window.late = end(session.renew())));
    while (!seen.some(({ path }) => path === "/auth/refresh")) await new Promise(setImmediate);
    await tab.evaluate(() => (window.isSlow = true));
    const signedIn = page.evaluate(() => end(session.signIn("/login", { method: "POST" })));
    await page.waitForFunction(async () => (await navigator.locks.query()).pending.length === 1);
    await page.clock.fastForward(5_000);
    equal(await signedIn, 200, "a sign-in that another tab has not heard of");
    release();
    // Two of the page, and the tab's own, for which its answer waits.
    await tab.waitForFunction(() => window.waiting.length === 3);
    take();
    equal([await me(page), await me(tab)], [200, 200], "requests before the tab has heard of bob");
    equal(take(), ["GET /me Bearer bob", "GET /me Bearer old"], "the answer is not used yet");
    await tab.evaluate(() => {
      window.isSlow = false;
      for (const deliver of window.waiting) deliver();
      return window.late;
    });
    take();
    equal([await me(page), await me(tab)], [200, 200], "requests after it");
    equal(take(), Array(2).fill("GET /me Bearer bob"), "the late answer is dropped");
    equal([await events(page), await events(tab)], Array(2).fill(["signed_in", "signed_in"]), "what the tabs hear");
    await context.close();
  }
  {
    // The access token is in a cookie.
    const { context, page } = await start({}, { access_token: undefined, csrf_token: "csrf" });
    await page.evaluate(() => post("/notes", "x"));
    await page.evaluate(() => session.fetch("/notes"));
    await page.evaluate(() => session.fetch("/notes", { method: "PUT", headers: { Authorization: "Bearer own" } }));
    await page.evaluate(() => session.fetch("/notes", { method: "PUT", credentials: "omit" }));
    equal(seen.map(({ method, token, proof }) => [method, token, proof]), [["POST", null, "csrf"], ["GET", null, null], ["PUT", "Bearer own", null], ["PUT", null, null]], "the proof of the sender");
    await context.close();
  }
  {
    const { context, page } = await start({ ...expired, "/auth/refresh": tokens("new") }, undefined, () => Object.defineProperty(navigator, "locks", { value: undefined }));
    equal(await page.evaluate(() => Promise.all([end(session.fetch("/me")), end(session.fetch("/me"))])), [200, 200], "a browser without locks");
    equal(take().filter((request) => request === "POST /auth/refresh").length, 1, "its renewals");
    await context.close();
  }
  console.log("situations of the module: every check passed");
} finally {
  await browser.close();
  server.close();
}
