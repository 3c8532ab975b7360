// A vendor's site on an origin of its own, with the portal inside, for journeys in the frame.
import type { FrameLocator, Page } from "@playwright/test";
import { api as apiOf, portico, vendorSiteOf } from "../vendor.mjs";
import { type SignIn, expect } from "./people";

export interface Site {
  url: string;
  key: string;
  stop(): void;
  /** The session that was made last. */
  last(): Promise<string>;
  statusOf(id: string): Promise<string>;
  /** Of the session that was made last, as the vendor's program sees it. */
  statusOfLast(): Promise<string>;
  /** As the vendor's program ends it. */
  endLast(): Promise<void>;
}

/** What the portal's API answers to this key. */
export const api = (key: string, method: string, path: string) => apiOf(process.env.PORTICO_URL, key, method, path);

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
    const names = ["ready", "navigate", "step_up_required", "plan_changed", "payment_method_updated", "session_expiring", "error", "close"];
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

export async function isReady(page: Page): Promise<void> {
  await expect(inFrame(page).getByRole("heading", { level: 1 })).toBeVisible();
}
