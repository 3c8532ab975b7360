// The frame's end of <billing-portal>, in every document the frame shows. It finds the page that holds it, speaks with it over a port of
// their own, and asks it for a token where there is no session. Where the browser keeps no cookie the session lives in this file's memory:
// pages are then fetched and shown in this document, which is never left.
const VERSION = 1;
const root = document.documentElement;
const origins = (root.dataset.origins ?? "").split(" ").filter(Boolean);
// Before the end of a session another token is asked for.
const RENEW_BEFORE_S = 120;
// How long a button is in plain sight before what it says counts as read.
const IN_SIGHT_MS = 1_000;
// Words for what only this file can see. They stay where a page is shown in this very document.
const { nested, unopened, ended, silent, unseen, window: ownWindow } = root.dataset;

let port;
// The origin of the page that holds us.
let holder;
// Whether that page is light or dark.
let scheme;
// The embed session the page that holds us was opened for, as it remembers.
let own;
let bearer;
let renewal;
// Whether somebody did anything here since the session was last renewed.
let isUsed = false;
let expiresAt;
// The person signed out: nobody is asked for anything any more.
let isOver = false;
// What the page that holds us was asked, and who waits for the answer.
const waiting = new Map();

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
// A page may send anything.
const text = (value) => (typeof value === "string" ? value : "");

/** Says hello to the page that holds this one, if it is on the list, and waits for its port. */
function meet() {
  const nonce = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
  const met = new Promise((resolve) => {
    window.addEventListener("message", function answered(event) {
      const { source, origin, data, ports } = event;
      if (source !== window.parent || !origins.includes(origin)) return;
      if (data?.portico !== VERSION || data.type !== "port" || data.nonce !== nonce || ports.length !== 1) return;
      window.removeEventListener("message", answered);
      resolve({ port: ports[0], origin, embed: text(data.embed), scheme: text(data.scheme) });
    });
  });
  // Where the browser does not say who holds us, each of the list is spoken to: only the one that does can hear it.
  const said = window.location.ancestorOrigins?.[0] ?? (document.referrer ? new URL(document.referrer).origin : undefined);
  const addressed = origins.includes(said) ? [said] : origins;
  for (const origin of addressed) window.parent.postMessage({ portico: VERSION, type: "hello", nonce }, origin);
  return met;
}

