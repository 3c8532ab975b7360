// A customer whose grace is over, on a phone: brought back in one visit. The program is one of its own, for its clock is moved on by weeks.
import { execFileSync } from "node:child_process";
import { code, program, serveDemo, signIn } from "../demo.mjs";
import { vendorSiteOf } from "../vendor.mjs";
import { type SignIn, expect, islandsReady, isSound, test, typeCard } from "./people";
import { approve, events, inFrame, show } from "./vendor";

test("an unpaid invoice is told with what follows, and a new card brings access back", async ({ browser }) => {
  const demo = await serveDemo({ commands: [["clock", "advance", "22d"]] });
  const context = await browser.newContext({ baseURL: demo.url, viewport: { width: 360, height: 740 } });
  try {
    const sanne = (demo.signIns as SignIn[]).find((signIn) => signIn.state === "past_due")!;
    const scopes = "customers:read,subscriptions:read";
    const key = execFileSync(program(), ["--data", demo.data, "api-key", "create", "--name", "access", "--scopes", scopes], { encoding: "utf8" }).trim();
    const api = async (path: string) => (await fetch(`${demo.url}/api/v1${path}`, { headers: { authorization: `Bearer ${key}` } })).json();
    const customers = (await api("/customers?limit=100")).data as { id: string; name: string }[];
    const polder = customers.find((customer) => customer.name === sanne.customer)!;
    const isEntitled = async () => (await api(`/customers/${polder.id}/entitlements`)).is_entitled as boolean;
    expect(await isEntitled()).toBe(false);

    const page = await context.newPage();
    await signIn(page, sanne, demo.data);
    await page.goto("/");
    await expect(page.getByText(/Team gives no access since .*, and does again as soon as everything overdue is paid\./).first()).toBeVisible();
    await isSound(page);
    await islandsReady(page);
    await page.getByRole("button", { name: "Pay another way" }).click();
    await expect(page).toHaveURL(/\/payment-methods\/fields/);
    await expect(page.getByText(/As soon as it is there, €/)).toBeVisible();
    await isSound(page);
    const element = await page.locator("iframe").elementHandle();
    await typeCard((await element!.contentFrame())!, "4242 4242 4242 4242");
    await expect(page).toHaveURL(/\/payments\//);
    await expect(page.getByRole("heading", { level: 1 })).toContainText("You paid €");
    await expect(page.getByText("Team is active, and nothing is overdue any more.")).toBeVisible();
    await isSound(page);
    await page.goto("/");
    await expect(page.getByText("was declined")).toHaveCount(0);
    expect(await isEntitled()).toBe(true);
  } finally {
    await context.close();
    await demo.stop();
  }
});

test("a card refused for good leads to another one first, on the page and in a frame, whose page hears of the repair", async ({ browser }) => {
  test.setTimeout(240_000);
  const demo = await serveDemo();
  const context = await browser.newContext({ baseURL: demo.url, viewport: { width: 360, height: 740 } });
  const sanne = (demo.signIns as SignIn[]).find((signIn) => signIn.state === "past_due")!;
  const site = await vendorSiteOf(demo.url, demo.data, sanne);
  try {
    const page = await context.newPage();
    await signIn(page, sanne, demo.data);
    // A card that was reported lost takes the place of the one that was declined.
    await page.goto("/payment-methods/add");
    await islandsReady(page);
    await page.getByRole("button", { name: "Go on to the payment provider" }).click();
    await typeCard((await (await page.locator("iframe").elementHandle())!.contentFrame())!, "4000 0000 0000 9987");
    await expect(page.getByRole("heading", { level: 1 })).toContainText("declined");
    await page.goto("/");
    const ways = page.locator(".note .acts").first().locator("a, button");
    await expect(ways.first()).toHaveText("Pay another way");
    await isSound(page);
    await page.screenshot({ path: test.info().outputPath("page.png"), fullPage: true });

    await page.goto(site.url);
    const heard = await events(page);
    const frame = inFrame(page);
    await show(page, { action: "repair-payment" });
    await expect(frame.getByRole("heading", { level: 1 })).toContainText("Add a payment method");
    await show(page, {});
    const first = frame.locator(".note .acts").first().locator("a, button").first();
    await expect(first).toHaveText("Pay another way");
    await expect(frame.locator("html[data-islands=ready]")).toBeAttached();
    await page.screenshot({ path: test.info().outputPath("frame.png"), fullPage: true });
    await first.click();
    await approve(frame.getByRole("button", { name: "Go on to the payment provider" }), code(demo.data, sanne.email));
    await typeCard(frame.frameLocator("iframe.fields"), "4242 4242 4242 4242");
    await expect(frame.getByRole("heading", { level: 1 })).toContainText("You paid €");
    const of = async (name: string) => (await heard()).filter(([said]) => said === name).map(([, detail]) => detail);
    await expect.poll(() => of("payment_method_updated")).toEqual([{ version: 1, id: expect.stringMatching(/^pm_/) }]);
    await expect.poll(() => of("invoice_paid")).toEqual([{ version: 1, id: expect.stringMatching(/^inv_/) }]);
  } finally {
    site.stop();
    await context.close();
    await demo.stop();
  }
});
