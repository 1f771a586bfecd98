/**
 * The browser module against a real server: `node module_real.mjs <address> <address of the page's origin> <way of the token>`.
 *
 * The page is on the server's origin or on another one that it trusts; the access token is in memory or in a cookie.
 */
import { equal, launch } from "./browser.mjs";

const [api, site, way] = process.argv.slice(2);
const ask = async (path, init) => (await fetch(`${api}/test/${path}`, init)).text();
const tell = (path) => ask(path, { method: "POST" });
const requests = async (path) => Number(await ask(`requests/${path}`));
const sessions = async (name) => Number(await ask(`sessions/${name}`));
/** Bob's sessions in other browsers. */
let others = 0;
const expire = () => tell("advance/1000");
const browser = await launch();

/** Two tabs of a new browser, in which ada is signed in. */
async function start() {
  others = await sessions("bob");
  const context = await browser.newContext();
  const open = async () => {
    const page = await context.newPage();
    await page.goto(site);
    await page.waitForFunction(() => window.Session);
    await page.evaluate((api) => {
      window.api = api;
      window.session = new Session(`${api}/auth`);
      window.events = [];
      session.subscribe(({ type }) => events.push(type));
      window.login = [`${api}/login`, { method: "POST" }];
      window.me = async () => {
        const response = await session.fetch(`${api}/me`);
        return response.ok ? response.text() : (await response.json()).code;
      };
    }, api);
    return page;
  };
  const [page, tab] = [await open(), await open()];
  equal(await signIn(page, "ada"), 200, "ada signs in");
  await tab.waitForFunction(() => session.isSignedIn);
  return { context, page, tab, open };
}
const signIn = (page, name) => page.evaluate(async (body) => (await session.signIn(login[0], { method: "POST", body })).status, name);
/** As a page that sends its sign-in itself. */
const signInByHand = (page, name) =>
  page.evaluate(async (body) => {
    const response = await fetch(`${api}/login`, { method: "POST", body, credentials: "include" });
    await session.signedIn(await response.json());
  }, name);
const me = (page) => page.evaluate(() => me());
/** Waits until the server has decided about one more request to this path, whose answer it holds. */
async function held(path, act) {
  const before = await requests(path);
  await tell(`hold/${path}`);
  const late = act();
  while ((await requests(path)) === before);
  return late;
}

async function bobStays(tabs, what) {
  for (const tab of tabs) equal(await me(tab), "bob", `${what}: who is signed in`);
  for (const tab of tabs) equal(await tab.evaluate(() => session.renew()), true, `${what}: the renewal`);
  for (const tab of tabs) equal(await me(tab), "bob", `${what}: who is signed in after a renewal`);
  equal((await sessions("bob")) - others, 1, `${what}: bob's sessions`);
}

