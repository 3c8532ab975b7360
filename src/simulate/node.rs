//! JSON with places: every value knows its pointer (RFC 6901), and whatever is wrong with it is said there, in one line.
//!
//! A tree of our own instead of `serde_json::Value`, because that one forgets members given twice and turns large numbers into
//! floating point. What deliberately does not live here: what a scenario's fields are (`input`).

use std::fmt;

use billing::calendar::Instant;
use billing::money::Currency;
use chrono::{DateTime, Datelike, NaiveDate, Timelike, Utc};
use rust_decimal::Decimal;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::services::catalog;

/// Why a scenario is none: where, and what is wrong there. Its `Display` is one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    pub pointer: String,
    pub reason: String,
}

impl std::error::Error for Wrong {}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pointer = if self.pointer.is_empty() { "/" } else { &self.pointer };
        write!(f, "{}: {}", one_line(pointer), one_line(&self.reason))
    }
}

type Read<T> = Result<T, Wrong>;

/// Amounts stay below this, so that no sum of a story comes near the end of 64 bits.
const LARGEST_AMOUNT: i64 = 1_000_000_000_000_000;
const LONGEST_TEXT: usize = 200;
/// Stories lie between these years: what is outside is a slip of the pen, not a plan.
const INSTANT_YEARS: std::ops::RangeInclusive<i32> = 1970..=2199;
const DATE_YEARS: std::ops::RangeInclusive<i32> = 1900..=2199;

#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    Null,
    Bool(bool),
    Int(i64),
    /// A number that is not whole, or too large: no field takes one, so its value is not kept.
    OtherNumber,
    Text(String),
    List(Vec<Json>),
    /// As written, members given twice included.
    Object(Vec<(String, Json)>),
}

impl Json {
    pub fn parse(bytes: &[u8]) -> Read<Json> {
        serde_json::from_slice(bytes).map_err(|error| Wrong { pointer: String::new(), reason: format!("is not JSON: {error}") })
    }

    fn kind(&self) -> &'static str {
        match self {
            Json::Null => "null",
            Json::Bool(_) => "true or false",
            Json::Int(_) => "a number",
            Json::OtherNumber => "a number that is not whole, or too large",
            Json::Text(_) => "text",
            Json::List(_) => "a list",
            Json::Object(_) => "an object",
        }
    }
}

/// A value and where it stands.
#[derive(Clone, Debug)]
pub struct Node<'a> {
    json: &'a Json,
    pointer: String,
}

impl<'a> Node<'a> {
    pub fn root(json: &'a Json) -> Node<'a> {
        Node { json, pointer: String::new() }
    }

    pub fn wrong(&self, reason: impl Into<String>) -> Wrong {
        Wrong { pointer: self.pointer.clone(), reason: reason.into() }
    }

    fn expected<T>(&self, what: &str) -> Read<T> {
        Err(self.wrong(format!("must be {what}, not {}", self.json.kind())))
    }

    pub fn is_text(&self) -> bool {
        matches!(self.json, Json::Text(_))
    }

    pub fn is_whole_number(&self) -> bool {
        matches!(self.json, Json::Int(_))
    }

    fn child(&self, key: impl fmt::Display, json: &'a Json) -> Node<'a> {
        let key = key.to_string().replace('~', "~0").replace('/', "~1");
        Node { json, pointer: format!("{}/{key}", self.pointer) }
    }

    /// An object with no members but these, none of them twice.
    pub fn object(&self, known: &[&str]) -> Read<Object<'a>> {
        let Json::Object(members) = self.json else { return self.expected("an object") };
        for (index, (key, value)) in members.iter().enumerate() {
            let here = self.child(key, value);
            if !known.contains(&key.as_str()) {
                return Err(here.wrong(format!("is not a field here; known are {}", known.join(", "))));
            }
            if members.iter().take(index).any(|(earlier, _)| earlier == key) {
                return Err(here.wrong("is given twice"));
            }
        }
        Ok(Object { node: self.clone(), members })
    }

    /// One member of an object that decides what the others may be.
    pub fn member(&self, key: &'static str) -> Read<Node<'a>> {
        let Json::Object(members) = self.json else { return self.expected("an object") };
        let found = members.iter().find(|(name, _)| name == key);
        found.map(|(_, value)| self.child(key, value)).ok_or_else(|| missing(self, key))
    }

    pub fn list(&self) -> Read<Vec<Node<'a>>> {
        let Json::List(items) = self.json else { return self.expected("a list") };
        Ok(items.iter().enumerate().map(|(index, item)| self.child(index, item)).collect())
    }

    pub fn flag(&self) -> Read<bool> {
        if let Json::Bool(flag) = self.json { Ok(*flag) } else { self.expected("true or false") }
    }

    pub fn text(&self) -> Read<&'a str> {
        let Json::Text(text) = self.json else { return self.expected("text") };
        if text.trim().is_empty() {
            return Err(self.wrong("must not be empty"));
        }
        if text.chars().count() > LONGEST_TEXT {
            return Err(self.wrong(format!("must not be longer than {LONGEST_TEXT} characters")));
        }
        if text.chars().any(char::is_control) {
            return Err(self.wrong("must not hold control characters"));
        }
        Ok(text)
    }

