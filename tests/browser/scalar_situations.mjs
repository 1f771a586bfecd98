/**
 * The Scalar page in one situation: `node scalar_situations.mjs <url> <prefix> <reader> [token]`.
 *
 * The reader is signed in with the cookie, or a visitor; types nothing, a wrong token, or the right one. Nothing is cleared before.
 */
import { equal, hostsOf, launch } from "./browser.mjs";

const [url, prefix, reader, token] = process.argv.slice(2);
const browser = await launch();
const context = await browser.newContext({ viewport: { width: 1400, height: 1000 } });
const hosts = hostsOf(context);

/** Tries an operation on the page; gives its status, the user or the challenge, and the header that the page sent. */
async function attempt(page, summary, path) {
  await page.getByText(summary).first().click();
  await page.getByRole("button", { name: new RegExp(`Test Request.* ${path}\\)`, "i") }).first().click();
  const isIt = (message) => new URL(message.url()).pathname === `${prefix.replace("/api", "")}${path}`;
  const [request, response] = [page.waitForRequest(isIt), page.waitForResponse(isIt)];
  await page.getByRole("button", { name: /Send/ }).first().click();
  const headers = await (await request).allHeaders();
  const answer = await response;
  await page.keyboard.press("Escape");
  // Headers: Chromium may have dropped the body by now.
  const { "x-user": user, "www-authenticate": challenge } = await answer.allHeaders();
  return [answer.status(), user ?? challenge, headers.authorization];
}

try {
  const page = await context.newPage();
  if (reader === "cookie" || reader === "undescribed cookie") {
    await page.goto(`${url}/sign-in`);
    equal((await context.cookies()).map(({ name }) => name).sort(), ["__Host-access", "__Host-refresh"], "the cookies");
  }
  await page.goto(`${url}${prefix}/scalar`);
  equal(new URL(page.url()).pathname, `${prefix}/scalar`, "the page that is shown");
  const section = prefix === "/api" ? "/api" : "";
  if (reader === "wrong" || reader === "right") {
    const field = page.getByPlaceholder("Token").first();
    await field.waitFor();
    await field.fill(token);
  }

  const me = await attempt(page, "Who am I?", `${section}/me`);
  const hello = await attempt(page, "For everybody", `${section}/hello`);
  const notes = await attempt(page, "Write a note", `${section}/notes`);
  if (reader === "cookie") {
    equal(me, [200, "7", undefined], "GET /me with the cookie");
    equal(hello, [200, "7", undefined], "GET /hello with the cookie");
    equal(notes.slice(0, 1), [201], "POST /notes with the cookie");
  } else if (reader === "undescribed cookie") {
    equal([me[0], hello[1], notes[0]], [200, "7", 201], "the answers to the cookie");
  } else if (reader === "right") {
    equal(me, [200, "7", `Bearer ${token}`], "GET /me with a token");
    equal(hello.slice(0, 2), [200, "7"], "GET /hello with a token");
    equal(notes.slice(0, 1), [201], "POST /notes with a token");
  } else {
    const refusal = ([status, challenge]) => [status, /error="(\w+)"/.exec(challenge)?.[1]];
    const expected = [401, reader === "wrong" ? "invalid_token" : undefined];
    equal(refusal(me), expected, "GET /me");
    equal(refusal(notes), expected, "POST /notes");
    if (reader === "wrong") equal(refusal(hello), expected, "GET /hello");
    else equal(hello.slice(0, 2), [200, "a stranger"], "GET /hello");
  }
  equal([...hosts], [new URL(url).host], "the hosts that the page talks to");
  console.log("every check passed");
} finally {
  await browser.close();
}
