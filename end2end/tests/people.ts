// Who the journeys are made by, and what holds on every page they open: no script error, nothing the content security policy refused.
import { join } from "node:path";
import AxeBuilder from "@axe-core/playwright";
import { type Frame, type FrameLocator, type Page, test as base, expect } from "@playwright/test";
import { code as codeOf, signIn as signInAs } from "../demo.mjs";

export interface SignIn {
  email: string;
  password: string;
  customer: string;
  state: string;
}

export const signIns = () => JSON.parse(process.env.PORTICO_SIGN_INS!) as SignIn[];

/** The demo's sign-in of a customer in that state; the healthy one stands first. */
export function person(state?: string): SignIn {
  const found = state === undefined ? signIns()[0] : signIns().find((signIn) => signIn.state === state);
  if (!found) throw new Error(`the demo has nobody whose state is ${state}: ${signIns().map((signIn) => signIn.state)}`);
  return found;
}

/** Where the setup keeps the session of somebody it signed in. */
export const sessionOf = (who: SignIn) => join(process.env.PORTICO_TEST_DATA!, `session-${who.email}.json`);

/** A code from that person's authenticator, one not used before. */
export const code = (email: string): string => codeOf(process.env.PORTICO_TEST_DATA, email);

/** Signs in by the pages, as a person does. */
export const signIn = (page: Page, who: SignIn): Promise<void> => signInAs(page, who, process.env.PORTICO_TEST_DATA);

/** What went wrong in a page that no test should have to look for. */
function watch(page: Page, problems: string[]): void {
  page.on("pageerror", (error) => problems.push(`${page.url()}: ${error}`));
  page.on("console", (message) => {
    // A refused form (422) and a page that is not there (404) are answers, which Chromium reports as errors of loading. In a frame it lets
    // nothing take the focus by itself; the frame's script moves it.
    if (message.type() === "error" && !/status of 4\d\d|Blocked autofocusing/.test(message.text())) problems.push(`${page.url()}: ${message.text()}`);
  });
}

async function watchPolicy(page: Page, problems: string[]): Promise<void> {
  await page.exposeFunction("porticoPolicyViolation", (what: string) => problems.push(`${page.url()}: policy refused ${what}`));
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => (window as never as { porticoPolicyViolation(what: string): void }).porticoPolicyViolation(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
  });
}

/** The page's islands live. */
export async function islandsReady(page: Page): Promise<void> {
  await expect(page.locator("html[data-islands=ready]")).toBeAttached();
}

/** No violation that axe finds, and nothing wider than the window. */
export async function isSound(page: Page): Promise<void> {
  // What passes is not written down: on a long page that takes longer than finding out.
  const { violations } = await new AxeBuilder({ page }).options({ resultTypes: ["violations"] }).analyze();
  expect(violations.map((v) => `${v.id}: ${v.nodes.map((node) => node.target.join(" ")).join(", ")}`)).toEqual([]);
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(overflow, "the page scrolls sideways").toBeLessThanOrEqual(0);
}

export const test = base.extend<{ who: string | undefined; signsIn: boolean; problems: string[] }>({
  /** The state of the customer a journey is made as (`test.use({ who: "healthy" })`); nobody where it isn't said. */
  who: [undefined, { option: true }],
  /** Whether the journey signs in by itself: for those that change what a recent code protects. Others go on from the setup's session. */
  signsIn: [false, { option: true }],
  baseURL: async ({}, use) => use(process.env.PORTICO_URL),
  storageState: async ({ who, signsIn }, use) => use(who && !signsIn ? sessionOf(person(who)) : undefined),
  problems: async ({}, use) => {
    const problems: string[] = [];
    await use(problems);
    expect(problems).toEqual([]);
  },
  page: async ({ page, problems, javaScriptEnabled, who, signsIn }, use, testInfo) => {
    watch(page, problems);
    if (javaScriptEnabled !== false) await watchPolicy(page, problems);
    if (signsIn) {
      // A code is good once: the next journey of the same person waits for the next one.
      testInfo.setTimeout(testInfo.timeout + 60_000);
      await signIn(page, person(who));
    }
    await use(page);
  },
});

/** Types a card into the provider's form, in a page or a frame. Enter sends it: Chromium drops clicks into a foreign frame that has just moved. */
export async function typeCard(where: Page | Frame | FrameLocator, number: string): Promise<void> {
  await where.getByLabel("Card number").fill(number);
  await where.getByLabel("Expiry date").fill(`12 / ${(new Date().getFullYear() + 1) % 100}`);
  await where.getByLabel("Security code").fill("123");
  await where.getByLabel("Security code").press("Enter");
}

export { expect };
