//! Server-rendered parts that every page is made of: the page shell, words, formats of money and dates. No rules, no SQL, no requests.

pub mod chart;
pub mod countries;
pub mod document;
pub mod format;
pub mod lines;
pub mod page;
pub mod parts;
pub mod payment;
pub mod reason;
pub mod sheet;
pub mod shell;
pub mod trouble;
pub mod words;
