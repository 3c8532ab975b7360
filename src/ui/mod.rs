//! Server-rendered parts that every page is made of: the page shell, tables of lines, charts. No rules, no SQL, no requests.

pub mod chart;
pub mod lines;
pub mod page;
pub mod parts;
pub mod payment;
pub mod qr;
pub mod shell;
pub mod trouble;
