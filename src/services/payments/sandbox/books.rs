//! The sandbox's books: what happens to setups, methods and charges. The pages and the trait both end here.

use chrono::{Datelike, NaiveDate};
use sqlx::FromRow;

use crate::platform::clock::Now;
use crate::services::payments::means::MeansRow;
use crate::services::payments::scripted::same;

use super::cards::{self, Behaviour, TestCard};
use super::*;

/// A setup as its page needs it.
#[derive(Clone, Debug, FromRow)]
pub struct SetupRow {
    pub vendor_id: String,
    pub reference: String,
    /// What is to be typed in.
    pub kind: String,
    pub wallets: String,
    pub vendor_name: String,
    pub return_url: String,
    pub status: String,
    pub decline_reason: Option<String>,
    pub token: Option<String>,
}

#[derive(Clone, Debug, FromRow)]
struct MethodRow {
    token: String,
    test: String,
    #[sqlx(flatten)]
    means: MeansRow,
    is_detached: bool,
}

/// A charge as its confirmation page needs it.
#[derive(Clone, Debug, FromRow)]
pub struct ChargeRow {
    pub reference: String,
    pub amount_minor: i64,
    pub currency: String,
    pub description: String,
    pub status: String,
    pub decline_reason: Option<String>,
    pub return_url: Option<String>,
}

/// A charge in a list, with the caller's key.
#[derive(FromRow)]
struct ListedRow {
    idempotency_key: String,
    #[sqlx(flatten)]
    row: ChargeRow,
}

/// A card that was typed in, or came by a wallet, and was found to be on the list: all that is kept of it.
#[derive(Clone, Copy, Debug)]
pub struct Typed {
    pub card: &'static TestCard,
    pub exp_month: i64,
    pub exp_year: i64,
    pub wallet: Option<Wallet>,
}

impl SetupRow {
    pub fn kind(&self) -> MethodKind {
        MethodKind::from_name(&self.kind).unwrap_or(MethodKind::Card)
    }

    /// By which a card may come.
    pub fn wallets(&self) -> Vec<Wallet> {
        self.wallets.split(' ').filter_map(Wallet::from_name).collect()
    }
}

impl Typed {
    fn means(self) -> Means {
        let Typed { card, exp_month, exp_year, wallet } = self;
        Means::Card(Card { brand: card.brand, last4: card.last4(), exp_month, exp_year, wallet })
    }
}

impl MethodRow {
    fn kept(self) -> Result<KeptMethod, GatewayError> {
        Ok(KeptMethod { token: self.token, means: self.means.try_into().map_err(GatewayError::Refused)? })
    }
}

/// What a charge comes to.
pub(super) struct Decided {
    pub status: &'static str,
    pub reason: Option<DeclineReason>,
    /// Of one that is 'pending' until then.
    pub later: Option<Later>,
}

/// The day it is decided on, and why it is not paid; `None`: it is.
pub(super) struct Later {
    pub on: NaiveDate,
    pub reason: Option<DeclineReason>,
}

impl Decided {
    fn now(status: &'static str, reason: Option<DeclineReason>) -> Decided {
        Decided { status, reason, later: None }
    }
}

/// Whether a card of this expiry is out of use at `now`: it is good to the end of its month.
pub fn has_expired(exp_month: i64, exp_year: i64, now: &Now) -> bool {
    let today = now.billing;
    (exp_year, exp_month) < (i64::from(today.year()), i64::from(today.month()))
}

impl Sandbox {
    /// The page where the customer types a card in.
    pub fn setup_url(&self, reference: &str) -> String {
        format!("{}/{}/setups/{reference}", self.place.origin, self.vendor_id)
    }

    fn charge_url(&self, reference: &str) -> String {
        format!("{}/{}/charges/{reference}", self.place.origin, self.vendor_id)
    }

    pub(super) fn new_reference(&self, kind: &str) -> String {
        let secret = self.place.ids.secret::<16>();
        secret.iter().fold(format!("test_{kind}_"), |text, byte| format!("{text}{byte:02x}"))
    }