try {
  // Row 154, with the sign-in of the page and with the module's, in the tab that renews and in another one.
  for (const where of ["page", "tab"]) {
    const { context, page, tab } = await start();
    const late = await held("auth/refresh", () => ({ end: page.evaluate(() => session.renew()) }));
    await signInByHand({ page, tab }[where], "bob");
    await page.waitForFunction(() => events.filter((type) => type === "signed_in").length === 2);
    await tell("release");
    equal(await late.end, true, "the late renewal ends with a session");
    await bobStays([page, tab], `by hand in the ${where}`);
    await context.close();
  }
  for (const where of ["page", "tab"]) {
    const { context, page, tab } = await start();
    const late = await held("auth/refresh", () => ({ end: page.evaluate(() => session.renew()) }));
    const signedIn = signIn({ page, tab }[where], "bob");
    await tell("release");
    equal([await late.end, await signedIn], [true, 200], "the sign-in waits for the renewal");
    await bobStays([page, tab], `by the module in the ${where}`);
    await context.close();
  }

  // Row 155.
  for (const where of ["page", "tab"]) {
    const { context, page, tab } = await start();
    const before = await ask("diary");
    await expire();
    const late = await held("diary", () => ({
      end: page.evaluate(async () => {
        const response = await session.fetch(new Request(`${api}/diary`, { method: "POST", body: "ada's thoughts" }));
        return [response.status, (await response.json()).code];
      }),
    }));
    const sent = await requests("diary");
    equal(await signIn({ page, tab }[where], "bob"), 200, "bob signs in");
    await page.waitForFunction(() => events.filter((type) => type === "signed_in").length === 2);
    await tell("release");
    equal(await late.end, [401, "session_changed"], `a refusal after bob has signed in in the ${where}`);
    equal(await requests("diary"), sent, "requests after it");
    equal(await ask("diary"), before, "what bob has written");
    await bobStays([page, tab], "after the refusal");
    await context.close();
  }

  // One page from beginning to end.
  const { context, page, tab, open } = await start();
  equal((await context.cookies()).length, way === "cookie" ? 2 : 1, "cookies");
  const count = async (act) => {
    const before = await requests("auth/refresh");
    const end = await act();
    return [end, (await requests("auth/refresh")) - before];
  };
  await expire();
  const both = () => Promise.all([page, tab].flatMap((tab) => Array.from({ length: 5 }, () => me(tab))));
  const [ends, renewals] = await count(both);
  equal(ends, Array(10).fill("ada"), "ten requests of two tabs, after the token has expired");
  // A refusal takes the access cookie out of the browser. One that comes after the renewal takes the new one.
  equal(way === "cookie" ? renewals > 0 : renewals === 1, true, `${renewals} renewals of the two tabs`);
  if (way === "cookie") {
    await context.clearCookies({ name: "__Host-access" });
    equal(await count(both), [Array(10).fill("ada"), 1], "ten requests of two tabs, after the browser has dropped the expired cookie");
  }

  const confirm = (password) => page.evaluate(async (body) => (await session.reauthenticate(`${api}/confirm`, { method: "POST", body })).status, password);
  equal(await count(() => confirm("wrong")), [401, 0], "a wrong password");
  equal(await count(() => confirm("right")), [200, 0], "the right one");
  await expire();
  equal(await count(() => confirm("wrong")), [401, 1], "a wrong password with an expired token");
  equal([await me(page), await me(tab)], ["ada", "ada"], "after the reauthentication");
  await tell("advance/31");
  equal(await page.evaluate(() => session.renew()), true, "the page has the refresh token of the reauthentication");

  // The tab that renews is gone before the answer arrives; another one renews within the window.
  const closing = await held("auth/refresh", () => ({ end: tab.evaluate(() => void session.renew()) }));
  await closing.end;
  await tab.close();
  const renewed = page.evaluate(() => session.renew());
  await tell("release");
  equal([await renewed, await me(page)], [true, "ada"], "after a tab was closed in its renewal");

  const late = await open();
  equal(await count(() => me(late)), ["ada", 0], "a new tab learns the token from the others");
  await Promise.all([page.close(), late.close()]);
  const alone = await open();
  equal(await count(() => me(alone)), ["ada", way === "cookie" ? 0 : 1], "a tab after all others were closed");

  equal(await alone.evaluate(() => session.signOut()), true, "the sign-out");
  equal(await count(() => me(alone)), ["missing_credentials", 0], "after the sign-out");
  equal((await context.cookies()).length, 0, "cookies after the sign-out");
  equal(await sessions("ada"), 0, "ada's sessions after the sign-out");
  equal(await signIn(alone, "bob"), 200, "bob signs in after a sign-out");
  equal(await me(alone), "bob", "who is signed in then");

  // Thirty days later the session is over, and the page is told once.
  await tell("advance/2592000");
  equal(await count(() => me(alone)), ["invalid_token", 1], "after the end of the session");
  equal(await alone.evaluate(() => [session.isSignedIn, events.at(-1)]), [false, "signed_out"], "what the page knows");
  equal((await count(() => me(alone)))[1], 0, "renewals after the end of the session");
  console.log("the module with a real server: every check passed");
} finally {
  await browser.close();
}
