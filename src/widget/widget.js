// <billing-portal>: the portal, one page of it, or one action, in a vendor's page.
//
//   <script src="https://portal.example/widget.js"></script>
//   <billing-portal token-endpoint="/billing-token"></billing-portal>
//
// A token comes from the vendor's own server, by one of: the attribute `token` (taken out once it is used), the property `getToken` (an async
// function that gives one), the attribute `token-endpoint` (posted to; answers {"token": …}). `page` is one of usage, invoices, plan,
// payment-methods, balance; `action` one of change-plan:KEY, pay-invoice:NUMBER, repair-payment. What is inside the element is shown while the portal
// cannot be. The events and their details are declared in widget.d.ts.
(() => {
  // A module has no current script, but a tag all the same.
  const script = document.currentScript ?? document.querySelector('script[src*="/widget.js"]');
  if (!script?.src) return console.error("billing-portal: load widget.js by a script tag of its own: it is where the portal is told from");
  const portal = new URL(script.src).origin;
  const VERSION = 1;
  // Tokens a minute: a frame that cannot keep its session must not ask for ever.
  const MOST_TOKENS = 5;
  const HELLO_WITHIN_MS = 10_000;
  // Outside of these a height is a mistake.
  const [LOWEST, HIGHEST] = [120, 20_000];
  const hex = (bytes) => Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");

  class BillingPortal extends HTMLElement {
    #frame;
    #port;
    // The session our frame was opened for.
    #embed = "";
    // By which it is ended. The portal is given their hashes; a token on its way may have opened one that we were not told of.
    #endKeys = [];
    #path;
    #height = 0;
    #isReady = false;
    #asked = [];
    #before = null;
    #patience;
    #slot;

    constructor() {
      super();
      const shadow = this.attachShadow({ mode: "open" });
      this.#frame = document.createElement("iframe");
      this.#slot = document.createElement("slot");
      // The host's policy on styles does not reach what script sets.
      Object.assign(this.#frame.style, { display: "block", width: "100%", height: `${LOWEST}px`, border: "0", background: "transparent", colorScheme: "light dark" });
      this.#frame.allow = "publickey-credentials-get; clipboard-write";
      this.#frame.referrerPolicy = "strict-origin";
      this.#slot.hidden = true;
      shadow.append(this.#frame, this.#slot);
    }

    connectedCallback() {
      if (!this.style.display) this.style.display = "block";
      this.#frame.title = this.getAttribute("label") ?? "Billing";
      window.addEventListener("message", this.#hear);
      document.addEventListener("focusin", this.#focused);
      this.#patience = setTimeout(() => this.#fail("blocked", "The portal did not answer. Is this page’s origin on the portal’s list (portico embed-origin list)?"), HELLO_WITHIN_MS);
      this.#frame.src = `${portal}/embed`;
    }

    // The session ends with the element; the frame itself is gone by now and can say nothing.
    disconnectedCallback() {
      window.removeEventListener("message", this.#hear);
      document.removeEventListener("focusin", this.#focused);
      clearTimeout(this.#patience);
      this.#port?.close();
      for (const end_key of this.#endKeys) {
        const body = new URLSearchParams({ end_key });
        fetch(`${portal}/embed/end`, { method: "POST", mode: "no-cors", credentials: "omit", keepalive: true, body }).catch(() => {});
      }
      this.#port = this.#path = undefined;
      this.#endKeys = [];
      this.#embed = "";
      this.#isReady = false;
    }

    // Each document of the frame says hello once; what follows is between it and us alone.
    #hear = (event) => {
      const { source, origin, data } = event;
      if (!source || source !== this.#frame.contentWindow || origin !== portal) return;
      if (data?.portico !== VERSION || data.type !== "hello" || typeof data.nonce !== "string") return;
      clearTimeout(this.#patience);
      this.#port?.close();
      const { port1, port2 } = new MessageChannel();
      this.#port = port1;
      port1.onmessage = ({ data }) => this.#told(data, port1);
      source.postMessage({ portico: VERSION, type: "port", nonce: data.nonce, embed: this.#embed, scheme: this.#scheme() }, portal, [port2]);
    };

    #told(data, port) {
      switch (data?.type) {
        case "height":
          return this.#fit(data.px);
        case "scheme":
          // Browsers put a ground behind a frame whose scheme is another than its element's.
          this.#frame.style.colorScheme = ["light", "dark"].includes(data.scheme) ? data.scheme : "light dark";
          return;
        case "token":
          return this.#give(port);
        case "opened":
          this.#embed = String(data.embed);
          this.#endKeys = this.#endKeys.slice(-1);
          return port.postMessage({ type: "opened" });
        case "page":
          this.#showFrame(true);
          // The way on may have stood at the foot of a long page.
          if (this.#path !== undefined && this.#path !== data.path && this.getBoundingClientRect().top < 0) this.scrollIntoView();
          this.#path = data.path;
          if (!this.#isReady) this.#say("ready");
          this.#isReady = true;
          return this.#say("navigate", { path: String(data.path) });
        case "close":
          this.#before?.focus?.();
          return this.#say("close");
        case "error":
          return this.#say("error", { code: String(data.code) });
        case "event":
          if (["step_up_required", "plan_changed", "payment_method_updated", "invoice_paid", "session_expiring"].includes(data.name)) this.#say(data.name, data.ids ?? {});
      }
    }

    // Whether the host's page is dark: its ink is light then.
    #scheme() {
      const [red, green, blue] = /^rgba?\((\d+), (\d+), (\d+)/.exec(getComputedStyle(this).color)?.slice(1) ?? [];
      if (red === undefined) return "";
      return 3 * red + 6 * green + 1 * blue > 1_400 ? "dark" : "light";
    }

    #fit(px) {
      const height = Math.min(Math.max(Math.ceil(Number(px) || 0), LOWEST), HIGHEST);
      if (Math.abs(height - this.#height) <= 1) return;
      this.#height = height;
      this.#frame.style.height = `${height}px`;
    }

    async #give(port) {
      let token, end_hash;
      try {
        const minuteAgo = Date.now() - 60_000;
        this.#asked = [...this.#asked.filter((at) => at > minuteAgo), Date.now()];
        if (this.#asked.length > MOST_TOKENS) throw new Error("the frame asked for too many tokens");
        const given = await this.#token();
        if (typeof given !== "string" || !given) throw new Error("what was given is no token: that is a string that is not empty");
        end_hash = await this.#newKey();
        token = given;
      } catch (error) {
        if (port === this.#port) this.#fail("no_token", error);
      }
      const [page, action] = ["page", "action"].map((name) => this.getAttribute(name) ?? "");
      port.postMessage(token ? { type: "token", token, page, action, end_hash } : { type: "token" });
    }

    // Makes a key to end a session by; its hash. Browsers hash nothing in pages without HTTPS: there the session ends by itself.
    async #newKey() {
      const key = hex(crypto.getRandomValues(new Uint8Array(32)));
      const hash = await crypto.subtle?.digest("SHA-256", new TextEncoder().encode(key));
      if (!hash) return "";
      this.#endKeys.push(key);
      return hex(hash);
    }

    async #token() {
      const given = this.getAttribute("token");
      if (given) {
        this.removeAttribute("token");
        return given;
      }
      if (typeof this.getToken === "function") return await this.getToken();
      const endpoint = this.getAttribute("token-endpoint");
      if (!endpoint) throw new Error("there is no token, no getToken and no token-endpoint");
      const answer = await fetch(endpoint, { method: "POST", headers: { accept: "application/json" } });
      if (!answer.ok) throw new Error(`${endpoint} answered ${answer.status}`);
      return (await answer.json()).token;
    }

    // Browsers do not say whence the focus comes into a frame: so what had it last is remembered.
    #focused = ({ target }) => {
      if (!this.contains(target)) this.#before = target;
    };

    // What went wrong is for the developer; the person sees what the vendor put inside the element.
    #fail(code, why) {
      console.error(`billing-portal: ${code}:`, why);
      // Nothing inside it: then the frame may say something.
      if (!this.#isReady) this.#showFrame(code !== "blocked" && !this.textContent.trim() && !this.childElementCount);
      this.#say("error", { code });
    }

    // The frame, or what the vendor put inside the element.
    #showFrame(isShown) {
      this.#frame.style.display = isShown ? "block" : "none";
      this.#slot.hidden = isShown;
    }

    #say(name, ids = {}) {
      this.dispatchEvent(new CustomEvent(name, { detail: { ...ids, version: VERSION } }));
    }
  }

  if (!customElements.get("billing-portal")) customElements.define("billing-portal", BillingPortal);
})();
