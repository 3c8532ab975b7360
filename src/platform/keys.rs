//! The installation's keys (`PORTICO_KEY`): what seals secrets at rest, signs what customers carry, and hashes what is too short to be
//! hashed without a key.
//!
//! A ring of 32-byte keys: the first seals and signs, all open and verify, so a key is replaced by putting a new one in front. Every
//! use has a purpose, and a key of its own derived for it. What is sealed names its key (the first 8 hex digits of the key's hash).

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

use crate::platform::ids::Ids;

/// What a key is used for. Two purposes never share a derived key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    TotpSeed,
    RecoveryCode,
    Quote,
    /// What lies in the outbox and opens accounts.
    Letter,
    /// Secrets that a payment gateway gave us.
    Gateway,
    /// What programs were answered, kept to be answered again.
    Answer,
}

impl Purpose {
    fn label(self) -> &'static [u8] {
        match self {
            Purpose::TotpSeed => b"portico/totp-seed",
            Purpose::RecoveryCode => b"portico/recovery-code",
            Purpose::Letter => b"portico/letter",
            Purpose::Quote => b"portico/quote",
            Purpose::Gateway => b"portico/gateway",
            Purpose::Answer => b"portico/answer",
        }
    }
}

#[derive(Clone)]
struct Key {
    name: String,
    bytes: [u8; 32],
}

/// The ring. Its `Debug` shows names, never keys.
#[derive(Clone)]
pub struct Keys(Vec<Key>);

#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("PORTICO_KEY must be 32 bytes in base64 (make one with: openssl rand -base64 32); several, separated by commas, the newest first")]
    Malformed,
    #[error("PORTICO_KEY is the example key; make your own with: openssl rand -base64 32")]
    Example,
    #[error("sealed under a key that this installation does not have ({0}); add that key to PORTICO_KEY")]
    Unknown(String),
    #[error("a sealed value does not open: it was changed, or moved from another record")]
    Damaged,
}

impl Keys {
    /// Reads `base64[,base64 …]`.
    pub fn parse(text: &str) -> Result<Keys, KeyError> {
        let keys: Vec<Key> = text.split(',').map(|part| Key::parse(part.trim())).collect::<Result<_, _>>()?;
        if keys.is_empty() { Err(KeyError::Malformed) } else { Ok(Keys(keys)) }
    }

    /// A ring of one new key, and its text for a key file.
    pub fn generate(ids: &Ids) -> (Keys, String) {
        let bytes = ids.secret::<32>();
        (Keys(vec![Key::new(bytes)]), STANDARD.encode(bytes))
    }

    /// Encrypts `plain`; `context` (vendor, record) must be given again to open it, so a value moved to another record does not open.
    pub fn seal(&self, ids: &Ids, purpose: Purpose, context: &[&str], plain: &[u8]) -> String {
        let key = &self.0[0];
        let nonce = ids.secret::<24>();
        let cipher = XChaCha20Poly1305::new((&key.derive(purpose)).into());
        let aad = join(context);
        let sealed = cipher.encrypt(XNonce::from_slice(&nonce), Payload { msg: plain, aad: &aad }).expect("the cipher takes messages of this size");
        format!("{}.{}.{}", key.name, URL_SAFE_NO_PAD.encode(nonce), URL_SAFE_NO_PAD.encode(sealed))
    }

    pub fn open(&self, purpose: Purpose, context: &[&str], sealed: &str) -> Result<Vec<u8>, KeyError> {
        let mut parts = sealed.splitn(3, '.');
        let (Some(name), Some(nonce), Some(text)) = (parts.next(), parts.next(), parts.next()) else { return Err(KeyError::Damaged) };
        let key = self.0.iter().find(|key| key.name == name).ok_or_else(|| KeyError::Unknown(name.to_owned()))?;
        let nonce: [u8; 24] = URL_SAFE_NO_PAD.decode(nonce).ok().and_then(|n| n.try_into().ok()).ok_or(KeyError::Damaged)?;
        let text = URL_SAFE_NO_PAD.decode(text).map_err(|_| KeyError::Damaged)?;
        let cipher = XChaCha20Poly1305::new((&key.derive(purpose)).into());
        let aad = join(context);
        cipher.decrypt(XNonce::from_slice(&nonce), Payload { msg: &text, aad: &aad }).map_err(|_| KeyError::Damaged)
    }

    /// True where `sealed` is under the newest key; else it should be sealed again.
    pub fn is_current(&self, sealed: &str) -> bool {
        sealed.split('.').next() == Some(self.0[0].name.as_str())
    }

    /// A keyed hash under the newest key, its key's name in front: a signature, or a hash of a short secret.
    pub fn sign(&self, purpose: Purpose, message: &[u8]) -> String {
        self.0[0].mac(purpose, message)
    }

    /// Under every key of the ring, newest first: to find a stored hash whichever key made it.
    pub fn sign_by_all(&self, purpose: Purpose, message: &[u8]) -> Vec<String> {
        self.0.iter().map(|key| key.mac(purpose, message)).collect()
    }

