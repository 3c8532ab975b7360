// Journeys in a real browser, against the program and its demo (see serve.ts, which starts them).
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { defineConfig } from "@playwright/test";

const chromium = execFileSync(fileURLToPath(new URL("setup.sh", import.meta.url)), ["browser"], { encoding: "utf8" }).trim();

export default defineConfig({
  testDir: "tests",
  outputDir: "results",
  globalSetup: "./serve.ts",
  workers: 2,
  fullyParallel: true,
  forbidOnly: true,
  // A browser on a machine that is busy or waits for its disk drops a click in thousands. What passed only the second time is said to be
  // "flaky" in the result, with its trace kept, and is to be looked into.
  retries: 1,
  // How long is waited, not how fast something has to be: that is measured (bench.mjs).
  timeout: 120_000,
  expect: { timeout: 30_000 },
  reporter: [["list"], ["html", { open: "never", outputFolder: "report" }]],
  projects: [
    { name: "signing in", testMatch: /.*\.setup\.ts/ },
    { name: "pages", testMatch: /every_page\.spec\.ts/, dependencies: ["signing in"] },
    // After the pages: journeys change what those show.
    { name: "journeys", testMatch: /.*\.spec\.ts/, testIgnore: /every_page\.spec\.ts/, dependencies: ["pages"] },
  ],
  use: {
    browserName: "chromium",
    trace: "retain-on-failure",
    screenshot: "only-on-failure",
    launchOptions: {
      executablePath: chromium,
      // No traffic of the browser's own; as root it starts only without its sandbox.
      args: ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run", "--disable-quic", "--disable-gpu", ...(process.getuid?.() === 0 ? ["--no-sandbox"] : [])],
    },
  },
});
