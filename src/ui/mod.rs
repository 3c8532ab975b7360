//! Server-rendered parts that every page is made of: the page shell, tables of lines, charts, documents. No rules, no SQL, no requests.

pub mod chart;
pub mod document;
pub mod lines;
pub mod page;
pub mod parts;
pub mod payment;
pub mod reason;
pub mod sheet;
pub mod shell;
pub mod theme;
pub mod trouble;
