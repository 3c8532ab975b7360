// A direct debit on a phone: the account is added, and what it owes is announced, on its way, and arrives.
import { serveDemo, signIn } from "../demo.mjs";
import { type SignIn, expect, isSound, test } from "./people";

test.use({ who: "by_debit", signsIn: true, viewport: { width: 360, height: 740 } });

test("what is owed is on its way, and an account is added by its mandate", async ({ page }) => {
  await page.goto("/invoices");
  await page.getByRole("link", { name: /^\d{4}-\d{4}/ }).first().click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText(/on its way from your bank, expected by|is debited on/);
  await isSound(page);

  await page.goto("/payment-methods");
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Commerzbank account ending 3000");
  await expect(page.getByText(/^Mandate TEST-/)).toBeVisible();
  await isSound(page);

  await page.goto("/payment-methods/add");
  await page.getByLabel("SEPA Direct Debit").check();
  await isSound(page);
  await page.getByRole("button", { name: "Go on to the payment provider" }).click();
  const fields = page.url().includes("/payment-methods/fields") ? page.frameLocator("iframe") : page;
  await fields.getByLabel("IBAN").fill("AT61 1904 3002 3457 3201");
  await fields.getByLabel("Account holder").fill("Tobias Reiter");
  await fields.getByRole("checkbox").check();
  await fields.getByRole("button", { name: "Add this account" }).click();
  await expect(page).toHaveURL(/\/payment-methods\?did=added/);
  await expect(page.getByText("Test Bank account ending 3201 was added.")).toBeVisible();
});

test("ten days later it has arrived", async ({ browser }) => {
  // A program of its own, for its clock is moved on.
  const demo = await serveDemo({ commands: [["clock", "advance", "10d"]] });
  const context = await browser.newContext({ baseURL: demo.url, viewport: { width: 360, height: 740 } });
  try {
    const page = await context.newPage();
    await signIn(page, (demo.signIns as SignIn[]).find((signIn) => signIn.state === "by_debit")!, demo.data);
    await page.goto("/invoices");
    await expect(page.getByRole("heading", { level: 1 })).toContainText("Nothing is due");
    await page.getByRole("link", { name: /^\d{4}-\d{4}/ }).first().click();
    await expect(page.getByRole("heading", { level: 1 })).toContainText("paid");
    await expect(page.getByText("Commerzbank account ending 3000").first()).toBeVisible();
    await isSound(page);
    await page.goto("/payments");
    await expect(page.getByRole("heading", { level: 1 })).toContainText("from Commerzbank account ending 3000");
    await expect(page.getByText("On its way")).toHaveCount(0);
    await isSound(page);
  } finally {
    await context.close();
    await demo.stop();
  }
});
