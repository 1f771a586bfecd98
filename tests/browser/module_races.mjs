/**
 * Whatever changes a session × whatever else happens before its answer arrives: `node module_races.mjs`.
 *
 * Each cell is a world of its own: two tabs of one browser, in which ada is signed in, and a server with rotation that holds
 * one answer back. What is right is not computed as the module does it: whatever happens at once has to end as if one thing
 * had happened after the other, and both tabs and the cookie have to agree on it.
 */
import { launch } from "./browser.mjs";
import { json, open, serve } from "./module_server.mjs";

/** What one tab may do, and who is signed in afterwards, as a function of who was before. */
const acts = {
  renew: (user) => user,
  signIn: (_, name) => name,
  signedIn: (_, name) => name,
  signOut: () => null,
  reauthenticate: (user) => user,
  request: (user) => user,
};
const paths = { renew: "auth/refresh", signIn: "login", signedIn: "login", signOut: "auth/logout", reauthenticate: "confirm", request: "diary" };
/** These take no lock, so the second of them does not wait for the first. */
const isUnlocked = (act) => act === "signedIn" || act === "request";

const worlds = [];
for (const first of Object.keys(acts)) {
  for (const second of Object.keys(acts)) {
    for (const tab of ["the same tab", "another tab"]) {
      for (const held of ["before", "after"]) {
        worlds.push({ id: worlds.length, first, second, tab, held, names: new Map(), live: new Map(), diary: [] });
      }
    }
  }
}

let arrived = () => {};
let release;
const released = new Promise((resolve) => (release = resolve));
let isHolding = false;

async function answer({ path, headers, body, closed }) {
  const [, id, rest] = /^\/worlds\/(\d+)\/(.*)$/.exec(path);
  const world = worlds[id];
  const isHeld = isHolding && !world.hasHeld && rest === paths[world.first];
  if (isHeld) {
    world.hasHeld = true;
    world.closed = closed;
    arrived();
    if (world.held === "before") await released;
  }
  const made = decide(world, rest, headers, body);
  if (isHeld && world.held === "after") await released;
  return made;
}

function decide(world, rest, { cookie = "", authorization = "" }, body) {
  const kept = /\br=(\w+)/.exec(cookie)?.[1];
  const [, shown, number] = /^Bearer (\w+)\.(\d+)$/.exec(authorization) ?? [];
  const set = (value, more = "") => ({ "Set-Cookie": `r=${value}; Path=/worlds/${world.id}/; HttpOnly; Secure; SameSite=Strict${more}` });
  const tokens = (session) => {
    const number = world.live.get(session) + 1;
    world.live.set(session, number);
    // Half of the servers name no session.
    const name = world.id % 2 ? { csrf_token: `csrf ${session}` } : {};
    return json(200, { access_token: `${session}.${number}`, expires_in: 900, refresh_expires_in: 86_400, ...name }, set(session));
  };
  const isGood = world.live.has(shown) && Number(number) >= (world.from ?? 0);
  const user = world.names.get(shown);
  switch (rest) {
    case "auth/refresh":
      return world.live.has(kept) ? tokens(kept) : json(400, { code: "invalid_grant" });
    case "auth/logout":
      world.live.delete(kept);
      return { status: 204, headers: set("", "; Max-Age=0") };
    case "login": {
      world.live.delete(kept);
      const session = `session${world.names.size}`;
      world.names.set(session, body);
      world.live.set(session, 0);
      return tokens(session);
    }
    case "confirm":
      return isGood ? tokens(shown) : json(401, { code: "invalid_token" });
    case "diary":
      if (isGood) world.diary.push(user);
      return isGood ? json(200, {}) : json(401, { code: "invalid_token" });
    default:
      return isGood ? json(200, { user }) : json(401, { code: "invalid_token" });
  }
}

/** In a page: begins an act in each of these worlds. */
const begin = (calls) => {
  window.begun = calls.map(async ({ id, act, name }) => {
    const session = sessions[id];
    const login = [`/worlds/${id}/login`, { method: "POST", body: name }];
    const signedIn = async () => session.signedIn(await (await fetch(...login)).json());
    const made = {
      renew: () => session.renew(),
      signIn: () => session.signIn(...login),
      signedIn,
      signOut: () => session.signOut(),
      reauthenticate: () => session.reauthenticate(`/worlds/${id}/confirm`, { method: "POST", body: "password" }),
      request: async () => (await session.fetch(new Request(`/worlds/${id}/diary`, { method: "POST", body: "ada's" }))).status,
    };
    return made[act]().then((end) => (end instanceof Response ? end.status : (end ?? null)), (error) => `${error.name}: ${error.message}`);
  });
};
const end = () => Promise.all(window.begun);
/** In a page: who is signed in, twice, with a renewal in between. */
const look = (ids) =>
  Promise.all(
    ids.map(async (id) => {
      const me = async () => {
        const response = await sessions[id].fetch(`/worlds/${id}/me`);
        return response.ok ? (await response.json()).user : null;
      };
      const { isSignedIn } = sessions[id];
      const before = await me();
      const renewed = await sessions[id].renew();
      return { isSignedIn, before, renewed, after: await me() };
    }),
  );

