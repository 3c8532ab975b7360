//! Every line of interface code that ships to browsers. Islands hold no rules and no words: the server sends formatted text and rendered
//! fragments, and each island makes pleasant what already works as a plain link or form.
//!
//! A first visit has 90 kB for all of them, of which leptos takes 64. What makes islands large: formatting (numbers, dates, `format!` with
//! anything but text), serde of structs instead of text arguments, `view!` of what the server could have sent, resources and suspense.

pub mod chart_reader;
pub mod copy;
pub mod fields;
pub mod live_preview;
