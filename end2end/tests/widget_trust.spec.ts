// The frame where the page around it is not to be trusted, and the browser's other tabs: nothing is shared, nothing leaks, nothing is done by
// messages.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Locator, Page } from "@playwright/test";
import { expect, person, signIn, test as base } from "./people";
import { type Site, approve, contrast, events, inFrame, ink, isReady, listOrigin, show, unlistOrigin, vendorSite } from "./vendor";

const test = base.extend<{ site: Site }>({
  site: async ({}, use, testInfo) => {
    testInfo.setTimeout(testInfo.timeout + 60_000);
    const site = await vendorSite(person("trialing"));
    await use(site);
    site.stop();
  },
});

/** The customer's name wherever a page of this tab holds it. */
const knows = async (page: Page) => (await Promise.all(page.frames().map((frame) => frame.content().catch(() => "")))).some((text) => text.includes(person("trialing").customer));

test("a page that is not on the list holds nothing, and one taken off it is shut out at once", async ({ page, site, problems }) => {
  unlistOrigin(site.url);
  await page.goto(site.url);
  const heard = await events(page);
  await expect(page.getByText("Billing can’t be shown here right now.")).toBeVisible({ timeout: 15_000 });
  expect(await heard()).toContainEqual(["error", { code: "blocked", version: 1 }]);
  await expect(page.locator("billing-portal >> iframe")).toBeHidden();
  expect(await knows(page)).toBe(false);
  listOrigin(site.url);
  await page.goto(site.url);
  await isReady(page);
  const requests: number[] = [];
  page.on("response", (response) => response.url().includes("/usage") && requests.push(response.status()));
  unlistOrigin(site.url);
  await inFrame(page).getByRole("link", { name: "Usage", exact: true }).click();
  await expect.poll(() => requests).toEqual([401]);
  listOrigin(site.url);
  // What the browser and the element tell the developer of all that.
  expect(problems.every((problem) => /frame-ancestors|billing-portal: |Framing/.test(problem)), problems.join("\n")).toBe(true);
  problems.length = 0;
});

test("two vendors’ pages and the portal itself are three sessions", async ({ page, site, context, baseURL }) => {
  await signIn(page, person("free"));
  // For browsers a site is a host, whatever the port.
  const other = await vendorSite(person("yearly"), { host: "127.0.0.2" });
  try {
    const [one, two] = [await context.newPage(), await context.newPage()];
    await one.goto(site.url);
    await isReady(one);
    await two.goto(other.url);
    await isReady(two);
    await page.goto(`${baseURL}/`);
    const here = async (shown: Page) => (await shown.content()) + (await Promise.all(shown.frames().map((frame) => frame.content()))).join();
    for (const [shown, state] of [[page, "free"], [one, "trialing"], [two, "yearly"]] as const) {
      await expect(shown.locator("body")).toBeVisible();
      for (const other of ["free", "trialing", "yearly"]) {
        // Legal names stand on the overview, in the frame and outside.
        if (other !== state) expect(await here(shown), `${state}’s page names ${other}’s customer`).not.toContain(person(other).customer);
      }
    }
    await inFrame(one).getByRole("button", { name: "Sign out" }).click();
    await expect(inFrame(one).getByRole("status")).toContainText("signed out");
    await inFrame(two).getByRole("link", { name: "Usage", exact: true }).click();
    await expect(inFrame(two).getByRole("link", { name: "Usage", exact: true })).toHaveAttribute("aria-current", "page");
    await page.goto(`${baseURL}/usage`);
    await expect(page).toHaveURL(/\/usage$/);
  } finally {
    other.stop();
  }
});

test("two tabs of one site, for two customers: each shows its own", async ({ page, site, context }) => {
  const [theirs, other] = [person("trialing"), person("yearly")];
  const second = await context.newPage();
  await page.goto(site.url);
  await isReady(page);
  const token = await site.tokenFor(other);
  await second.route("**/billing-token", (route) => route.fulfill({ json: { token } }));
  await second.goto(site.url);
  await isReady(second);
  await expect(inFrame(second).locator("body")).toContainText(other.customer);
  // The browser keeps one cookie for both.
  await inFrame(page).getByRole("link", { name: "Usage", exact: true }).click();
  await expect(inFrame(page).getByRole("link", { name: "Usage", exact: true })).toHaveAttribute("aria-current", "page");
  await inFrame(page).getByRole("link", { name: "Overview", exact: true }).click();
  await expect(inFrame(page).getByRole("link", { name: "Overview", exact: true })).toHaveAttribute("aria-current", "page");
  await expect(inFrame(page).locator("body")).toContainText(theirs.customer);
  await expect(inFrame(page).locator("body")).not.toContainText(other.customer);
});

