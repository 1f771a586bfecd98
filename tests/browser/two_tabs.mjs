/**
 * Two tabs of the browser example, with its own module: `node two_tabs.mjs <url> <name> <password>`.
 *
 * The access token is in memory, the refresh token in a cookie that no script sees; when the access token is refused, both
 * tabs together refresh once; another site's page refreshes nothing; signing out in one tab signs out the other.
 */
import { equal, hostsOf, launch } from "./browser.mjs";

const [url, name, password] = process.argv.slice(2);
const browser = await launch();
const context = await browser.newContext();
const hosts = hostsOf(context);

const refreshes = async () => Number(await (await context.request.get(`${url}/refreshes`)).text());
const state = (page, text) => page.locator("#state", { hasText: new RegExp(`^${text}$`) }).waitFor();
/** Requests /me through the page's own button, and waits until the answer is shown. */
const me = async (page) => {
  await page.evaluate(() => (document.getElementById("answer").textContent = ""));
  await page.click("#me");
  await page.waitForFunction(() => document.getElementById("answer").textContent !== "");
  return page.textContent("#answer");
};

try {
  const first = await context.newPage();
  await first.goto(url);
  await state(first, "signed out");
  equal((await me(first)).slice(0, 3), "401", "the page is not signed in");

  await first.fill("[name=name]", name);
  await first.fill("[name=password]", password);
  await first.click("#sign-in button");
  await state(first, "signed in");
  equal((await me(first)).slice(0, 3), "200", "the first tab after signing in");

  const cookies = await context.cookies();
  equal(
    cookies.map(({ name, httpOnly, secure, sameSite, path }) => [name, httpOnly, secure, sameSite, path]),
    [["__Host-refresh", true, true, "Strict", "/"]],
    "the one cookie",
  );
  equal(await first.evaluate(() => document.cookie), "", "what scripts see of it");
  const stored = await first.evaluate(() => [localStorage.length, sessionStorage.length]);
  equal(stored, [0, 0], "what is in storage");

  const second = await context.newPage();
  await second.goto(url);
  await state(second, "signed in");
  equal((await me(second)).slice(0, 3), "200", "a tab that was opened later");

  for (const round of [1, 2, 3]) {
    const answer = await first.evaluate(() => window.session.fetch("/new-key", { method: "POST" }).then((r) => r.status));
    equal(answer, 204, "the key is replaced");
    const before = await refreshes();
    const ask = () => Promise.all(Array.from({ length: 5 }, () => window.session.fetch("/me").then((r) => r.status)));
    const answers = await Promise.all([first.evaluate(ask), second.evaluate(ask)]);
    equal(answers.flat(), Array(10).fill(200), `ten requests of two tabs, round ${round}`);
    equal((await refreshes()) - before, 1, `refreshes of two tabs, round ${round}`);
  }

  // The same server under another name is another site; this answer has no policy that forbids requests to other sites.
  const foreign = await context.newPage();
  await foreign.goto(`${url.replace("127.0.0.1", "localhost")}/refreshes`);
  const before = await refreshes();
  const post = (target) => fetch(target, { method: "POST", credentials: "include", mode: "no-cors" }).then(() => true);
  await foreign.evaluate(post, `${url}/auth/refresh`);
  await foreign.evaluate(post, `${url}/auth/logout`);
  equal((await me(first)).slice(0, 3), "200", "after another site has tried to refresh and to sign out");
  equal((await refreshes()) - before, 0, "refreshes by another site");

  await first.click("#sign-out");
  await state(first, "signed out");
  await state(second, "signed out");
  equal((await me(second)).slice(0, 3), "401", "the other tab after signing out");
  equal((await context.cookies(url)).length, 0, "cookies after signing out");

  equal([...hosts].every((host) => /^(127\.0\.0\.1|localhost):/.test(host)), true, `hosts: ${[...hosts]}`);
  console.log("two tabs: every check passed");
} finally {
  await browser.close();
}