    /// What the catalogue takes as a key.
    pub fn key(&self) -> Read<&'a str> {
        let text = self.text()?;
        if catalog::is_key(text) { Ok(text) } else { Err(self.wrong(format!("must be a key: at most {} bytes without spaces", catalog::MOST_KEY))) }
    }

    pub fn whole(&self) -> Read<i64> {
        if let Json::Int(number) = self.json { Ok(*number) } else { self.expected("a whole number") }
    }

    /// A whole number in a range that fits 32 bits.
    pub fn between(&self, from: u32, to: u32) -> Read<u32> {
        let number = self.whole()?;
        let outside = || self.wrong(format!("must lie between {from} and {to}, not be {number}"));
        u32::try_from(number).ok().filter(|number| (from..=to).contains(number)).ok_or_else(outside)
    }

    /// Minor units, zero or more.
    pub fn amount(&self) -> Read<i64> {
        let Json::Int(amount) = self.json else { return self.expected("an amount in whole minor units") };
        if *amount < 0 {
            return Err(self.wrong("must not be negative"));
        }
        if *amount >= LARGEST_AMOUNT {
            return Err(self.wrong("is too large"));
        }
        Ok(*amount)
    }

    pub fn amount_above_zero(&self) -> Read<i64> {
        match self.amount()? {
            0 => Err(self.wrong("must be above zero")),
            amount => Ok(amount),
        }
    }

    /// A decimal as text, or a whole number.
    pub fn decimal(&self) -> Read<Decimal> {
        let text = match self.json {
            Json::Int(number) => return Ok(Decimal::from(*number)),
            Json::Text(text) => text.as_str(),
            _ => return self.expected("a decimal as text, or a whole number"),
        };
        let digits = text.strip_prefix('-').unwrap_or(text);
        let is_plain = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        let has_form = match digits.split_once('.') {
            None => is_plain(digits),
            Some((whole, fraction)) => is_plain(whole) && is_plain(fraction),
        };
        if !has_form {
            return Err(self.wrong(format!("“{text}” is not a decimal such as \"12\" or \"0.25\"")));
        }
        Decimal::from_str_exact(text).map(|d| d.normalize()).map_err(|_| self.wrong(format!("“{text}” is too large or too fine")))
    }

    pub fn decimal_not_negative(&self) -> Read<Decimal> {
        let decimal = self.decimal()?;
        if decimal < Decimal::ZERO { Err(self.wrong("must not be negative")) } else { Ok(decimal) }
    }

    pub fn currency(&self) -> Read<Currency> {
        Currency::from_code(self.text()?).map_err(|error| self.wrong(error.to_string()))
    }

    /// RFC 3339, whole seconds, in a year people bill in.
    pub fn instant(&self) -> Read<Instant> {
        let text = self.text()?;
        let parsed = DateTime::parse_from_rfc3339(text).map_err(|_| self.wrong(format!("“{text}” is not an instant such as 2024-01-10T09:00:00Z")))?;
        let instant = parsed.with_timezone(&Utc);
        if instant.nanosecond() != 0 {
            return Err(self.wrong(format!("“{text}” must be of whole seconds")));
        }
        if !INSTANT_YEARS.contains(&instant.year()) {
            return Err(self.wrong(format!("“{text}” must lie in the years {} to {}", INSTANT_YEARS.start(), INSTANT_YEARS.end())));
        }
        Ok(instant)
    }

    pub fn date(&self) -> Read<NaiveDate> {
        let text = self.text()?;
        let has_form = text.len() == 10 && text.bytes().enumerate().all(|(at, b)| if at == 4 || at == 7 { b == b'-' } else { b.is_ascii_digit() });
        let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|_| has_form);
        let date = date.ok_or_else(|| self.wrong(format!("“{text}” is not a date such as 2024-01-31")))?;
        if !DATE_YEARS.contains(&date.year()) {
            return Err(self.wrong(format!("“{text}” must lie in the years {} to {}", DATE_YEARS.start(), DATE_YEARS.end())));
        }
        Ok(date)
    }

    /// One of a few words.
    pub fn word<T: Copy>(&self, words: &[(&str, T)]) -> Read<T> {
        let text = self.text()?;
        let found = words.iter().find(|(word, _)| *word == text);
        let known = || words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ");
        found.map(|(_, value)| *value).ok_or_else(|| self.wrong(format!("“{text}” is not one of {}", known())))
    }
}

/// An object whose members are all known.
pub struct Object<'a> {
    pub node: Node<'a>,
    members: &'a [(String, Json)],
}

impl<'a> Object<'a> {
    /// The member, unless it is absent or null.
    pub fn get(&self, key: &str) -> Option<Node<'a>> {
        let (_, value) = self.members.iter().find(|(name, value)| name == key && *value != Json::Null)?;
        Some(self.node.child(key, value))
    }

    pub fn need(&self, key: &str) -> Read<Node<'a>> {
        self.get(key).ok_or_else(|| missing(&self.node, key))
    }

    /// The items of a list that may be absent.
    pub fn items(&self, key: &str) -> Read<Vec<Node<'a>>> {
        self.get(key).map_or(Ok(Vec::new()), |node| node.list())
    }

    /// Refuses a member that goes with something else only.
    pub fn refuse(&self, key: &str, reason: &str) -> Read<()> {
        self.get(key).map_or(Ok(()), |node| Err(node.wrong(reason)))
    }
}

fn missing(node: &Node<'_>, key: &str) -> Wrong {
    Wrong { pointer: format!("{}/{key}", node.pointer), reason: "is missing".to_owned() }
}

/// What somebody typed may hold line ends; a refusal may not.
pub fn one_line(text: &str) -> String {
    text.chars().flat_map(|c| if c.is_control() { c.escape_default().collect::<Vec<_>>() } else { vec![c] }).collect()
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Json, D::Error> {
        deserializer.deserialize_any(Tree)
    }
}

struct Tree;

impl<'de> Visitor<'de> for Tree {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Int(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(i64::try_from(value).map_or(Json::OtherNumber, Json::Int))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Json, E> {
        Ok(Json::OtherNumber)
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Json, E> {
        Ok(Json::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Json, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Json::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Json::Object(members))
    }
}
