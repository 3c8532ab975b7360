//! Notices of a payment gateway: what a refused or harmless one costs. Anybody may send them, so each must be done with in no time.

use std::time::{Duration, Instant};

use super::client::Line;
use super::subject::Subject;
use super::{Error, Figure, ms};
use crate::services::payments::connections::notices_path;
use crate::services::payments::stripe::keys::WebhookSecret;
use crate::services::payments::stripe::signature;

/// What the measured vendor's notices are signed with.
const SECRET: &str = "whsec_bench0123456789bench0123456789";
/// Notices of a kind, each timed.
const NOTICES: usize = 300;
/// How often the same one is told again.
const REPLAYED: usize = 10;
/// A body nobody should read.
const LARGE: usize = 5 * 1024 * 1024;
/// So much of it is on its way before the answer is looked for.
const SENT_AHEAD: usize = 64 * 1024;
const MOST_MS: f64 = 5.0;

/// One notice, and how it is answered.
struct Notice {
    signature: String,
    body: String,
    status: u16,
}

/// Connects the subject's vendor to an account that is never asked, and times each kind of notice from another process.
pub fn measure(subject: &Subject, database: &str) -> Result<Vec<Figure>, Error> {
    let vendor_id = subject.connect_stripe(SECRET)?;
    let path = notices_path(&vendor_id);
    let secret = WebhookSecret::parse(SECRET)?;
    // Asked each time: a slow machine takes longer for all of them than a signature is fresh.
    let now_s = || chrono::Utc::now().timestamp();
    let signed = |at_s: i64, body: String, status: u16| Notice { signature: signature::made(&secret, at_s, body.as_bytes()), body, status };
    let event =
        |n: usize, kind: &str, object: &str| format!(r#"{{"id":"evt_bench_{kind}_{n}","type":"{kind}","livemode":false,"data":{{"object":{object}}}}}"#);
    let unknown = |n: usize| event(n, "payment_intent.succeeded", r#"{"id":"pi_bench","metadata":{"portico_payment":"pay_bench"}}"#);
    let kinds: [(&str, &dyn Fn(usize) -> Notice); 5] = [
        ("not Stripe’s signature", &|n| Notice { signature: format!("t={},v1={}", now_s(), "0".repeat(64)), body: unknown(n), status: 400 }),
        ("signed too long ago", &|n| signed(now_s() - 3_600, unknown(n), 400)),
        ("told again, ten times", &|n| signed(now_s(), unknown(n / REPLAYED), 200)),
        ("of a payment nobody has", &|n| signed(now_s(), unknown(NOTICES + n), 200)),
        ("of a kind that is nothing to us", &|n| signed(now_s(), event(n, "balance.available", "{}"), 200)),
    ];
    let mut figures = Vec::new();
    for (name, notice) in kinds {
        let mut line = Line::open(subject.address)?;
        let mut times = Vec::with_capacity(NOTICES);
        for n in 0..NOTICES {
            let notice = notice(n);
            let request = format!("{}{}", head(subject, &path, &notice.signature, notice.body.len()), notice.body);
            let began = Instant::now();
            let answer = line.ask(request.as_bytes())?;
            times.push(began.elapsed());
            if answer.status != notice.status {
                return Err(format!("a notice {name} was answered {}: {}", answer.status, answer.text()).into());
            }
        }
        figures.push(figure(name, database, times));
    }
    let body = " ".repeat(SENT_AHEAD);
    let request = format!("{}{body}", head(subject, &path, &signature::made(&secret, now_s(), body.as_bytes()), LARGE));
    let mut times = Vec::with_capacity(NOTICES);
    for _ in 0..NOTICES {
        let mut line = Line::open(subject.address)?;
        let began = Instant::now();
        let answer = line.ask(request.as_bytes())?;
        times.push(began.elapsed());
        if answer.status != 413 {
            return Err(format!("a notice of 5 MB was answered {}", answer.status).into());
        }
    }
    figures.push(figure("of 5 MB", database, times));
    Ok(figures)
}

fn head(subject: &Subject, path: &str, signature: &str, length: usize) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: localhost:{}\r\nStripe-Signature: {signature}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n",
        subject.address.port()
    )
}

fn figure(name: &str, database: &str, mut times: Vec<Duration>) -> Figure {
    times.sort_unstable();
    let at = |percent: usize| ms(times[(times.len() - 1) * percent / 100]);
    let how = format!("99 of 100 of {NOTICES}, one after another from another process; half of them within {:.2} ms", at(50));
    Figure::new(format!("a notice {name}, {database}: answered in"), at(99), "ms", how).at_most(MOST_MS)
}
