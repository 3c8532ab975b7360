// The frame in browsers that keep third-party cookies out, and in one that keeps no cookie at all: there it reads from memory.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Page, chromium } from "@playwright/test";
import { code, expect, person, test as base } from "./people";
import { type Site, approve, contrast, events, inFrame, ink, isReady, show, vendorSite } from "./vendor";

/** What the browser's settings say of cookies. */
const SETTINGS = {
  "third-party cookies blocked": { block_third_party_cookies: true, cookie_controls_mode: 1 },
  "all cookies blocked": { default_content_setting_values: { cookies: 2 } },
};

const test = base.extend<{ cookies: keyof typeof SETTINGS; site: Site; blocked: Page }>({
  cookies: ["all cookies blocked", { option: true }],
  site: async ({}, use, testInfo) => {
    testInfo.setTimeout(testInfo.timeout + 60_000);
    const site = await vendorSite(person("yearly"));
    await use(site);
    site.stop();
  },
  blocked: async ({ cookies, launchOptions, problems }, use) => {
    const folder = mkdtempSync(join(tmpdir(), "portico-browser-"));
    mkdirSync(join(folder, "Default"));
    writeFileSync(join(folder, "Default", "Preferences"), JSON.stringify({ profile: SETTINGS[cookies] }));
    const context = await chromium.launchPersistentContext(folder, launchOptions);
    const page = await context.newPage();
    page.on("pageerror", (error) => problems.push(String(error)));
    await use(page);
    await context.close();
    rmSync(folder, { recursive: true, force: true });
  },
});

async function readsPdf(page: Page): Promise<void> {
  const coming = page.waitForEvent("download");
  await inFrame(page).getByRole("link", { name: /PDF/ }).click();
  const file = await coming;
  expect(file.suggestedFilename()).toMatch(/\.pdf$/);
  expect(readFileSync((await file.path())!).subarray(0, 5).toString()).toBe("%PDF-");
}

test.describe("third-party cookies blocked", () => {
  test.use({ cookies: "third-party cookies blocked" });

  test("everything goes on as before: its cookie is kept apart, not shared", async ({ blocked: page, site }) => {
    await page.goto(site.url);
    await isReady(page);
    const frame = inFrame(page);
    await frame.getByRole("link", { name: "Usage", exact: true }).click();
    await expect(frame.getByRole("heading", { level: 1 })).toBeVisible();
    await frame.getByRole("link", { name: "Invoices", exact: true }).click();
    await frame.getByRole("table").getByRole("link").first().click();
    await readsPdf(page);
    await show(page, { page: "plan" });
    await frame.getByRole("link", { name: /^Change/ }).first().click();
    await frame.getByRole("button", { name: "One seat more" }).click();
    await expect(frame.getByRole("heading", { level: 1 })).toContainText("pay");
    await approve(frame.locator("form.confirm button"), code(person("yearly").email));
    await expect(frame.getByRole("status")).toContainText("You paid");
    await show(page, {});
    await frame.getByRole("button", { name: "Sign out" }).click();
    await expect(frame.getByRole("status")).toContainText("signed out");
  });
});

