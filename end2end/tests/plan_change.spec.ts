// Changing plan and seats: the price is there before, and it is what is paid.
import type { Page } from "@playwright/test";
import { expect, islandsReady, isSound, person, signIn, test } from "./people";

/** The amount on the button that confirms: `€101.90`. */
async function dueOnButton(page: Page): Promise<string> {
  const label = await page.locator("form.confirm button").innerText();
  const amount = label.match(/€[\d,]+\.\d\d/);
  expect(amount, `the button says what it costs: ${label}`).not.toBeNull();
  return amount![0];
}

test.describe("with script", () => {
  // One after the other: a change in one tab makes the price held in another void.
  test.describe.configure({ mode: "default" });
  test.use({ who: "healthy", signsIn: true, viewport: { width: 390, height: 844 } });

  test("what is shown while choosing is charged to the cent, once", async ({ page }) => {
    await page.goto("/plan/change");
    await islandsReady(page);
    await page.getByRole("radio", { name: /Business/ }).check();
    await expect(page.getByRole("heading", { level: 1 })).toContainText(/Business with \d+ seats: pay/);
    await expect(page).toHaveURL(/plan=business/);
    const first = await dueOnButton(page);

    // Business has ten seats in it; one more costs more, at once.
    const seats = page.getByLabel("Seats", { exact: true });
    await seats.fill("10");
    await expect(page.getByRole("heading", { level: 1 })).toContainText("10 seats");
    await page.getByRole("button", { name: "One seat more" }).click();
    await expect(seats).toHaveValue("11");
    await expect(page.getByRole("heading", { level: 1 })).toContainText("11 seats");
    expect(await dueOnButton(page)).not.toBe(first);
    await isSound(page);

    const due = await dueOnButton(page);
    await expect(page.getByRole("heading", { level: 1 })).toContainText(`pay ${due} today`);
    const sent = page.waitForRequest((request) => request.method() === "POST" && request.url().endsWith("/plan/change"));
    await page.locator("form.confirm button").click();
    const confirmed = Object.fromEntries(new URLSearchParams((await sent).postData()!));
    await expect(page).toHaveURL(/\/plan\?did=changed&invoice=/);
    await expect(page.getByRole("status")).toContainText(`You paid ${due}`);
    await expect(page.getByRole("heading", { level: 1 })).toContainText("Business with 11 seats");
    await isSound(page);

    const number = new URL(page.url()).searchParams.get("invoice")!;
    await page.goto(`/invoices/${number}`);
    await expect(page.getByRole("heading", { level: 1 })).toContainText(due);
    await isSound(page);

    // The same confirmation again, as a second tab or an impatient finger would send it: the same invoice, nothing more.
    const count = async () => (await page.goto("/invoices"), await page.locator("table.documents tbody tr").count());
    const invoices = await count();
    const again = await page.request.post("/plan/change", { form: confirmed, headers: { "Sec-Fetch-Site": "same-origin" } });
    expect(again.url()).toContain(`/plan?did=changed&invoice=${number}`);
    expect(await count()).toBe(invoices);
  });

  test("a change at the end of the period costs nothing now and can be taken back", async ({ page }) => {
    await page.goto("/plan/change");
    await islandsReady(page);
    await page.getByRole("radio", { name: /^On / }).check();
    await page.getByRole("button", { name: "One seat more" }).click();
    await expect(page.getByRole("heading", { level: 1 })).toContainText("nothing to pay now");
    await page.locator("form.confirm button").click();
    await expect(page).toHaveURL(/\/plan\?did=planned/);
    await expect(page.getByRole("status")).toContainText("Planned");
    await isSound(page);
    await page.getByRole("button", { name: /^Stay with/ }).click();
    await expect(page).toHaveURL(/\/plan\?did=kept/);
    await expect(page.getByRole("button", { name: /^Stay with/ })).toHaveCount(0);
  });

  test("what is chosen while an answer is on its way stays chosen", async ({ page }) => {
    await page.goto("/plan/change");
    await islandsReady(page);
    const seats = page.locator("#seats");
    const before = Number(await seats.inputValue());
    let arrived!: () => void;
    let answer!: () => void;
    const isAsked = new Promise<void>((resolve) => (arrived = resolve));
    const mayAnswer = new Promise<void>((resolve) => (answer = resolve));
    await page.route("**/plan/change?*", async (route) => { arrived(); await mayAnswer; await route.continue(); }, { times: 1 });
    const first = page.waitForResponse("**/plan/change?*");
    await page.getByRole("radio", { name: /^On / }).check();
    await isAsked;
    await page.getByRole("button", { name: "One seat more" }).click();
    answer();
    await first;
    await expect(page).toHaveURL(new RegExp(`seats=${before + 1}`));
    await expect(seats).toHaveValue(String(before + 1));
  });

  test("seats that can’t be are refused at their field, and what was typed stays", async ({ page }) => {
    await page.goto("/plan/change?seats=many");
    const seats = page.getByLabel("Seats", { exact: true });
    await expect(seats).toHaveValue("many");
    await expect(seats).toHaveAttribute("aria-invalid", "true");
    await isSound(page);
  });
});

test.describe("while another tab of the browser", () => {
  /** The page as it stands after one seat more was asked for. */
  const askedAnew = async (page: Page) => {
    const shownAnew = page.waitForEvent("load");
    await page.getByRole("button", { name: "One seat more" }).click();
    await shownAnew;
  };

  test.describe("turns to a customer whose plan one may not change", () => {
    test.use({ who: "two_customers", signsIn: true });

    test("the page says so instead of a price", async ({ page, context }) => {
      await page.goto("/plan/change");
      await islandsReady(page);
      const other = await context.newPage();
      await other.goto("/switch");
      await other.getByRole("button", { name: /Szikra/ }).click();
      await expect(other.getByRole("heading", { level: 1 })).toContainText("Free");
      await askedAnew(page);
      await expect(page.locator("#live-answer")).toHaveCount(0);
    });
  });

  test.describe("signs somebody else in", () => {
    test.use({ who: "yearly", signsIn: true });

    test("nothing of theirs is mixed into this page, which is shown anew", async ({ page, context }) => {
      await page.goto("/plan/change");
      await islandsReady(page);
      const ours = (await page.locator("#live-answer").getAttribute("data-for"))!;
      await context.clearCookies();
      await signIn(await context.newPage(), person("past_due"));
      await askedAnew(page);
      await expect(page.locator("#live-answer")).not.toHaveAttribute("data-for", ours);
    });
  });
});

test.describe("without script", () => {
  test.use({ who: "yearly", signsIn: true, javaScriptEnabled: false });

  test("the same by buttons and pages", async ({ page }) => {
    await page.goto("/plan/change");
    const seats = page.getByLabel("Seats", { exact: true });
    const before = Number(await seats.inputValue());
    await page.getByRole("button", { name: "One seat more" }).click();
    await expect(page.getByLabel("Seats", { exact: true })).toHaveValue(String(before + 1));
    // So many that they cost more than there is in the balance.
    await seats.fill(String(before + 40));
    await page.getByRole("button", { name: "Work it out again" }).click();
    await expect(page.getByLabel("Seats", { exact: true })).toHaveValue(String(before + 40));
    const due = await dueOnButton(page);
    await page.locator("form.confirm button").click();
    await expect(page).toHaveURL(/\/plan\?did=changed/);
    await expect(page.getByRole("status")).toContainText(`You paid ${due}`);
    await expect(page.getByRole("heading", { level: 1 })).toContainText(`${before + 40} seats`);
  });
});