test("what is covered approves nothing: the button has to have been in plain sight for a second", async ({ page, site }) => {
  await page.goto(site.url);
  await show(page, { page: "plan" });
  const frame = inFrame(page);
  await frame.getByRole("link", { name: /^Change/ }).first().click();
  await frame.getByRole("button", { name: "One seat more" }).click();
  const button = frame.locator("form.confirm button");
  await expect(button).toBeVisible();
  // A page over the frame that lets every press through.
  await page.evaluate(() => {
    const cover = Object.assign(document.createElement("div"), { id: "cover" });
    cover.style.cssText = "position: fixed; inset: 0; background: white; pointer-events: none";
    document.body.append(cover);
  });
  const posts: string[] = [];
  page.on("request", (request) => request.method() === "POST" && request.url().endsWith("/plan/change") && posts.push(request.url()));
  await frame.locator("[name=code]").fill("123456");
  await button.scrollIntoViewIfNeeded();
  await expect(button).toHaveAttribute("aria-disabled", "true");
  await page.waitForTimeout(1_500);
  await frame.locator("[name=code]").press("Enter");
  await expect(frame.getByRole("alert")).toContainText("in plain sight");
  await button.dispatchEvent("click");
  expect(posts).toEqual([]);
  await page.locator("#cover").evaluate((cover) => cover.remove());
  await approve(button, "123456");
  await expect.poll(() => posts).toHaveLength(1);
});

test("only the vendor’s own pages get tokens from the vendor’s server", async ({ site }) => {
  const asked = (from?: string) => fetch(`${site.url}/billing-token`, { method: "POST", headers: from ? { "sec-fetch-site": from } : {} });
  for (const from of ["cross-site", "same-site", "none", undefined]) expect((await asked(from)).status, from).toBe(403);
  expect((await asked("same-origin")).status).toBe(200);
});

test("a page that stands inside another page is told that billing is not shown there", async ({ page, site }) => {
  const other = await vendorSite(person("yearly"), { host: "127.0.0.2" });
  try {
    await page.goto(`${other.url}/without-script`);
    await page.evaluate((url) => {
      const frame = document.createElement("iframe");
      frame.src = url;
      frame.id = "outer";
      document.body.append(frame);
    }, site.url);
    const inner = page.frameLocator("#outer").frameLocator("billing-portal >> iframe");
    await expect(inner.getByRole("alert")).toContainText("inside another page");
    expect(await knows(page)).toBe(false);
    // Nor where its session is opened without the element, and the page around that is of the same site.
    await page.goto(`${site.url}/without-script`);
    await page.evaluate(() => document.body.append(Object.assign(document.createElement("iframe"), { src: location.href, id: "outer" })));
    await page.frameLocator("#outer").getByRole("button", { name: "Show billing" }).click();
    await expect(page.frameLocator("#outer").frameLocator("iframe").getByRole("alert")).toContainText("inside another page");
  } finally {
    other.stop();
  }
});

test("ten thousand messages nobody should send change nothing, at either end", async ({ page, site }) => {
  // The page around the frame may be anybody's by then: it speaks by the port it was given, too.
  await page.addInitScript(() => {
    const ports: MessagePort[] = ((window as never as { ports: MessagePort[] }).ports = []);
    const post = MessagePort.prototype.postMessage;
    MessagePort.prototype.postMessage = function (this: MessagePort, ...sent: never) {
      if (!ports.includes(this)) ports.push(this);
      post.apply(this, sent);
    };
  });
  await page.goto(site.url);
  const heard = await events(page);
  await isReady(page);
  const requests: string[] = [];
  page.on("request", (request) => requests.push(request.url()));
  const [height, said] = [await page.locator("billing-portal").evaluate((element) => element.getBoundingClientRect().height), await heard()];
  await page.evaluate(async () => {
    // Always the same ones.
    let seed = 7;
    const random = (below: number) => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648) % below;
    const values = [undefined, null, 0, -1, NaN, "", "x", [], {}, 1e9, true, "hello", "port", "token", "height", "end", "page", "error", "<img src=x>", "opened", { toString: 1 }, "__proto__"];
    const value = () => values[random(values.length)];
    const message = () => {
      const channel = new MessageChannel();
      const data = random(8) === 0 ? value() : { portico: random(2) ? 1 : value(), type: value(), nonce: value(), token: value(), px: value(), path: value(), name: value(), ids: value(), end_key: value() };
      return { data, ports: random(2) ? [channel.port2] : [] };
    };
    const frame = document.querySelector("billing-portal")!.shadowRoot!.querySelector("iframe")!;
    const port = (window as never as { ports: MessagePort[] }).ports.at(-1)!;
    for (let sent = 0; sent < 5_000; sent++) {
      port.postMessage(message().data);
      const [inward, outward] = [message(), message()];
      frame.contentWindow!.postMessage(inward.data, "*", inward.ports);
      window.postMessage(outward.data, "*", outward.ports);
      if (sent % 500 === 0) await new Promise((resolve) => setTimeout(resolve));
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  });
  expect(await heard()).toEqual(said);
  expect(requests).toEqual([]);
  expect(await page.locator("billing-portal").evaluate((element) => element.getBoundingClientRect().height)).toBe(height);
  await inFrame(page).getByRole("link", { name: "Usage", exact: true }).click();
  await expect(inFrame(page).getByRole("link", { name: "Usage", exact: true })).toHaveAttribute("aria-current", "page");
});

