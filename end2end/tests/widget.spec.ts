// The portal inside a vendor's own page, on another origin: opened, used, shut. What it is worth when the page around it is not the vendor's is
// in widget_trust.spec.ts.
import type { Page } from "@playwright/test";
import { readFileSync } from "node:fs";
import { code, expect, person, test as base, typeCard } from "./people";
import { type Site, api, approve, contrast, events, inFrame, isReady, show, vendorSite } from "./vendor";

const test = base.extend<{ theme: object | undefined; site: Site }>({
  /** The look of the vendor's page, as its program tells it. */
  theme: [undefined, { option: true }],
  site: async ({ theme }, use, testInfo) => {
    // A code is good once: the next journey of the same person waits for the next one.
    testInfo.setTimeout(testInfo.timeout + 60_000);
    const site = await vendorSite(person("healthy"), { theme });
    await use(site);
    site.stop();
  },
});

/** The element is as high as what is in it. */
async function fits(page: Page): Promise<void> {
  await expect
    .poll(async () => {
      const element = await page.locator("billing-portal").evaluate((element) => element.getBoundingClientRect().height);
      const inside = await inFrame(page).locator("body").evaluate((body) => body.getBoundingClientRect().height);
      return Math.abs(element - inside);
    })
    .toBeLessThanOrEqual(2);
}

test("the whole portal stands in the vendor’s page, and no second scroll bar", async ({ page, site }) => {
  await page.goto(site.url);
  await isReady(page);
  const frame = inFrame(page);
  await expect(frame.locator(".rail")).toHaveCount(0);
  await fits(page);
  for (const room of ["Usage", "Invoices", "Plan", "Payment"]) {
    await frame.getByRole("navigation").getByRole("link", { name: room, exact: true }).click();
    await expect(frame.getByRole("link", { name: room, exact: true, includeHidden: false }).first()).toHaveAttribute("aria-current", "page");
    await fits(page);
    const scrolls = await frame.locator("html").evaluate((html) => html.scrollHeight - html.clientHeight > 1 && getComputedStyle(html).overflowY !== "hidden");
    expect(scrolls, `${room} has a scroll bar of its own`).toBe(false);
  }
});

