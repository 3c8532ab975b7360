//! Keeping a card or an account: a Checkout session where the customer types on Stripe's page, a SetupIntent where they type in Stripe's fields. Which
//! of the two a setup is shows in its reference.

use super::objects::{CheckoutSession, FinishedCheckout, List, Mandate, NewSetupIntent, PaymentMethod, SetupIntent, type_of};
use super::wire::{Failure, Form};
use super::*;

/// How a SetupIntent's id begins, and a Checkout session's.
const INTENT: &str = "seti_";
const CHECKOUT: &str = "cs_";

/// The idempotency key of a setup's object. Each way in and each customer has its own: what was refused for a customer Stripe has forgotten
/// must not be what is answered for the one made in their place.
fn key_of(request: &SetupRequest, way: &str, customer: &str) -> String {
    format!("{}-{way}-{customer}", request.key)
}

impl Stripe {
    pub(super) async fn begin_setup(&self, request: SetupRequest) -> Result<Setup, GatewayError> {
        let customer = self.customer(&request).await?;
        match self.begin(&request, &customer).await {
            // Deleted there, or of the account that was connected before.
            Err(failure) if failure.misses("customer") => {
                self.forget_customer(&request.customer_id, &customer).await?;
                let customer = self.customer(&request).await?;
                Ok(self.begin(&request, &customer).await?)
            }
            begun => Ok(begun?),
        }
    }

    async fn begin(&self, request: &SetupRequest, customer: &str) -> Result<Setup, Failure> {
        match (request.entry, self.connection.entry) {
            // An account is typed in where Stripe shows the mandate.
            (CardEntry::Fields, CardEntry::Fields) if request.kind == MethodKind::Card => self.begin_fields(request, customer).await,
            _ => self.begin_page(request, customer).await,
        }
    }

    async fn begin_page(&self, request: &SetupRequest, customer: &str) -> Result<Setup, Failure> {
        let form = Form::new()
            .with("mode", "setup")
            .with("customer", customer)
            .with("payment_method_types[]", type_of(request.kind))
            .with("client_reference_id", &request.key)
            .with("metadata[portico_setup]", &request.key)
            .with("setup_intent_data[metadata][portico_setup]", &request.key)
            // Wherever they come from: Stripe is asked what became of it.
            .with("success_url", &request.return_url)
            .with("cancel_url", &request.return_url);
        let has_link = request.kind != MethodKind::Card || request.wallets.contains(&Wallet::Link);
        let form = if has_link { form } else { form.with("wallet_options[link][display]", "never") };
        let session: CheckoutSession = self.wire.post("/v1/checkout/sessions", &form, &key_of(request, "page", customer)).await?;
        let page_url = session.url.ok_or_else(|| Failure::NoAnswer("a Checkout session without a page".into()))?;
        Ok(Setup { reference: session.id, page_url: Some(page_url), fields: None })
    }

    async fn begin_fields(&self, request: &SetupRequest, customer: &str) -> Result<Setup, Failure> {
        let form = Form::new()
            .with("customer", customer)
            .with("usage", "off_session")
            .with("payment_method_types[]", "card")
            .with("metadata[portico_setup]", &request.key);
        let intent: NewSetupIntent = self.wire.post("/v1/setup_intents", &form, &key_of(request, "fields", customer)).await?;
        let client_secret = intent.client_secret.ok_or_else(|| Failure::NoAnswer("a SetupIntent without its client secret".into()))?;
        Ok(Setup { reference: intent.id, page_url: None, fields: Some(HostedFields::Scripted(scripted(&self.connection, client_secret))) })
    }

    pub(super) async fn setup_state(&self, reference: &str) -> Result<SetupState, GatewayError> {
        if reference.starts_with(INTENT) {
            let intent: SetupIntent = self.wire.get(&format!("/v1/setup_intents/{reference}"), &expanded("")).await?;
            return self.state_of(intent).await;
        }
        if !reference.starts_with(CHECKOUT) {
            return Err(GatewayError::Refused(format!("{reference} is no setup of Stripe’s")));
        }
        let session: FinishedCheckout = self.wire.get(&format!("/v1/checkout/sessions/{reference}"), &expanded("setup_intent.")).await?;
        match (session.status.as_deref(), session.setup_intent) {
            (Some("expired"), _) => Ok(SetupState::Cancelled),
            (_, Some(intent)) => self.state_of(intent).await,
            _ => Ok(SetupState::Open),
        }
    }

    async fn state_of(&self, intent: SetupIntent) -> Result<SetupState, GatewayError> {
        Ok(match (intent.status.as_str(), intent.payment_method, intent.last_setup_error) {
            ("succeeded", Some(method), _) => SetupState::Done(self.attached(method, intent.mandate, intent.customer).await?),
            ("succeeded", None, _) => return Err(GatewayError::Refused(format!("{} succeeded without a method", intent.id))),
            ("canceled", ..) => SetupState::Cancelled,
            ("requires_payment_method", _, Some(error)) => SetupState::Failed(error.reason()),
            _ => SetupState::Open,
        })
    }

