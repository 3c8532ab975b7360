//! The words of the product: one Fluent catalogue a language, inside the program, never sent to browsers.
//!
//! A page asks by key: `t!(w, "overview-title")`, `t!(w, "seats-more", count = 2)`. Sentences with emphasis are asked for by
//! `rich!`, which escapes the arguments and gives HTML for `inner_html`. Who does not know the reader makes a [`Sentence`] by
//! `sentence!`, for a door to say. A test holds that every key asked for exists, and that no key is left over.

pub mod countries;
pub mod discount;
pub mod format;
pub mod reason;
pub mod scale;
mod sentence;
mod typed;

pub use sentence::Sentence;
pub use typed::Mistyped;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{LazyLock, OnceLock};

use chrono::NaiveDate;
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};

use format::Dates;

static CATALOGUES: LazyLock<HashMap<&'static str, Catalogue>> =
    LazyLock::new(|| [("en", include_str!("en.ftl"))].into_iter().map(|(language, text)| (language, Catalogue::new(language, text))).collect());

/// A language beside those the program has: see [`teach`].
static TAUGHT: OnceLock<Catalogue> = OnceLock::new();

/// Teaches this process one more language, once: for stories told while there is one, as `Scripted` is a bank for stories.
pub fn teach(language: &'static str, text: &str) {
    TAUGHT.get_or_init(|| Catalogue::new(language, text));
}

struct Catalogue {
    language: &'static str,
    bundle: FluentBundle<FluentResource>,
    /// Read from the bundle when the first figure is written.
    marks: OnceLock<format::Marks>,
}

impl Catalogue {
    fn new(language: &'static str, text: &str) -> Catalogue {
        Catalogue { language, bundle: bundle(language, text), marks: OnceLock::new() }
    }
}

fn bundle(language: &str, text: &str) -> FluentBundle<FluentResource> {
    let resource = FluentResource::try_new(text.to_owned()).unwrap_or_else(|(_, errors)| panic!("words/{language}.ftl: {errors:?}"));
    let mut bundle = FluentBundle::new_concurrent(vec![language.parse().expect("a language tag")]);
    // The marks would be copied along with amounts and invoice numbers.
    bundle.set_use_isolating(false);
    bundle.add_resource(resource).unwrap_or_else(|errors| panic!("words/{language}.ftl: {errors:?}"));
    bundle
}

