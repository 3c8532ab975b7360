// The frame's end of <billing-portal>, in every document the frame shows. It finds the page that holds it, speaks with it over a port of
// their own, and asks it for a token where there is no session. Where the browser keeps no cookie the session lives in this file's memory:
// pages are then fetched and shown in this document, which is never left.
const VERSION = 1;
const root = document.documentElement;
const origins = (root.dataset.origins ?? "").split(" ").filter(Boolean);
// Before the end of a session another token is asked for.
const RENEW_BEFORE_S = 120;

let port;
// The origin of the page that holds us.
let holder;
let bearer;
let renewal;
// Whom a token is waited for by.
let awaited;

const plainFetch = window.fetch.bind(window);
/** What a page of ours fetches says that it is for a frame: browsers tell it of documents only. */
window.fetch = (address, options = {}) => {
  const headers = new Headers(options.headers);
  headers.set("portico-frame", "1");
  if (bearer) headers.set("authorization", `Bearer ${bearer}`);
  return plainFetch(address, { ...options, headers });
};

const tell = (type, more = {}) => port?.postMessage({ type, ...more });
const fail = (code) => tell("error", { code });

/** Says hello to the page that holds this one, if it is on the list, and waits for its port. */
function meet() {
  const nonce = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
  const met = new Promise((resolve) => {
    window.addEventListener("message", function answered(event) {
      const { source, origin, data, ports } = event;
      if (source !== window.parent || !origins.includes(origin)) return;
      if (data?.portico !== VERSION || data.type !== "port" || data.nonce !== nonce || ports.length !== 1) return;
      window.removeEventListener("message", answered);
      resolve({ port: ports[0], origin });
    });
  });
  // Where the browser does not say who holds us, each of the list is spoken to: only the one that does can hear it.
  const said = window.location.ancestorOrigins?.[0] ?? (document.referrer ? new URL(document.referrer).origin : undefined);
  const addressed = origins.includes(said) ? [said] : origins;
  for (const origin of addressed) window.parent.postMessage({ portico: VERSION, type: "hello", nonce }, origin);
  return met;
}

/** A new token from the page that holds us, and what it wants shown. */
function askForToken() {
  return new Promise((resolve) => {
    awaited = resolve;
    tell("token");
  });
}

/** Whether a session's cookie would be kept. Looked at with one of no meaning, for the session's own is not for script. */
function keepsCookies() {
  const attributes = "Path=/; Secure; SameSite=None; Partitioned";
  try {
    document.cookie = `__Host-portico-probe=1; ${attributes}`;
    const isKept = document.cookie.includes("__Host-portico-probe=1");
    document.cookie = `__Host-portico-probe=; ${attributes}; Max-Age=0`;
    return isKept;
  } catch {
    return false;
  }
}

/** Exchanges a new token for a session; where it leads to, or undefined where it was refused. */
async function open() {
  const { token, page, action } = await askForToken();
  if (!token) return undefined;
  const memory = bearer || !keepsCookies() ? "1" : "";
  const body = new URLSearchParams({ token, page, action, origin: holder, memory });
  const answer = await window.fetch("/embed/exchange", { method: "POST", body }).catch(() => undefined);
  const got = await answer?.json().catch(() => undefined);
  if (!answer?.ok) {
    fail(got?.code ?? "unavailable");
    if (got?.sentence) say(got.sentence);
    return undefined;
  }
  bearer = got.bearer ?? undefined;
  tell("opened", { end_key: got.end_key });
  renewIn(got.seconds);
  return got.path;
}

/** Renews the session before it ends, without leaving the page. */
function renewIn(seconds) {
  clearTimeout(renewal);
  renewal = setTimeout(() => {
    tell("event", { name: "session_expiring" });
    open();
  }, Math.max(seconds - RENEW_BEFORE_S, 1) * 1000);
}

/** Replaces what the page says by a sentence. */
function say(sentence) {
  const line = document.createElement("p");
  line.setAttribute("role", "alert");
  line.textContent = sentence;
  document.querySelector("main")?.replaceChildren(line);
}

