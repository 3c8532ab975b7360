//! Reading ahead: what beginning to collect many invoices, and booking what was answered, ask the database for, in a few statements for all of
//! them. It is what a night's invoices need; of one that was tried before the rest is asked for when its turn comes.

use std::collections::{BTreeSet, HashMap};

use crate::platform::db::Many;
use crate::services::desk::{Answers, answer};
use crate::services::invoices::{self, Owed};
use crate::services::{Desk, Refusal, dunning};

use super::collect::OWED;
use super::disputes::DISPUTED;
use super::methods::{self, Chargeable, METHODS, OnFile};
use super::read::{self, PAYMENT, PAYMENTS, Payment, Pays};
use super::sending::Sent;

/// Invoices that have a history: a payment, or a case.
static WITH_HISTORY: Many = Many {
    before: "SELECT v.column2 FROM (VALUES",
    columns: 2,
    after: ") AS v WHERE EXISTS (SELECT 1 FROM payments p WHERE p.vendor_id = v.column1 AND p.invoice_id = v.column2)
                OR EXISTS (SELECT 1 FROM dunning_cases c WHERE c.vendor_id = v.column1 AND c.invoice_id = v.column2)",
    of_each: false,
};

/// What was read ahead of invoices, by their ids: for [`Desk::foresee`] when one's turn comes.
pub type Ahead = HashMap<String, Answers>;

/// Reads ahead of collecting some invoices, each after its customer, whom this desk has locked.
pub async fn foresee_collecting(desk: &mut Desk, owed: &[(String, String)]) -> Result<Ahead, Refusal> {
    if owed.is_empty() {
        return Ok(Ahead::new());
    }
    let ids: Vec<String> = owed.iter().map(|(_, invoice_id)| invoice_id.clone()).collect();
    let with_history: Vec<(String,)> = desk.tx.all_of(&WITH_HISTORY, desk.each(&ids)).await?;
    let with_history: BTreeSet<String> = with_history.into_iter().map(|(id,)| id).collect();
    let on_file = on_file_of(desk, owed.iter().map(|(customer_id, _)| customer_id)).await?;
    let mut ahead = Ahead::new();
    for owed in invoices::owed_of(desk, &ids).await? {
        let on_file = on_file.get(&owed.customer_id).cloned().unwrap_or_default();
        let has_history = with_history.contains(&owed.invoice_id);
        ahead.insert(owed.invoice_id.clone(), collecting(owed, on_file, has_history));
    }
    Ok(ahead)
}

/// The same of what this very desk has issued, and by what it can be charged.
pub async fn foresee_first_collecting(desk: &mut Desk, owed: &[Owed]) -> Result<(Chargeable, Ahead), Refusal> {
    if owed.is_empty() {
        return Ok((Chargeable::default(), Ahead::new()));
    }
    let on_file = on_file_of(desk, owed.iter().map(|owed| &owed.customer_id)).await?;
    let chargeable = on_file.values().flat_map(|on_file| &on_file.methods).collect();
    let answers = |owed: &Owed| collecting(owed.clone(), on_file.get(&owed.customer_id).cloned().unwrap_or_default(), false);
    Ok((chargeable, owed.iter().map(|owed| (owed.invoice_id.clone(), answers(owed))).collect()))
}

async fn on_file_of(desk: &mut Desk, owners: impl Iterator<Item = &String>) -> Result<HashMap<String, OnFile>, Refusal> {
    let owners: BTreeSet<String> = owners.cloned().collect();
    methods::of_customers(desk, &owners.into_iter().collect::<Vec<_>>()).await
}

/// What collecting an invoice asks.
fn collecting(owed: Owed, on_file: OnFile, has_history: bool) -> Answers {
    let mut answers = Answers::new();
    answer(&mut answers, METHODS, &owed.customer_id, on_file.methods);
    answer(&mut answers, DISPUTED, &owed.customer_id, on_file.disputed);
    if !has_history {
        answer(&mut answers, PAYMENTS, &owed.invoice_id, Vec::<Payment>::new());
        answer(&mut answers, dunning::CASE, &owed.invoice_id, None::<dunning::Case>);
    }
    let id = owed.invoice_id.clone();
    answer(&mut answers, OWED, &id, owed);
    answers
}

/// Reads ahead of booking what was answered to payments whose customers this desk has locked.
pub async fn foresee_booking<'a>(desk: &mut Desk, sent: impl Iterator<Item = &'a Sent>) -> Result<Ahead, Refusal> {
    let (mut ids, mut invoice_ids) = (Vec::new(), Vec::new());
    for payment in sent.map(Sent::payment) {
        if let Pays::Invoice(invoice_id) = &payment.pays {
            ids.push(payment.id.clone());
            invoice_ids.push(invoice_id.clone());
        }
    }
    if ids.is_empty() {
        return Ok(Ahead::new());
    }
    let mut ahead = invoices::foresee_paid(desk, &invoice_ids).await?;
    for payment in read::load_all(desk, &ids).await? {
        if let Pays::Invoice(invoice_id) = payment.pays.clone()
            && let Some(answers) = ahead.get_mut(&invoice_id)
        {
            let id = payment.id.clone();
            answer(answers, PAYMENT, &id, payment);
        }
    }
    Ok(ahead)
}
