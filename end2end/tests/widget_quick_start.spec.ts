// The README's way from the running demo to the portal in one's own page, as it stands there.
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort, program } from "../demo.mjs";
import { expect, test } from "./people";
import { inFrame, isReady } from "./vendor";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

test("ten copied commands put the portal into a page", async ({ page, baseURL }) => {
  const section = readFileSync(join(root, "README.md"), "utf8").split("## The portal inside your own site")[1].split("\n## ")[0];
  const commands = section.split("\n").filter((line) => line.startsWith("    ")).map((line) => line.slice(4));
  expect(commands.length).toBeLessThanOrEqual(10);
  // As they stand, but for what a test has elsewhere: the ports, and the folders of program and data.
  const folder = mkdtempSync(join(tmpdir(), "portico-quick-start-"));
  mkdirSync(join(folder, "target/release"), { recursive: true });
  symlinkSync(program(), join(folder, "target/release/portico"));
  symlinkSync(process.env.PORTICO_TEST_DATA!, join(folder, "data"));
  symlinkSync(join(root, "end2end"), join(folder, "end2end"));
  const port = await freePort();
  const script = ["set -euo pipefail", ...commands].join("\n").replaceAll("http://localhost:3000", baseURL!).replaceAll("127.0.0.1:4000", `127.0.0.1:${port}`);
  const shell = spawn("bash", ["-c", `${script}`], { cwd: folder, env: { ...process.env, PORTAL: baseURL!, PORT: String(port) }, stdio: ["ignore", "pipe", "inherit"], detached: true });
  try {
    await new Promise<void>((resolve, reject) => {
      shell.stdout!.on("data", (said) => String(said).includes("site is at") && resolve());
      shell.once("exit", (code) => reject(new Error(`the commands ended with ${code}`)));
    });
    await page.goto(`http://127.0.0.1:${port}`);
    await isReady(page);
    await inFrame(page).getByRole("link", { name: "Invoices", exact: true }).first().click();
    await expect(inFrame(page).getByRole("link", { name: "Invoices", exact: true }).first()).toHaveAttribute("aria-current", "page");
  } finally {
    if (shell.exitCode === null) process.kill(-shell.pid!);
  }
});