    /// Stripe attaches what a setup of a customer kept to that customer. Done here where it has not been, for a method of nobody's is
    /// good for nothing.
    async fn attached(&self, method: PaymentMethod, mandate: Option<Mandate>, customer: Option<String>) -> Result<KeptMethod, GatewayError> {
        let id = method.id.clone();
        if let (None, Some(customer)) = (&method.customer, customer) {
            let form = Form::new().with("customer", customer);
            let _attached: PaymentMethod = self.wire.post(&format!("/v1/payment_methods/{id}/attach"), &form, &format!("{id}-attach")).await?;
        }
        kept(method, mandate)
    }

    /// The mandate a method was set up by; `None` of one that needs none.
    async fn mandate_of(&self, method: &PaymentMethod) -> Result<Option<Mandate>, GatewayError> {
        if method.sepa_debit.is_none() {
            return Ok(None);
        }
        let query = expanded("data.").with("payment_method", &method.id);
        let intents: List<SetupIntent> = self.wire.get("/v1/setup_intents", &query).await?;
        Ok(intents.data.into_iter().find_map(|intent| intent.mandate))
    }

    pub(super) async fn kept_method(&self, token: &str) -> Result<Option<KeptMethod>, GatewayError> {
        match self.wire.get::<PaymentMethod>(&format!("/v1/payment_methods/{token}"), &Form::new()).await {
            Ok(method) if method.customer.is_none() => Ok(None),
            Ok(method) => {
                let mandate = self.mandate_of(&method).await?;
                kept(method, mandate).map(Some)
            }
            Err(failure) if failure.is_missing() => Ok(None),
            Err(failure) => Err(failure.into()),
        }
    }

    pub(super) async fn forget(&self, token: &str) -> Result<(), GatewayError> {
        match self.wire.post::<PaymentMethod>(&format!("/v1/payment_methods/{token}/detach"), &Form::new(), &format!("{token}-detach")).await {
            Ok(_) => Ok(()),
            Err(failure) if failure.is_missing() => Ok(()),
            // Stripe refuses to detach what is attached to nobody.
            Err(failure @ Failure::Refused(..)) => match self.kept_method(token).await? {
                None => Ok(()),
                Some(_) => Err(failure.into()),
            },
            Err(failure) => Err(failure.into()),
        }
    }
}

/// SetupIntents at a place in an answer, with what is read of them.
fn expanded(place: &str) -> Form {
    Form::new().with("expand[]", format!("{place}payment_method")).with("expand[]", format!("{place}mandate"))
}

fn kept(method: PaymentMethod, mandate: Option<Mandate>) -> Result<KeptMethod, GatewayError> {
    let id = method.id.clone();
    let means = method.means(mandate).ok_or_else(|| GatewayError::Refused(format!("{id} is neither a card nor a debit with its mandate")))?;
    Ok(KeptMethod { token: id, means })
}

/// Where Stripe.js is, and what it must reach: <https://docs.stripe.com/security/guide#content-security-policy>.
fn scripted(connection: &Connection, client_secret: String) -> ScriptedFields {
    let publishable_key = connection.publishable_key.text().to_owned();
    let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
    if connection.is_stripe_itself() {
        return ScriptedFields {
            script_url: "https://js.stripe.com/v3/".to_owned(),
            publishable_key,
            client_secret,
            script_origins: texts(&["https://js.stripe.com", "https://*.js.stripe.com"]),
            frame_origins: texts(&["https://js.stripe.com", "https://*.js.stripe.com", "https://hooks.stripe.com"]),
            connect_origins: texts(&[API_BASE]),
        };
    }
    let base = connection.api_base.as_str();
    ScriptedFields {
        script_url: format!("{base}/js.stripe.com/v3/"),
        publishable_key,
        client_secret,
        script_origins: texts(&[base]),
        frame_origins: texts(&[base]),
        connect_origins: texts(&[base]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use keys::{PublishableKey, SecretKey};

    fn at(base: &str) -> ScriptedFields {
        let connection = Connection {
            api_base: base.into(),
            publishable_key: PublishableKey::parse("pk_live_1234").unwrap(),
            secret_key: SecretKey::parse("sk_live_1234").unwrap(),
            webhook_secret: None,
            entry: CardEntry::Fields,
        };
        scripted(&connection, "seti_1_secret_2".into())
    }

    #[test]
    fn the_fields_are_stripes_own_and_reach_stripe_alone() {
        let fields = at(API_BASE);
        assert_eq!((fields.script_url.as_str(), fields.publishable_key.as_str()), ("https://js.stripe.com/v3/", "pk_live_1234"));
        for origin in [&fields.script_origins, &fields.frame_origins, &fields.connect_origins].into_iter().flatten() {
            assert!(origin.starts_with("https://") && origin.ends_with(".stripe.com"), "{origin}");
        }
        // A stand-in's are the stand-in's: nothing of the real one is let in beside it.
        let fields = at("http://127.0.0.1:8420");
        assert_eq!(fields.script_url, "http://127.0.0.1:8420/js.stripe.com/v3/");
        assert_eq!((fields.script_origins, fields.connect_origins), (vec!["http://127.0.0.1:8420".to_owned()], vec!["http://127.0.0.1:8420".to_owned()]));
    }
}
