//! Delays after failures. A bucket counts failures in a row of one factor on one account from one place: a device the account knows, a
//! session on the vendor's word, or anywhere else. So a stranger's guesses delay strangers, and the customer's own browser goes on working.
//!
//! Who tries many accounts from one network is delayed too, after fifty failures within an hour: an office shares an address, so the
//! limit is generous, and a known device passes it. So is who asks for mails to many addresses.
//!
//! From the fifth failure each further attempt waits: 30 seconds, doubling to an hour. At a hundred the factor is shut off for that
//! place until it is set anew (a password by its reset link, the authenticator by a recovery code). Attempts are counted before they
//! are looked at, so that attempts at one time cannot pass together.

use sqlx::FromRow;

use crate::platform::config::Config;
use crate::platform::db::{DbResult, Tx};
use crate::platform::keys::fingerprint;
use crate::platform::request::ClientIp;

pub(super) const FREE_FAILURES: i64 = 4;
/// The same for an address that tries many accounts.
const FREE_FAILURES_OF_ADDRESS: i64 = 50;
/// Failures of an address are forgotten after an hour without one; those of an account only by success.
const ADDRESS_FORGETS_MS: i64 = 3_600_000;
const FIRST_DELAY_MS: i64 = 30_000;
const LONGEST_DELAY_MS: i64 = 3_600_000;
pub const SHUT_OFF_AT: i64 = 100;

/// What is guessed at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guess {
    Password,
    Code,
    RecoveryCode,
    /// Mails asked for: not a guess, but delayed the same way.
    Mail,
    /// Passwords of whatever accounts, from one network.
    Spray,
    /// Mails asked for to whatever addresses, from one network.
    MailSpray,
    /// Promotion codes, by a customer.
    PromotionCode,
}

impl Guess {
    fn label(self) -> &'static str {
        match self {
            Guess::Password => "password",
            Guess::Code => "code",
            Guess::RecoveryCode => "recovery",
            Guess::Mail => "mail",
            Guess::Spray => "spray",
            Guess::MailSpray => "mail-spray",
            Guess::PromotionCode => "promotion-code",
        }
    }
}

/// Where the attempt comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A browser that has signed in to this account before.
    Device(String),
    /// A session that rests on the vendor's word: a frame, a link. Whoever has got hold of one delays nobody's sign-in by guessing there.
    Vouched,
    Anywhere,
}

/// One count.
#[derive(Clone, Debug)]
pub struct Bucket {
    key: String,
    free_failures: i64,
    shut_off_at: i64,
    forgets_ms: i64,
}

impl Bucket {
    /// `account` is the e-mail address for passwords, so that addresses without an account are counted alike, else the identity's id.
    pub fn new(guess: Guess, account: &str, place: &Place) -> Bucket {
        let place = match place {
            Place::Device(id) => id.as_str(),
            Place::Vouched => "vouched",
            Place::Anywhere => "anywhere",
        };
        let key = fingerprint(&format!("{}\n{account}\n{place}", guess.label()));
        match guess {
            Guess::Spray | Guess::MailSpray => Bucket { key, free_failures: FREE_FAILURES_OF_ADDRESS, shut_off_at: i64::MAX, forgets_ms: ADDRESS_FORGETS_MS },
            // Mails and discounts asked for may wait an hour, but are never refused for good.
            Guess::Mail | Guess::PromotionCode => Bucket { key, free_failures: FREE_FAILURES, shut_off_at: i64::MAX, forgets_ms: ADDRESS_FORGETS_MS * 2 },
            Guess::Password | Guess::Code | Guess::RecoveryCode => {
                Bucket { key, free_failures: FREE_FAILURES, shut_off_at: SHUT_OFF_AT, forgets_ms: i64::MAX / 2 }
            }
        }
    }

    /// The count of a network, whatever accounts it tries. `None`: not counted, for it is unknown, or everybody's: on a portal that serves
    /// its own machine all have the same address.
    pub fn of_network(guess: Guess, from: ClientIp, config: &Config) -> Option<Bucket> {
        let is_everybodys = from.0?.is_loopback() && config.is_loopback() && config.trusted_proxies.is_empty();
        if is_everybodys { None } else { Some(Bucket::new(guess, &from.network()?, &Place::Anywhere)) }
    }
}

/// Whether an attempt may be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leave {
    Granted,
    /// Not before this wall time (ms).
    Wait {
        until: i64,
    },
    ShutOff,
}

#[derive(FromRow)]
struct Count {
    failures: i64,
    blocked_until: i64,
}

