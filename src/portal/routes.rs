//! The portal's table of contents as a value, a row an address. The router is made of it, and what must hold at every address (who may come
//! in, whose ids are found, what bad input does) is tested by walking it: a new address can't be forgotten.

use axum::routing::MethodRouter;
use serde::de::{self, DeserializeOwned, Deserializer, Visitor};

use crate::app::App;
use crate::services::embed_sessions::Scope;

use super::framed::{InFrame, Wants};

/// One address.
#[derive(Clone)]
pub struct Route {
    /// As axum writes it: what stands in braces is an id.
    pub path: &'static str,
    pub entry: Entry,
    /// Whether it opens in a frame of a vendor's page.
    pub in_frame: InFrame,
    /// What its query may name.
    pub query: &'static [&'static str],
    /// What its posted form may name.
    pub form: &'static [&'static str],
    pub(super) answers: MethodRouter<App>,
}

/// Who may come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    Anybody,
    /// Who is signed in.
    Member,
}

impl Route {
    /// An address for members, in a window of their own unless more is said.
    pub fn member(path: &'static str, answers: MethodRouter<App>) -> Route {
        Route { path, entry: Entry::Member, in_frame: InFrame::Never, query: &[], form: &[], answers }
    }

    /// An address for those who are not signed in, too.
    pub fn anybody(path: &'static str, answers: MethodRouter<App>) -> Route {
        Route { entry: Entry::Anybody, ..Route::member(path, answers) }
    }

    /// An address where somebody changes how they sign in.
    pub fn credentials(path: &'static str, answers: MethodRouter<App>) -> Route {
        Route { in_frame: InFrame::Credentials, ..Route::member(path, answers) }
    }

    /// It opens in a frame too, where the embed session has all of these scopes.
    pub fn reads(self, scopes: &'static [Scope]) -> Route {
        Route { in_frame: InFrame::Reads(Wants::All(scopes)), ..self }
    }

    /// The same where it has one of them.
    pub fn reads_by_any(self, scopes: &'static [Scope]) -> Route {
        Route { in_frame: InFrame::Reads(Wants::Any(scopes)), ..self }
    }

    /// The same for one where something is decided.
    pub fn acts(self, scopes: &'static [Scope]) -> Route {
        Route { in_frame: InFrame::Acts(Wants::All(scopes)), ..self }
    }

    /// The same where it has one of them.
    pub fn acts_by_any(self, scopes: &'static [Scope]) -> Route {
        Route { in_frame: InFrame::Acts(Wants::Any(scopes)), ..self }
    }

    pub fn query(self, names: &'static [&'static str]) -> Route {
        Route { query: names, ..self }
    }

    pub fn form(self, names: &'static [&'static str]) -> Route {
        Route { form: names, ..self }
    }
}

/// What a form or a query is read by: the names of the struct's fields.
pub fn names<T: DeserializeOwned>() -> &'static [&'static str] {
    match T::deserialize(Asking) {
        Err(Names(names)) => names,
        Ok(_) => &[],
    }
}

/// Asks a type for its fields instead of giving it any.
struct Asking;

#[derive(Debug)]
struct Names(&'static [&'static str]);

impl std::fmt::Display for Names {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

impl std::error::Error for Names {}

impl de::Error for Names {
    fn custom<T: std::fmt::Display>(_: T) -> Names {
        Names(&[])
    }
}

impl<'de> Deserializer<'de> for Asking {
    type Error = Names;

    fn deserialize_struct<V: Visitor<'de>>(self, _: &'static str, fields: &'static [&'static str], _: V) -> Result<V::Value, Names> {
        Err(Names(fields))
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Names> {
        Err(Names(&[]))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct newtype_struct seq tuple
        tuple_struct map enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::names;

    #[derive(serde::Deserialize)]
    #[serde(default)]
    #[derive(Default)]
    struct Form {
        code: String,
        #[serde(rename = "method")]
        by: Option<String>,
    }

    #[test]
    fn a_form_is_known_by_its_fields() {
        assert_eq!(names::<Form>(), ["code", "method"]);
        assert_eq!(names::<String>(), [""; 0]);
    }
}
