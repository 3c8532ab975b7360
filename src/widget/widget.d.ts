// <billing-portal>, as TypeScript sees it: https://<portal>/widget.d.ts. Details carry ids only: no amount, no name. `version` is 1 until
// something of this changes in a way that could break a page; what is new is added without.

export {};

declare global {
  interface BillingPortalElement extends HTMLElement {
    /** Gives a token, made by your server for whoever is signed in at your site. Asked again whenever the frame needs a new session. */
    getToken?: () => Promise<string>;
  }

  interface BillingPortalEvents {
    /** The first page is there. */
    ready: CustomEvent<{ version: 1 }>;
    /** A page is there, the first one too. `path` is an address of the portal, without its query. */
    navigate: CustomEvent<{ version: 1; path: string }>;
    /** What is shown asks the member for a code. */
    step_up_required: CustomEvent<{ version: 1 }>;
    /** The plan was changed, a change planned, or one taken back: `id` is the subscription's. Ask the API what holds now. */
    plan_changed: CustomEvent<{ version: 1; id?: string }>;
    /** A payment method was added, removed, or given another role: `id` is its own. */
    payment_method_updated: CustomEvent<{ version: 1; id?: string }>;
    /** An invoice was paid from here: `id` is the invoice's. A method that was added may have paid what could not be charged before. */
    invoice_paid: CustomEvent<{ version: 1; id?: string }>;
    /** The session is about to end. Where the person is at work in the frame a new token is asked for; where not, once they are. */
    session_expiring: CustomEvent<{ version: 1 }>;
    /** Escape was pressed in the frame; the focus is back where it was before. */
    close: CustomEvent<{ version: 1 }>;
    error: CustomEvent<{ version: 1; code: BillingPortalError | (string & {}) }>;
  }

  type BillingPortalError =
    /** The frame did not answer: is this page's origin on the list (portico embed-origin list)? */
    | "blocked"
    /** Your server gave no token. */
    | "no_token"
    /** The token was brought before, or came after more than a minute, or is none. */
    | "token_spent"
    | "token_late"
    | "token_unknown"
    /** The token was made for a page of another origin, or this one's was taken off the list. */
    | "origin_not_allowed"
    /** `page` or `action` names none there is. */
    | "no_such_page"
    /** What was asked for opens in a window of its own only; the frame offers one. */
    | "window_needed"
    /** The person signed out of the frame. */
    | "signed_out"
    | "session_ended"
    /** Your program suspended the customer's access; nothing opens until it resumes it. */
    | "customer_suspended"
    /** This page stands in a frame itself. */
    | "nested"
    | "unavailable";

  interface BillingPortalElement {
    addEventListener<K extends keyof BillingPortalEvents>(type: K, listener: (this: BillingPortalElement, event: BillingPortalEvents[K]) => unknown, options?: boolean | AddEventListenerOptions): void;
    addEventListener(type: string, listener: EventListenerOrEventListenerObject, options?: boolean | AddEventListenerOptions): void;
  }

  interface HTMLElementTagNameMap {
    "billing-portal": BillingPortalElement;
  }
}
