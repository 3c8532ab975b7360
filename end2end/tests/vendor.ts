// A vendor's site on an origin of its own, with the portal inside, for journeys in the frame.
import type { FrameLocator, Locator, Page } from "@playwright/test";
import { api as apiOf, idsOf, portico, vendorSiteOf } from "../vendor.mjs";
import { type SignIn, expect } from "./people";

export interface Site {
  url: string;
  key: string;
  stop(): void;
  /** A token for somebody else at this site. */
  tokenFor(who: SignIn): Promise<string>;
  /** The session that was made last. */
  last(): Promise<string>;
  statusOf(id: string): Promise<string>;
  /** Of the session that was made last, as the vendor's program sees it. */
  statusOfLast(): Promise<string>;
  /** As the vendor's program ends it. */
  endLast(): Promise<void>;
}

/** What the portal's API answers to this key. */
export const api = (key: string, method: string, path: string, body?: unknown) => apiOf(process.env.PORTICO_URL, key, method, path, body);

/** The site of a vendor whose customer is signed in there as that person of the demo; its origin is on the list. */
export async function vendorSite(who: SignIn, options: { host?: string; theme?: object } = {}): Promise<Site> {
  const site = await vendorSiteOf(process.env.PORTICO_URL, process.env.PORTICO_TEST_DATA, who, options);
  const { key } = site;
  const last = async () => {
    const made = (await api(key, "GET", "/events?limit=100")).data.filter((event: { kind: string }) => event.kind === "embed_session.created");
    return made.filter((event: { data: { origin: string } }) => event.data.origin === site.url)[0].subject_id as string;
  };
  const statusOf = async (id: string) => (await api(key, "GET", `/embed-sessions/${id}`)).status as string;
  return {
    ...site,
    tokenFor: async (who) => {
      const { customer: customer_id, member: member_id } = await idsOf(process.env.PORTICO_URL, key, who);
      return (await api(key, "POST", "/embed-sessions", { customer_id, member_id, origin: site.url, scopes: ["usage:read", "invoices:read"] })).token;
    },
    last,
    statusOf,
    statusOfLast: async () => statusOf(await last()),
    endLast: async () => void (await api(key, "DELETE", `/embed-sessions/${await last()}`)),
  };
}

export const listOrigin = (origin: string) => portico(process.env.PORTICO_TEST_DATA, "embed-origin", "add", origin);
export const unlistOrigin = (origin: string) => portico(process.env.PORTICO_TEST_DATA, "embed-origin", "remove", origin);

/** What stands in the element's frame. */
export const inFrame = (page: Page): FrameLocator => page.frameLocator("billing-portal >> iframe");

/** Every event of the page's element from now on: `[name, detail]`. */
export async function events(page: Page): Promise<() => Promise<[string, Record<string, unknown>][]>> {
  await page.evaluate(() => {
    const seen: unknown[] = ((window as never as { seen: unknown[] }).seen = []);
    const names = ["ready", "navigate", "step_up_required", "plan_changed", "payment_method_updated", "invoice_paid", "session_expiring", "error", "close"];
    const listen = (element: Element) => names.forEach((name) => element.addEventListener(name, (event) => seen.push([name, (event as CustomEvent).detail])));
    (window as never as { listen: typeof listen }).listen = listen;
    listen(document.querySelector("billing-portal")!);
  });
  return () => page.evaluate(() => (window as never as { seen: [string, Record<string, unknown>][] }).seen);
}

/** Puts an element with these attributes in the place of the page's, and waits until it shows something. */
export async function show(page: Page, attributes: Record<string, string>): Promise<void> {
  await page.evaluate((attributes) => {
    const old = document.querySelector("billing-portal")!;
    const element = document.createElement("billing-portal");
    for (const [name, value] of Object.entries({ "token-endpoint": "/billing-token", ...attributes })) element.setAttribute(name, value);
    (window as never as { listen?: (element: Element) => void }).listen?.(element);
    old.replaceWith(element);
  }, attributes);
  await isReady(page);
}

/** Types a code, and presses the button it is for once that has been in plain sight for long enough. */
export async function approve(button: Locator, code: string): Promise<void> {
  await button.locator("xpath=ancestor::form").locator("[name=code]").fill(code);
  await button.scrollIntoViewIfNeeded();
  await button.click();
}

export async function isReady(page: Page): Promise<void> {
  await expect(inFrame(page).getByRole("heading", { level: 1 })).toBeVisible();
}

/** The colour the frame writes in, as three numbers: browsers tell it in whatever notation it came. */
export const ink = (page: Page): Promise<string> =>
  inFrame(page).locator("body").evaluate((body) => {
    const drawn = document.createElement("canvas").getContext("2d")!;
    drawn.fillStyle = getComputedStyle(body).color;
    drawn.fillRect(0, 0, 1, 1);
    return `rgb(${drawn.getImageData(0, 0, 1, 1).data.slice(0, 3).join(", ")})`;
  });

/** WCAG's contrast of two colours as browsers compute them. */
export function contrast(one: string, other: string): number {
  const luminance = (colour: string) => {
    const [red, green, blue] = colour.match(/[\d.]+/g)!.map((part) => Number(part) / 255).map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}
