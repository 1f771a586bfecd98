/**
 * The package of the browser module, as its users get it: `node module_package.mjs <version>`.
 *
 * It is packed, installed into an empty folder without a network, imported, and compiled against by a strict TypeScript program.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { equal } from "./browser.mjs";

const [version] = process.argv.slice(2);
const file = (path) => fileURLToPath(new URL(path, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "countersign-package-"));
const call = (program, ...words) => execFileSync(program, words, { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });

const program = `
import { OutageError, Session, type SessionEvent, type TokenAnswer } from "@countersign-rs/browser";

const session = new Session("/auth", { trustedOrigins: ["https://files.example.com"], lockTimeout: 1 });
const stop: () => void = session.subscribe((event: SessionEvent) => {
  if (event.type === "outage") event.error.retryAfter?.toFixed();
  else if (event.type === "signed_out") event.reason satisfies "signed_out" | "ended";
});
const isSignedIn: boolean = (await session.renew()) && session.isSignedIn;
const answers: Response[] = [
  await session.signIn("/login", { method: "POST" }),
  await session.reauthenticate(new Request("/confirm")),
  await session.fetch(new URL("https://example.com")),
];
const tokens: TokenAnswer = await answers[0]!.json();
await session.signedIn(tokens);
const isSignedOut: boolean = await session.signOut();
const error: Error = new OutageError("x", { status: 503, retryAfter: 5 });
// @ts-expect-error
session.isSignedIn = true;
// @ts-expect-error
new Session("/auth", { timeout: 1 });
export { error, isSignedIn, isSignedOut, stop };
`;

try {
  const [{ filename, files }] = JSON.parse(call("npm", "pack", "--json", "--offline", "--pack-destination", folder, file("../../clients/browser")));
  const paths = files.map(({ path }) => path).sort();
  equal(paths, ["README.md", "countersign.d.ts", "countersign.js", "package.json"], "the files of the package");
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "user", private: true, type: "module" }));
  call("npm", "install", "--offline", "--ignore-scripts", "--no-audit", "--no-fund", join(folder, filename));

  const installed = JSON.parse(readFileSync(join(folder, "node_modules/@countersign-rs/browser/package.json"), "utf8"));
  equal(installed.version, version, "the version is that of the crates");
  equal(Object.keys(installed).filter((key) => /dependencies|scripts/i.test(key)), [], "dependencies and scripts");

  // What the module exports, and what its declarations say.
  writeFileSync(
    join(folder, "exports.mjs"),
    `import * as module from "@countersign-rs/browser";
     const members = (kind) => Object.getOwnPropertyNames(kind.prototype).filter((name) => name !== "constructor").sort();
     console.log(JSON.stringify([Object.keys(module).sort(), members(module.Session)]));`,
  );
  const found = JSON.parse(call("node", "exports.mjs"));
  const declared = readFileSync(join(folder, "node_modules/@countersign-rs/browser/countersign.d.ts"), "utf8");
  const names = [...declared.matchAll(/^export class (\w+)/gm)].map(([, name]) => name).sort();
  const session = /^export class Session \{$(.*?)^\}$/ms.exec(declared)[1];
  const members = [...session.matchAll(/^  (?:get )?(\w+)\(/gm)].map(([, name]) => name).filter((name) => name !== "constructor");
  equal(found, [names, members.sort()], "the exports and their declarations");

  writeFileSync(join(folder, "program.ts"), program);
  const options = "--noEmit --strict --exactOptionalPropertyTypes --noUncheckedIndexedAccess --target es2022 --lib es2022,dom,dom.iterable";
  for (const resolution of ["--module nodenext --moduleResolution nodenext", "--module esnext --moduleResolution bundler"]) {
    const words = [...options.split(" "), ...resolution.split(" "), "program.ts"];
    call(process.execPath, file("../document/node_modules/typescript/bin/tsc"), ...words);
  }
  console.log("the package: every check passed");
} finally {
  rmSync(folder, { recursive: true });
}
