//! A sentence that nobody has said yet. Rooms know what is to be said and not to whom: they give its key and what goes into it, and the
//! door says it in the language of its reader.

use std::fmt;

use crate::words::{Arg, Words};

/// A key of the catalogues with its arguments, made by `sentence!`. `Display` says it in English: for logs, for the command line, and
/// for the API, whose readers are programs and those who write them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sentence {
    key: &'static str,
    args: Vec<(&'static str, Arg)>,
}

impl Sentence {
    /// Used by `sentence!`, which lets a test see the key.
    pub fn new(key: &'static str, args: Vec<(&'static str, Arg)>) -> Sentence {
        Sentence { key, args }
    }
}

impl Words {
    /// Says a sentence in this language.
    pub fn tell(&self, sentence: &Sentence) -> String {
        self.say(sentence.key, &sentence.args)
    }
}

impl fmt::Display for Sentence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Words::of("en").tell(self))
    }
}