    pub async fn book_setup(&self, request: SetupRequest) -> Result<Setup, GatewayError> {
        let wallets: Vec<&str> = request.wallets.iter().map(|wallet| wallet.name()).collect();
        let mut tx = self.place.db.write().await?;
        tx.run(
            "INSERT INTO sandbox_setups (vendor_id, reference, idempotency_key, kind, wallets, vendor_name, return_url, status, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, 'open', $8) ON CONFLICT (vendor_id, idempotency_key) DO NOTHING",
            (
                self.vendor_id.clone(),
                self.new_reference("seti"),
                request.key.clone(),
                request.kind.name(),
                wallets.join(" "),
                request.vendor_name,
                request.return_url,
                request.now.wall_ms(),
            ),
        )
        .await?;
        let (reference,): (String,) =
            tx.one("SELECT reference FROM sandbox_setups WHERE vendor_id = $1 AND idempotency_key = $2", (self.vendor_id.clone(), request.key)).await?;
        tx.commit().await?;
        let page_url = self.setup_url(&reference);
        let fields = HostedFields::Framed { frame_url: format!("{page_url}/fields"), origin: self.place.origin.clone() };
        Ok(Setup { reference, page_url: Some(page_url), fields: Some(fields) })
    }

    /// `None`: there is no such setup.
    pub async fn find_setup(&self, reference: &str) -> Result<Option<SetupRow>, GatewayError> {
        let mut tx = self.place.db.read().await?;
        Ok(tx.opt("SELECT * FROM sandbox_setups WHERE vendor_id = $1 AND reference = $2", (self.vendor_id.clone(), reference.to_owned())).await?)
    }

    pub async fn setup_state(&self, reference: &str) -> Result<SetupState, GatewayError> {
        let row = self.find_setup(reference).await?.ok_or_else(|| GatewayError::Refused("no such setup".into()))?;
        Ok(match row.status.as_str() {
            "done" => {
                let token = row.token.ok_or_else(|| GatewayError::Refused("a finished setup has no method".into()))?;
                SetupState::Done(self.method(&token).await?.ok_or_else(|| GatewayError::Refused("a finished setup has no method".into()))?.kept()?)
            }
            "failed" => SetupState::Failed(DeclineReason::or_other(row.decline_reason.as_deref().unwrap_or_default())),
            "cancelled" => SetupState::Cancelled,
            _ => SetupState::Open,
        })
    }

    /// The customer typed a card in. Says the setup's status afterwards; one that is finished stays as it is.
    pub async fn enter_card(&self, reference: &str, typed: Typed) -> Result<Option<SetupRow>, GatewayError> {
        let came_of_it = match typed.card.behaviour {
            Behaviour::RefusedAtSetup(reason) => ("failed", Some(reason.name())),
            // A wallet has asked its owner already.
            _ if typed.wallet.is_some() => ("done", None),
            Behaviour::ConfirmsSetup | Behaviour::ConfirmsCharges => ("confirming", None),
            Behaviour::Succeeds | Behaviour::DeclinesCharges(_) | Behaviour::DisputesCharges => ("done", None),
        };
        self.enter(reference, MethodKind::Card, came_of_it, typed.card.kind, &typed.means()).await
    }

    /// What was typed in, of the kind that the setup is for, and what came of it: a status, and why not.
    pub(super) async fn enter(
        &self,
        reference: &str,
        kind: MethodKind,
        (status, reason): (&'static str, Option<&'static str>),
        test: &'static str,
        means: &Means,
    ) -> Result<Option<SetupRow>, GatewayError> {
        let token = reason.is_none().then(|| self.new_reference("pm"));
        let mut tx = self.place.db.write().await?;
        let moved = tx
            .run(
                // What was refused may be followed by another.
                "UPDATE sandbox_setups SET status = $3, decline_reason = $4, token = $5
                 WHERE vendor_id = $1 AND reference = $2 AND kind = $6 AND status IN ('open', 'confirming', 'failed')",
                (self.vendor_id.clone(), reference.to_owned(), status, reason, token.clone(), kind.name()),
            )
            .await?;
        if let Some(token) = token.filter(|_| moved == 1) {
            let means = MeansRow::from(means);
            tx.run(
                "INSERT INTO sandbox_methods (vendor_id, token, test, kind, brand, last4, exp_month, exp_year, wallet, bank, bank_country, mandate, is_detached)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
                (
                    self.vendor_id.clone(), token, test, means.kind, means.brand, means.last4, means.exp_month, means.exp_year, means.wallet, means.bank,
                    means.bank_country, means.mandate, false,
                ),
            )
            .await?;
        }
        tx.commit().await?;
        self.find_setup(reference).await
    }

    /// The customer answered their bank while adding a card.
    pub async fn answer_setup(&self, reference: &str, answer: BankAnswer) -> Result<Option<SetupRow>, GatewayError> {
        let (status, reason) = match answer {
            BankAnswer::Confirmed => ("done", None),
            BankAnswer::Failed => ("failed", Some(DeclineReason::AuthenticationFailed.name())),
        };
        self.move_setup(
            "UPDATE sandbox_setups SET status = $3, decline_reason = $4 WHERE vendor_id = $1 AND reference = $2 AND status = 'confirming'",
            reference,
            status,
            reason,
        )
        .await
    }

