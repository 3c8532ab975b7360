//! The address of the usage page: which meter, how finely, which days; read, and written for another period.

use chrono::NaiveDate;

use crate::sentence;
use crate::services::FieldError;
use crate::services::usage::{Ask, By};

/// The address read: what is asked for, and what is wrong with it.
pub(super) struct Asked {
    pub ask: Ask,
    pub is_against: bool,
    /// As typed, so that a range that cannot be is still there to be changed.
    pub from: String,
    pub to: String,
    pub errors: Vec<FieldError>,
}

impl Asked {
    pub const NAMES: [&str; 6] = ["meter", "by", "on", "from", "to", "against"];

    pub fn read(query: &str) -> Asked {
        let mut asked = Asked { ask: Ask::default(), is_against: false, from: String::new(), to: String::new(), errors: Vec::new() };
        let (mut by, mut on) = (None, String::new());
        let mut wrong = |field, sentence| asked.errors.push(FieldError { field, sentence });
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let value = value.trim();
            match &*name {
                _ if value.is_empty() => {}
                "meter" => asked.ask.meter = Some(value.to_owned()),
                "by" => by = Some(value.to_owned()),
                "on" => on = value.to_owned(),
                "from" => asked.from = value.to_owned(),
                "to" => asked.to = value.to_owned(),
                "against" => asked.is_against = true,
                _ => {}
            }
        }
        // A form without the tick says so by all the rest it sends; a plain address has the comparison.
        asked.is_against |= by.is_none();
        asked.ask.by = match by.as_deref() {
            None => None,
            Some("hour") => Some(By::Hour),
            Some("day") => Some(By::Day),
            Some("month") => Some(By::Month),
            Some(_) => {
                wrong("by", sentence!("usage-error-by"));
                None
            }
        };
        let mut date = |field: &'static str, text: &str| match text {
            "" => None,
            text => {
                let date = (text.len() == 10).then(|| text.parse::<NaiveDate>().ok()).flatten();
                if date.is_none() {
                    wrong(field, sentence!("usage-error-date"));
                }
                date
            }
        };
        asked.ask.on = date("on", &on);
        let (from, to) = (date("from", &asked.from), date("to", &asked.to));
        match (from, to) {
            (Some(from), Some(to)) => (asked.ask.days, asked.ask.on) = (Some((from, to)), None),
            (None, Some(_)) if asked.from.is_empty() => wrong("from", sentence!("usage-error-both")),
            (Some(_), None) if asked.to.is_empty() => wrong("to", sentence!("usage-error-both")),
            _ => {}
        }
        asked
    }

    /// What is left of it without what is wrong: the default range.
    pub fn sound(&self) -> Ask {
        Ask { on: None, days: None, by: None, ..self.ask.clone() }
    }

    /// An address with the same choices for another period.
    pub fn address(&self, path: &str, meter: &str, on: Option<NaiveDate>, days: Option<(NaiveDate, NaiveDate)>) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("meter", meter);
        if let Some(by) = self.ask.by {
            query.append_pair("by", by_name(by));
        }
        if let Some(on) = on {
            query.append_pair("on", &on.to_string());
        }
        if let Some((from, to)) = days {
            query.append_pair("from", &from.to_string()).append_pair("to", &to.to_string());
        }
        if self.is_against {
            query.append_pair("against", "on");
        }
        format!("{path}?{}", query.finish())
    }
}

pub(super) fn by_name(by: By) -> &'static str {
    match by {
        By::Hour => "hour",
        By::Day => "day",
        By::Month => "month",
    }
}
