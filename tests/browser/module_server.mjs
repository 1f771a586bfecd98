/** Servers for the tests of the browser module, which answer exactly as a script says. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import http2 from "node:http2";

const module = readFileSync(new URL("../../clients/browser/countersign.js", import.meta.url));
const page = `<!doctype html><script type="module">
  import { OutageError, Session } from "/countersign.js";
  Object.assign(window, { OutageError, Session });
</script>`;

/** A certificate for this run, which the browser is told to accept. */
const certificate = execFileSync(
  "openssl",
  "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost -keyout - -out -".split(" "),
  { stdio: ["ignore", "pipe", "ignore"] },
);

/** An answer that never comes: the network fails. */
export const LOST = Symbol("lost");

export const json = (status, body, headers = {}) => ({
  status,
  headers: { "Content-Type": "application/json", ...headers },
  body: JSON.stringify(body),
});

/**
 * Serves the module and what `answer({ method, path, headers, body, origin, closed })` returns, for pages of every
 * origin; `closed` resolves when the browser gives up. HTTP/2, because Chromium sends a stream over nothing older. Returns the
 * origin and a function that ends it.
 */
export async function serve(answer) {
  const server = http2.createSecureServer({ key: certificate, cert: certificate, settings: { maxConcurrentStreams: 250 } });
  const sessions = new Set();
  server.on("session", (session) => sessions.add(session));
  server.on("stream", async (stream, { ":method": method, ":path": path, ...headers }) => {
    stream.on("error", () => {});
    const closed = new Promise((resolve) => stream.on("close", resolve));
    const cors = headers.origin && {
      "Access-Control-Allow-Origin": headers.origin,
      "Access-Control-Allow-Credentials": "true",
      "Access-Control-Allow-Headers": "authorization, content-type, x-csrf-token",
      "Access-Control-Expose-Headers": "www-authenticate, retry-after",
    };
    const send = ({ status, headers, body = "" }) => {
      if (stream.closed || stream.destroyed) return;
      stream.respond({ ":status": status, "Cache-Control": "no-store", ...cors, ...headers });
      stream.end(body);
    };
    if (method === "OPTIONS") return send({ status: 204 });
    if (path === "/favicon.ico") return send({ status: 404 });
    if (path === "/") return send({ status: 200, headers: { "Content-Type": "text/html" }, body: page });
    if (path === "/countersign.js") return send({ status: 200, headers: { "Content-Type": "text/javascript" }, body: module });
    try {
      const parts = [];
      for await (const part of stream) parts.push(part);
      const body = Buffer.concat(parts).toString();
      const made = await answer({ method, path, headers, body, origin, closed });
      if (made === LOST) stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR);
      else send(made);
    } catch (error) {
      // A browser that gave up has closed the stream.
      if (!stream.aborted && !stream.destroyed) throw error;
    }
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  const origin = `https://localhost:${server.address().port}`;
  const close = () => {
    for (const session of sessions) session.destroy();
    server.close();
  };
  return { origin, close };
}

/** Opens a page with the module. */
export async function open(context, origin) {
  const page = await context.newPage();
  await page.goto(origin);
  await page.waitForFunction(() => window.Session);
  return page;
}

/** Freezes a page, as a browser does with a tab in the background. Returns a function that thaws it. */
export async function freeze(page) {
  const client = await page.context().newCDPSession(page);
  await client.send("Page.setWebLifecycleState", { state: "frozen" });
  return () => client.send("Page.setWebLifecycleState", { state: "active" });
}