/// Counts an attempt as failed until [`forgive`] or [`uncount`] says otherwise, and says whether it may be looked at. An attempt that
/// must wait is not counted.
pub async fn attempt(tx: &mut Tx, vendor_id: &str, bucket: &Bucket, now_ms: i64) -> DbResult<Leave> {
    let counted: Option<Count> = tx
        .opt(
            "INSERT INTO throttles (vendor_id, bucket, failures, blocked_until, last_at) VALUES ($1, $2, 1, 0, $3)
             ON CONFLICT (vendor_id, bucket) DO UPDATE SET
                failures = CASE WHEN throttles.last_at < $5 THEN 1 ELSE throttles.failures + 1 END, last_at = excluded.last_at
                WHERE throttles.blocked_until <= $3 AND throttles.failures < $4
             RETURNING failures, blocked_until",
            (vendor_id.to_owned(), bucket.key.clone(), now_ms, bucket.shut_off_at, now_ms.saturating_sub(bucket.forgets_ms)),
        )
        .await?;
    let Some(count) = counted else {
        let Count { failures, blocked_until } =
            tx.one("SELECT failures, blocked_until FROM throttles WHERE vendor_id = $1 AND bucket = $2", (vendor_id.to_owned(), bucket.key.clone())).await?;
        return Ok(if failures >= bucket.shut_off_at { Leave::ShutOff } else { Leave::Wait { until: blocked_until } });
    };
    let delay = delay_ms(count.failures - bucket.free_failures);
    if delay > 0 {
        tx.run("UPDATE throttles SET blocked_until = $3 WHERE vendor_id = $1 AND bucket = $2", (vendor_id.to_owned(), bucket.key.clone(), now_ms + delay))
            .await?;
    }
    Ok(Leave::Granted)
}

/// The attempt succeeded: the row of failures is broken.
pub async fn forgive(tx: &mut Tx, vendor_id: &str, bucket: &Bucket) -> DbResult<()> {
    tx.run("DELETE FROM throttles WHERE vendor_id = $1 AND bucket = $2", (vendor_id.to_owned(), bucket.key.clone())).await?;
    Ok(())
}

/// The factor was bound anew: failures on the old one count no more, from wherever they came.
pub async fn forgive_everywhere(tx: &mut Tx, vendor_id: &str, guess: Guess, account: &str, identity_id: &str) -> DbResult<()> {
    let devices: Vec<(String,)> =
        tx.all("SELECT id FROM devices WHERE vendor_id = $1 AND identity_id = $2", (vendor_id.to_owned(), identity_id.to_owned())).await?;
    for place in devices.into_iter().map(|(id,)| Place::Device(id)).chain([Place::Vouched, Place::Anywhere]) {
        forgive(tx, vendor_id, &Bucket::new(guess, account, &place)).await?;
    }
    Ok(())
}

/// The attempt was no guess (a right code sent twice): as if it had not been made.
pub async fn uncount(tx: &mut Tx, vendor_id: &str, bucket: &Bucket) -> DbResult<()> {
    tx.run(
        "UPDATE throttles SET failures = failures - 1, blocked_until = 0 WHERE vendor_id = $1 AND bucket = $2 AND failures > 0",
        (vendor_id.to_owned(), bucket.key.clone()),
    )
    .await?;
    Ok(())
}

/// How long the attempt after so many failures beyond the free ones waits.
fn delay_ms(failures_beyond: i64) -> i64 {
    if failures_beyond <= 0 {
        return 0;
    }
    let doublings = u32::try_from(failures_beyond - 1).unwrap_or(u32::MAX).min(7);
    (FIRST_DELAY_MS << doublings).min(LONGEST_DELAY_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_portal_of_this_machine_alone_leaves_its_own_address_uncounted() {
        let config = |public_url: &str, proxies: &[&str]| Config {
            public_url: public_url.to_owned(),
            trusted_proxies: proxies.iter().map(|ip| ip.parse().unwrap()).collect(),
            ..Config::loopback(std::path::PathBuf::new())
        };
        let is_counted = |ip: &str, config: &Config| Bucket::of_network(Guess::Spray, ClientIp(Some(ip.parse().unwrap())), config).is_some();
        for ip in ["127.0.0.1", "::1"] {
            assert!(!is_counted(ip, &config("http://localhost:3000", &[])), "{ip}");
            assert!(is_counted(ip, &config("https://billing.example.com", &[])), "{ip}");
            assert!(is_counted(ip, &config("http://localhost:3000", &["127.0.0.1"])), "{ip}");
        }
        assert!(is_counted("203.0.113.9", &config("http://localhost:3000", &[])));
    }

    #[test]
    fn one_subscriber_is_one_network() {
        let network = |ip: &str| ClientIp(Some(ip.parse().unwrap())).network().unwrap();
        assert_eq!(network("2001:db8:1:2:aaaa::1"), network("2001:db8:1:2:ffff:ffff::9"));
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
        assert_ne!(network("203.0.113.9"), network("203.0.113.10"));
    }

    #[test]
    fn delays_begin_with_the_fifth_failure_and_end_at_an_hour() {
        for (failures, delay) in [(1, 0), (4, 0), (5, 30_000), (6, 60_000), (7, 120_000), (11, 1_920_000), (12, 3_600_000), (99, 3_600_000)] {
            assert_eq!(delay_ms(failures - FREE_FAILURES), delay, "{failures} failures");
        }
    }
}