/// The words of one language.
#[derive(Clone, Copy)]
pub struct Words(&'static Catalogue);

impl Words {
    /// Of the best language there is for a locale such as `en-GB`; English where none fits.
    pub fn of(locale: &str) -> Words {
        let language = locale.split('-').next().unwrap_or_default();
        let taught = || TAUGHT.get().filter(|taught| taught.language == language);
        Words(CATALOGUES.get(language).or_else(taught).unwrap_or_else(|| &CATALOGUES["en"]))
    }

    /// The language they are of, as pages and letters name it.
    pub fn language(&self) -> &'static str {
        self.0.language
    }

    fn marks(&self) -> &'static format::Marks {
        self.0.marks.get_or_init(|| format::Marks::of(*self))
    }

    /// Used by `t!`. What a language has no words for is said in English. A key that English has not comes back as itself: ugly, harmless, and
    /// a test fails.
    pub fn say(&self, key: &str, args: &[(&'static str, Arg)]) -> String {
        self.format(key, args, |text| Cow::Borrowed(text))
    }

    /// Used by `rich!`: HTML, the arguments escaped.
    pub fn html(&self, key: &str, args: &[(&'static str, Arg)]) -> String {
        self.format(key, args, |text| Cow::Owned(escape(text)))
    }

    fn format(&self, key: &str, args: &[(&'static str, Arg)], treat: impl for<'a> Fn(&'a str) -> Cow<'a, str>) -> String {
        // Words and the rules of their language go together: which plural, and how figures are written.
        let has_words = |catalogue: &Catalogue| catalogue.bundle.get_message(key).is_some_and(|message| message.value().is_some());
        let catalogue = if has_words(self.0) { self.0 } else { &CATALOGUES["en"] };
        let Some(pattern) = catalogue.bundle.get_message(key).and_then(|message| message.value()) else { return key.to_owned() };
        let fluent = (!args.is_empty()).then(|| {
            let mut fluent = FluentArgs::with_capacity(args.len());
            for (name, value) in args {
                fluent.set(
                    *name,
                    match value {
                        Arg::Text(text) => FluentValue::from(treat(text).into_owned()),
                        Arg::Count(n) => FluentValue::from(*n),
                        Arg::Money(amount_minor, currency) => FluentValue::from(treat(&self.money(*amount_minor, currency)).into_owned()),
                        Arg::Day(day) => FluentValue::from(treat(&Dates::new(*self, chrono_tz::UTC).day_year_of(*day)).into_owned()),
                        Arg::Sentence(sentence) => FluentValue::from(treat(&self.tell(sentence)).into_owned()),
                    },
                );
            }
            fluent
        });
        catalogue.bundle.format_pattern(pattern, fluent.as_ref(), &mut Vec::new()).into_owned()
    }
}

/// What goes into a sentence: text that is formatted already, a count that chooses the plural, or what only the reader's language can say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arg {
    Text(String),
    Count(i64),
    /// Minor units of a currency.
    Money(i64, String),
    /// A day of the calendar, which no zone moves.
    Day(NaiveDate),
    Sentence(Sentence),
}

impl From<&str> for Arg {
    fn from(text: &str) -> Arg {
        Arg::Text(text.to_owned())
    }
}
impl From<String> for Arg {
    fn from(text: String) -> Arg {
        Arg::Text(text)
    }
}
impl From<&String> for Arg {
    fn from(text: &String) -> Arg {
        Arg::Text(text.clone())
    }
}
/// An amount of minor units and the code of its currency.
impl From<(i64, &str)> for Arg {
    fn from((amount_minor, currency): (i64, &str)) -> Arg {
        Arg::Money(amount_minor, currency.to_owned())
    }
}
impl From<NaiveDate> for Arg {
    fn from(day: NaiveDate) -> Arg {
        Arg::Day(day)
    }
}
impl From<Sentence> for Arg {
    fn from(sentence: Sentence) -> Arg {
        Arg::Sentence(sentence)
    }
}
impl From<i64> for Arg {
    fn from(n: i64) -> Arg {
        Arg::Count(n)
    }
}
impl From<u32> for Arg {
    fn from(n: u32) -> Arg {
        Arg::Count(n.into())
    }
}
impl From<usize> for Arg {
    /// Of things held in memory there are never more than an `i64` counts.
    fn from(n: usize) -> Arg {
        Arg::Count(i64::try_from(n).unwrap_or(i64::MAX))
    }
}

/// Text made safe to stand in HTML, in attributes too.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// Plain text: `t!(words, "key", name = value)`.
#[macro_export]
macro_rules! t {
    ($words:expr, $key:literal $(, $name:ident = $value:expr)* $(,)?) => {
        $words.say($key, &[$((stringify!($name), $crate::words::Arg::from($value))),*])
    };
}

/// HTML with the arguments escaped: `<h1 inner_html=rich!(words, "key", amount = value) />`.
#[macro_export]
macro_rules! rich {
    ($words:expr, $key:literal $(, $name:ident = $value:expr)* $(,)?) => {
        $words.html($key, &[$((stringify!($name), $crate::words::Arg::from($value))),*])
    };
}

/// A sentence for a reader who is not known yet: `sentence!("key", name = value)`.
#[macro_export]
macro_rules! sentence {
    ($key:literal $(, $name:ident = $value:expr)* $(,)?) => {
        $crate::words::Sentence::new($key, vec![$((stringify!($name), $crate::words::Arg::from($value))),*])
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::Path;

    #[test]
    fn every_word_asked_for_exists_and_none_is_left_over() {
        let mut asked = BTreeSet::new();
        collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut asked);
        let there: BTreeSet<String> = include_str!("en.ftl")
            .lines()
            .filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()))
            .filter_map(|line| line.split_once(" =").map(|(key, _)| key.to_owned()))
            .collect();
        assert_eq!(asked.difference(&there).collect::<Vec<_>>(), Vec::<&String>::new(), "asked for, not in en.ftl");
        assert_eq!(there.difference(&asked).collect::<Vec<_>>(), Vec::<&String>::new(), "in en.ftl, never asked for");
    }

    /// Keys in `t!(w, "key"`, `rich!(w, "key"` and `sentence!("key"`, wherever they stand under `dir`.
    fn collect(dir: &Path, keys: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, keys);
            } else if path.extension().is_some_and(|e| e == "rs") && !path.ends_with("words/mod.rs") {
                let source = std::fs::read_to_string(&path).unwrap();
                for (opening, names_words) in [("t!(", true), ("rich!(", true), ("sentence!(", false)] {
                    for (at, _) in source.match_indices(opening) {
                        if source[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_') {
                            continue;
                        }
                        let call = &source[at + opening.len()..];
                        let Some((_, rest)) = (if names_words { call.split_once(',') } else { Some(("", call)) }) else { continue };
                        let Some(rest) = rest.trim_start().strip_prefix('"') else { continue };
                        keys.insert(rest[..rest.find('"').unwrap()].to_owned());
                    }
                }
            }
        }
    }

    #[test]
    fn arguments_of_a_rich_sentence_cannot_become_markup() {
        assert_eq!(escape("<b onclick='x'>&\""), "&lt;b onclick=&#39;x&#39;&gt;&amp;&quot;");
    }
}