/** What was refused takes the focus. Browsers let no frame of another origin take it by itself, but one that has it may move it. */
function focusOnTrouble() {
  if (document.hasFocus()) document.querySelector("[autofocus]")?.focus();
}

/** Tells the page that holds us what is shown. Ids only: no amount, no name. */
function told(path) {
  const trouble = document.querySelector("[data-trouble]");
  if (trouble) return fail(trouble.dataset.trouble);
  tell("page", { path, scheme: getComputedStyle(root).colorScheme });
  const happened = document.querySelector("[data-happened]");
  if (happened) tell("event", { name: happened.dataset.happened, ids: happened.dataset.id ? { id: happened.dataset.id } : {} });
}

/** Tells when a code is asked for: with the page, or by what a choice on it brings. */
function watchForCode() {
  let isAsked = false;
  const look = () => {
    const was = isAsked;
    isAsked = document.querySelector("input[name=code]") !== null;
    if (isAsked && !was) tell("event", { name: "step_up_required" });
  };
  new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
  look();
}

/** The host's frame is as high as what is in it. */
function fit() {
  let due = 0;
  let last = 0;
  const measure = () => {
    due = 0;
    const px = Math.ceil(document.body.getBoundingClientRect().height);
    if (Math.abs(px - last) <= 1) return;
    last = px;
    tell("height", { px });
  };
  root.dataset.fitted = "";
  new ResizeObserver(() => (due ||= requestAnimationFrame(measure))).observe(document.body);
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !event.defaultPrevented) tell("close");
});

/** The look a page came with: its own style element would be refused here, for the nonce is another document's. */
const look = new CSSStyleSheet();
document.adoptedStyleSheets.push(look);

/** Shows a page of the portal in this very document. */
async function show(address, options) {
  let answer = await window.fetch(address, options).catch(() => undefined);
  // The session ended meanwhile: another token begins it anew, and the same is asked again.
  if (answer?.status === 401 && (await open())) answer = await window.fetch(address, options).catch(() => undefined);
  if (!answer) return fail("unavailable");
  if (answer.status === 401) return fail("session_ended");
  const kind = answer.headers.get("content-type") ?? "";
  if (!kind.startsWith("text/html")) return save(answer);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  document.title = page.title;
  document.body.replaceChildren(...page.body.childNodes);
  look.replaceSync(page.querySelector("style")?.textContent ?? "");
  window.scrollTo(0, 0);
  told(new URL(answer.url).pathname);
}

/** A file, kept under the name it came with. */
async function save(answer) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = /filename="([^"]+)"/.exec(answer.headers.get("content-disposition") ?? "")?.[1] ?? "";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** Links and forms lead where they say, but in this document. */
function stayHere() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href]");
    if (!link || link.target || link.download || link.origin !== window.location.origin || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (link.getAttribute("href").startsWith("#")) return;
    event.preventDefault();
    show(link.href);
  });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    event.preventDefault();
    const fields = new URLSearchParams(new FormData(form, event.submitter));
    if (form.method === "get") show(`${form.action.split("?")[0]}?${fields}`);
    else show(form.action, { method: "POST", body: fields });
  });
}

if (window.parent !== window && origins.length > 0) {
  ({ port, origin: holder } = await meet());
  port.onmessage = ({ data }) => {
    if (data?.type === "token") awaited?.(data);
  };
  fit();
  if (window.parent !== window.top) {
    // Whoever frames the page that frames us could lay something over what we ask.
    fail("nested");
    say(document.querySelector("#nested")?.textContent ?? "");
  } else if (root.dataset.frame === "lasts") {
    renewIn(Number(root.dataset.seconds));
    focusOnTrouble();
    told(window.location.pathname);
    watchForCode();
  } else if (root.dataset.frame === "over") {
    told(window.location.pathname);
  } else {
    const path = await open();
    if (path && bearer) {
      stayHere();
      show(root.dataset.frame === "waiting" ? path : window.location.href);
    } else if (path && root.dataset.frame === "waiting") {
      window.location.replace(path);
    } else if (path && !document.querySelector("form")) {
      window.location.reload();
    }
  }
}
