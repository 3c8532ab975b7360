// The example site of a vendor, served for the demo: a page on an origin of its own with the portal inside.
import { execFileSync } from "node:child_process";
import { program } from "./demo.mjs";
import { serveVendorSite } from "./vendor-site/server.mjs";

/** The command line, on the data of a demo. */
export const portico = (data, ...args) => execFileSync(program(), ["--data", data, ...args], { encoding: "utf8" }).trim();

/** What the portal's API answers to this key. */
export async function api(portal, key, method, path, body) {
  const headers = { Authorization: `Bearer ${key}`, "Idempotency-Key": crypto.randomUUID(), "Content-Type": "application/json" };
  const answer = await fetch(`${portal}/api/v1${path}`, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  return await answer.json();
}

/** A person of the demo and their customer, as programs name them. */
export async function idsOf(portal, key, who) {
  const customer = (await api(portal, key, "GET", "/customers?limit=100")).data.find((one) => one.name === who.customer);
  const member = (await api(portal, key, "GET", `/customers/${customer.id}/members`)).data.find((one) => one.email === who.email);
  return { customer: customer.id, member: member.id };
}

/** The site whose visitor is that person of the demo, as `serveDemo` tells them; its origin is on the list. */
export async function vendorSiteOf(portal, data, who, { host = "127.0.0.1", theme } = {}) {
  const key = portico(data, "api-key", "create", "--name", "vendor site", "--scopes", "*");
  const site = await serveVendorSite({ portal, key, ...(await idsOf(portal, key, who)), port: 0, host, theme });
  portico(data, "embed-origin", "add", site.url);
  return { ...site, key };
}
