// The frame in Firefox, as it comes and with all its cookies blocked.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { startFirefox } from "../firefox.mjs";
import { code, expect, person, test as base } from "./people";
import { type Site, vendorSite } from "./vendor";

const FRAME = ["billing-portal"];

type Firefox = Awaited<ReturnType<typeof startFirefox>>;

const test = base.extend<{ settings: Record<string, unknown>; reader: Site; site: Site; firefox: Firefox }>({
  settings: [{}, { option: true }],
  /** Somebody with invoices; nothing of theirs is changed here. */
  reader: async ({}, use) => {
    const site = await vendorSite(person("yearly"), { host: "127.0.0.2" });
    await use(site);
    site.stop();
  },
  site: async ({}, use, testInfo) => {
    testInfo.setTimeout(testInfo.timeout + 120_000);
    const site = await vendorSite(person("trialing"));
    await use(site);
    site.stop();
  },
  firefox: async ({ settings }, use) => {
    const firefox = await startFirefox(settings);
    await use(firefox);
    await firefox.end();
  },
});

/** Puts an element with these attributes in the place of the page's. */
const show = (firefox: Firefox, attributes: Record<string, string>) =>
  firefox.run(
    [],
    "const element = document.createElement('billing-portal'); for (const [name, value] of Object.entries(arguments[0])) element.setAttribute(name, value); document.querySelector('billing-portal').replaceWith(element);",
    { "token-endpoint": "/billing-token", ...attributes },
  );

/** Types a code, and presses the button it is for once that has been in view for long enough. */
async function approve(firefox: Firefox, button: string): Promise<void> {
  await firefox.type(FRAME, "[name=code]", code(person("trialing").email));
  await firefox.run(FRAME, "document.querySelector(arguments[0]).scrollIntoView({ block: 'center' });", button);
  await firefox.click(FRAME, `${button}:not([aria-disabled])`);
}

async function readsUsageAndPdf(firefox: Firefox): Promise<void> {
  await firefox.sees(FRAME, "h1");
  await firefox.click(FRAME, ".rooms a", "Usage");
  await firefox.sees(FRAME, ".rooms a[aria-current]", "Usage");
  await firefox.click(FRAME, ".rooms a", "Invoices");
  await firefox.sees(FRAME, ".rooms a[aria-current]", "Invoices");
  await firefox.click(FRAME, "main a[href^='/invoices/']");
  await firefox.click(FRAME, "main a[href$='.pdf']");
  const [name] = await firefox.until("the PDF", async () => firefox.files().length > 0 && firefox.files());
  expect(readFileSync(join(firefox.downloads, name)).subarray(0, 5).toString()).toBe("%PDF-");
}

test("reading, a plan changed by a code, a card, signing out", async ({ firefox, reader, site }) => {
  await firefox.open(reader.url);
  await readsUsageAndPdf(firefox);
  await firefox.open(site.url);
  await firefox.sees(FRAME, "h1");
  await show(firefox, { page: "plan" });
  await firefox.click(FRAME, "main a[href='/plan/change']");
  await firefox.click(FRAME, "button[name=step][value='1']");
  await firefox.sees(FRAME, "form.confirm button");
  await approve(firefox, "form.confirm button");
  await firefox.sees(FRAME, "[data-happened=plan_changed]");
  await show(firefox, { page: "payment-methods" });
  await firefox.sees(FRAME, "html[data-islands=ready]");
  await firefox.click(FRAME, "form[action='/payment-methods'] button");
  await approve(firefox, "form[action='/payment-methods'] button");
  const fields = [...FRAME, "iframe.fields"];
  await firefox.type(fields, "[name=number]", "5555 5555 5555 4444");
  await firefox.type(fields, "[name=expiry]", `12 / ${(new Date().getFullYear() + 1) % 100}`);
  await firefox.type(fields, "[name=cvc]", "123");
  await firefox.click(fields, "button", "Add this card");
  await firefox.sees(FRAME, "[data-happened=payment_method_updated]");
  await show(firefox, {});
  await firefox.click(FRAME, ".rooms button");
  await firefox.sees(FRAME, "[role=status]", "signed out");
});

test.describe("all cookies blocked", () => {
  test.use({ settings: { "network.cookie.cookieBehavior": 2 } });

  test("usage, an invoice and its PDF are read from memory", async ({ firefox, reader }) => {
    await firefox.open(reader.url);
    await readsUsageAndPdf(firefox);
    await firefox.click(FRAME, ".rooms a", "Plan");
    await firefox.click(FRAME, "main a[href='/plan/change']");
    await firefox.sees(FRAME, "h1", "window of its own");
  });
});
