// Cards: a failed payment repaired, a card replaced, in the provider's fields and on its own page. The number never reaches the portal.
import type { Page } from "@playwright/test";
import { expect, islandsReady, isSound, person, test, typeCard } from "./people";

/** Fails when digits of a card go to the portal's own origin. */
function watchForNumbers(page: Page, portal: string, digits: string): string[] {
  const leaks: string[] = [];
  page.on("request", (request) => {
    const sent = `${request.url()} ${request.postData() ?? ""}`.replace(/[^\dA-Za-z]/g, "");
    if (request.url().startsWith(portal) && sent.includes(digits)) leaks.push(request.url());
  });
  return leaks;
}

test.describe("with script", () => {
  test.use({ who: "past_due", signsIn: true, viewport: { width: 360, height: 740 } });

  test("a failed payment is repaired in the provider’s fields", async ({ page, baseURL }) => {
    const leaks = watchForNumbers(page, baseURL!, "4242424242424242");
    await page.goto("/");
    const due = (await page.getByRole("heading", { level: 1 }).innerText()).match(/€[\d,]+\.\d\d/)![0];
    await islandsReady(page);
    // The only card has expired: the first way leads to another.
    await page.getByRole("button", { name: "Pay another way" }).click();
    await expect(page).toHaveURL(/\/payment-methods\/fields/);
    await isSound(page);
    const element = await page.locator("iframe").elementHandle();
    const frame = (await element!.contentFrame())!;
    expect(new URL(frame.url()).origin).not.toBe(new URL(page.url()).origin);

    // A number that isn't published is refused in the frame, and nothing is lost.
    await typeCard(frame, "4111 1111 1111 1111");
    await expect(frame.getByRole("alert")).toBeVisible();
    await typeCard(frame, "4242 4242 4242 4242");
    // What had failed is charged to it at once.
    await expect(page).toHaveURL(/\/payments\//);
    await expect(page.getByRole("heading", { level: 1 })).toContainText(`You paid ${due}`);
    await isSound(page);
    await page.goto("/invoices");
    await expect(page.getByRole("heading", { level: 1 })).toContainText("Nothing is due");
    expect(leaks).toEqual([]);
  });
});

test.describe("without script", () => {
  test.use({ who: "trialing", signsIn: true, javaScriptEnabled: false });

  test("a card is added on the provider’s own page, after the bank’s question", async ({ page }) => {
    await page.goto("/payment-methods");
    await page.getByRole("button", { name: "Add a payment method" }).click();
    if (page.url().includes("/payment-methods")) {
      await page.getByRole("button", { name: "Go on to the payment provider" }).click();
    }
    await expect(page).toHaveURL(/127\.0\.0\.1/);
    await typeCard(page, "4000 0025 0000 3155");
    await page.getByRole("button", { name: "Confirm" }).click();
    await expect(page).toHaveURL(/\/payment-methods\?did=added/);
    await expect(page.getByRole("heading", { level: 1 })).toContainText("Visa ending 3155");

    // Turning back at the provider's leaves everything as it was.
    await page.goto("/payment-methods/add");
    await page.getByRole("button", { name: "Go on to the payment provider" }).click();
    await page.getByRole("button", { name: "Go back without adding" }).click();
    await expect(page).toHaveURL(/\/payment-methods\?did=unchanged/);
    await expect(page.getByRole("status")).toContainText("Nothing was added");
  });
});
