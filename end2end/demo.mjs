// The program with its demo: served on a free port from a folder of its own, for journeys and measurements.
import { execFileSync, spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Which build; the one that `cargo build` makes unless PORTICO_PROGRAM says otherwise. */
export const program = () => process.env.PORTICO_PROGRAM ?? fileURLToPath(new URL("../target/debug/portico", import.meta.url));

/** A code from the authenticator of somebody of the demo in that folder: not used before, and not handed to another journey either. */
export function code(data, email) {
  for (;;) {
    const fresh = execFileSync(program(), ["--data", data, "totp", email], { encoding: "utf8" }).trim();
    try {
      // Made by whoever comes first.
      closeSync(openSync(join(data, `code-${email}-${fresh}`), "wx"));
      return fresh;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);
    }
  }
}

/** A port of the loopback interface nobody uses now. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** Resolves once `url` answers 200; rejects when the process ended or a minute passed. */
async function answers(url, isAlive) {
  for (let tries = 0; tries < 600; tries++) {
    if (!isAlive()) throw new Error("the program ended before it served");
    const response = await fetch(url).catch(() => undefined);
    if (response?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${url} did not answer within a minute`);
}

/**
 * Fills a fresh database with the demo and serves it: its address, its folder, its sign-ins
 * (`email`, `password`, `customer`, `state`; the healthy one first), and how to end it. `log`: all it logs at that filter goes into serve.log
 * in its folder, to be searched. `commands`: what the program is to be told before it serves, each a list of arguments.
 */
export async function serveDemo({ log, commands = [] } = {}) {
  const data = mkdtempSync(join(tmpdir(), "portico-end2end-"));
  let server;
  const stop = async () => {
    if (server && server.exitCode === null) {
      const ended = new Promise((resolve) => server.once("exit", resolve));
      server.kill("SIGTERM");
      await ended;
    }
    rmSync(data, { recursive: true, force: true });
  };
  try {
    const filled = execFileSync(program(), ["--data", data, "demo", "--json"], { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
    for (const told of commands) execFileSync(program(), ["--data", data, ...told], { stdio: ["ignore", "ignore", "inherit"] });
    const [port, sandbox] = [await freePort(), await freePort()];
    server = spawn(program(), ["--data", data, "serve", "--listen", `127.0.0.1:${port}`, "--sandbox-listen", `127.0.0.1:${sandbox}`, ...(log ? ["--log", log] : [])], { stdio: ["ignore", "ignore", log ? openSync(join(data, "serve.log"), "w") : "inherit"] });
    await answers(`http://127.0.0.1:${port}/readyz`, () => server.exitCode === null);
    return { url: `http://localhost:${port}`, data, signIns: JSON.parse(filled).sign_ins, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Signs in by the pages, as a person does. */
export async function signIn(page, who, data) {
  await page.goto("/sign-in");
  await page.locator("[name=email]").fill(who.email);
  await page.locator("[name=password]").fill(who.password);
  await page.locator("[name=password]").press("Enter");
  await page.waitForURL(/\/sign-in\/code/);
  await page.locator("[name=code]").fill(code(data, who.email));
  await page.locator("[name=code]").press("Enter");
  await page.waitForURL((url) => !url.pathname.startsWith("/sign-in"));
}
