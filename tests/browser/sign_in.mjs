/**
 * The Scalar page of the example `resource-server`: `node sign_in.mjs <url>`. Its reader signs in at each of the two providers.
 */
import { equal, hostsOf, launch } from "./browser.mjs";

const [url] = process.argv.slice(2);
const browser = await launch();

/** Signs in as ada at this provider. Returns what the API says about the user. */
async function visit(provider) {
  const context = await browser.newContext({ viewport: { width: 1400, height: 1000 } });
  const hosts = hostsOf(context);
  const page = await context.newPage();
  await page.goto(`${url}/scalar`);
  // The first scheme is selected already.
  await page.getByText("Selected Auth Type: acme").click();
  if (provider !== "acme") {
    await page.getByRole("option", { name: "acme" }).click();
    await page.getByRole("option", { name: provider }).click();
  }
  await page.keyboard.press("Escape");
  await page.getByText(`Selected Auth Type: ${provider}`).waitFor();

  const opened = page.waitForEvent("popup");
  await page.getByRole("button", { name: "Authorize" }).first().click();
  const popup = await opened;
  const issued = page.waitForResponse((response) => new URL(response.url()).pathname === "/token");
  await popup.getByRole("link", { name: "ada" }).click();
  const issuer = new URL((await issued).url()).host;
  equal((await issued).status(), 200, `the token of ${provider}`);

  const answers = {};
  for (const [summary, path] of [["Who am I?", "/me"], ["For users of the partner", "/partners"], ["For administrators", "/report"]]) {
    await page.getByText(summary).first().click();
    await page.getByRole("button", { name: new RegExp(`Test Request.* ${path}\\)`, "i") }).first().click();
    const response = page.waitForResponse((response) => new URL(response.url()).pathname === path);
    await page.getByRole("button", { name: /Send/ }).first().click();
    answers[path] = await response;
    await page.keyboard.press("Escape");
  }
  const me = await answers["/me"].json();
  equal([...hosts].sort(), [new URL(url).host, issuer].sort(), "the hosts that the page talks to");
  await context.close();
  return [me.known_as, me.roles, answers["/partners"].status(), answers["/report"].status()];
}

try {
  equal(await visit("acme"), ["ada of acme", ["admin"], 403, 200], "ada of acme");
  equal(await visit("partner"), ["ada of partner", ["member"], 200, 403], "ada of partner");
  console.log("sign_in: every check passed");
} finally {
  await browser.close();
}
