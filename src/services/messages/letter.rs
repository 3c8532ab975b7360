//! What messages say, before it has words. Amounts are minor units of their ISO 4217 currency.

use billing::calendar::{Instant, Period, Zone};
use chrono::NaiveDate;

use crate::services::dunning::Prospect;
use crate::services::payments::{DeclineReason, Method};

#[derive(Clone, Debug)]
pub enum Letter {
    /// `link` sets the first password; without one the person has a password, and only learns of the customer.
    Invitation {
        customer: Option<String>,
        link: Option<String>,
    },
    Reset {
        link: String,
    },
    NewDevice {
        user_agent: String,
        ip: String,
    },
    PasswordChanged,
    TotpChanged,
    RecoveryCodeUsed {
        left: i64,
    },
    RecoveryCodesRenewed,
    /// Amounts a customer wants to be told of.
    SpendAlertReached {
        spent: Spent,
        amounts_minor: Vec<i64>,
    },
    SpendCapReached {
        spent: Spent,
        cap_minor: i64,
    },
    /// An invoice that is not charged by itself.
    InvoiceReady {
        invoice: Billed,
        due_at: Instant,
    },
    CreditNoteReady {
        note: Billed,
    },
    /// A direct debit is coming: the scheme wants its payer told.
    DebitAnnounced {
        /// Its number; `None`: it is for something else.
        invoice: Option<String>,
        amount_minor: i64,
        currency: String,
        debited_at: Instant,
        zone: Zone,
        method: Method,
        mandate: String,
        /// `None`: the gateway's own.
        creditor_id: Option<String>,
    },
    Receipt {
        invoice: Billed,
        paid_minor: i64,
        paid_at: Instant,
        method: Method,
    },
    /// A bank transfer came in.
    TransferReceived {
        amount_minor: i64,
        currency: String,
        received_at: Instant,
        zone: Zone,
        /// Numbers of the invoices it names, in its order.
        named: Vec<String>,
        /// Those it pays, as they stand.
        paid: Vec<Billed>,
        /// What came beyond what was due, and is in the balance.
        over_minor: i64,
        /// Until when a certificate is waited for, where what is still due is tax withheld.
        certificate_until: Option<Instant>,
    },
    /// A transfer came in less tax withheld, and the certificate of that has not come.
    CertificateAwaited {
        invoice: Billed,
        until: Instant,
        /// What is charged after that.
        method: Option<Method>,
    },
    PaymentFailed {
        invoice: Billed,
        /// What was charged last, and why the bank said no; `None`: there was nothing to charge.
        declined: Option<(Method, DeclineReason)>,
        /// What it leads to; `None`: nothing is done about it.
        prospect: Option<Prospect>,
    },
    /// The grace of an unpaid invoice ends soon.
    LastWarning {
        invoice: Billed,
        ends_at: Instant,
        prospect: Prospect,
    },
    /// The grace of an unpaid invoice is over, and this was done.
    GraceOver {
        invoice: Billed,
        prospect: Prospect,
        /// Of the invoice, what is not asked for any more; 0: it stays due.
        written_off_minor: i64,
    },
    /// What could not be charged is settled after all.
    Recovered {
        invoice: Billed,
        /// The plan that it gives back, and what it takes to be back; `None`: it had not been lost, or it was ended.
        plan: Option<(String, Back)>,
    },
    Refunded {
        /// Of an invoice; `None`: of the balance.
        invoice: Option<String>,
        amount_minor: i64,
        currency: String,
    },
    /// Credit that was paid for: by an amount, or by a pack of this name.
    CreditBought {
        name: String,
        paid_minor: i64,
        credit_minor: i64,
        /// What is in the balance with it.
        balance_minor: i64,
        currency: String,
        paid_at: Instant,
        zone: Zone,
        method: Method,
        payment_id: String,
    },
    /// A top-up that happens by itself was declined, and happens no more.
    AutomaticTopUpStopped {
        customer: String,
        amount_minor: i64,
        currency: String,
        method: Method,
        reason: DeclineReason,
    },
    /// Credit in the balance that is gone unless it is used.
    CreditExpiring {
        customer: String,
        amount_minor: i64,
        currency: String,
        expires_at: Instant,
        zone: Zone,
    },
    CreditExpired {
        customer: String,
        amount_minor: i64,
        currency: String,
    },
    /// A certificate of tax withheld that the vendor does not accept: so much of the invoice is due again.
    CertificateRefused {
        invoice: String,
        certificate: String,
        /// In the vendor's words.
        because: String,
        amount_minor: i64,
        currency: String,
    },
    MethodExpiring {
        customer: String,
        method: Method,
        last_day: NaiveDate,
        zone: Zone,
    },
    TrialEnding {
        plan: String,
        ends_at: Instant,
        zone: Zone,
        /// Whether something can be charged when it has ended.
        has_method: bool,
    },
    /// A quarter, a year or another long period ends, and the next one begins.
    RenewalComing {
        customer: String,
        plan: String,
        renews_at: Instant,
        zone: Zone,
        /// What the next invoice comes to as it stands; `None`: there will be none.
        due_minor: Option<i64>,
        currency: String,
        /// What it is charged to.
        method: Option<Method>,
    },
    PlanChanged {
        customer: String,
        plan: String,
        /// As people write it.
        quantity: String,
    },
    SubscriptionEnded {
        customer: String,
        plan: String,
    },
}

