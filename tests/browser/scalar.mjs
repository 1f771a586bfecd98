/**
 * The Scalar page of the browser example: `node scalar.mjs <url> <name> <password>`.
 *
 * It lists every operation, sends an access token with a request, shows what a refusal says, and talks to no other host.
 */
import { equal, hostsOf, launch } from "./browser.mjs";

const [url, name, password] = process.argv.slice(2);
const browser = await launch();
const context = await browser.newContext({ viewport: { width: 1400, height: 1000 } });
const hosts = hostsOf(context);

try {
  const answer = await context.request.post(`${url}/login`, {
    data: { name, password },
    headers: { Origin: url },
  });
  equal(answer.status(), 200, "the sign-in");
  const { access_token } = await answer.json();
  // Without the cookie, only the token that is typed in can sign the page in.
  await context.clearCookies();

  const page = await context.newPage();
  await page.goto(`${url}/scalar`);
  const field = page.getByPlaceholder("Token").first();
  await field.waitFor();
  await field.fill(access_token);

  const requests = [
    ["Who am I?", "/me", 200],
    ["Lists the sessions", "/auth/sessions", 200],
    ["Sign with a new key", "/new-key", 403],
  ];
  for (const [summary, path, status] of requests) {
    // The list on the left; the operation itself is drawn when it comes into view.
    await page.getByText(summary).first().click();
    await page.getByRole("button", { name: new RegExp(`Test Request.* ${path}\\)`, "i") }).first().click();
    const response = page.waitForResponse((response) => new URL(response.url()).pathname === path);
    await page.getByRole("button", { name: /Send/ }).first().click();
    equal((await response).status(), status, path);
    await page.keyboard.press("Escape");
  }
  equal([...hosts], [new URL(url).host], "the hosts that the page talks to");
  console.log("scalar: every check passed");
} finally {
  await browser.close();
}