/** Asks the page that holds us, and waits for its answer. */
function ask(type, more) {
  return new Promise((resolve) => {
    waiting.set(type, resolve);
    tell(type, more);
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

/** Exchanges a new token for a session: the `path` it leads to, or the `sentence` that says why there is none. */
async function open() {
  const given = await ask("token");
  const [token, page, action, end_hash] = ["token", "page", "action", "end_hash"].map((name) => text(given[name]));
  if (!token) return { sentence: unopened };
  const memory = bearer || !keepsCookies() ? "1" : "";
  const body = new URLSearchParams({ token, page, action, origin: holder, memory, end_hash });
  const answer = await window.fetch("/embed/exchange", { method: "POST", body }).catch(() => undefined);
  const got = await answer?.json().catch(() => undefined);
  if (!answer?.ok) {
    fail(got?.code ?? "unavailable");
    return { sentence: got?.sentence ?? unopened };
  }
  bearer = got.bearer ?? undefined;
  // The next document may come at once: it is to be known by then whose it is.
  await ask("opened", { embed: got.embed });
  renewIn(got.seconds);
  return { path: got.path };
}

/** Renews the session before it ends, without leaving the page, for who is there: where nobody does anything, it ends. */
function renewIn(seconds) {
  clearTimeout(renewal);
  isUsed = false;
  expiresAt = undefined;
  renewal = setTimeout(() => {
    tell("event", { name: "session_expiring" });
    if (isUsed) open();
    else expiresAt = Date.now() + RENEW_BEFORE_S * 1000;
  }, Math.max(seconds - RENEW_BEFORE_S, 1) * 1000);
}

/** A page whose look nobody set is light or dark as the page around it, whatever the browser prefers; and that page has to know. */
function suit() {
  if (getComputedStyle(root).colorScheme === "light dark" && ["light", "dark"].includes(scheme)) {
    root.style.colorScheme = scheme;
    for (const rule of [...document.styleSheets, ...document.adoptedStyleSheets].flatMap((sheet) => [...sheet.cssRules])) {
      if (rule instanceof CSSMediaRule && rule.conditionText === "(prefers-color-scheme: dark)") rule.media.mediaText = scheme === "dark" ? "all" : "not all";
    }
  }
  tell("scheme", { scheme: getComputedStyle(root).colorScheme });
}

/** Somebody did something. Where the session is about to end, that renews it. */
function used() {
  isUsed = true;
  const isExpiring = expiresAt > Date.now();
  expiresAt = undefined;
  if (isExpiring) open();
}

function line(sentence) {
  const line = document.createElement("p");
  line.setAttribute("role", "alert");
  line.textContent = sentence;
  return line;
}

/** Replaces all that is shown by a sentence. */
function say(sentence) {
  document.querySelector(".rooms")?.remove();
  document.querySelector("main")?.replaceChildren(line(sentence));
}

/** What was refused takes the focus. Browsers let no frame of another origin take it by itself, but one that has it may move it. */
function focusOnTrouble() {
  if (document.hasFocus()) document.querySelector("[autofocus]")?.focus();
}

/** Tells the page that holds us what is shown. Ids only: no amount, no name. */
function told(path) {
  const trouble = document.querySelector("[data-trouble]");
  if (trouble?.dataset.trouble === "signed_out") {
    clearTimeout(renewal);
    [isOver, bearer, expiresAt] = [true, undefined, undefined];
  }
  if (trouble) return fail(trouble.dataset.trouble);
  tell("page", { path });
  for (const happened of document.querySelectorAll("[data-happened]")) tell("event", { name: happened.dataset.happened, ids: happened.dataset.id ? { id: happened.dataset.id } : {} });
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

/**
 * What a code approves is done by a button that was in plain sight, all of it, for a second: the page around this one could cover it, crop
 * it, or bring it in the very moment somebody presses. Where the browser cannot tell what lies over a frame, being in view has to do.
 */
function watchButtons() {
  const seen = new WeakSet();
  const timers = new WeakMap();
  const observer = new IntersectionObserver(
    (entries) => {
      for (const { target, intersectionRatio, isVisible = true } of entries) {
        clearTimeout(timers.get(target));
        seen.delete(target);
        target.ariaDisabled = "true";
        if (intersectionRatio < 0.97 || !isVisible) continue;
        const read = () => {
          seen.add(target);
          target.ariaDisabled = null;
        };
        timers.set(target, setTimeout(read, IN_SIGHT_MS));
      }
    },
    { threshold: [0, 0.97], trackVisibility: true, delay: 100 },
  );
  const watched = new WeakSet();
  const look = () => {
    for (const { form } of document.querySelectorAll("input[name=code]")) {
      for (const button of form?.querySelectorAll("button") ?? []) {
        if (watched.has(button)) continue;
        watched.add(button);
        button.ariaDisabled = "true";
        observer.observe(button);
      }
    }
  };
  new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
  look();
  document.addEventListener(
    "submit",
    (event) => {
      const { target: form, submitter } = event;
      if (!form.elements.code || seen.has(submitter)) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      if (!submitter) return;
      submitter.scrollIntoView({ block: "nearest" });
      const way = Object.assign(document.createElement("a"), { href: window.location.href, target: "_blank", rel: "noopener", textContent: ownWindow });
      const note = line(`${unseen} `);
      note.append(way);
      note.dataset.unseen = "";
      form.querySelector("[data-unseen]")?.remove();
      (submitter.closest(".acts") ?? submitter).after(note);
    },
    true,
  );
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

let turn = 0;

/** Shows a page of the portal in this very document; one that a later one has overtaken is dropped. */
async function show(address, options) {
  if (isOver) return;
  const mine = ++turn;
  // With all that was said: an answer that breaks off is none.
  const get = async () => {
    try {
      const answer = await window.fetch(address, options);
      return { answer, said: await answer.blob() };
    } catch {
      return {};
    }
  };
  let { answer, said } = await get();
  let why = ended;
  // The session ended meanwhile: another token begins it anew, and the same is asked again.
  if (answer?.status === 401) {
    const { path, sentence } = await open();
    if (path) ({ answer, said } = await get());
    why = sentence ?? ended;
  }
  if (mine !== turn) return;
  if (answer?.status === 401) {
    say(why);
    return fail("session_ended");
  }
  if (!answer) {
    document.querySelector("main > [data-silent]")?.remove();
    const note = line(silent);
    note.dataset.silent = "";
    document.querySelector("main")?.prepend(note);
    return fail("unavailable");
  }
  const kind = answer.headers.get("content-type") ?? "";
  if (!kind.startsWith("text/html")) return save(answer, said);
  const page = new DOMParser().parseFromString(await said.text(), "text/html");
  document.title = page.title;
  document.body.replaceChildren(...page.body.childNodes);
  root.style.colorScheme = "";
  look.replaceSync(page.querySelector("style")?.textContent ?? "");
  suit();
  window.scrollTo(0, 0);
  told(new URL(answer.url).pathname);
}

/** A file, kept under the name it came with. */
function save(answer, said) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(said);
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

/** The page is of another session than ours: frames of one site share a cookie, and another of its tabs brought a token for somebody else. */
async function takeBack() {
  document.querySelector("main")?.replaceChildren();
  const { path, sentence } = await open();
  if (!path) return say(sentence);
  // What a form answered cannot be asked again.
  const [{ responseStatus } = {}] = performance.getEntriesByType("navigation");
  window.location.replace(responseStatus === 200 ? window.location.href : path);
}

/** The session is not there, or was none yet: one is opened, and then what the element is to show, or where one was. */
async function begin(isFirst) {
  const { path, sentence } = await open();
  if (!path) return isFirst ? say(sentence) : undefined;
  if (bearer) {
    stayHere();
    return show(isFirst ? path : window.location.href);
  }
  if (isFirst) return window.location.replace(path);
  // What was typed is kept in a form of the page, to be sent again.
  if (!document.querySelector("form")) window.location.reload();
}

if (window.parent !== window && origins.length > 0) {
  // Whoever frames the page that frames us could lay something over what we ask.
  const isNested = window.parent !== window.top;
  if (isNested) say(nested);
  watchButtons();
  ({ port, origin: holder, embed: own, scheme } = await meet());
  port.onmessage = ({ data }) => {
    waiting.get(data?.type)?.(data);
    waiting.delete(data?.type);
  };
  suit();
  fit();
  for (const type of ["pointerdown", "keydown", "input"]) document.addEventListener(type, used, true);
  if (isNested) {
    fail("nested");
  } else if (root.dataset.frame === "over") {
    told(window.location.pathname);
  } else if (root.dataset.frame !== "lasts") {
    begin(root.dataset.frame === "waiting");
  } else if (root.dataset.embed !== own) {
    takeBack();
  } else {
    renewIn(Number(root.dataset.seconds));
    focusOnTrouble();
    told(window.location.pathname);
    watchForCode();
  }
}
