// A vendor's site on an origin of its own, with the portal inside, for journeys in the frame.
import { execFileSync } from "node:child_process";
import type { FrameLocator, Page } from "@playwright/test";
import { freePort, program } from "../demo.mjs";
import { serveVendorSite } from "../vendor-site/server.mjs";
import { type SignIn, expect } from "./people";

const portico = (...args: string[]) => execFileSync(program(), ["--data", process.env.PORTICO_TEST_DATA!, ...args], { encoding: "utf8" }).trim();

export interface Site {
  url: string;
  key: string;
  port: number;
  stop(): void;
}

/** What the portal's API answers to this key. */
export async function api(key: string, method: string, path: string, body?: unknown) {
  const headers = { Authorization: `Bearer ${key}`, "Idempotency-Key": crypto.randomUUID(), "Content-Type": "application/json" };
  const answer = await fetch(`${process.env.PORTICO_URL}/api/v1${path}`, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  return await answer.json();
}

/** The site of a vendor whose customer is signed in there as that person of the demo; its origin is on the list. */
export async function vendorSite(who: SignIn, scopes?: string[]): Promise<Site> {
  const key = portico("api-key", "create", "--name", "vendor site", "--scopes", "*");
  const port = await freePort();
  const customers = (await api(key, "GET", "/customers?limit=100")).data;
  const customer = customers.find((one: { name: string }) => one.name === who.customer);
  const members = (await api(key, "GET", `/customers/${customer.id}/members`)).data;
  const member = members.find((one: { email: string }) => one.email === who.email);
  listOrigin(`http://127.0.0.1:${port}`);
  const site = await serveVendorSite({ portal: process.env.PORTICO_URL!, key, customer: customer.id, member: member.id, port, ...(scopes ? { scopes } : {}) });
  return { ...site, key, port };
}

export const listOrigin = (origin: string) => portico("embed-origin", "add", origin);
export const unlistOrigin = (origin: string) => portico("embed-origin", "remove", origin);

/** What stands in the element's frame. */
export const inFrame = (page: Page): FrameLocator => page.frameLocator("billing-portal >> iframe");

/** Every event of the page's element from now on: `[name, detail]`. */
export async function events(page: Page): Promise<() => Promise<[string, Record<string, unknown>][]>> {
  await page.evaluate(() => {
    const seen: unknown[] = ((window as never as { seen: unknown[] }).seen = []);
    const element = document.querySelector("billing-portal")!;
    for (const name of ["ready", "navigate", "step_up_required", "plan_changed", "payment_method_updated", "session_expiring", "error", "close"]) {
      element.addEventListener(name, (event) => seen.push([name, (event as CustomEvent).detail]));
    }
  });
  return () => page.evaluate(() => (window as never as { seen: [string, Record<string, unknown>][] }).seen);
}

export async function isReady(page: Page): Promise<void> {
  await expect(inFrame(page).getByRole("heading", { level: 1 })).toBeVisible();
}
