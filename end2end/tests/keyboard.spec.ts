// Everything by keyboard alone: signing in, the skip link, unfolding a reason, going to a page; focus always to be seen.
import type { Page } from "@playwright/test";
import { code, expect, person, test } from "./people";

test.use({ viewport: { width: 1280, height: 900 } });

/** What has the focus. */
const focused = (page: Page) => page.locator("*:focus");

/** Presses Tab until what has the focus fits. */
async function tabTo(page: Page, selector: string): Promise<void> {
  for (let press = 0; press < 60; press++) {
    await page.keyboard.press("Tab");
    if (await focused(page).evaluateAll((found, wanted) => found.some((element) => element.matches(wanted)), selector)) return;
  }
  throw new Error(`60 tabs did not lead to ${selector}`);
}

/** The focus shows: an outline, a ring or another border than without it. */
async function expectVisibleFocus(page: Page): Promise<void> {
  const ring = await focused(page).first().evaluate((element) => {
    const style = getComputedStyle(element);
    return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0 ? "outline" : style.boxShadow !== "none" ? "shadow" : "";
  });
  expect(ring, "what has the focus can be seen").not.toBe("");
}

test("signing in, reading why, and going on, without a mouse", async ({ page }) => {
  const who = person("free");
  await page.goto("/sign-in");
  if (!(await page.locator("[name=email]").evaluate((field) => field === document.activeElement))) await tabTo(page, "[name=email]");
  await page.keyboard.type(who.email);
  await tabTo(page, "[name=password]");
  await expectVisibleFocus(page);
  await page.keyboard.type(who.password);
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/sign-in\/code/);
  if (!(await page.locator("[name=code]").evaluate((field) => field === document.activeElement))) await tabTo(page, "[name=code]");
  await page.keyboard.type(code(who.email));
  await page.keyboard.press("Enter");
  await page.waitForURL((url) => url.pathname === "/");

  await page.keyboard.press("Tab");
  await expect(focused(page)).toHaveClass(/skip/);
  await expect(focused(page)).toBeInViewport();
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/#main$/);
  await tabTo(page, "main summary");
  await expectVisibleFocus(page);
  await page.keyboard.press("Enter");
  await expect(page.locator("main details[open]")).toHaveCount(1);

  await page.goto("/");
  await tabTo(page, "nav a[href='/plan']");
  await expectVisibleFocus(page);
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/plan$/);
});

test("an error takes the focus to its summary, which leads to the field", async ({ page }) => {
  await page.goto("/sign-in");
  await page.locator("[name=email]").focus();
  await page.keyboard.press("Enter");
  // The browser's own check must not stand in the way of the page's sentences.
  await expect(page.locator("[name=password]")).toHaveAttribute("aria-invalid", "true");
  await expect(page).toHaveTitle(/^Error/);
  const summary = page.getByRole("alert").first();
  await expect(summary).toBeVisible();
  await summary.getByRole("link").first().focus();
  await page.keyboard.press("Enter");
  await expect(page.locator("[name=email]")).toBeFocused();
});