test.describe("all cookies blocked", () => {
  test("usage, an invoice and its PDF are read from memory; money says why not", async ({ blocked: page, site }) => {
    await page.goto(site.url);
    const heard = await events(page);
    await isReady(page);
    const frame = inFrame(page);
    const stored = await frame.locator("html").evaluate(() => {
      try {
        return JSON.stringify({ ...sessionStorage }) + document.cookie;
      } catch {
        return "none";
      }
    });
    expect(stored).toBe("none");
    await frame.getByRole("link", { name: "Usage", exact: true }).click();
    await expect(frame.getByRole("link", { name: "Usage", exact: true })).toHaveAttribute("aria-current", "page");
    await expect(frame.locator("svg").first()).toBeVisible();
    await frame.getByRole("link", { name: "Invoices", exact: true }).click();
    await frame.getByRole("table").getByRole("link").first().click();
    await expect(frame.getByRole("link", { name: /PDF/ })).toBeVisible();
    await readsPdf(page);
    await frame.getByRole("link", { name: "Plan", exact: true }).click();
    await frame.getByRole("link", { name: /^Change/ }).first().click();
    await expect(frame.getByRole("heading", { level: 1 })).toContainText("window of its own");
    const way = frame.getByRole("link", { name: "Open it in a window of its own" });
    await expect(way).toHaveAttribute("target", "_blank");
    const names = (await heard()).map(([name, detail]) => `${name} ${detail.code ?? detail.path ?? ""}`.trim());
    expect(names).toContain("error window_needed");
    expect(names.filter((name) => name.startsWith("navigate"))).toEqual(["navigate /", "navigate /usage", "navigate /invoices", expect.stringMatching(/^navigate \/invoices\//), "navigate /plan"]);
    // Going back to what can be read works from there.
    await show(page, {});
    await frame.getByRole("button", { name: "Sign out" }).click();
    await expect(frame.getByRole("status")).toContainText("signed out");
  });

  test("on a dark page it is dark, on every page that is fetched", async ({ blocked: page, site }) => {
    await page.goto(site.url);
    await page.addStyleTag({ content: "html { color-scheme: dark } body { background: #101418; color: #eee }" });
    await show(page, {});
    const frame = inFrame(page);
    expect(contrast(await ink(page), "rgb(16, 20, 24)")).toBeGreaterThanOrEqual(4.5);
    await frame.getByRole("link", { name: "Usage", exact: true }).click();
    await expect(frame.getByRole("link", { name: "Usage", exact: true })).toHaveAttribute("aria-current", "page");
    expect(contrast(await ink(page), "rgb(16, 20, 24)")).toBeGreaterThanOrEqual(4.5);
  });

  test("signing out holds: nothing asks for a token afterwards", async ({ blocked: page, site }) => {
    await page.clock.install();
    await page.goto(site.url);
    await isReady(page);
    const tokens: string[] = [];
    page.on("request", (request) => request.url().endsWith("/billing-token") && tokens.push(request.url()));
    await inFrame(page).getByRole("button", { name: "Sign out" }).click();
    await expect(inFrame(page).getByRole("status")).toContainText("signed out");
    await inFrame(page).getByRole("status").click();
    await page.clock.fastForward("12:00");
    await inFrame(page).getByRole("status").click();
    await page.waitForTimeout(500);
    expect(tokens).toEqual([]);
  });

  test("a session that ended is begun anew, and where that is refused nothing of the customer stays", async ({ blocked: page, site }) => {
    await page.goto(site.url);
    const heard = await events(page);
    await isReady(page);
    const frame = inFrame(page);
    await site.endLast();
    await frame.getByRole("link", { name: "Usage", exact: true }).click();
    await expect(frame.getByRole("link", { name: "Usage", exact: true })).toHaveAttribute("aria-current", "page");
    await page.route("**/billing-token", (route) => route.fulfill({ status: 502 }));
    await site.endLast();
    await frame.getByRole("link", { name: "Overview", exact: true }).click();
    await expect(frame.getByRole("alert")).toContainText("can’t be opened");
    await expect(frame.locator("body")).toHaveText(/^\s*This site’s billing can’t be opened right now\. Reload the page\.\s*$/);
    expect(await heard()).toContainEqual(["error", { code: "session_ended", version: 1 }]);
  });

  test("where the portal does not answer, that is said and the page stays", async ({ blocked: page, site }) => {
    await page.goto(site.url);
    await isReady(page);
    const frame = inFrame(page);
    await page.route("**/usage", (route) => route.abort());
    await frame.getByRole("link", { name: "Usage", exact: true }).click();
    await expect(frame.getByRole("alert")).toContainText("did not answer");
    await expect(frame.getByRole("heading", { level: 1 })).toBeVisible();
    await page.unroute("**/usage");
    await frame.getByRole("link", { name: "Usage", exact: true }).click();
    await expect(frame.getByRole("link", { name: "Usage", exact: true })).toHaveAttribute("aria-current", "page");
  });
});
