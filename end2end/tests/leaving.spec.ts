// Leaving and coming back: cancelling with its undo, signing out, and a session that ended while a form was open.
import { expect, isSound, person, sessionOf, signIn, test } from "./people";

test.describe("cancelling", () => {
  test.use({ who: "trialing", signsIn: true, viewport: { width: 390, height: 844 } });

  test("says what ends and when, takes a reason, and can be taken back", async ({ page }) => {
    await page.goto("/plan");
    await page.getByRole("link", { name: "Cancel the plan" }).click();
    const day = await page.getByRole("heading", { level: 1 }).locator("b").innerText();
    await page.getByLabel("We don’t use it enough").check();
    await page.getByLabel("Anything you want us to know").fill("<b>Builds</b> are few & far between");
    await isSound(page);
    await page.getByRole("button", { name: "Cancel Team" }).click();
    await expect(page).toHaveURL(/\/plan\?did=cancelled/);
    await expect(page.locator("main .note")).toContainText(`ends on ${day}`);
    await isSound(page);
    await page.getByRole("button", { name: "Keep Team" }).click();
    await expect(page).toHaveURL(/\/plan\?did=kept/);
    await expect(page.getByRole("link", { name: "Cancel the plan" })).toBeVisible();
  });
});

test.describe("a session", () => {
  test("that ended while a form was open loses nothing that was typed", async ({ browser, baseURL }) => {
    const who = person("free");
    const context = await browser.newContext({ baseURL, storageState: sessionOf(who) });
    const page = await context.newPage();
    await page.goto("/account");
    await page.getByLabel("Purchase order").fill("PO 2026-11");
    await context.clearCookies();
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await expect(page.getByRole("heading", { level: 1 })).toContainText("You were signed out in the meantime");
    await isSound(page);
    const [other] = await Promise.all([context.waitForEvent("page"), page.getByRole("link", { name: "Sign in in a new tab" }).click()]);
    await signIn(other, who);
    await page.getByRole("button", { name: "Send it again" }).click();
    await expect(page).toHaveURL(/\/account/);
    await page.goto("/account");
    await expect(page.getByLabel("Purchase order")).toHaveValue("PO 2026-11");
    await context.close();
  });

  test("ends everywhere on signing out", async ({ browser, baseURL }) => {
    const who = person("yearly");
    const context = await browser.newContext({ baseURL });
    const page = await context.newPage();
    await signIn(page, who);
    const state = await context.storageState();
    await page.locator("details.who summary").click();
    await page.getByRole("button", { name: "Sign out" }).click();
    await expect(page).toHaveURL(/\/sign-in/);
    // The cookie kept by somebody opens nothing any more.
    const later = await browser.newContext({ baseURL, storageState: state });
    const kept = await later.newPage();
    await kept.goto("/invoices");
    await expect(kept).toHaveURL(/\/sign-in/);
    await later.close();
    await context.close();
  });
});