/// How a plan is back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Back {
    /// It runs.
    Active,
    /// It was paused and goes on now, charged from now.
    Resumed,
}

/// A document, as its messages name it.
#[derive(Clone, Debug)]
pub struct Billed {
    pub number: String,
    pub issued_at: Instant,
    pub total_minor: i64,
    /// What is still to be paid.
    pub due_minor: i64,
    pub currency: String,
    pub zone: Zone,
}

/// What usage has cost a customer in a billing period.
#[derive(Clone, Debug)]
pub struct Spent {
    pub customer: String,
    /// Before discounts and tax.
    pub cost_minor: i64,
    pub currency: String,
    pub period: Period,
    /// The billing zone, whose days are told.
    pub zone: Zone,
}

impl Letter {
    /// As the history has it.
    pub fn kind(&self) -> &'static str {
        match self {
            Letter::Invitation { .. } => "invitation",
            Letter::Reset { .. } => "password_reset",
            Letter::NewDevice { .. } => "new_sign_in",
            Letter::PasswordChanged => "password_changed",
            Letter::TotpChanged => "totp_changed",
            Letter::RecoveryCodeUsed { .. } => "recovery_code_used",
            Letter::RecoveryCodesRenewed => "recovery_codes_renewed",
            Letter::SpendAlertReached { .. } => "spend_alert",
            Letter::SpendCapReached { .. } => "spend_cap",
            Letter::InvoiceReady { .. } => "invoice_ready",
            Letter::CreditNoteReady { .. } => "credit_note_ready",
            Letter::DebitAnnounced { .. } => "debit_announced",
            Letter::Receipt { .. } => "receipt",
            Letter::TransferReceived { .. } => "transfer_received",
            Letter::CertificateAwaited { .. } => "certificate_awaited",
            Letter::PaymentFailed { .. } => "payment_failed",
            Letter::LastWarning { .. } => "payment_last_warning",
            Letter::GraceOver { .. } => "payment_grace_over",
            Letter::Recovered { .. } => "payment_recovered",
            Letter::Refunded { .. } => "refund",
            Letter::CreditBought { .. } => "receipt",
            Letter::AutomaticTopUpStopped { .. } => "automatic_top_up_stopped",
            Letter::CreditExpiring { .. } => "credit_expiring",
            Letter::CreditExpired { .. } => "credit_expired",
            Letter::CertificateRefused { .. } => "certificate_refused",
            Letter::MethodExpiring { .. } => "method_expiring",
            Letter::TrialEnding { .. } => "trial_ending",
            Letter::RenewalComing { .. } => "renewal_coming",
            Letter::PlanChanged { .. } => "plan_changed",
            Letter::SubscriptionEnded { .. } => "subscription_ended",
        }
    }

    /// Whether its link opens an account: such a link is sent and never kept.
    pub fn opens_account(&self) -> bool {
        matches!(self, Letter::Invitation { link: Some(_), .. } | Letter::Reset { .. })
    }
}