test("no token and no key of a session stands in an address, a referrer, a storage or the server’s log", async ({ page, site }) => {
  const [secrets, places]: [Set<string>, string[]] = [new Set(), []];
  page.on("request", async (request) => {
    places.push(`${request.url()} ${JSON.stringify(await request.allHeaders().then(({ cookie, ...others }) => others))}`);
    const posted = new URLSearchParams(request.postData() ?? "");
    for (const name of ["token", "end_key"]) if (posted.get(name)) secrets.add(posted.get(name)!);
  });
  page.on("response", async (response) => {
    const set = await response.headerValue("set-cookie").catch(() => undefined);
    const token = set && /__Host-portico-embed=([\w-]{20,})/.exec(set)?.[1];
    if (token) secrets.add(token);
  });
  await page.goto(site.url);
  await isReady(page);
  for (const room of ["Usage", "Invoices", "Plan"]) {
    await inFrame(page).getByRole("link", { name: room, exact: true }).click();
    await expect(inFrame(page).getByRole("link", { name: room, exact: true })).toHaveAttribute("aria-current", "page");
  }
  const kept = () => {
    // A browser may keep a frame of another site from any storage.
    const read = (look: () => unknown) => {
      try {
        return JSON.stringify(look());
      } catch {
        return "";
      }
    };
    return [() => ({ ...localStorage }), () => ({ ...sessionStorage }), () => document.cookie, () => [location.href, document.referrer]].map(read).join();
  };
  const stored = await Promise.all(page.frames().map((frame) => frame.evaluate(kept)));
  await page.locator("billing-portal").evaluate((element) => element.remove());
  await expect.poll(() => secrets.size).toBe(3);
  const log = readFileSync(join(process.env.PORTICO_TEST_DATA!, "serve.log"), "utf8");
  expect(log).toContain("portico::");
  for (const secret of secrets) expect([log, ...places, ...stored].filter((place) => place.includes(secret))).toEqual([]);
});

test("a spent token and a page that is none are said in the frame and to the page around it", async ({ page, site }) => {
  await page.goto(site.url);
  await isReady(page);
  const token = await site.tokenFor(person("trialing"));
  const refused = async (attributes: Record<string, string>, code: string, sentence: RegExp) => {
    const heard = await events(page);
    await page.evaluate((attributes) => {
      const element = document.createElement("billing-portal");
      for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
      (window as never as { listen(element: Element): void }).listen(element);
      document.querySelector("billing-portal")!.replaceWith(element);
    }, attributes);
    await expect.poll(heard).toContainEqual(["error", { code, version: 1 }]);
    await expect(inFrame(page).getByRole("alert")).toContainText(sentence);
  };
  await refused({ "token-endpoint": "/billing-token", page: "account" }, "no_such_page", /can’t be opened/);
  await page.evaluate((token) => {
    const element = document.createElement("billing-portal");
    element.setAttribute("token", token);
    document.querySelector("billing-portal")!.replaceWith(element);
  }, token);
  await isReady(page);
  await refused({ token }, "token_spent", /was used before/);
  await refused({ token: "nonsense" }, "token_unknown", /can’t be opened/);
  // What is said can be read on a dark page, too, whatever the browser prefers.
  await page.addStyleTag({ content: "html { color-scheme: dark } body { background: #101418; color: #eee }" });
  await refused({ token: "nonsense" }, "token_unknown", /can’t be opened/);
  const scheme = (of: Locator) => of.evaluate((element) => getComputedStyle(element).colorScheme);
  expect(contrast(await ink(page), "rgb(16, 20, 24)")).toBeGreaterThanOrEqual(4.5);
  expect([await scheme(inFrame(page).locator("html")), await scheme(page.locator("billing-portal >> iframe"))]).toEqual(["dark", "dark"]);
});
