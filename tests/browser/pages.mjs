/**
 * Pages with `SameSite=Strict` cookies as Chromium opens them: `node pages.mjs <port of the server in pages.rs>`.
 *
 * The user signs in at a provider on another site (127.0.0.1 and localhost are two), and is then on the page; the access cookie ends,
 * and the next visit renews it, also through a service worker; a script of the page gets 401 where a visitor gets the login page.
 */
import http from "node:http";
import { equal, launch } from "./browser.mjs";

const site = `http://localhost:${process.argv[2]}`;

/** The provider: a user allows the sign-in, and the answer is a link or a posted form. */
const provider = http.createServer((request, response) => {
  const target = new URL(request.url, "http://provider").searchParams.get("to");
  response.setHeader("Content-Type", "text/html");
  if (request.url.startsWith("/allow")) {
    response.writeHead(302, { Location: `${site}${target}` });
    return response.end();
  }
  const form = request.url.startsWith("/posting")
    ? `<form method="post" action="${site}${target}">`
    : `<form action="/allow"><input type="hidden" name="to" value="${target}">`;
  response.end(`${form}<button>Allow</button></form>`);
});
await new Promise((ready) => provider.listen(0, "127.0.0.1", ready));
const providerUrl = `http://127.0.0.1:${provider.address().port}`;

const browser = await launch();

/** A sign-in at the provider by a browser without cookies. Returns its context and page, on the page after the sign-in. */
async function signIn(way, target) {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${providerUrl}/${way}?to=${encodeURIComponent(target)}`);
  await page.click("button");
  await page.waitForURL(/localhost.*\/(app\/inbox|login)/);
  return [context, page];
}

const accessOf = async (context) => (await context.cookies()).find(({ name }) => name === "__Host-access")?.value;

try {
  for (const [way, target, title, address] of [
    ["linking", "/led?code=once", "inbox of 7", "/app/inbox"],
    ["linking", "/led?code=once&next=%2Fapp%2Finbox%3Ffolder%3D3", "inbox of 7", "/app/inbox?folder=3"],
    ["linking", "/led?code=once&next=%2F%2Fevil.example", "inbox of 7", "/app/inbox"],
    ["posting", "/posted", "inbox of 7", "/app/inbox"],
    ["posting", "/posted?next=%2Fapp%2Finbox%3Fq%3D'%26lt%3B%253C", "inbox of 7", "/app/inbox?q=%27&lt;%3C"],
    ["posting", "/redirected", "inbox of 7", "/app/inbox"],
  ]) {
    const [context, page] = await signIn(way, target);
    equal([await page.title(), page.url()], [title, `${site}${address}`], `after a sign-in: ${way} ${target}`);
    const cookies = await context.cookies();
    equal(cookies.map(({ sameSite }) => sameSite), ["Strict", "Strict"], `the cookies: ${way} ${target}`);
    await context.close();
  }

  const [context, page] = await signIn("linking", "/led?code=once");
  const first = await accessOf(context);
  const script = await page.evaluate(async () => (await fetch("/app/inbox")).status);
  equal(script, 200, "a script of the page");

  // What the browser has after the `Max-Age` of the access cookie.
  await context.clearCookies({ name: "__Host-access" });
  equal(await page.evaluate(async () => (await fetch("/app/inbox")).status), 401, "a script after the end of the access cookie");
  const stream = await page.evaluate(
    () => new Promise((end) => Object.assign(new EventSource("/app/inbox"), { onopen: () => end("open"), onerror: () => end("error") })),
  );
  equal(stream, "error", "an event stream after the end of the access cookie");
  equal(await accessOf(context), undefined, "none of them renewed");
  await page.goto(`${site}/app/inbox?folder=4`);
  equal([await page.title(), page.url()], ["inbox of 7", `${site}/app/inbox?folder=4`], "a visit renews");
  const second = await accessOf(context);
  equal([second !== undefined, second === first], [true, false], "the access cookie is a new one");

  // A service worker that passes navigations on.
  await page.evaluate(async () => {
    await navigator.serviceWorker.register("/worker.js");
    await navigator.serviceWorker.ready;
    if (!navigator.serviceWorker.controller)
      await new Promise((taken) => navigator.serviceWorker.addEventListener("controllerchange", taken));
  });
  await context.clearCookies({ name: "__Host-access" });
  await page.goto(`${site}/app/inbox?folder=5`);
  equal(await page.title(), "inbox of 7", "a visit through a service worker renews");

  // A visitor goes to the login page, through the worker as well.
  await context.clearCookies();
  await page.goto(`${site}/app/inbox?folder=6`);
  equal([await page.title(), page.url()], ["login", `${site}/login?next=%2Fapp%2Finbox%3Ffolder%3D6`], "a visitor");
} finally {
  await browser.close();
  provider.close();
}
