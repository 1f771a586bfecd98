/** A document with many operations opens: `node scalar_large.mjs <url> <operations>`. Prints the time to the first operation. */
import { equal, launch } from "./browser.mjs";

const [url, operations] = process.argv.slice(2);
const browser = await launch();

try {
  const page = await browser.newPage({ viewport: { width: 1400, height: 1000 } });
  const start = Date.now();
  await page.goto(`${url}/scalar`);
  await page.getByRole("heading", { name: "Operation number 0", exact: true }).first().waitFor();
  console.log(`first of ${operations} operations: ${Date.now() - start} ms`);
  await page.goto(`${url}/scalar#tag/section-${Math.floor((operations - 1) / 20)}/GET/things/${operations - 1}`);
  await page.reload();
  const last = page.getByRole("heading", { name: `Operation number ${operations - 1}`, exact: true }).first();
  await last.waitFor();
  equal(await last.isVisible(), true, "the last operation");
  console.log("every check passed");
} finally {
  await browser.close();
}
