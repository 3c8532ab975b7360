//! Passwords: what may be one, and how it is kept.
//!
//! Eight to 128 code points, counted and hashed in NFC (so that it does not matter how a keyboard composes `ő`), no rules of composition;
//! refused only where the whole of it is a common password or a word of the vendor's, the product's or the person's own. Kept as
//! argon2id. Hashing takes memory and a core, so only as many run as there are cores, a short queue waits, and more are turned away.
//!
//! `common_passwords.txt`: the 11,611 of at least eight characters in the list of zxcvbn (MIT licence).

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use tokio::sync::Semaphore;
use unicode_normalization::UnicodeNormalization;

use crate::platform::config::PasswordCost;
use crate::platform::ids::Ids;

const SHORTEST: usize = 8;
const LONGEST: usize = 128;
/// How many may wait for each one that is hashed.
const QUEUE_PER_CORE: usize = 8;

static COMMON: LazyLock<HashSet<&'static str>> = LazyLock::new(|| include_str!("common_passwords.txt").lines().collect());

/// Why a password may not be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weak {
    TooShort,
    TooLong,
    /// Among those everybody tries first.
    Common,
    /// The person's, the vendor's or the product's own name or address, with or without digits about it.
    Personal,
}

/// Checks a password that somebody wants to have. `own_words`: names and addresses it must not merely be.
pub fn judge(password: &str, own_words: &[&str]) -> Result<(), Weak> {
    let normal: String = password.nfc().collect();
    match normal.chars().count() {
        n if n < SHORTEST => return Err(Weak::TooShort),
        n if n > LONGEST => return Err(Weak::TooLong),
        _ => {}
    }
    let lower = normal.to_lowercase();
    if COMMON.contains(lower.as_str()) {
        return Err(Weak::Common);
    }
    let letters = bare(&lower);
    let is_own = |word: &str| !word.is_empty() && (lower == word || letters == bare(word));
    let own = own_words.iter().copied().chain(["portico"]).flat_map(|word| {
        let word = word.to_lowercase();
        let local = word.split('@').next().unwrap_or_default().to_owned();
        [word, local]
    });
    if own.into_iter().any(|word| is_own(&word)) { Err(Weak::Personal) } else { Ok(()) }
}

/// Letters only: what is left of `kestrel-2026!`.
fn bare(text: &str) -> String {
    text.chars().filter(|c| c.is_alphabetic()).collect()
}

/// Too many are hashed and waiting already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy;

/// What a check of a password found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub is_right: bool,
    /// The stored hash is weaker than today's: hash again now that the password is at hand.
    pub is_outdated: bool,
}

/// Hashes and checks passwords, a bounded number at a time.
pub struct Hasher {
    cost: PasswordCost,
    cores: Arc<Semaphore>,
    waiting: AtomicUsize,
    most_waiting: usize,
    /// Checked where there is no account, so that it takes as long as where there is one.
    nobodys: String,
}

impl Hasher {
    pub fn new(cost: PasswordCost, ids: &Ids) -> Hasher {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let nobodys = hash_now(cost, &crate::platform::keys::hex(&ids.secret::<16>()), &ids.secret::<16>());
        Hasher { cost, cores: Arc::new(Semaphore::new(cores)), waiting: AtomicUsize::new(0), most_waiting: cores * QUEUE_PER_CORE, nobodys }
    }

    /// The PHC string of a password.
    pub async fn hash(&self, ids: &Ids, password: &str) -> Result<String, Busy> {
        let (cost, password, salt) = (self.cost, password.to_owned(), ids.secret::<16>());
        self.in_turn(move || hash_now(cost, &password, &salt)).await
    }

    /// Whether `password` is the one of `stored`; without an account (`None`) as slow, and no.
    pub async fn check(&self, password: &str, stored: Option<&str>) -> Result<Verdict, Busy> {
        let is_somebodys = stored.is_some();
        let stored = stored.unwrap_or(&self.nobodys).to_owned();
        let is_outdated = is_somebodys && !self.is_todays(&stored);
        let password = password.to_owned();
        // Nothing longer can be a password, and nobody should have it hashed.
        let is_possible = password.chars().count() <= LONGEST * 4;
        let is_right = self
            .in_turn(move || {
                let password = if is_possible { normal(&password) } else { String::new() };
                PasswordHash::new(&stored).is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
            })
            .await?;
        Ok(Verdict { is_right: is_right && is_somebodys && is_possible, is_outdated })
    }

    fn is_todays(&self, stored: &str) -> bool {
        stored.starts_with(&format!("$argon2id$v=19$m={},t={},p=1$", self.cost.memory_kib, self.cost.passes))
    }

