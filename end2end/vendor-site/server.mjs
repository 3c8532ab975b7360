// A vendor's own site with its billing inside: two pages, and the one address that a backend adds, which makes a token for whoever is signed
// in there. Here that is always the same person; a real site takes them from its own session.
import { readFileSync, realpathSync } from "node:fs";
import { createServer } from "node:http";
import { argv, env } from "node:process";
import { fileURLToPath } from "node:url";

/** Serves the site (port 0: a free one); `key` is an API key with embed_sessions:write, `customer` and `member` say who is signed in. */
export function serveVendorSite({ portal, key, customer, member, port, host = "127.0.0.1", theme, scopes = ["usage:read", "invoices:read", "plan:write", "payment_method:write"] }) {
  const origin = () => `http://${host}:${server.address().port}`;
  async function makeToken() {
    const headers = { Authorization: `Bearer ${key}`, "Idempotency-Key": crypto.randomUUID(), "Content-Type": "application/json" };
    const body = JSON.stringify({ customer_id: customer, member_id: member, origin: origin(), scopes, theme });
    const answer = await fetch(`${portal}/api/v1/embed-sessions`, { method: "POST", headers, body });
    if (!answer.ok) throw new Error(await answer.text());
    return await answer.json();
  }
  const page = (name, values) => readFileSync(new URL(name, import.meta.url), "utf8").replace(/\{\{(\w+)\}\}/g, (_, key) => values[key]);
  const server = createServer(async (request, response) => {
    const answer = (status, type, text) => response.writeHead(status, { "Content-Type": type, "Cache-Control": "no-store" }).end(text);
    try {
      if (request.url === "/") answer(200, "text/html; charset=utf-8", page("index.html", { portal }));
      else if (request.url === "/without-script") answer(200, "text/html; charset=utf-8", page("without-script.html", { portal, token: (await makeToken()).token }));
      // Another site may make somebody's browser post here, and must get nothing for it.
      else if (request.url === "/billing-token" && request.headers["sec-fetch-site"] !== "same-origin") answer(403, "text/plain", "Only this site’s own pages may ask for that.\n");
      else if (request.url === "/billing-token" && request.method === "POST") answer(200, "application/json", JSON.stringify({ token: (await makeToken()).token }));
      else answer(404, "text/plain", "There is nothing here.\n");
    } catch (error) {
      console.error(error);
      answer(502, "text/plain", "Billing can’t be opened right now.\n");
    }
  });
  return new Promise((resolve, reject) => server.once("error", reject).listen(port, host, () => resolve({ url: origin(), stop: () => server.close() })));
}

if (argv[1] && realpathSync(argv[1]) === fileURLToPath(import.meta.url)) {
  const { PORTAL = "http://localhost:3000", KEY: key, CUSTOMER: customer, MEMBER: member, PORT: port = "4000" } = env;
  const { url } = await serveVendorSite({ portal: PORTAL, key, customer, member, port });
  console.log(`The vendor’s site is at ${url}`);
}
