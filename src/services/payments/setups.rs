//! A customer on the way to the gateway to type in a card or an account, and back. What the browser brings back counts for nothing: the gateway is
//! asked what became of it, and asking twice adds nothing twice.

use serde_json::json;
use sqlx::FromRow;

use crate::sentence;
use crate::services::{Desk, Refusal, customers};

use super::errand::{Errand, unanswered};
use super::gateway::{CardEntry, DeclineReason, GatewayError, HostedFields, SetupRequest, SetupState};
use super::means::{MethodKind, Wallet};
use super::methods::{self, Method};
use super::offers;
use super::repair;

/// Where the customer is to be sent, or what to frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Started {
    pub setup_id: String,
    /// The gateway's id of it: what its frame tells when it is done.
    pub reference: String,
    /// As in `Setup`.
    pub page_url: Option<String>,
    pub fields: Option<HostedFields>,
    /// The method the new card takes the place of.
    pub replaces_id: Option<String>,
}

/// What became of it.
#[expect(clippy::large_enum_variant, reason = "there is one at a time")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finished {
    Added(Method),
    /// The customer has not finished at the gateway.
    Open,
    Failed(DeclineReason),
    Cancelled,
}

#[derive(FromRow)]
struct SetupRow {
    id: String,
    customer_id: String,
    gateway: String,
    kind: String,
    reference: Option<String>,
    replaces_id: Option<String>,
    status: String,
    decline_reason: Option<String>,
    method_id: Option<String>,
}

/// The path a gateway sends customers back to.
pub fn return_path(setup_id: &str) -> String {
    format!("/payment-methods/return?setup={setup_id}")
}

/// What is to be added, and how.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    pub kind: MethodKind,
    /// The method it takes the place of.
    pub replaces: Option<&'a str>,
    pub entry: CardEntry,
}

impl Wanted<'_> {
    /// A card, typed in on the gateway's own page.
    pub const CARD: Wanted<'static> = Wanted { kind: MethodKind::Card, replaces: None, entry: CardEntry::Page };
}

/// Begins adding a method. Refused where the customer is not offered its kind.
pub async fn start(errand: &Errand, customer_id: &str, wanted: Wanted<'_>) -> Result<Started, Refusal> {
    let gateway = errand.gateway().await?;
    let mut desk = errand.writes().await?;
    let Wanted { kind, replaces, entry } = wanted;
    let offered = offers::offered_to(&mut desk, customer_id).await?;
    if !offered.kinds.contains(&kind) {
        return Err(Refusal::Rule(sentence!("refusal-not-on-offer")));
    }
    if let Some(replaced) = replaces {
        methods::find(&mut desk, customer_id, replaced).await?;
    }
    let setup_id = desk.new_id("set");
    desk.tx
        .run(
            "INSERT INTO payment_setups (vendor_id, id, customer_id, gateway, kind, replaces_id, status, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, 'open', $7, $7)",
            (desk.vendor.id.clone(), setup_id.clone(), customer_id.to_owned(), gateway.name(), kind.name(), replaces.map(str::to_owned), desk.now.wall_ms()),
        )
        .await?;
    let request = request(errand, &mut desk, customer_id, &setup_id, (kind, offered.wallets), entry).await?;
    desk.commit().await?;
    let setup = gateway.start_setup(request).await.map_err(|error| unanswered(&error, sentence!("refusal-setup-unanswered")))?;
    let mut desk = errand.writes().await?;
    desk.tx
        .run(
            "UPDATE payment_setups SET reference = $3, updated_at = $4 WHERE vendor_id = $1 AND id = $2",
            (desk.vendor.id.clone(), setup_id.clone(), setup.reference.clone(), desk.now.wall_ms()),
        )
        .await?;
    desk.commit().await?;
    Ok(Started { setup_id, reference: setup.reference, page_url: setup.page_url, fields: setup.fields, replaces_id: replaces.map(str::to_owned) })
}

/// The same setup again, for a page that shows the gateway's fields. Refused once it is finished, and where it was begun for another page.
pub async fn resume(errand: &Errand, customer_id: &str, setup_id: &str) -> Result<Started, Refusal> {
    let gateway = errand.gateway().await?;
    let mut desk = errand.reads().await?;
    let row = load(&mut desk, setup_id).await?;
    if row.customer_id != customer_id || row.status != "open" || row.gateway != gateway.name() {
        return Err(Refusal::NotFound);
    }
    let kind = MethodKind::from_name(&row.kind).ok_or_else(|| Refusal::damaged(format!("setup {setup_id} is of “{}”", row.kind)))?;
    let wallets = offers::offered_to(&mut desk, customer_id).await?.wallets;
    let request = request(errand, &mut desk, customer_id, setup_id, (kind, wallets), CardEntry::Fields).await?;
    drop(desk);
    let setup = gateway.start_setup(request).await.map_err(|error| unanswered(&error, sentence!("refusal-setup-unanswered")))?;
    if row.reference.is_some_and(|reference| reference != setup.reference) {
        return Err(Refusal::NotFound);
    }
    Ok(Started { setup_id: row.id, reference: setup.reference, page_url: setup.page_url, fields: setup.fields, replaces_id: row.replaces_id })
}

async fn request(
    errand: &Errand,
    desk: &mut Desk,
    customer_id: &str,
    setup_id: &str,
    (kind, wallets): (MethodKind, Vec<Wallet>),
    entry: CardEntry,
) -> Result<SetupRequest, Refusal> {
    Ok(SetupRequest {
        kind,
        wallets,
        key: setup_id.to_owned(),
        customer_id: customer_id.to_owned(),
        customer_name: customers::load(desk, customer_id).await?.name,
        entry,
        vendor_name: errand.vendor.name.clone(),
        return_url: format!("{}{}", errand.app.config.public_url, return_path(setup_id)),
        now: desk.now,
    })
}

