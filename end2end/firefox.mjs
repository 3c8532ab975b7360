// Firefox for journeys that must hold there too, by Marionette, the protocol it speaks itself: the browser driver drives only its own build.
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "./demo.mjs";

const ELEMENT = "element-6066-11e4-a52e-4f735466cecf";

/** Starts Firefox with more settings than a test needs anyway; `end` stops it. */
export async function startFirefox(settings = {}) {
  const profile = mkdtempSync(join(tmpdir(), "portico-firefox-"));
  const downloads = mkdtempSync(join(tmpdir(), "portico-downloads-"));
  const port = await freePort();
  const all = {
    "marionette.port": port,
    "app.update.enabled": false,
    "browser.shell.checkDefaultBrowser": false,
    "datareporting.policy.dataSubmissionEnabled": false,
    "toolkit.telemetry.reportingpolicy.firstRun": false,
    "network.captive-portal-service.enabled": false,
    "browser.download.folderList": 2,
    "browser.download.dir": downloads,
    "browser.download.always_ask_before_handling_new_types": false,
    "pdfjs.disabled": true,
    ...settings,
  };
  writeFileSync(join(profile, "user.js"), Object.entries(all).map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`).join(""));
  const program = execFileSync(fileURLToPath(new URL("setup.sh", import.meta.url)), ["firefox"], { encoding: "utf8" }).trim();
  const process = spawn(program, ["--headless", "--marionette", "--no-remote", "--profile", profile], { stdio: "ignore" });
  const ended = new Promise((resolve) => process.once("exit", resolve));
  const end = async () => {
    process.kill("SIGTERM");
    await ended;
    rmSync(profile, { recursive: true, force: true });
    rmSync(downloads, { recursive: true, force: true });
  };
  try {
    return { ...drive(await wire(port, () => process.exitCode === null)), files: () => readdirSync(downloads).filter((name) => !name.endsWith(".part")), downloads, end };
  } catch (error) {
    await end();
    throw error;
  }
}

/** One command after the other over the socket; messages are `length:json`. */
async function wire(port, isAlive) {
  let socket;
  for (let tries = 0; !socket; tries++) {
    socket = await new Promise((resolve) => {
      const trying = connect(port, "127.0.0.1", () => resolve(trying)).once("error", () => resolve(undefined));
    });
    if (!socket && (tries > 150 || !isAlive())) throw new Error("Firefox did not come up");
    if (!socket) await new Promise((resolve) => setTimeout(resolve, 200));
  }
  let buffer = Buffer.alloc(0);
  let id = 0;
  const waiting = new Map();
  socket.on("data", (data) => {
    buffer = Buffer.concat([buffer, data]);
    for (;;) {
      const colon = buffer.indexOf(":");
      const length = Number(buffer.subarray(0, colon));
      if (colon < 0 || buffer.length < colon + 1 + length) return;
      const message = JSON.parse(buffer.subarray(colon + 1, colon + 1 + length).toString());
      buffer = buffer.subarray(colon + 1 + length);
      if (Array.isArray(message)) {
        const [, answers, error, result] = message;
        const { resolve, reject } = waiting.get(answers);
        waiting.delete(answers);
        if (error) reject(new Error(`${error.error}: ${error.message}`));
        else resolve(result?.value === undefined ? result : result.value);
      }
    }
  });
  const send = (command, parameters = {}) =>
    new Promise((resolve, reject) => {
      const text = JSON.stringify([0, ++id, command, parameters]);
      waiting.set(id, { resolve, reject });
      socket.write(`${Buffer.byteLength(text)}:${text}`);
    });
  await send("WebDriver:NewSession", { capabilities: { alwaysMatch: { acceptInsecureCerts: true } } });
  return send;
}

/** What journeys say. A place is a path of frames from the page inwards; what is looked for is waited for. */
function drive(send) {
  const run = (script, ...args) => send("WebDriver:ExecuteScript", { script, args });
  const enter = async (frames) => {
    await send("WebDriver:SwitchToFrame", { id: null });
    for (const selector of frames) {
      const frame = await run("const found = document.querySelector(arguments[0]); return found?.shadowRoot?.querySelector('iframe') ?? found;", selector);
      if (!frame) throw new Error(`no frame ${selector}`);
      await send("WebDriver:SwitchToFrame", { element: frame[ELEMENT] });
    }
  };
  async function until(what, look) {
    const end = Date.now() + 15_000;
    for (let last = ""; ; ) {
      const found = await look().catch((error) => void (last = String(error)));
      if (found) return found;
      if (Date.now() > end) throw new Error(`waited for ${what} in vain ${last}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  const find = (frames, selector, text) =>
    until(`${selector} ${text ?? ""}`, async () => {
      await enter(frames);
      return await run("return [...document.querySelectorAll(arguments[0])].find((one) => !arguments[1] || one.textContent.includes(arguments[1])) ?? null;", selector, text ?? "");
    });
  return {
    open: (url) => send("WebDriver:Navigate", { url }),
    run: async (frames, script, ...args) => (await enter(frames), await run(script, ...args)),
    sees: find,
    click: (frames, selector, text) =>
      until(`to click ${selector} ${text ?? ""}`, async () => {
        const { [ELEMENT]: id } = await find(frames, selector, text);
        await send("WebDriver:ElementClick", { id });
        return true;
      }),
    type: async (frames, selector, text) => {
      const { [ELEMENT]: id } = await find(frames, selector);
      await send("WebDriver:ElementClear", { id });
      await send("WebDriver:ElementSendKeys", { id, text });
    },
    until,
  };
}