test("what grows in the frame makes the element grow at once, and nothing goes on moving", async ({ page, site }) => {
  await page.goto(site.url);
  await isReady(page);
  await fits(page);
  const took = await page.evaluate(async () => {
    const element = document.querySelector("billing-portal")!;
    const changes: number[] = [];
    new ResizeObserver(() => changes.push(element.getBoundingClientRect().height)).observe(element);
    return await new Promise<{ changes: number[] }>((resolve) => setTimeout(() => resolve({ changes }), 500));
  });
  expect(took.changes.length, "it stood still before").toBeLessThanOrEqual(1);
  const before = await page.locator("billing-portal").evaluate((element) => element.getBoundingClientRect().height);
  await inFrame(page).locator("main").evaluate((main) => {
    const block = document.createElement("div");
    block.style.height = "2700px";
    main.append(block);
  });
  const began = Date.now();
  await page.waitForFunction((goal) => Math.abs(document.querySelector("billing-portal")!.getBoundingClientRect().height - goal) <= 2, before + 2700, { polling: 10 });
  expect(Date.now() - began).toBeLessThan(1_000);
  const after = await page.evaluate(async () => {
    const element = document.querySelector("billing-portal")!;
    const seen = new Set<number>();
    for (let looks = 0; looks < 30; looks++) {
      seen.add(element.getBoundingClientRect().height);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return seen.size;
  });
  expect(after, "one height, and no loop").toBe(1);
});

test.describe("in a dark page, in a narrow column", () => {
  test.use({ theme: { scheme: "dark", ground: "#101418", ink: "#333333", accent: "#1f3b7a", radius: 12, text_size: 15, face: "serif" }, viewport: { width: 360, height: 740 } });

  test("it looks like the host’s own, and can be read whatever was asked for", async ({ page, site }) => {
    await page.goto(site.url);
    await page.addStyleTag({ content: "html { color-scheme: dark } body { background: #101418; color: #eee; max-width: 320px; padding: 0 } a { color: #9bf }" });
    await isReady(page);
    const frame = inFrame(page);
    const look = await frame.locator("body").evaluate((body) => {
      const [own, link] = [getComputedStyle(body), getComputedStyle(document.querySelector("main a")!)];
      return { ground: own.backgroundColor, ink: own.color, face: own.fontFamily, link: link.color, overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth };
    });
    expect(look.ground).toBe("rgba(0, 0, 0, 0)");
    expect(look.face).toContain("Georgia");
    expect(look.overflow).toBeLessThanOrEqual(0);
    for (const colour of [look.ink, look.link]) expect(contrast(colour, "rgb(16, 20, 24)"), colour).toBeGreaterThanOrEqual(4.5);
    for (const room of ["Usage", "Plan"]) {
      await frame.getByRole("link", { name: room, exact: true }).click();
      await expect(frame.getByRole("link", { name: room, exact: true })).toHaveAttribute("aria-current", "page");
      expect(await frame.locator("html").evaluate((html) => html.scrollWidth - html.clientWidth), `${room} scrolls sideways`).toBeLessThanOrEqual(0);
    }
    await page.screenshot({ path: test.info().outputPath("dark.png"), fullPage: true });
  });
});

test("an invoice is read and its PDF comes", async ({ page, site }) => {
  await page.goto(site.url);
  await show(page, { page: "invoices" });
  const frame = inFrame(page);
  await expect(frame.getByRole("navigation")).toHaveCount(0);
  await frame.getByRole("table").getByRole("link").first().click();
  const coming = page.waitForEvent("download");
  await frame.getByRole("link", { name: /PDF/ }).click();
  const file = await coming;
  expect(file.suggestedFilename()).toMatch(/\.pdf$/);
  expect(readFileSync((await file.path())!).subarray(0, 5).toString()).toBe("%PDF-");
});

test.describe("money", () => {
  test.describe.configure({ mode: "default" });

  test("a plan is changed by a code in the form that shows the amount, and the page hears of it", async ({ page, site }) => {
    await page.goto(site.url);
    const heard = await events(page);
    await show(page, { action: "change-plan:business" });
    const frame = inFrame(page);
    await expect(frame.getByRole("heading", { level: 1 })).toContainText("Business with");
    // While choosing, the price follows, as in the portal.
    await expect(frame.locator("html[data-islands=ready]")).toBeAttached();
    const before = await frame.getByRole("heading", { level: 1 }).innerText();
    await frame.getByLabel("Seats", { exact: true }).fill("14");
    await expect(frame.getByRole("heading", { level: 1 })).not.toHaveText(before);
    const due = (await frame.locator("form.confirm button").innerText()).match(/€[\d,]+\.\d\d/)![0];
    await approve(frame.locator("form.confirm button"), code(person("healthy").email));
    await expect(frame.getByRole("status")).toContainText(`You paid ${due}`);
    await fits(page);
    const said = await heard();
    const names = said.map(([name]) => name);
    expect(names).toContain("step_up_required");
    expect(names.filter((name) => name === "plan_changed")).toHaveLength(1);
    expect(names[0]).toBe("ready");
    expect(said.find(([name]) => name === "plan_changed")![1]).toEqual({ version: 1, id: expect.stringMatching(/^sub_/) });
    expect(JSON.stringify(said), "ids only").not.toMatch(/€|\d\.\d\d/);
    // A minute ago is not now: the next one asks again.
    await show(page, { action: "change-plan:team" });
    await expect(frame.locator("[name=code]")).toBeVisible();
  });

  test("a card is added in the provider’s fields, inside the frame", async ({ page, site }) => {
    await page.goto(site.url);
    const heard = await events(page);
    await show(page, { page: "payment-methods" });
    const frame = inFrame(page);
    await expect(frame.locator("html[data-islands=ready]")).toBeAttached();
    await frame.getByRole("button", { name: "Add a payment method" }).click();
    await approve(frame.getByRole("button", { name: "Go on to the payment provider" }), code(person("healthy").email));
    await typeCard(frame.frameLocator("iframe.fields"), "5555 5555 5555 4444");
    await expect(frame.getByRole("status")).toContainText("was added");
    expect((await heard()).filter(([name]) => name === "payment_method_updated")).toEqual([["payment_method_updated", { version: 1, id: expect.stringMatching(/^pm_/) }]]);
  });
});

test("signing out ends the frame’s session and no other, and nothing lets it in again by itself", async ({ page, site }) => {
  await page.goto(site.url);
  const heard = await events(page);
  await isReady(page);
  const tokens: string[] = [];
  page.on("request", (request) => request.url().endsWith("/billing-token") && tokens.push(request.url()));
  await inFrame(page).getByRole("button", { name: "Sign out" }).click();
  await expect(inFrame(page).getByRole("status")).toContainText("You are signed out of this frame");
  await expect.poll(async () => (await heard()).map(([name, detail]) => `${name}:${detail.code ?? ""}`)).toContain("error:signed_out");
  expect(tokens).toEqual([]);
});

test("a session that ended meanwhile is begun anew on the page one was at", async ({ page, site }) => {
  await page.goto(site.url);
  await isReady(page);
  const frame = inFrame(page);
  await frame.getByRole("link", { name: "Usage", exact: true }).click();
  await expect(frame.getByRole("heading", { level: 1 })).toBeVisible();
  await site.endLast();
  await frame.getByRole("link", { name: "Invoices", exact: true }).click();
  await expect(frame.getByRole("table").first()).toBeVisible();
});

test("a session is renewed before it ends, without leaving the page", async ({ page, site }) => {
  await page.clock.install();
  await page.goto(site.url);
  await isReady(page);
  const heard = await events(page);
  await inFrame(page).locator("html").evaluate(() => ((window as never as { mark: string }).mark = "still here"));
  const before = await site.last();
  await inFrame(page).getByRole("heading", { level: 1 }).click();
  await page.clock.fastForward("14:00");
  await expect.poll(async () => (await heard()).map(([name]) => name)).toEqual(["session_expiring"]);
  await expect.poll(() => site.last()).not.toBe(before);
  await expect.poll(() => site.statusOfLast()).toBe("open");
  expect(await site.statusOf(before)).toBe("ended");
  expect(await inFrame(page).locator("html").evaluate(() => (window as never as { mark: string }).mark)).toBe("still here");
  await inFrame(page).getByRole("link", { name: "Usage", exact: true }).click();
  await expect(inFrame(page).getByRole("link", { name: "Usage", exact: true })).toHaveAttribute("aria-current", "page");
});

test("where nobody does anything the session is let end, and whoever comes back in time renews it", async ({ page, site }) => {
  await page.clock.install();
  await page.goto(site.url);
  await isReady(page);
  const heard = await events(page);
  const tokens: string[] = [];
  page.on("request", (request) => request.url().endsWith("/billing-token") && tokens.push(request.url()));
  const before = await site.last();
  await page.clock.fastForward("14:00");
  await expect.poll(async () => (await heard()).map(([name]) => name)).toEqual(["session_expiring"]);
  await page.waitForTimeout(500);
  expect(tokens).toEqual([]);
  await inFrame(page).getByRole("heading", { level: 1 }).click();
  await expect.poll(() => site.statusOf(before)).toBe("ended");
  expect(tokens).toHaveLength(1);
});

test("a renewal that is refused leaves the page as it is, with what was typed", async ({ page, site }) => {
  await page.clock.install();
  await page.goto(site.url);
  await show(page, { page: "payment-methods" });
  const frame = inFrame(page);
  await frame.getByRole("button", { name: "Add a payment method" }).click();
  await frame.locator("[name=code]").fill("123");
  const heard = await events(page);
  const shown = await frame.locator("main").innerText();
  await page.route("**/billing-token", (route) => route.fulfill({ json: { token: "nonsense" } }));
  await page.clock.fastForward("14:00");
  await expect.poll(async () => (await heard()).map(([name, detail]) => detail.code ?? name)).toEqual(["session_expiring", "token_unknown"]);
  expect(await frame.locator("main").innerText()).toBe(shown);
  await expect(frame.locator("[name=code]")).toHaveValue("123");
});

test("the vendor ends it, and so does taking the element away", async ({ page, site }) => {
  await page.goto(site.url);
  await isReady(page);
  expect(await site.statusOfLast()).toBe("open");
  await page.locator("billing-portal").evaluate((element) => element.remove());
  await expect.poll(() => site.statusOfLast()).toBe("ended");
  await page.reload();
  await isReady(page);
  expect(await site.statusOfLast()).toBe("open");
  await site.endLast();
  expect(await site.statusOfLast()).toBe("ended");
  // Taken away before its frame could tell what it opened.
  await page.route("**/embed/exchange", async (route) => void (await route.fetch()));
  await page.reload();
  await expect.poll(() => site.statusOfLast()).toBe("open");
  await page.locator("billing-portal").evaluate((element) => element.remove());
  await expect.poll(() => site.statusOfLast()).toBe("ended");
  const { data } = await api(site.key, "GET", "/events?limit=50");
  expect(data.map((event: { type?: string; kind?: string }) => event.type ?? event.kind)).toContain("embed_session.ended");
});

test("a module loads it too; what gives no token is told of, whatever it gives", async ({ page, site, problems }) => {
  await page.goto(`${site.url}/without-script`);
  const heard = await page.evaluate(async (portal) => {
    const script = Object.assign(document.createElement("script"), { type: "module", src: `${portal}/widget.js` });
    document.head.append(script);
    await customElements.whenDefined("billing-portal");
    const codes: string[] = [];
    for (const given of [{ toString: 1 }, () => {}, 7, "", null, Symbol("token")]) {
      const element = Object.assign(document.createElement("billing-portal"), { getToken: async () => given });
      const failed = new Promise((resolve) => element.addEventListener("error", (event) => (codes.push((event as CustomEvent).detail.code), resolve(undefined))));
      document.body.append(element);
      await failed;
      element.remove();
    }
    return codes;
  }, process.env.PORTICO_URL);
  expect(heard).toEqual(Array(6).fill("no_token"));
  // What the element tells the developer of it.
  expect(problems.filter((problem) => !/billing-portal: no_token: Error: what was given is no token/.test(problem))).toEqual([]);
  problems.length = 0;
});

test("the keyboard goes in and out in order, and Escape gives the focus back", async ({ page, site }) => {
  await page.goto(site.url);
  await isReady(page);
  await page.locator("#billing").focus();
  await page.keyboard.press("Tab");
  const inside = () => page.evaluate(() => document.activeElement?.localName);
  expect(await inside()).toBe("billing-portal");
  await page.keyboard.press("Escape");
  await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe("billing");
  for (let presses = 0; presses < 60 && (await page.evaluate(() => document.activeElement?.id)) !== "after"; presses++) await page.keyboard.press("Tab");
  expect(await page.evaluate(() => document.activeElement?.id)).toBe("after");
  await page.keyboard.press("Shift+Tab");
  expect(await inside()).toBe("billing-portal");
});

test.describe("without script in the vendor’s page", () => {
  test.use({ javaScriptEnabled: false });

  test("a form hands over, and a plan is changed by forms alone", async ({ page, site }) => {
    await page.goto(`${site.url}/without-script`);
    await page.getByRole("button", { name: "Show billing" }).click();
    const frame = page.frameLocator("iframe");
    await frame.getByRole("navigation").getByRole("link", { name: "Plan", exact: true }).click();
    await frame.getByRole("link", { name: "Change plan or seats" }).or(frame.getByRole("link", { name: /^Change/ })).first().click();
    await frame.getByRole("button", { name: "One seat more" }).click();
    await frame.locator("[name=code]").fill(code(person("healthy").email));
    await frame.locator("form.confirm button").click();
    await expect(frame.getByRole("status")).toBeVisible();
  });
});