/// Asks the gateway what became of a setup of this customer, and keeps what was typed in. What could not be charged is charged to it
/// at once.
pub async fn finish(errand: &Errand, customer_id: &str, setup_id: &str) -> Result<Finished, Refusal> {
    let mut desk = errand.reads().await?;
    let row = load(&mut desk, setup_id).await?;
    if row.customer_id != customer_id {
        return Err(Refusal::NotFound);
    }
    if let Some(finished) = known(&mut desk, &row).await? {
        return Ok(finished);
    }
    drop(desk);
    let gateway = errand.gateway().await?;
    let Some(reference) = row.reference.as_deref().filter(|_| row.gateway == gateway.name()) else { return Ok(Finished::Open) };
    let state = match gateway.setup(reference).await {
        Ok(state) => state,
        Err(error @ GatewayError::NoAnswer(_)) => {
            return Err(unanswered(&error, sentence!("refusal-setup-unknown")));
        }
        Err(error) => return Err(unanswered(&error, sentence!("refusal-setup-unanswered"))),
    };
    let mut desk = errand.writes().await?;
    let mut opened = Vec::new();
    let finished = match state {
        SetupState::Open => return Ok(Finished::Open),
        SetupState::Done(kept) => {
            let method = methods::keep(&mut desk, customer_id, gateway.name(), &kept, row.replaces_id.as_deref()).await?;
            opened = repair::open(&mut desk, &method).await?;
            Finished::Added(method)
        }
        SetupState::Failed(reason) => {
            // The customer may still try another card there: only what is final is written down.
            return Ok(Finished::Failed(reason));
        }
        SetupState::Cancelled => Finished::Cancelled,
    };
    let (status, method_id) = match &finished {
        Finished::Added(method) => ("done", Some(method.id.clone())),
        _ => ("cancelled", None),
    };
    desk.tx
        .run(
            "UPDATE payment_setups SET status = $3, method_id = $4, updated_at = $5 WHERE vendor_id = $1 AND id = $2 AND status = 'open'",
            (desk.vendor.id.clone(), row.id, status, method_id, desk.now.wall_ms()),
        )
        .await?;
    desk.commit().await?;
    repair::send(errand, opened).await;
    Ok(finished)
}

/// The same for whoever's it is: the gateway told of it. One that is not there is let be.
pub(super) async fn finish_any(errand: &Errand, setup_id: &str) -> Result<(), Refusal> {
    let row = match load(&mut errand.reads().await?, setup_id).await {
        Err(Refusal::NotFound) => return Ok(()),
        row => row?,
    };
    finish(errand, &row.customer_id, setup_id).await.map(|_| ())
}

async fn load(desk: &mut Desk, setup_id: &str) -> Result<SetupRow, Refusal> {
    desk.tx
        .opt(
            "SELECT id, customer_id, gateway, kind, reference, replaces_id, status, decline_reason, method_id FROM payment_setups WHERE vendor_id = $1 AND id = $2",
            (desk.vendor.id.clone(), setup_id.to_owned()),
        )
        .await?
        .ok_or(Refusal::NotFound)
}

/// What is written down already.
async fn known(desk: &mut Desk, row: &SetupRow) -> Result<Option<Finished>, Refusal> {
    Ok(match (row.status.as_str(), &row.method_id) {
        ("done", Some(method_id)) => Some(Finished::Added(methods::find_ever(desk, &row.customer_id, method_id).await?)),
        ("failed", _) => Some(Finished::Failed(DeclineReason::or_other(row.decline_reason.as_deref().unwrap_or_default()))),
        ("cancelled", _) => Some(Finished::Cancelled),
        _ => None,
    })
}

/// How long a setup may lie open before nobody will come back to it.
const GIVEN_UP_MS: i64 = 24 * 60 * 60 * 1000;

/// Finishes setups whose customer typed the card in and never came back, and gives up those left lying for a day.
pub(super) async fn sweep(errand: &Errand) -> Result<(), Refusal> {
    let mut desk = errand.reads().await?;
    let wall_ms = desk.now.wall_ms();
    let open: Vec<(String, String, i64)> = desk
        .tx
        .all(
            "SELECT id, customer_id, created_at FROM payment_setups WHERE vendor_id = $1 AND status = 'open' AND updated_at < $2 ORDER BY updated_at LIMIT 100",
            (desk.vendor.id.clone(), wall_ms - 60_000),
        )
        .await?;
    drop(desk);
    for (setup_id, customer_id, created_at) in open {
        let finished = finish(errand, &customer_id, &setup_id).await;
        if matches!(finished, Ok(Finished::Added(_) | Finished::Cancelled)) {
            continue;
        }
        let mut desk = errand.writes().await?;
        let status = if wall_ms - created_at > GIVEN_UP_MS { "cancelled" } else { "open" };
        desk.tx
            .run(
                "UPDATE payment_setups SET status = $3, updated_at = $4 WHERE vendor_id = $1 AND id = $2 AND status = 'open'",
                (desk.vendor.id.clone(), setup_id.clone(), status, wall_ms),
            )
            .await?;
        if status == "cancelled" {
            desk.record("payment_setup.given_up", Some(&customer_id), &setup_id, json!({})).await?;
        }
        desk.commit().await?;
    }
    Ok(())
}