    /// The customer goes back without adding a card.
    pub async fn cancel_setup(&self, reference: &str) -> Result<Option<SetupRow>, GatewayError> {
        self.move_setup(
            "UPDATE sandbox_setups SET status = $3, decline_reason = $4 WHERE vendor_id = $1 AND reference = $2 AND status IN ('open', 'confirming', 'failed')",
            reference,
            "cancelled",
            None,
        )
        .await
    }

    async fn move_setup(
        &self,
        sql: &'static str,
        reference: &str,
        status: &'static str,
        reason: Option<&'static str>,
    ) -> Result<Option<SetupRow>, GatewayError> {
        let mut tx = self.place.db.write().await?;
        tx.run(sql, (self.vendor_id.clone(), reference.to_owned(), status, reason)).await?;
        tx.commit().await?;
        self.find_setup(reference).await
    }

    async fn method(&self, token: &str) -> Result<Option<MethodRow>, GatewayError> {
        let mut tx = self.place.db.read().await?;
        Ok(tx
            .opt(
                "SELECT token, test, kind, brand, last4, exp_month, exp_year, wallet, bank, bank_country, mandate, is_detached FROM sandbox_methods WHERE vendor_id = $1 AND token = $2",
                (self.vendor_id.clone(), token.to_owned()),
            )
            .await?)
    }

    /// `None`: it was forgotten, or never there.
    pub async fn kept_method(&self, token: &str) -> Result<Option<KeptMethod>, GatewayError> {
        self.method(token).await?.filter(|method| !method.is_detached).map(MethodRow::kept).transpose()
    }

    fn decide(&self, method: Option<MethodRow>, request: &ChargeRequest) -> Result<Decided, GatewayError> {
        let declined = |reason| Ok(Decided::now("declined", Some(reason)));
        let Some(method) = method.filter(|m| !m.is_detached) else { return declined(DeclineReason::MethodGone) };
        if let Some(account) = debits::by_name(&method.test) {
            return account.decide(request);
        }
        let card = cards::by_kind(&method.test).ok_or_else(|| GatewayError::Refused("no such test card".into()))?;
        if let Means::Card(card) = method.kept()?.means
            && has_expired(card.exp_month, card.exp_year, &request.now)
        {
            return declined(DeclineReason::ExpiredCard);
        }
        match (card.behaviour, &request.presence) {
            (Behaviour::DeclinesCharges(reason) | Behaviour::RefusedAtSetup(reason), _) => declined(reason),
            (Behaviour::ConfirmsCharges, Presence::OffSession) => declined(DeclineReason::AuthenticationRequired),
            (Behaviour::ConfirmsCharges, Presence::OnSession { .. }) => Ok(Decided::now("needs_action", None)),
            (Behaviour::Succeeds | Behaviour::ConfirmsSetup | Behaviour::DisputesCharges, _) => Ok(Decided::now("succeeded", None)),
        }
    }

