//! Stripe's keys, told apart by how they begin. None of them shows in a debug print, and none but the publishable one on a page.

use std::fmt;

use crate::sentence;
use crate::services::Refusal;

/// Whether money moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Test,
    Live,
}

/// Which secret keys there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `sk_`: may do everything.
    Secret,
    /// `rk_`: may do what its owner chose.
    Restricted,
}

/// What the server proves itself with.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretKey(String);

/// What browsers name the account by: no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishableKey(String);

/// What Stripe signs its notices with.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookSecret(String);

/// Whether it is a key's text at all: it goes into headers and pages.
fn is_plain(text: &str) -> bool {
    text.len() <= 500 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}

fn begins(text: &str, kinds: &[&str]) -> Option<Mode> {
    let rest = kinds.iter().find_map(|kind| text.strip_prefix(kind))?;
    let is = |mode: &str| rest.strip_prefix(mode).is_some_and(|rest| !rest.is_empty() && is_plain(rest));
    match (is("test_"), is("live_")) {
        (true, _) => Some(Mode::Test),
        (_, true) => Some(Mode::Live),
        _ => None,
    }
}

impl SecretKey {
    pub fn parse(text: &str) -> Result<SecretKey, Refusal> {
        let known = begins(text, &["sk_", "rk_"]).map(|_| SecretKey(text.to_owned()));
        known.ok_or_else(|| Refusal::field("secret_key", sentence!("refusal-gateway-secret-key")))
    }

    pub fn mode(&self) -> Mode {
        if self.0[3..].starts_with("live_") { Mode::Live } else { Mode::Test }
    }

    pub fn kind(&self) -> Kind {
        if self.0.starts_with("rk_") { Kind::Restricted } else { Kind::Secret }
    }

    /// For Stripe alone.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// `rk_live_…a1B2`
    pub fn hint(&self) -> String {
        let last: String = self.0.chars().skip(self.0.len().saturating_sub(4)).collect();
        format!("{}…{last}", &self.0[..8])
    }
}

impl PublishableKey {
    pub fn parse(text: &str) -> Result<PublishableKey, Refusal> {
        let known = begins(text, &["pk_"]).map(|_| PublishableKey(text.to_owned()));
        known.ok_or_else(|| Refusal::field("publishable_key", sentence!("refusal-gateway-publishable-key")))
    }

    pub fn mode(&self) -> Mode {
        if self.0.starts_with("pk_live_") { Mode::Live } else { Mode::Test }
    }

    pub fn text(&self) -> &str {
        &self.0
    }
}

impl WebhookSecret {
    pub fn parse(text: &str) -> Result<WebhookSecret, Refusal> {
        let is_one = text.strip_prefix("whsec_").is_some_and(|rest| rest.len() >= 16 && text.len() <= 500 && rest.bytes().all(|b| b.is_ascii_graphic()));
        if is_one { Ok(WebhookSecret(text.to_owned())) } else { Err(Refusal::field("webhook_secret", sentence!("refusal-gateway-webhook-secret"))) }
    }

    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.hint())
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("whsec_…")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_told_apart_and_what_is_none_is_refused() {
        for (text, kind, mode) in [
            ("sk_test_4eC39HqLyjWDarjtT1zdp7dc", Kind::Secret, Mode::Test),
            ("sk_live_4eC39HqLyjWDarjtT1zdp7dc", Kind::Secret, Mode::Live),
            ("rk_test_4eC39HqLyjWDarjtT1zdp7dc", Kind::Restricted, Mode::Test),
            ("rk_live_4eC39HqLyjWDarjtT1zdp7dc", Kind::Restricted, Mode::Live),
        ] {
            let key = SecretKey::parse(text).unwrap();
            assert_eq!((key.kind(), key.mode()), (kind, mode));
            assert_eq!(key.hint(), format!("{}…p7dc", &text[..8]));
            assert!(!format!("{key:?}").contains("HqLyj"));
        }
        for not in ["", "sk_test_", "sk_live", "pk_test_4eC3", "sk_prod_4eC3", "sk_test_4eC3\nx: y", "sk_test_é", "whsec_0123456789abcdef"] {
            assert!(SecretKey::parse(not).is_err(), "{not}");
        }
        assert!(PublishableKey::parse("pk_live_4eC3").is_ok_and(|key| key.mode() == Mode::Live));
        assert!(PublishableKey::parse("sk_live_4eC3").is_err());
        assert!(WebhookSecret::parse("whsec_0123456789abcdef").is_ok());
        assert!(WebhookSecret::parse("whsec_").is_err());
    }
}
