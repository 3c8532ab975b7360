//! Dunning: no case is open on an invoice that nothing is due of, every open one has a next step and every case its decisions, and an invoice
//! has one unpaid case at most, written off where the invoice is.

use sqlx::FromRow;

use super::{Counts, Held, Stop, broken, count};
use crate::services::Desk;
use crate::services::dunning::{CaseState, NextStep};

#[derive(FromRow)]
struct CaseRow {
    id: String,
    state: String,
    due_at: Option<i64>,
    next_step: Option<String>,
    end_at: i64,
    ended_at: Option<i64>,
    recovered_at: Option<i64>,
    is_settled: bool,
    is_written_off: bool,
    unpaid_cases: i64,
    decisions: i64,
}

pub(super) async fn hold(desk: &mut Desk, counts: &mut Counts) -> Held {
    let take = |row: CaseRow| {
        let id = row.id.as_str();
        let Some(state) = CaseState::from_name(&row.state) else { return Err(broken("dunning_cases", id, "state", "one that is known", &row.state)) };
        let is_unpaid = matches!(state, CaseState::Open | CaseState::Ended | CaseState::WrittenOff);
        if is_unpaid && row.is_settled {
            return Err(broken("dunning_cases", id, "state, its invoice being settled,", "recovered", &row.state));
        }
        let is_known = row.next_step.as_deref().is_none_or(|step| NextStep::from_name(step).is_some());
        let has_next = matches!(state, CaseState::Open | CaseState::Restoring);
        if has_next != row.due_at.is_some() || has_next != row.next_step.is_some() || !is_known {
            let expected = if has_next { "set" } else { "nothing" };
            return Err(broken("dunning_cases", id, &format!("its next step, being {},", row.state), expected, super::shown(row.next_step)));
        }
        if state == CaseState::Open && row.due_at.is_some_and(|due| due > row.end_at) {
            return Err(broken("dunning_cases", id, "due_at", format!("at {} at the latest, when the grace is over", row.end_at), super::shown(row.due_at)));
        }
        if (state == CaseState::WrittenOff) != (is_unpaid && row.is_written_off) {
            let expected = if row.is_written_off { "written_off" } else { "open or ended" };
            return Err(broken("dunning_cases", id, "state, beside its invoice's,", expected, &row.state));
        }
        if (matches!(state, CaseState::Ended | CaseState::WrittenOff) && row.ended_at.is_none())
            || (state == CaseState::Recovered && row.recovered_at.is_none())
        {
            return Err(broken("dunning_cases", id, &format!("when it was {}", row.state), "set", "nothing"));
        }
        if row.unpaid_cases > 1 {
            return Err(broken("dunning_cases", id, "the number of its invoice's unpaid cases", 1, row.unpaid_cases));
        }
        if row.decisions == 0 {
            return Err(broken("dunning_cases", id, "the number of its decisions", "above zero", 0));
        }
        count(counts, "dunning cases");
        Ok::<(), Stop>(())
    };
    desk.tx
        .each(
            "SELECT c.id, c.state, c.due_at, c.next_step, c.end_at, c.ended_at, c.recovered_at, i.settled_at IS NOT NULL AS is_settled,
                COALESCE(i.ended_as, '') = 'uncollectible' AS is_written_off,
                COALESCE(u.number, 0) AS unpaid_cases, COALESCE(d.number, 0) AS decisions
             FROM dunning_cases c JOIN invoices i ON i.vendor_id = c.vendor_id AND i.id = c.invoice_id
                LEFT JOIN (SELECT invoice_id, COUNT(*) AS number FROM dunning_cases WHERE vendor_id = $1 AND state IN ('open', 'ended', 'written_off') GROUP BY invoice_id) u
                    ON u.invoice_id = c.invoice_id
                LEFT JOIN (SELECT case_id, COUNT(*) AS number FROM dunning_decisions WHERE vendor_id = $1 GROUP BY case_id) d ON d.case_id = c.id
             WHERE c.vendor_id = $1",
            (desk.vendor.id.clone(),),
            take,
        )
        .await
}
