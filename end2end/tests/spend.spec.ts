// Alerts and a cap on what usage costs: set, reached, raised and removed, by pages alone.
import { expect, isSound, test } from "./people";

test.describe("without script", () => {
  test.use({ who: "yearly", signsIn: true, javaScriptEnabled: false, viewport: { width: 360, height: 780 } });

  test("a customer sets an alert, is held at a cap, and goes on", async ({ page }) => {
    await page.goto("/usage");
    await page.getByRole("link", { name: "Alerts and cap" }).click();
    const heading = page.getByRole("heading", { level: 1 });
    await expect(heading).toContainText(/^Usage has cost €/);

    await page.getByLabel("Tell us at").fill("12,5");
    await page.getByRole("button", { name: "Add the alert" }).click();
    await expect(page.getByRole("alert")).toContainText("Write an amount in figures");
    await expect(page.getByLabel("Tell us at")).toHaveValue("12,5");
    await page.getByLabel("Tell us at").fill("9,999.50");
    await page.getByRole("button", { name: "Add the alert" }).click();
    await expect(page.getByRole("status")).toContainText("The alert is set.");
    await expect(heading).toContainText("You are told next at €9,999.50.");
    await expect(page.getByRole("row", { name: /€9,999.50/ })).toContainText("Not reached");

    await page.getByLabel("Stop at").fill("0.01");
    await page.getByRole("button", { name: "Set the cap" }).click();
    await expect(heading).toContainText("You have reached your cap of €0.01");
    await page.goto("/");
    await expect(page.getByText("Stopped at your cap of €0.01.")).toBeVisible();
    await page.getByRole("link", { name: "Raise or remove the cap" }).click();
    await page.getByLabel("Go on up to").fill("9 000");
    await page.getByRole("button", { name: "Raise the cap" }).click();
    await expect(heading).toContainText("It stops at €9,000.00.");
    await page.getByRole("button", { name: "Remove the cap" }).click();
    await expect(page.getByRole("status")).toContainText("The cap is removed.");
    await page.getByRole("button", { name: "Remove the alert at €9,999.50" }).click();
    await expect(page.getByRole("status")).toContainText("The alert is removed.");
    await page.goto("/account/activity");
    await expect(page.getByRole("rowheader", { name: /What is charged by use goes on: the cap was raised to €9,000.00/ })).toBeVisible();
  });
});

test.describe("with script", () => {
  test.use({ who: "healthy", viewport: { width: 390, height: 844 } });

  test("the page is sound, empty and with an error", async ({ page }) => {
    await page.goto("/usage/alerts");
    await isSound(page);
    await page.getByLabel("Stop at").fill("€");
    await page.getByRole("button", { name: "Set the cap" }).click();
    await expect(page.getByRole("alert")).toBeFocused();
    await isSound(page);
  });
});
