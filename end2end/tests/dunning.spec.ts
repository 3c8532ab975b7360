// A customer whose grace is over, on a phone: brought back in one visit. The program is one of its own, for its clock is moved on by weeks.
import { execFileSync } from "node:child_process";
import { program, serveDemo, signIn } from "../demo.mjs";
import { type SignIn, expect, islandsReady, isSound, test, typeCard } from "./people";

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
    await page.getByRole("button", { name: "Pay with another card" }).click();
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
