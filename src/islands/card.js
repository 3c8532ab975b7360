// Works the fields that a payment gateway's script (Stripe.js) puts into the page. A card number never comes near this code: it goes from
// the gateway's frames to the gateway. Nothing is believed of what the script says either: the next page asks the gateway.
const form = document.getElementById("card-form");
const error = document.getElementById("card-error");
const button = form.querySelector("button");
const { key, secret, next, silent } = form.dataset;
// Its script was not reached, or not let in.
if (typeof Stripe === "undefined") {
  error.textContent = silent;
  button.disabled = true;
} else {
  const stripe = Stripe(key);
  const card = stripe.elements().create("card", { hidePostalCode: true, style: { base: { fontSize: "16px" } } });
  card.mount("#card");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    error.textContent = "";
    // Asks the customer's bank too, in a frame over the page, where the bank wants it.
    const answer = await stripe.confirmCardSetup(secret, { payment_method: { card } }).catch(() => ({ error: {} }));
    if (!answer.error) return location.assign(next);
    error.textContent = answer.error.message ?? silent;
    button.disabled = false;
  });
}
