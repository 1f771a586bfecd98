/** Headless Chromium, and the assertions of the scripts. */
import { chromium } from "playwright-core";
import { existsSync } from "node:fs";

const places = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

export async function launch() {
  const executablePath = process.env.CHROMIUM ?? places.find(existsSync);
  if (!executablePath) throw new Error("no Chromium; type: sudo apt-get install -y chromium");
  const flags = "no-sandbox disable-gpu disable-quic no-first-run disable-background-networking disable-component-update disable-sync";
  const browser = await chromium.launch({ executablePath, args: flags.split(" ").map((flag) => `--${flag}`) });
  // A busy machine takes longer than the 30 seconds of the driver. A wait ends with what it waits for, so only a failure takes this long.
  const newContext = browser.newContext.bind(browser);
  browser.newContext = async (options) => {
    const context = await newContext(options);
    context.setDefaultTimeout(180_000);
    return context;
  };
  return browser;
}

export function equal(found, expected, what) {
  const [one, other] = [JSON.stringify(found), JSON.stringify(expected)];
  if (one !== other) throw new Error(`${what}: found ${one}, expected ${other}`);
}

/** Records every host that the context talks to. */
export function hostsOf(context) {
  const hosts = new Set();
  context.on("request", (request) => {
    if (/^https?:/.test(request.url())) hosts.add(new URL(request.url()).host);
  });
  return hosts;
}
