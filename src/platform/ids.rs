//! Ids and randomness, injected so that a story run twice is the same story.
//!
//! An id is a prefix that names its noun and a UUIDv7 without hyphens (`inv_0192…`): it sorts by time of making and says what it is
//! of. Ids that one process makes in the same millisecond sort in the order they were made, so that “the oldest first” means the same
//! where a story's clock stands still as where it runs. Secrets (tokens, codes) come from [`Ids::secret`]; no other code asks for randomness.

use std::sync::Mutex;

use sha2::{Digest, Sha256};

/// Where ids and random bytes come from.
pub struct Ids {
    source: Source,
    /// Millisecond and count of the last id.
    last: Mutex<(u64, u64)>,
}

/// How many bits of an id count within its millisecond. The count starts anywhere in the lower half, so that two processes do not meet.
const COUNT_BITS: u32 = 58;

enum Source {
    System,
    /// Counts and hashes: for simulation only, where the same seed must give the same bytes.
    Seeded(Mutex<(u64, u64)>),
}

impl Ids {
    pub fn system() -> Ids {
        Ids::from(Source::System)
    }

    pub fn seeded(seed: u64) -> Ids {
        Ids::from(Source::Seeded(Mutex::new((seed, 0))))
    }

    fn from(source: Source) -> Ids {
        Ids { source, last: Mutex::new((0, 0)) }
    }

    /// A new id of the noun that `prefix` names, made at wall time `now_ms`.
    pub fn next(&self, prefix: &str, now_ms: i64) -> String {
        let millis = u64::try_from(now_ms).unwrap_or_default();
        let count = self.count(millis);
        let mut random = [0u8; 10];
        self.fill(&mut random);
        // Around the version (four bits of the first byte) and the variant (two of the third), which the builder sets.
        let [.., a, b] = ((count >> 46) & 0xfff).to_be_bytes();
        let [.., c] = ((count >> 40) & 0x3f).to_be_bytes();
        let [_, _, _, d, e, f, g, h] = (count & 0xff_ffff_ffff).to_be_bytes();
        random[..8].copy_from_slice(&[a, b, c, d, e, f, g, h]);
        let uuid = uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid();
        format!("{prefix}_{}", uuid.simple())
    }

    fn count(&self, millis: u64) -> u64 {
        let mut last = self.last.lock().expect("no holder of this lock can panic");
        let count = if last.0 == millis { last.1 + 1 } else { u64::from_be_bytes(self.secret()) >> (64 - COUNT_BITS + 1) };
        *last = (millis, count);
        count
    }

    /// `N` unpredictable bytes.
    pub fn secret<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0u8; N];
        self.fill(&mut bytes);
        bytes
    }

    fn fill(&self, bytes: &mut [u8]) {
        match &self.source {
            Source::System => getrandom::fill(bytes).expect("the operating system gives random bytes"),
            Source::Seeded(state) => {
                let mut state = state.lock().expect("no holder of this lock can panic");
                for chunk in bytes.chunks_mut(32) {
                    state.1 += 1;
                    let mut hash = Sha256::new();
                    hash.update(state.0.to_le_bytes());
                    hash.update(state.1.to_le_bytes());
                    chunk.copy_from_slice(&hash.finalize()[..chunk.len()]);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_later_moments_sort_later_and_seeds_repeat() {
        let ids = Ids::system();
        assert!(ids.next("inv", 1_000) < ids.next("inv", 2_000));
        assert_eq!(Ids::seeded(7).next("cus", 5), Ids::seeded(7).next("cus", 5));
        assert_ne!(Ids::seeded(7).next("cus", 5), Ids::seeded(8).next("cus", 5));
    }

    #[test]
    fn ids_of_one_millisecond_sort_as_they_were_made() {
        for ids in [Ids::system(), Ids::seeded(7)] {
            let made: Vec<String> = (0..2_000).map(|_| ids.next("inv", 1_700_000_000_000)).collect();
            assert!(made.is_sorted());
            assert!(made.iter().all(|id| id.len() == "inv_".len() + 32 && id.as_bytes()[16] == b'7'), "{}", made[0]);
        }
    }
}
