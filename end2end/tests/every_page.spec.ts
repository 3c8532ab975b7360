// Every page, in each state of a customer, light and dark, on a phone and on a desk, with and without script: sound and readable.
import { expect, isSound, islandsReady, test } from "./people";

const PAGES = ["/", "/usage", "/invoices", "/plan", "/plan/change", "/plan/what-if?months=12", "/plan/add-on?add_on=support", "/plan/billing-day", "/plan/pause", "/plan/cancel", "/payment-methods", "/balance", "/balance/top-up", "/balance/top-up?amount=50", "/balance/automatic", "/buy", "/buy/confirm?product=workshop", "/payments", "/account", "/account/messages", "/account/security", "/api"];
const SIZES = { phone: { width: 360, height: 740 }, desk: { width: 1280, height: 900 } };

for (const [size, viewport] of Object.entries(SIZES)) {
  for (const colorScheme of ["light", "dark"] as const) {
    test.describe(`${size}, ${colorScheme}`, () => {
      test.use({ who: "healthy", viewport, colorScheme });
      for (const path of PAGES) {
        test(`${path} is sound`, async ({ page }) => {
          const answer = await page.goto(path);
          expect(answer!.status()).toBe(200);
          await expect(page.locator("h1")).toHaveCount(1);
          if (await page.locator("leptos-island").count()) await islandsReady(page);
          await isSound(page);
        });
      }
    });
  }
}

for (const who of ["past_due", "trialing", "free", "yearly", "by_debit"]) {
  test.describe(`a customer who is ${who}`, () => {
    test.use({ who, viewport: SIZES.phone });
    // The documentation is the same for everybody.
    for (const path of PAGES.filter((path) => path !== "/api")) {
      test(`${path} is sound`, async ({ page }) => {
        const answer = await page.goto(path);
        expect(answer!.status()).toBeLessThan(500);
        await expect(page.locator("h1")).toHaveCount(1);
        await isSound(page);
      });
    }
  });
}

test.describe("without script", () => {
  test.use({ who: "healthy", javaScriptEnabled: false });
  for (const path of PAGES) {
    test(`${path} says the same`, async ({ page }) => {
      const answer = await page.goto(path);
      expect(answer!.status()).toBe(200);
      await expect(page.locator("h1")).toHaveCount(1);
      // What only script can do is hidden, not dead.
      await expect(page.locator("button[type=button]:visible")).toHaveCount(0);
    });
  }
});
