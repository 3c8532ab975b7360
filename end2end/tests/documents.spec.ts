// Invoices: found, read line by line, and taken home as PDF; usage as a table of one's own.
import { readFileSync } from "node:fs";
import { expect, islandsReady, isSound, test } from "./people";

test.use({ who: "two_customers" });

test.beforeEach(async ({ page }) => {
  await page.goto("/switch");
  const nordlicht = page.getByRole("button", { name: /Nordlicht/ });
  if (await nordlicht.count()) await nordlicht.click();
});

test("each line of an invoice unfolds into its reason, and the PDF is that invoice", async ({ page }) => {
  await page.goto("/invoices");
  const link = page.locator("table.documents tbody th a").last();
  const number = await link.innerText();
  await link.click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText("paid");
  const lines = page.locator("main details");
  expect(await lines.count()).toBeGreaterThan(1);
  for (const line of await lines.all()) {
    await line.locator("summary").click();
    await expect(line.locator(":scope > :not(summary)").first()).toBeVisible();
  }
  await isSound(page);

  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: /PDF/ }).click()]);
  expect(download.suggestedFilename()).toContain(number);
  const bytes = readFileSync((await download.path())!);
  expect(bytes.subarray(0, 5).toString()).toBe("%PDF-");
  expect(bytes.length).toBeGreaterThan(10_000);
});

test("invoices are found by state, year and word, and nothing found says so", async ({ page }) => {
  await page.goto("/invoices");
  const all = await page.locator("table.documents tbody tr").count();
  await page.getByLabel("State").selectOption({ label: "Paid" });
  await page.getByRole("button", { name: "Show", exact: true }).click();
  const paid = await page.locator("table.documents tbody tr").count();
  expect(paid).toBeGreaterThan(0);
  expect(paid).toBeLessThanOrEqual(all);
  await page.getByLabel("Number, line or purchase order").fill("no such word");
  await page.getByRole("button", { name: "Show", exact: true }).click();
  await expect(page.getByText("No invoice fits.")).toBeVisible();
  await isSound(page);
  await page.getByRole("link", { name: "Show all" }).first().click();
  await expect(page.locator("table.documents tbody tr")).toHaveCount(all);
});

test("usage is read from the chart by the arrow keys, and as CSV", async ({ page }) => {
  await page.goto("/usage?by=day");
  await islandsReady(page);
  const chart = page.getByRole("slider");
  await chart.focus();
  const first = await chart.getAttribute("aria-valuetext");
  expect(first).toMatch(/\d/);
  await page.keyboard.press("ArrowLeft");
  const second = await chart.getAttribute("aria-valuetext");
  expect(second).toMatch(/\d/);
  expect(second).not.toBe(first);
  await page.keyboard.press("Home");
  expect(await chart.getAttribute("aria-valuenow")).toBe("1");
  await page.keyboard.press("Escape");
  await chart.blur();
  await page.locator(".day .hit").nth(3).hover();
  await expect(page.locator(".day[data-on]")).toHaveCount(1);
  await isSound(page);

  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: /CSV/ }).first().click()]);
  const rows = readFileSync((await download.path())!, "utf8").trim().split(/\r?\n/);
  expect(rows.length).toBeGreaterThan(2);
  const columns = rows[0].split(",").length;
  for (const row of rows) expect(row.match(/("([^"]|"")*"|[^,]*)(,|$)/g)!.filter((cell) => cell !== "").length).toBeGreaterThanOrEqual(columns - 1);
});
