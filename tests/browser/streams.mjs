/**
 * Two tabs of the example `streams`: `node streams.mjs <url> <name> <password>`.
 *
 * Row 164: a sign-out in one tab ends the event stream and the WebSocket of the other at most a second later (and the request that
 * ends a session does not wait for that). The stream is not opened again. Without a session none opens.
 */
import { equal, launch } from "./browser.mjs";

const [url, name, password] = process.argv.slice(2);
const browser = await launch();
const context = await browser.newContext();
const shows = (page, id, text) =>
  page.waitForFunction(([id, text]) => new RegExp(text).test(document.getElementById(id).textContent), [id, text]);

try {
  const first = await context.newPage();
  await first.goto(url);
  await first.click("#open");
  await shows(first, "events", "^refused$");
  await shows(first, "socket", "^1006 ");

  await first.fill("[name=name]", name);
  await first.fill("[name=password]", password);
  await first.click("#sign-in button");
  await shows(first, "answer", "^/login: 200$");
  await first.click("#open");
  await shows(first, "events", "^tick 2$");
  await shows(first, "socket", "^hello$");

  const second = await context.newPage();
  await second.goto(url);
  await second.click("#sign-out");
  await shows(second, "answer", "^/auth/logout: 204$");
  await shows(first, "socket", "^4401 session_ended$");
  await shows(first, "events", "^refused$");
  const last = await first.textContent("#events");
  await first.waitForTimeout(1200);
  equal(await first.textContent("#events"), last, "nothing more comes");
} finally {
  await browser.close();
}