    /// Checks a signature in constant time.
    pub fn is_signed(&self, purpose: Purpose, message: &[u8], signature: &str) -> bool {
        let Some((name, tag)) = signature.split_once('.') else { return false };
        let Some(key) = self.0.iter().find(|key| key.name == name) else { return false };
        let Ok(tag) = URL_SAFE_NO_PAD.decode(tag) else { return false };
        key.hmac(purpose, message).verify_slice(&tag).is_ok()
    }
}

impl Key {
    fn new(bytes: [u8; 32]) -> Key {
        let name = hex(&Sha256::digest(bytes)[..4]);
        Key { name, bytes }
    }

    fn parse(text: &str) -> Result<Key, KeyError> {
        let bytes: [u8; 32] = STANDARD.decode(text).ok().and_then(|b| b.try_into().ok()).ok_or(KeyError::Malformed)?;
        if bytes.iter().all(|b| *b == bytes[0]) { Err(KeyError::Example) } else { Ok(Key::new(bytes)) }
    }

    fn derive(&self, purpose: Purpose) -> [u8; 32] {
        let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(&self.bytes).expect("HMAC takes keys of any length");
        mac.update(purpose.label());
        mac.finalize().into_bytes().into()
    }

    fn hmac(&self, purpose: Purpose, message: &[u8]) -> Hmac<Sha256> {
        let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(&self.derive(purpose)).expect("HMAC takes keys of any length");
        mac.update(message);
        mac
    }

    fn mac(&self, purpose: Purpose, message: &[u8]) -> String {
        format!("{}.{}", self.name, URL_SAFE_NO_PAD.encode(self.hmac(purpose, message).finalize().into_bytes()))
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|key| &key.name)).finish()
    }
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        use std::fmt::Write as _;
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// SHA-256 in hex: how tokens of full strength (256 bit) are kept.
pub fn fingerprint(token: &str) -> String {
    hex(&Sha256::digest(token.as_bytes()))
}

/// Parts with their lengths, so that no two lists join to the same bytes.
fn join(parts: &[&str]) -> Vec<u8> {
    let mut out = Vec::new();
    for part in parts {
        out.extend_from_slice(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        out.extend_from_slice(part.as_bytes());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(seed: u64) -> (Keys, String) {
        Keys::generate(&Ids::seeded(seed))
    }

    #[test]
    fn a_sealed_value_opens_only_where_it_belongs_and_unchanged() {
        let ids = Ids::seeded(1);
        let (keys, _) = keys(2);
        let sealed = keys.seal(&ids, Purpose::TotpSeed, &["ven_1", "idn_1"], b"seed");
        assert_eq!(keys.open(Purpose::TotpSeed, &["ven_1", "idn_1"], &sealed).unwrap(), b"seed");
        assert!(keys.open(Purpose::TotpSeed, &["ven_1", "idn_2"], &sealed).is_err());
        assert!(keys.open(Purpose::TotpSeed, &["ven_1i", "dn_1"], &sealed).is_err());
        assert!(keys.open(Purpose::Gateway, &["ven_1", "idn_1"], &sealed).is_err());
        let mut bytes = sealed.into_bytes();
        let last = bytes.len() - 3;
        bytes[last] = if bytes[last] == b'A' { b'B' } else { b'A' };
        assert!(keys.open(Purpose::TotpSeed, &["ven_1", "idn_1"], std::str::from_utf8(&bytes).unwrap()).is_err());
    }

    #[test]
    fn a_new_key_in_front_seals_and_the_old_one_still_opens() {
        let ids = Ids::seeded(1);
        let (old, old_text) = keys(2);
        let (_, new_text) = keys(3);
        let sealed = old.seal(&ids, Purpose::TotpSeed, &["v"], b"seed");
        let signature = old.sign(Purpose::Quote, b"quote");
        let ring = Keys::parse(&format!("{new_text},{old_text}")).unwrap();
        assert_eq!(ring.open(Purpose::TotpSeed, &["v"], &sealed).unwrap(), b"seed");
        assert!(!ring.is_current(&sealed));
        assert!(ring.is_signed(Purpose::Quote, b"quote", &signature));
        assert!(!ring.is_signed(Purpose::Quote, b"other", &signature));
        let only_new = Keys::parse(&new_text).unwrap();
        assert!(matches!(only_new.open(Purpose::TotpSeed, &["v"], &sealed), Err(KeyError::Unknown(_))));
    }

    #[test]
    fn a_key_that_is_short_or_an_example_is_refused() {
        assert!(matches!(Keys::parse(""), Err(KeyError::Malformed)));
        assert!(matches!(Keys::parse("c2hvcnQ="), Err(KeyError::Malformed)));
        assert!(matches!(Keys::parse(&STANDARD.encode([0u8; 32])), Err(KeyError::Example)));
        assert!(!format!("{:?}", keys(2).0).contains(&keys(2).1));
    }
}
