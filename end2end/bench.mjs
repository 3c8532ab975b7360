// `make bench`: what the program measures of itself (`portico bench`, on SQLite and on a Postgres of its own) and what a browser sees
// of it, as one table and as target/bench.json. Each figure says how it was taken.
import { execFileSync } from "node:child_process";
import { cpus, totalmem } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { mkdirSync, writeFileSync } from "node:fs";
import { chromium } from "@playwright/test";
import { serveDemo, signIn } from "./demo.mjs";
import { vendorSiteOf } from "./vendor.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const program = (process.env.PORTICO_PROGRAM ??= join(root, "target/release/portico"));
const RUNS = 9;
// 10 Mbit/s each way, 40 ms there and back, a processor a quarter as fast.
const NETWORK = { offline: false, latency: 40, downloadThroughput: 1_250_000, uploadThroughput: 1_250_000 };
const SLOWER = 4;

const say = (what) => console.error(`bench: ${what}`);
const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];

/** Signs in by the pages and gives the session's cookies. */
async function signedIn(browser, demo) {
  const context = await browser.newContext({ baseURL: demo.url });
  const page = await context.newPage();
  await signIn(page, demo.signIns[0], demo.data);
  const state = await context.storageState();
  await context.close();
  return state;
}

/** First paint and islands ready of one first visit, in milliseconds since it began. */
async function visit(browser, demo, storageState, path) {
  const context = await browser.newContext({ baseURL: demo.url, storageState, viewport: { width: 390, height: 844 } });
  const page = await context.newPage();
  const devtools = await context.newCDPSession(page);
  await devtools.send("Network.enable");
  await devtools.send("Network.emulateNetworkConditions", NETWORK);
  await devtools.send("Emulation.setCPUThrottlingRate", { rate: SLOWER });
  await page.addInitScript(() => document.addEventListener("islands:ready", () => (window.__islandsReady = performance.now())));
  await page.goto(path, { waitUntil: "load" });
  await page.waitForFunction(() => performance.getEntriesByName("first-contentful-paint").length > 0);
  const hasIslands = (await page.locator("leptos-island").count()) > 0;
  if (hasIslands) await page.waitForFunction(() => window.__islandsReady !== undefined);
  const times = await page.evaluate(() => ({ paint: performance.getEntriesByName("first-contentful-paint")[0].startTime, ready: window.__islandsReady }));
  await context.close();
  return times;
}

/** From the element's insertion into a vendor's page to its event `ready`, in milliseconds: what 95 of 100 stay below. */
async function widget(browser, demo) {
  const site = await vendorSiteOf(demo.url, demo.data, demo.signIns[0]);
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    const devtools = await context.newCDPSession(page);
    await page.goto(site.url);
    await devtools.send("Emulation.setCPUThrottlingRate", { rate: SLOWER });
    const times = [];
    for (let run = 0; run < 100; run++) {
      times.push(
        await page.evaluate(async () => {
          const element = document.createElement("billing-portal");
          element.setAttribute("token-endpoint", "/billing-token");
          document.querySelector("billing-portal").replaceWith(element);
          const began = performance.now();
          await new Promise((resolve) => element.addEventListener("ready", resolve, { once: true }));
          return performance.now() - began;
        }),
      );
    }
    return times.sort((a, b) => a - b)[94];
  } finally {
    await context.close();
    site.stop();
  }
}

async function inBrowser() {
  const demo = await serveDemo();
  const executablePath = execFileSync(join(root, "end2end/setup.sh"), ["browser"], { encoding: "utf8" }).trim();
  const args = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run", "--disable-gpu", ...(process.getuid?.() === 0 ? ["--no-sandbox"] : [])];
  const browser = await chromium.launch({ executablePath, args });
  try {
    const state = await signedIn(browser, demo);
    const figures = [];
    for (const path of ["/", "/usage", "/invoices", "/plan/change"]) {
      say(`visiting ${path} in Chromium`);
      await visit(browser, demo, state, path);
      const visits = [];
      for (let run = 0; run < RUNS; run++) visits.push(await visit(browser, demo, state, path));
      const how = `median of ${RUNS} first visits with an empty cache in headless ${browser.version()}: 10 Mbit/s, 40 ms, processor ÷ ${SLOWER}, 390 × 844`;
      figures.push({ what: `${path}: first paint`, value: median(visits.map((v) => v.paint)), unit: "ms", target: 400, how: `first-contentful-paint; ${how}` });
      const ready = visits.map((v) => v.ready).filter((time) => time !== undefined);
      if (ready.length) figures.push({ what: `${path}: islands ready`, value: median(ready), unit: "ms", target: 900, how: `the event islands:ready; ${how}` });
    }
    say("putting the widget into a vendor's page");
    const how = `the 95th of 100 elements inserted one after the other in headless ${browser.version()}, processor ÷ ${SLOWER}, loopback`;
    figures.push({ what: "widget: inserted to ready, p95", value: await widget(browser, demo), unit: "ms", target: 1000, how });
    return figures;
  } finally {
    await browser.close();
    await demo.stop();
  }
}

function ofTheProgram() {
  const command = [join(root, "end2end/postgres.sh"), ["bash", "-c", 'exec "$0" bench --json --postgres "$TEST_DATABASE_URL"', program]];
  return JSON.parse(execFileSync(...command, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] }));
}

const figures = [...ofTheProgram(), ...(await inBrowser())];
const machine = `${cpus().length} × ${cpus()[0].model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB`;
mkdirSync(join(root, "target"), { recursive: true });
writeFileSync(join(root, "target/bench.json"), JSON.stringify({ taken_at: new Date().toISOString(), machine, figures }, null, 2) + "\n");
console.log(`${machine}\n`);
const isMet = ({ value, target, is_floor }) => (is_floor ? value >= target : value <= target);
for (const figure of figures) {
  const target = figure.target === undefined || figure.target === null ? "" : `${figure.is_floor ? "≥" : "≤"} ${figure.target} ${isMet(figure) ? "met" : "MISSED"}`;
  console.log(`${figure.what.padEnd(66)} ${figure.value.toFixed(2).padStart(9)} ${figure.unit.padEnd(3)} ${target}`);
}
console.log("\nHow each was taken:");
for (const figure of figures) console.log(`- ${figure.what}: ${figure.how}`);
console.log("\nThe same in target/bench.json. A machine that does other work meanwhile gives other figures: compare within one run.");
