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
  // The page is not signed in by the cookie: the token that is typed in has to do.
  await context.clearCookies();

  const page = await context.newPage();
  await page.goto(`${url}/scalar`);
  const field = page.getByPlaceholder("Token").first();
  await field.waitFor();
  for (const summary of ["Who am I?", "Sign with a new key"]) {
    await page.getByText(summary).first().waitFor();
  }
  await field.fill(access_token);

  for (const [path, status] of [["/me", 200], ["/new-key", 403]]) {
    await page.getByRole("button", { name: new RegExp(`Test Request.*${path}\\b`, "i") }).first().click();
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
