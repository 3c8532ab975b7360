// Cards with Stripe, met as its stand-in (end2end/stripe.py): in its script's fields on a page with a policy of its own, with and without the
// bank's question, and on its own page. The number goes from the browser to the stand-in and never to the portal.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type Page, expect, test } from "@playwright/test";
import { serveDemo, signIn } from "../demo.mjs";
import { isSound, islandsReady } from "./people";

const file = (name: string) => fileURLToPath(new URL(`../${name}`, import.meta.url));

let standIn: ChildProcess;
let stripe: string;
let portal: Awaited<ReturnType<typeof serveDemo>>;

test.describe.configure({ mode: "serial" });

test.beforeAll(async () => {
  const python = execFileSync(file("setup.sh"), ["stripe"], { encoding: "utf8" }).trim();
  standIn = spawn(python, [file("stripe.py")], { stdio: ["pipe", "pipe", "inherit"] });
  const port = await new Promise<string>((resolve, reject) => {
    standIn.once("exit", () => reject(new Error("the stand-in for Stripe did not start")));
    standIn.stdout!.once("data", (line) => resolve(String(line).trim()));
  });
  stripe = `http://127.0.0.1:${port}`;
  const keys = ["--secret-key", "rk_test_browser", "--publishable-key", "pk_test_browser", "--webhook-secret", "whsec_0123456789abcdef"];
  portal = await serveDemo({ commands: [["gateway", "set", "stripe", ...keys, "--card-entry", "fields", "--api-base", stripe]] });
});

test.afterAll(async () => {
  await portal?.stop();
  standIn?.stdin!.end();
});

/** Somebody of the demo, signed in; and what must stay empty: errors, refusals of the policy, and card numbers sent to the portal. */
async function signedIn(page: Page, digits: string): Promise<string[]> {
  const problems: string[] = [];
  page.on("pageerror", (error) => problems.push(`${page.url()}: ${error}`));
  page.on("console", (message) => {
    // A declined card is a 402, told to the script.
    if (message.type() === "error" && !/status of 4\d\d/.test(message.text())) problems.push(`${page.url()}: ${message.text()}`);
  });
  page.on("request", (request) => {
    const sent = `${request.url()} ${request.postData() ?? ""}`.replace(/\W/g, "");
    if (request.url().startsWith(portal.url) && sent.includes(digits)) problems.push(`${request.url()} was sent the number`);
  });
  await signIn(page, portal.signIns[0], portal.data);
  return problems;
}

async function typeCard(page: Page, number: string): Promise<void> {
  for (const [name, value] of Object.entries({ number, exp_month: "12", exp_year: "30", cvc: "123" })) await page.getByPlaceholder(name, { exact: true }).fill(value);
  await page.getByRole("button", { name: "Add this card" }).click();
}

for (const { name, number, asks } of [
  { name: "a card is added in Stripe’s fields", number: "4242424242424242", asks: false },
  { name: "a card whose bank asks is added in Stripe’s fields", number: "4000002760003184", asks: true },
]) {
  test(name, async ({ browser }) => {
    const context = await browser.newContext({ baseURL: portal.url });
    const page = await context.newPage();
    const problems = await signedIn(page, number);
    await page.goto("/payment-methods");
    await islandsReady(page);
    await page.getByRole("button", { name: "Add a payment method" }).click();
    await expect(page).toHaveURL(/\/payment-methods(\/fields|$)/);
    await expect(page.getByPlaceholder("number", { exact: true })).toBeVisible();
    if (!asks) {
      // A number that is none keeps the page, says why, and can be put right.
      await typeCard(page, "4000000000000002");
      await expect(page.getByRole("alert")).toContainText("declined");
      await page.reload();
      await expect(page.getByPlaceholder("number", { exact: true })).toBeVisible();
    }
    await typeCard(page, number);
    if (asks) await page.getByRole("button", { name: "Complete authentication" }).click();
    await expect(page).toHaveURL(/\/payment-methods\?did=added/);
    await expect(page.getByRole("status")).toContainText(`Visa ending ${number.slice(-4)} was added`);
    await isSound(page);
    expect(problems).toEqual([]);
    await context.close();
  });
}

test("without script a card is typed in on Stripe’s own page", async ({ browser }) => {
  const context = await browser.newContext({ baseURL: portal.url, javaScriptEnabled: false });
  const page = await context.newPage();
  const problems = await signedIn(page, "4242424242424242");
  await page.goto("/payment-methods");
  await page.getByRole("button", { name: "Add a payment method" }).click();
  await expect(page).toHaveURL((url) => url.href.startsWith(`${stripe}/_stand_in/checkout/`));
  await page.getByRole("button", { name: "cancel" }).click();
  await expect(page.getByRole("alert")).toContainText("No payment method was added");
  await page.getByRole("button", { name: "Add a payment method" }).click();
  await page.getByRole("button", { name: "add", exact: true }).click();
  await expect(page).toHaveURL(/\/payment-methods\?did=added/);
  expect(problems).toEqual([]);
  await context.close();
});