    async fn in_turn<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Busy> {
        struct Waiting<'a>(&'a AtomicUsize);
        impl Drop for Waiting<'_> {
            fn drop(&mut self) {
                self.0.fetch_sub(1, Ordering::Relaxed);
            }
        }
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= self.most_waiting {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(Busy);
        }
        let waiting = Waiting(&self.waiting);
        let turn = self.cores.clone().acquire_owned().await.map_err(|_| Busy)?;
        drop(waiting);
        // The turn goes with the work: who gives up waiting must not let another begin beside it.
        tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work()
        })
        .await
        .map_err(|_| Busy)
    }
}

fn normal(password: &str) -> String {
    password.nfc().collect()
}

fn hash_now(cost: PasswordCost, password: &str, salt: &[u8]) -> String {
    let params = Params::new(cost.memory_kib, cost.passes, 1, None).expect("the cost is within argon2's bounds");
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon2.hash_password_with_salt(normal(password).as_bytes(), salt).expect("argon2 takes passwords and salts of this size").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_judged_by_length_in_code_points_and_as_a_whole() {
        let own = ["mira@nordlicht.example", "Mira Lang", "Kestrel"];
        for (password, verdict) in [
            ("short", Err(Weak::TooShort)),
            ("zq4kT9w", Err(Weak::TooShort)),
            ("zq4kT9wb", Ok(())),
            // Seven code points in NFC, fourteen as typed.
            ("o\u{30b}o\u{30b}o\u{30b}o\u{30b}o\u{30b}o\u{30b}o\u{30b}", Err(Weak::TooShort)),
            ("ボタンを押して待つ", Ok(())),
            ("correct horse battery staple", Ok(())),
            ("aaaaaaaaaaaaaaz1x", Ok(())),
            ("password", Err(Weak::Common)),
            ("PassWord", Err(Weak::Common)),
            ("1qaz2wsx", Err(Weak::Common)),
            ("kestrel2026!", Err(Weak::Personal)),
            ("mira@nordlicht.example", Err(Weak::Personal)),
            ("Miralang99", Err(Weak::Personal)),
            ("portico123", Err(Weak::Personal)),
            ("kestrel build minutes", Ok(())),
        ] {
            assert_eq!(judge(password, &own), verdict, "{password}");
        }
        assert_eq!(judge(&"𝒳".repeat(128), &own), Ok(()));
        assert_eq!(judge(&"𝒳".repeat(129), &own), Err(Weak::TooLong));
        assert_eq!(COMMON.len(), 11_611);
    }

    #[tokio::test]
    async fn a_hash_fits_only_its_password_however_it_was_composed() {
        let ids = Ids::system();
        let hasher = Hasher::new(PasswordCost::LEAST, &ids);
        let stored = hasher.hash(&ids, " Erdőben ülök ").await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{stored}");
        for (password, is_right) in
            [(" Erdőben ülök ", true), (" Erdo\u{30b}ben u\u{308}lo\u{308}k ", true), ("Erdőben ülök", false), (" erdőben ülök ", false)]
        {
            assert_eq!(hasher.check(password, Some(&stored)).await.unwrap(), Verdict { is_right, is_outdated: false }, "{password:?}");
        }
        let dearer = Hasher::new(PasswordCost { memory_kib: 16, passes: 1 }, &ids);
        assert_eq!(dearer.check(" Erdőben ülök ", Some(&stored)).await.unwrap(), Verdict { is_right: true, is_outdated: true });
        assert!(!hasher.check("anything at all", None).await.unwrap().is_right);
    }

    #[tokio::test]
    async fn what_a_short_queue_cannot_hold_is_turned_away() {
        let ids = Ids::system();
        let hasher = Arc::new(Hasher::new(PasswordCost { memory_kib: 4_096, passes: 3 }, &ids));
        let mut all = Vec::new();
        for _ in 0..400 {
            let hasher = hasher.clone();
            all.push(tokio::spawn(async move { hasher.check("anything at all", None).await }));
        }
        let mut turned_away = 0;
        for one in all {
            turned_away += i32::from(one.await.unwrap() == Err(Busy));
        }
        assert!(turned_away > 0, "nobody was turned away");
        assert!(hasher.check("anything at all", None).await.is_ok(), "it recovers");
    }

    #[test]
    fn the_default_costs_what_is_asked_today() {
        let cost = PasswordCost::default();
        assert!(cost.memory_kib >= 19_456 && cost.passes >= 2);
    }
}
