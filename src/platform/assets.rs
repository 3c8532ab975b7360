//! The files browsers load: style, script, wasm. In a release they are inside the program; in a debug build they are read from
//! `target/site`, where the Makefile's `site` target puts them, at start.
//!
//! The style stands inside each page, so that a first visit waits for nothing but the page. All else is served under one path that carries the hash of them all, so that they may be cached for ever and never mix versions.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

/// One file, as it is and as brotli where that is smaller.
#[derive(Clone, Debug)]
pub struct Asset {
    pub bytes: &'static [u8],
    pub brotli: Option<&'static [u8]>,
    pub content_type: &'static str,
}

#[derive(Clone, Debug)]
pub struct Assets {
    /// First 16 hex digits of the hash over every file.
    pub version: String,
    /// What every page looks like.
    pub style: &'static str,
    files: HashMap<&'static str, Asset>,
}

const FILES: [(&str, &str); 6] = [
    ("start.js", "text/javascript; charset=utf-8"),
    ("card.js", "text/javascript; charset=utf-8"),
    ("frame.js", "text/javascript; charset=utf-8"),
    ("widget.js", "text/javascript; charset=utf-8"),
    ("portico.js", "text/javascript; charset=utf-8"),
    ("portico.wasm", "application/wasm"),
];

impl Assets {
    pub fn load() -> Assets {
        Assets::of(FILES.into_iter().filter_map(|(name, content_type)| {
            let bytes = read(name)?;
            Some((name, Asset { bytes, brotli: read(BROTLI.iter().find(|(n, _)| *n == name)?.1), content_type }))
        }))
    }

    fn of(files: impl Iterator<Item = (&'static str, Asset)>) -> Assets {
        let mut hash = Sha256::new();
        let files: HashMap<_, _> = files
            .inspect(|(name, asset)| {
                hash.update(name.as_bytes());
                hash.update(asset.bytes)
            })
            .collect();
        let version = hash.finalize().iter().take(8).map(|b| format!("{b:02x}")).collect();
        let style = read("portal.css").and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default();
        Assets { version, style, files }
    }

    pub fn get(&self, name: &str) -> Option<&Asset> {
        self.files.get(name)
    }

    /// The path a page links `name` by.
    pub fn path(&self, name: &str) -> String {
        format!("/assets/{}/{name}", self.version)
    }
}

const BROTLI: [(&str, &str); 6] = [
    ("start.js", "start.js.br"),
    ("card.js", "card.js.br"),
    ("frame.js", "frame.js.br"),
    ("widget.js", "widget.js.br"),
    ("portico.js", "portico.js.br"),
    ("portico.wasm", "portico.wasm.br"),
];

#[cfg(debug_assertions)]
fn read(name: &str) -> Option<&'static [u8]> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("target/site").join(name);
    // Kept for the life of the program, as the embedded bytes of a release are.
    Some(Vec::leak(std::fs::read(path).ok()?))
}

#[cfg(not(debug_assertions))]
fn read(name: &str) -> Option<&'static [u8]> {
    macro_rules! file {
        ($name:literal) => {
            include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/target/site/", $name)).as_slice()
        };
    }
    Some(match name {
        "portal.css" => file!("portal.css"),
        "start.js" => file!("start.js"),
        "start.js.br" => file!("start.js.br"),
        "card.js" => file!("card.js"),
        "card.js.br" => file!("card.js.br"),
        "frame.js" => file!("frame.js"),
        "frame.js.br" => file!("frame.js.br"),
        "widget.js" => file!("widget.js"),
        "widget.js.br" => file!("widget.js.br"),
        "portico.js" => file!("portico.js"),
        "portico.js.br" => file!("portico.js.br"),
        "portico.wasm" => file!("portico.wasm"),
        "portico.wasm.br" => file!("portico.wasm.br"),
        _ => return None,
    })
}