    pub async fn book_charge(&self, request: ChargeRequest) -> Result<Charge, GatewayError> {
        if request.amount_minor <= 0 {
            return Err(GatewayError::Refused("a charge must be above zero".into()));
        }
        let method = self.method(&request.method_token).await?;
        let is_to_be_disputed =
            method.as_ref().is_some_and(|method| cards::by_kind(&method.test).is_some_and(|card| card.behaviour == Behaviour::DisputesCharges));
        let Decided { status, reason, later } = self.decide(method, &request)?;
        let (decided_on, decides, decides_reason) = match later {
            Some(Later { on, reason: None }) => (Some(on.to_string()), Some("succeeded"), None),
            Some(Later { on, reason }) => (Some(on.to_string()), Some("declined"), reason.map(DeclineReason::name)),
            None => (None, None, None),
        };
        let reference = self.new_reference("ch");
        let return_url = match &request.presence {
            Presence::OnSession { return_url } => Some(return_url.clone()),
            Presence::OffSession => None,
        };
        let mut tx = self.place.db.write().await?;
        let written = tx
            .run(
                "INSERT INTO sandbox_charges (vendor_id, idempotency_key, reference, token, amount_minor, currency, description, status, decline_reason, return_url, refunded_minor,
                    created_at, decided_on, decides, decides_reason)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, $11, $12, $13, $14) ON CONFLICT (vendor_id, idempotency_key) DO NOTHING",
                (
                    self.vendor_id.clone(), request.key.clone(), reference.clone(), request.method_token.clone(), request.amount_minor, request.currency.clone(),
                    request.description.clone(), status, reason.map(DeclineReason::name), return_url, request.now.wall_ms(), decided_on, decides, decides_reason,
                ),
            )
            .await?;
        if written == 1 && status == "succeeded" && is_to_be_disputed {
            self.open_dispute(&mut tx, &reference, request.now.wall_ms()).await?;
        }
        tx.commit().await?;
        let charge = self.charge_by_key(&request.key).await?.ok_or_else(|| GatewayError::NoAnswer("a charge just written is not there".into()))?;
        same(&charge, &request)
    }

    pub async fn charge_by_key(&self, key: &str) -> Result<Option<Charge>, GatewayError> {
        self.decide_due().await?;
        let mut tx = self.place.db.read().await?;
        let row: Option<ChargeRow> = tx
            .opt(
                "SELECT reference, amount_minor, currency, description, status, decline_reason, return_url FROM sandbox_charges WHERE vendor_id = $1 AND idempotency_key = $2",
                (self.vendor_id.clone(), key.to_owned()),
            )
            .await?;
        row.map(|row| self.charge_of(row)).transpose()
    }

    fn charge_of(&self, row: ChargeRow) -> Result<Charge, GatewayError> {
        let outcome = match row.status.as_str() {
            "succeeded" => Outcome::Succeeded,
            "declined" => Outcome::Declined(DeclineReason::or_other(row.decline_reason.as_deref().unwrap_or_default())),
            "needs_action" => Outcome::NeedsAction { url: self.charge_url(&row.reference) },
            "pending" => Outcome::Pending,
            other => return Err(GatewayError::Refused(format!("a charge is “{other}”"))),
        };
        Ok(Charge { reference: row.reference, amount_minor: row.amount_minor, currency: row.currency, outcome })
    }

    pub async fn charges_since(&self, since_ms: i64) -> Result<Vec<ListedCharge>, GatewayError> {
        self.decide_due().await?;
        let mut tx = self.place.db.read().await?;
        let rows: Vec<ListedRow> = tx
            .all(
                "SELECT idempotency_key, reference, amount_minor, currency, description, status, decline_reason, return_url FROM sandbox_charges
                 WHERE vendor_id = $1 AND created_at >= $2 ORDER BY created_at, reference",
                (self.vendor_id.clone(), since_ms),
            )
            .await?;
        rows.into_iter().map(|listed| Ok(ListedCharge { key: listed.idempotency_key, charge: self.charge_of(listed.row)? })).collect()
    }

    /// `None`: there is no such charge.
    pub async fn find_charge_page(&self, reference: &str) -> Result<Option<ChargeRow>, GatewayError> {
        let mut tx = self.place.db.read().await?;
        Ok(tx
            .opt(
                "SELECT reference, amount_minor, currency, description, status, decline_reason, return_url FROM sandbox_charges WHERE vendor_id = $1 AND reference = $2",
                (self.vendor_id.clone(), reference.to_owned()),
            )
            .await?)
    }

    /// The customer answered their bank about a charge. One that is decided stays as it is.
    pub async fn answer_charge(&self, reference: &str, answer: BankAnswer) -> Result<Option<ChargeRow>, GatewayError> {
        let (status, reason) = match answer {
            BankAnswer::Confirmed => ("succeeded", None),
            BankAnswer::Failed => ("declined", Some(DeclineReason::AuthenticationFailed.name())),
        };
        let mut tx = self.place.db.write().await?;
        tx.run(
            "UPDATE sandbox_charges SET status = $3, decline_reason = $4 WHERE vendor_id = $1 AND reference = $2 AND status = 'needs_action'",
            (self.vendor_id.clone(), reference.to_owned(), status, reason),
        )
        .await?;
        tx.commit().await?;
        self.find_charge_page(reference).await
    }

    pub async fn give_up(&self, key: &str) -> Result<Option<Charge>, GatewayError> {
        self.decide_due().await?;
        let mut tx = self.place.db.write().await?;
        tx.run(
            "UPDATE sandbox_charges SET status = 'declined', decline_reason = $3 WHERE vendor_id = $1 AND idempotency_key = $2 AND status IN ('needs_action', 'pending')",
            (self.vendor_id.clone(), key.to_owned(), DeclineReason::Cancelled.name()),
        )
        .await?;
        tx.commit().await?;
        self.charge_by_key(key).await
    }

    pub async fn forget(&self, token: &str) -> Result<(), GatewayError> {
        let mut tx = self.place.db.write().await?;
        tx.run("UPDATE sandbox_methods SET is_detached = $3 WHERE vendor_id = $1 AND token = $2", (self.vendor_id.clone(), token.to_owned(), true)).await?;
        Ok(tx.commit().await?)
    }
}

/// What the customer told their bank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BankAnswer {
    Confirmed,
    Failed,
}
