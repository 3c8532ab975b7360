//! `portico disputes`: payments that banks took back, and what is done about them.

use clap::ValueEnum;
use portico::platform::config::Config;
use portico::platform::db::Db;
use portico::services::payments::{self, DisputePolicy, DisputeStatus, OnLost, WhileDisputed};
use portico::services::{Actor, Desk};
use portico::words::Words;

use super::{Done, app, vendor_named};

/// Without a flag, what is done and every dispute.
#[derive(clap::Args)]
pub struct Disputes {
    /// Whose, by name or id. Default: the only vendor's.
    #[arg(long)]
    vendor: Option<String>,
    /// What becomes of the subscription until a dispute of its invoice ends.
    #[arg(long, value_enum)]
    subscription: Option<Subscription>,
    /// What becomes of an invoice whose dispute is lost.
    #[arg(long, value_enum)]
    lost: Option<Lost>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Subscription {
    Keep,
    Pause,
}

#[derive(Clone, Copy, ValueEnum)]
enum Lost {
    /// It is due again.
    Reopen,
    WriteOff,
}

impl Disputes {
    pub async fn run(self, config: Config, db: Db) -> Done {
        let app = app(config, db).await?;
        let vendor = vendor_named(&app, self.vendor.as_deref())?;
        let mut desk = Desk::write(&app, &vendor, Actor::System).await?;
        let now = payments::dispute_policy(&mut desk).await?;
        let new = DisputePolicy {
            subscription: self.subscription.map_or(now.subscription, |subscription| match subscription {
                Subscription::Keep => WhileDisputed::Keep,
                Subscription::Pause => WhileDisputed::Pause,
            }),
            lost: self.lost.map_or(now.lost, |lost| match lost {
                Lost::Reopen => OnLost::Reopen,
                Lost::WriteOff => OnLost::WriteOff,
            }),
        };
        if new != now {
            payments::set_dispute_policy(&mut desk, new).await?;
        }
        println!("subscription = {}", if new.subscription == WhileDisputed::Keep { "keep" } else { "pause" });
        println!("lost = {}", if new.lost == OnLost::Reopen { "reopen" } else { "write-off" });
        let mut before = String::new();
        loop {
            let page = payments::disputes(&mut desk, &before, 100).await?;
            let Some(last) = page.last() else { break };
            before.clone_from(&last.id);
            let answered_at = payments::answered_at(&mut desk, &page).await?;
            for (dispute, answered_at) in page.iter().zip(answered_at) {
                let status = match dispute.status {
                    DisputeStatus::Open => "open",
                    DisputeStatus::Won => "won",
                    DisputeStatus::Lost => "lost",
                };
                let amount = Words::of("en").money(dispute.amount_minor, &dispute.currency);
                println!("{}  {amount}  {status}  {}  {}", dispute.reference, dispute.reason, dispute.payment_id);
                if let Some(page) = answered_at.filter(|_| dispute.status == DisputeStatus::Open) {
                    println!("    answered at {page}");
                }
            }
        }
        Ok(desk.commit().await?)
    }
}
