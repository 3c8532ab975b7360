// What else the plan's pages let a customer do: a promotion code, an add-on, the billing day, a pause; and what other plans would have cost.
import { expect, islandsReady, isSound, test } from "./people";

// One after the other: each changes what the next one finds.
test.describe.configure({ mode: "default" });

test.describe("with script", () => {
  test.use({ who: "free", signsIn: true, viewport: { width: 390, height: 844 } });

  test("a code is looked up at a button, not with each letter, and shows what it takes off", async ({ page }) => {
    await page.goto("/plan/change");
    await islandsReady(page);
    const asked: string[] = [];
    page.on("request", (request) => { if (request.url().includes("promotion_code=")) asked.push(request.url()); });
    const seats = await page.locator("#seats").inputValue();
    const field = page.getByLabel("Promotion code");
    await field.pressSequentially("nosuchcode");
    await page.waitForTimeout(600);
    expect(asked).toEqual([]);
    await field.press("Enter");
    await expect(page.locator("#promotion_code-error")).toContainText("There is no promotion code “nosuchcode”");
    await expect(field).toHaveValue("nosuchcode");
    await expect(page.locator("#seats")).toHaveValue(seats);
    await isSound(page);

    await page.goto("/plan");
    await page.getByLabel("Promotion code").fill("kestrel 10");
    await page.getByRole("button", { name: "See what it takes off" }).click();
    await expect(page.locator("p.remark")).toContainText("10 % off, for as long as you have the plan");
    await isSound(page);
    await page.getByRole("button", { name: /^Use the code/ }).click();
    await expect(page).toHaveURL(/\/plan\?did=changed/);
    await expect(page.getByRole("rowheader", { name: /10 % off/ })).toBeVisible();
    await isSound(page);
    await page.goto("/");
    await expect(page.getByRole("complementary")).toContainText("10 % off");
  });

  test("an add-on from the next period costs nothing now and can be taken back", async ({ page }) => {
    await page.goto("/plan");
    await page.getByRole("link", { name: "Add Build machine of your own" }).click();
    await islandsReady(page);
    await page.getByLabel("How many").fill("3");
    await expect(page.getByRole("heading", { level: 1 })).toContainText("3 × Build machine of your own: pay €");
    await isSound(page);
    await page.getByRole("radio", { name: /^On / }).check();
    await expect(page.getByRole("heading", { level: 1 })).toContainText("nothing to pay now");
    await page.locator("form.confirm button").click();
    await expect(page).toHaveURL(/\/plan\?did=planned/);
    await page.getByRole("button", { name: /^Stay with/ }).click();
    await expect(page).toHaveURL(/\/plan\?did=kept/);
  });

  test("another billing day is priced while it is typed", async ({ page }) => {
    await page.goto("/plan");
    await page.getByRole("link", { name: "Change the billing day" }).click();
    await islandsReady(page);
    const now = Number(await page.locator("#day").inputValue());
    await page.locator("#day").fill(String((now % 28) + 1));
    await expect(page.locator("form.confirm button")).toBeVisible();
    await isSound(page);
  });

  test("a pause and its end are priced, done and told", async ({ page }) => {
    await page.goto("/plan");
    await page.getByRole("link", { name: "Pause the plan" }).click();
    await islandsReady(page);
    await expect(page.getByRole("heading", { level: 1 })).toContainText("Free pauses now");
    await isSound(page);
    await page.getByRole("button", { name: "Pause Free now" }).click();
    await expect(page.getByRole("status")).toContainText("Paused");
    await expect(page.getByRole("heading", { level: 1 })).toContainText("Free is paused");
    await isSound(page);
    await page.getByRole("link", { name: "Go on with the plan" }).click();
    await isSound(page);
    await page.getByRole("button", { name: "Go on with Free" }).click();
    await expect(page.getByRole("status")).toContainText("The plan goes on");
    await expect(page.getByRole("heading", { level: 1 })).toContainText("You have Free");
  });
});

test.describe("without script", () => {
  test.use({ who: "free", signsIn: true, javaScriptEnabled: false });

  test("a pause is planned and taken back by pages alone", async ({ page }) => {
    await page.goto("/plan/pause");
    await page.getByRole("radio", { name: /^On / }).check();
    await page.getByRole("button", { name: "Work it out again" }).click();
    await page.getByRole("button", { name: /^Pause Free on/ }).click();
    await expect(page).toHaveURL(/\/plan\?did=pause_planned/);
    await page.getByRole("button", { name: "Don’t pause" }).click();
    await expect(page).toHaveURL(/\/plan\?did=kept/);
  });

  test("what other plans would have cost is a sentence, a table and drawings", async ({ page }) => {
    await page.goto("/plan");
    await page.getByRole("link", { name: "What they would have cost you" }).click();
    await expect(page.getByRole("heading", { level: 1 })).toContainText(/Over the last 3 months .* cheapest/);
    await page.getByRole("link", { name: "1 month", exact: true }).click();
    await expect(page.getByRole("heading", { level: 1 })).toContainText("Over the last month");
    await expect(page.getByRole("table", { name: "On each plan" })).toContainText("Business");
  });
});
