//! What was read of vendors' settings (catalogue, rates, policies), kept from one desk to the next. Every change of them raises the
//! vendor's revision, by whichever process, and a desk asks for that once: what is kept of another revision is not looked at.

use std::collections::HashMap;
use std::sync::RwLock;

use super::desk::Answers;

/// So many answers of a vendor are kept at most: its plans, and tax and exchange rates by country and currency.
const MOST: usize = 2_000;

/// By vendor.
#[derive(Default)]
pub struct KeptSettings(RwLock<HashMap<String, Kept>>);

struct Kept {
    revision: i64,
    answers: Answers,
}

impl KeptSettings {
    /// What was kept of a vendor's settings as a revision has them.
    pub(super) fn recall<T: Clone + 'static>(&self, vendor_id: &str, revision: i64, question: &'static str, of: &str) -> Option<T> {
        let vendors = self.0.read().expect("no holder of this lock can panic");
        let kept = vendors.get(vendor_id).filter(|kept| kept.revision == revision)?;
        kept.answers.get(&(question, of.to_owned()))?.downcast_ref().cloned()
    }

    /// Keeps answers; those of an older revision than others that are kept are let go.
    pub(super) fn keep(&self, vendor_id: &str, revision: i64, answers: Answers) {
        let mut vendors = self.0.write().expect("no holder of this lock can panic");
        let vendor = vendors.entry(vendor_id.to_owned()).or_insert_with(|| Kept { revision, answers: Answers::new() });
        if vendor.revision > revision {
            return;
        }
        if vendor.revision < revision || vendor.answers.len() >= MOST {
            *vendor = Kept { revision, answers: Answers::new() };
        }
        vendor.answers.extend(answers);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::desk::answer;

    fn of(country: &str, percent: i64) -> Answers {
        let mut answers = Answers::new();
        answer(&mut answers, "rate", country, percent);
        answers
    }

    #[test]
    fn what_was_kept_holds_for_its_own_revision_and_vendor() {
        let kept = KeptSettings::default();
        kept.keep("one", 1, of("AT", 20));
        assert_eq!(kept.recall("one", 1, "rate", "AT"), Some(20_i64));
        assert_eq!(kept.recall::<i64>("one", 2, "rate", "AT"), None);
        assert_eq!(kept.recall::<i64>("other", 1, "rate", "AT"), None);
        assert_eq!(kept.recall::<i64>("one", 1, "rate", "DE"), None);

        kept.keep("one", 2, of("AT", 21));
        // Somebody who began before the change is late.
        kept.keep("one", 1, of("DE", 19));
        assert_eq!(kept.recall("one", 2, "rate", "AT"), Some(21_i64));
        assert_eq!(kept.recall::<i64>("one", 1, "rate", "AT"), None);
        assert_eq!(kept.recall::<i64>("one", 2, "rate", "DE"), None);
    }
}
