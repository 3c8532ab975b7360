//! Whether a notice is Stripe's: `Stripe-Signature: t=<unix seconds>,v1=<hex>[,v1=<hex>]`, each the HMAC-SHA256 of `<t>.<body>` under the
//! endpoint's secret (two while it is being replaced). Source: <https://docs.stripe.com/webhooks/signature>.

use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use super::keys::WebhookSecret;
use crate::platform::keys::hex;

/// How old a notice may be, and how much a clock may be ahead: what was listened to cannot be played back later.
const TOLERANCE_S: i64 = 300;
/// More signatures than Stripe ever sends are nobody's to count.
const AT_MOST: usize = 8;

/// What the header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    signed_at_s: i64,
    /// SHA-256 each.
    tags: Vec<[u8; 32]>,
}

impl Signature {
    /// `None` where it is none that could be right.
    pub fn parse(header: &str) -> Option<Signature> {
        let mut signed_at_s = None;
        let mut tags = Vec::new();
        for part in header.split(',') {
            match part.split_once('=') {
                Some(("t", seconds)) => signed_at_s = Some(seconds.parse().ok()?),
                Some(("v1", tag)) if tags.len() < AT_MOST => tags.push(bytes(tag)?),
                // Other schemes are Stripe's own matter.
                _ => {}
            }
        }
        Some(Signature { signed_at_s: signed_at_s?, tags }).filter(|signature| !signature.tags.is_empty())
    }

    /// Known before the body is read.
    pub fn is_fresh(&self, now_s: i64) -> bool {
        now_s.saturating_sub(self.signed_at_s).saturating_abs() <= TOLERANCE_S
    }

    /// Compared in constant time.
    pub fn is_of(&self, secret: &WebhookSecret, body: &[u8]) -> bool {
        let mac = mac_of(secret, self.signed_at_s, body);
        self.tags.iter().fold(false, |is_one, tag| mac.clone().verify_slice(tag).is_ok() | is_one)
    }
}

/// The header as Stripe makes it: for whoever stands in for it.
pub fn made(secret: &WebhookSecret, at_s: i64, body: &[u8]) -> String {
    format!("t={at_s},v1={}", hex(&mac_of(secret, at_s, body).finalize().into_bytes()))
}

fn mac_of(secret: &WebhookSecret, at_s: i64, body: &[u8]) -> Hmac<Sha256> {
    let mut mac = <Hmac<Sha256> as hmac::Mac>::new_from_slice(secret.reveal().as_bytes()).expect("HMAC takes keys of any length");
    mac.update(at_s.to_string().as_bytes());
    mac.update(b".");
    mac.update(body);
    mac
}

/// 64 hex digits.
fn bytes(hex: &str) -> Option<[u8; 32]> {
    let mut out = [0; 32];
    if hex.len() != 64 || !hex.is_ascii() {
        return None;
    }
    for (byte, at) in out.iter_mut().zip((0..).step_by(2)) {
        *byte = u8::from_str_radix(hex.get(at..at + 2)?, 16).ok()?;
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> WebhookSecret {
        WebhookSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap()
    }

    /// As its documentation has it, written once more.
    fn signed(at_s: i64, body: &str) -> String {
        let mut mac = <Hmac<Sha256> as hmac::Mac>::new_from_slice(secret().reveal().as_bytes()).unwrap();
        mac.update(format!("{at_s}.{body}").as_bytes());
        hex(&mac.finalize().into_bytes())
    }

    #[test]
    fn only_what_the_secret_signed_is_stripes() {
        let body = r#"{"id":"evt_1"}"#;
        let tag = signed(1_000, body);
        let parsed = Signature::parse(&format!("t=1000,v1={tag},v0=abc")).unwrap();
        assert!(parsed.is_of(&secret(), body.as_bytes()));
        assert_eq!(made(&secret(), 1_000, body.as_bytes()), format!("t=1000,v1={tag}"));
        assert!(!parsed.is_of(&secret(), b"{\"id\":\"evt_2\"}"));
        assert!(!parsed.is_of(&WebhookSecret::parse("whsec_another_secret_0000").unwrap(), body.as_bytes()));
        // Another moment is another message.
        assert!(!Signature::parse(&format!("t=1001,v1={tag}")).unwrap().is_of(&secret(), body.as_bytes()));
        // While a secret is replaced there are two.
        assert!(Signature::parse(&format!("t=1000,v1={},v1={tag}", "0".repeat(64))).unwrap().is_of(&secret(), body.as_bytes()));
    }

    #[test]
    fn a_notice_is_fresh_for_five_minutes() {
        let parsed = Signature::parse(&format!("t=1000,v1={}", "0".repeat(64))).unwrap();
        for (now_s, is_fresh) in [(1_000, true), (1_300, true), (1_301, false), (700, true), (699, false), (i64::MIN, false)] {
            assert_eq!(parsed.is_fresh(now_s), is_fresh, "{now_s}");
        }
    }

    #[test]
    fn what_is_no_signature_is_none() {
        let tag = "0".repeat(64);
        for not in [
            "",
            "t=1000",
            &format!("v1={tag}"),
            "t=1000,v1=abc",
            &format!("t=x,v1={tag}"),
            &format!("t=1000,v1={}é", "0".repeat(62)),
            &format!("t=1000,v1={}", "g".repeat(64)),
        ] {
            assert_eq!(Signature::parse(not), None, "{not}");
        }
    }
}
