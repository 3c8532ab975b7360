// Signs in everybody of the demo once, by the pages; the other journeys go on from there.
import { expect, isSound, sessionOf, signIn, signIns, test } from "./people";

test("everybody of the demo signs in with password and code", async ({ browser, problems, baseURL }) => {
  test.setTimeout(240_000);
  for (const who of signIns()) {
    await test.step(`${who.state}: ${who.email}`, async () => {
      const context = await browser.newContext({ baseURL });
      const page = await context.newPage();
      page.on("pageerror", (error) => problems.push(String(error)));
      await page.goto("/");
      await expect(page).toHaveURL(/\/sign-in/);
      await isSound(page);
      await signIn(page, who);
      await context.storageState({ path: sessionOf(who) });
      await context.close();
    });
  }
});
