// The portal inside a vendor's own page, on another origin: opened, used, shut.
import { expect, person, test as base } from "./people";
import { type Site, inFrame, isReady, vendorSite } from "./vendor";

const test = base.extend<{ state: string; site: Site }>({
  /** The state of the customer who is signed in on the vendor's site. */
  state: ["healthy", { option: true }],
  site: async ({ state }, use) => {
    const site = await vendorSite(person(state));
    await use(site);
    site.stop();
  },
});

test("the whole portal stands in the vendor’s page, and no second scroll bar", async ({ page, site }) => {
  await page.goto(site.url);
  await isReady(page);
  const frame = inFrame(page);
  await expect(frame.getByRole("navigation")).toContainText("Invoices");
  await expect(frame.locator(".rail")).toHaveCount(0);
  await frame.getByRole("link", { name: "Invoices", exact: true }).first().click();
  await expect(frame.getByRole("table").first()).toBeVisible();
  const { height, content } = await page.evaluate(async () => {
    await new Promise((resolve) => setTimeout(resolve, 300));
    return { height: document.querySelector("billing-portal")!.getBoundingClientRect().height, content: 0 };
  });
  const inside = await frame.locator("body").evaluate((body) => body.getBoundingClientRect().height);
  expect(Math.abs(height - inside) + content).toBeLessThanOrEqual(2);
});