const server = await serve(answer);
const browser = await launch();
const wrong = [];
try {
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  const tabs = [await open(context, server.origin), await open(context, server.origin)];
  for (const tab of tabs) {
    await tab.evaluate((count) => {
      const make = (_, id) => new Session(`/worlds/${id}/auth`, { lockTimeout: 60_000, networkTimeout: 60_000 });
      window.sessions = Array.from({ length: count }, make);
    }, worlds.length);
  }
  await tabs[0].evaluate(begin, worlds.map(({ id }) => ({ id, act: "signIn", name: "ada" })));
  await tabs[0].evaluate(end);
  await tabs[1].waitForFunction(() => sessions.every((session) => session.isSignedIn));
  // A request has to be refused to be held, and a reauthentication before it is sent again.
  for (const world of worlds) if (world.first === "request") world.from = 2;

  isHolding = true;
  let count = worlds.length;
  const all = new Promise((resolve) => (arrived = () => --count || resolve()));
  await tabs[0].evaluate(begin, worlds.map(({ id, first }) => ({ id, act: first, name: "bob" })));
  await all;
  const firsts = await tabs[0].evaluateHandle(() => window.begun);
  const seconds = [];
  for (const [tab, name] of [[tabs[0], "the same tab"], [tabs[1], "another tab"]]) {
    const here = worlds.filter((world) => world.tab === name);
    await tab.evaluate(begin, here.map(({ id, second }) => ({ id, act: second, name: "carol" })));
    // They have ended, or wait for the lock, or for a renewal that is under way.
    await tab.evaluate(async (unlocked) => {
      await Promise.all(unlocked.map((index) => window.begun[index]));
    }, here.flatMap(({ second }, index) => (second === "signedIn" ? [index] : [])));
    seconds.push([tab, here]);
  }
  const waiting = worlds.filter(({ first, second, tab }) => !isUnlocked(first) && !isUnlocked(second) && !(first === "renew" && second === "renew" && tab === "the same tab"));
  await tabs[0].waitForFunction(async (count) => (await navigator.locks.query()).pending.length >= count, waiting.length);
  // A sign-in that did not wait for the lock cancels what could bring ada's cookie back.
  const cancelled = worlds.filter(({ first, second }) => ["renew", "reauthenticate"].includes(first) && second === "signedIn");
  await Promise.all(cancelled.map(({ closed }) => closed));
  release();

  const ends = await firsts.evaluate((begun) => Promise.all(begun));
  for (const [tab, here] of seconds) {
    (await tab.evaluate(end)).forEach((end, index) => (here[index].secondEnd = end));
  }
  const looks = [];
  for (const tab of tabs) looks.push(await tab.evaluate(look, worlds.map(({ id }) => id)));
  const cookies = new Map((await context.cookies()).map(({ path, value }) => [path, value]));

  for (const world of worlds) {
    const { id, first, second, tab, held, diary, secondEnd, names } = world;
    const [one, two] = [acts[first], acts[second]];
    const orders = [two(one("ada", "bob"), "carol"), one(two("ada", "carol"), "bob")];
    // Under the lock, the second comes second; a sign-out ends the session that it was asked to end, and no later one.
    const isOrdered = !isUnlocked(first) && !isUnlocked(second) && second !== "signOut";
    const allowed = isOrdered ? orders.slice(0, 1) : orders;
    const user = looks[0][id].after;
    const right = JSON.stringify({ isSignedIn: user !== null, before: user, renewed: user !== null, after: user });
    const found = looks.map((look) => JSON.stringify(look[id]));
    const cookie = names.get(cookies.get(`/worlds/${id}/`)) ?? null;
    const faults = [];
    if (!allowed.includes(user)) faults.push(`${user} is signed in, not ${allowed.join(" or ")}`);
    if (found.some((look) => look !== right)) faults.push(`the tabs say ${found.join(" and ")}`);
    if (cookie !== user) faults.push(`the cookie is ${cookie}'s`);
    if (diary.some((name) => name !== "ada")) faults.push(`ada's diary was written as ${diary}`);
    for (const end of [ends[id], secondEnd]) if (/Error/.test(end)) faults.push(end);
    // A request is sent again unless its session was replaced or has ended.
    const stays = ["renew", "reauthenticate", "request"];
    if (first === "request" && stays.includes(second) && ends[id] !== 200) faults.push(`the request ends with ${ends[id]}`);
    if (first === "request" && second.startsWith("sign") && second !== "signOut" && ends[id] !== 401) faults.push(`the request ends with ${ends[id]}`);
    if (faults.length) wrong.push(`${first} (answered late, held ${held} it was decided), ${second} in ${tab}: ${faults.join("; ")}`);
  }
} finally {
  await browser.close();
  server.close();
}
if (wrong.length) {
  console.error(`${wrong.length} of ${worlds.length} worlds are wrong:\n${wrong.join("\n")}`);
  process.exit(1);
}
console.log(`${worlds.length} worlds, all right`);
