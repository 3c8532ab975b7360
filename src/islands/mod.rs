//! Every line of interface code that ships to browsers. Islands hold no rules and no words: the server sends formatted text and rendered
//! fragments, and each island makes pleasant what already works as a plain link or form.

pub mod chart_reader;
pub mod copy;
pub mod fields;
pub mod live_preview;
