//! Embed origins: whose pages may hold the portal in a frame. A vendor's list; what is not on it is nobody's.

use std::net::IpAddr;

use serde_json::json;

use crate::platform::db::{Db, DbResult};
use crate::sentence;
use crate::services::{Desk, Refusal};

/// Puts an origin on the list; twice is the same as once. Its written form is returned.
pub async fn add(desk: &mut Desk, origin: &str) -> Result<String, Refusal> {
    let origin = normal(origin)?;
    let added = desk
        .tx
        .run(
            "INSERT INTO embed_origins (vendor_id, origin, created_at) VALUES ($1, $2, $3) ON CONFLICT (vendor_id, origin) DO NOTHING",
            (desk.vendor.id.clone(), origin.clone(), desk.now.wall_ms()),
        )
        .await?;
    if added == 1 {
        desk.record("embed_origin.added", None, &origin, json!({})).await?;
    }
    Ok(origin)
}

/// Takes an origin off the list: the frames that are open in its pages get nothing more from this moment.
pub async fn remove(desk: &mut Desk, origin: &str) -> Result<(), Refusal> {
    let origin = normal(origin)?;
    let removed = desk.tx.run("DELETE FROM embed_origins WHERE vendor_id = $1 AND origin = $2", (desk.vendor.id.clone(), origin.clone())).await?;
    if removed == 0 {
        return Err(Refusal::Rule(sentence!("refusal-origin-not-listed", origin = &origin)));
    }
    desk.record("embed_origin.removed", None, &origin, json!({})).await
}

/// The list, for who frames what is nobody's yet.
pub async fn all(db: &Db, vendor_id: &str) -> DbResult<Vec<String>> {
    let mut tx = db.read().await?;
    let rows: Vec<(String,)> = tx.all("SELECT origin FROM embed_origins WHERE vendor_id = $1 ORDER BY created_at, origin", (vendor_id.to_owned(),)).await?;
    Ok(rows.into_iter().map(|(origin,)| origin).collect())
}

/// Whether an origin, as a browser writes it, is on the list.
pub async fn has(desk: &mut Desk, origin: &str) -> Result<bool, Refusal> {
    let found: Option<(String,)> =
        desk.tx.opt("SELECT origin FROM embed_origins WHERE vendor_id = $1 AND origin = $2", (desk.vendor.id.clone(), origin.to_owned())).await?;
    Ok(found.is_some())
}

/// An origin as browsers write it: scheme and host in small letters, no default port, nothing behind. It stands in headers, so it is held
/// to the letters hosts are made of.
fn normal(typed: &str) -> Result<String, Refusal> {
    let not_one = || Refusal::Rule(sentence!("refusal-no-origin", origin = typed));
    let lower = typed.trim().trim_end_matches('/').to_ascii_lowercase();
    let (scheme, authority) = lower.split_once("://").ok_or_else(not_one)?;
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port.parse::<u16>().map_err(|_| not_one())?)),
        _ => (authority, None),
    };
    let is_name = !host.is_empty()
        && host.len() <= 253
        && host.split('.').all(|label| !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'));
    let v6 = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).and_then(|inner| inner.parse::<std::net::Ipv6Addr>().ok());
    if !is_name && v6.is_none() {
        return Err(not_one());
    }
    let is_loopback =
        host == "localhost" || host.ends_with(".localhost") || v6.is_some_and(|ip| ip.is_loopback()) || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    let default_port = match scheme {
        "https" => 443,
        "http" if is_loopback => 80,
        "http" => return Err(Refusal::Rule(sentence!("refusal-origin-not-https", origin = typed))),
        _ => return Err(not_one()),
    };
    let host = v6.map_or_else(|| host.to_owned(), |ip| format!("[{ip}]"));
    Ok(match port.filter(|port| *port != default_port) {
        Some(port) => format!("{scheme}://{host}:{port}"),
        None => format!("{scheme}://{host}"),
    })
}

#[cfg(test)]
mod tests {
    use super::normal;

    #[test]
    fn an_origin_is_written_as_browsers_write_it() {
        for (typed, origin) in [
            ("https://app.kestrel.example", "https://app.kestrel.example"),
            (" HTTPS://App.Kestrel.Example:443/ ", "https://app.kestrel.example"),
            ("https://app.kestrel.example:8443", "https://app.kestrel.example:8443"),
            ("http://127.0.0.1:4000", "http://127.0.0.1:4000"),
            ("http://localhost:80", "http://localhost"),
            ("http://[::1]:4000", "http://[::1]:4000"),
        ] {
            assert_eq!(normal(typed).unwrap(), origin, "{typed}");
        }
        for typed in [
            "",
            "app.kestrel.example",
            "https://",
            "https://a/b",
            "https://*.kestrel.example",
            "https://a b",
            "https://a;",
            "https://a'",
            "https://u@a",
            "ftp://a",
            "null",
            "http://app.kestrel.example",
            "http://127.0.0.1.example",
            "https://a:99999",
            "https://a..b",
            "https://münchen.example",
        ] {
            assert!(normal(typed).is_err(), "{typed}");
        }
    }
}
