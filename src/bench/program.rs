//! A vendor's program at the API: what an answer costs beside an authenticated call that does nothing, in the same run. Calls that change
//! something carry an Idempotency-Key, whose answer is written to disk before it is given: they are held against one that does only that.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::Value;

use super::client::{Load, ask, under_load};
use super::subject::Subject;
use super::{Error, Figure, ms};

/// How much more than nothing a call may cost.
const MOST: f64 = 3.0;

/// A program with a key for everything.
pub struct Program {
    address: SocketAddr,
    key: String,
    sent: AtomicU64,
}

/// What is called, and the status it is answered by.
struct Call<'a> {
    name: &'a str,
    method: &'a str,
    path: String,
    body: &'a str,
    status: u16,
}

impl Program {
    pub fn of(subject: &Subject) -> Result<Program, Error> {
        Ok(Program { address: subject.address, key: subject.api_key()?, sent: AtomicU64::new(0) })
    }

    pub fn measure(&self, subject: &Subject, database: &str, load: Load) -> Result<Vec<Figure>, Error> {
        let customer = self.first("/customers?limit=1")?;
        let invoice = self.first("/invoices?limit=1")?;
        let subscription = self.healthy_subscription()?;
        let get = |name, path| Call { name, method: "GET", path, body: "", status: 200 };
        let price = |name, subscription: &str, status| Call {
            name,
            method: "POST",
            path: format!("/subscriptions/{subscription}/preview"),
            body: "{\"quantity\":\"7\"}",
            status,
        };
        let groups = [
            (
                Call { status: 404, ..get("nothing", "/customers/none".into()) },
                vec![
                    get("a customer", format!("/customers/{customer}")),
                    get("20 customers", "/customers?limit=20".into()),
                    get("an invoice", format!("/invoices/{invoice}")),
                    get("20 invoices", "/invoices?limit=20".into()),
                ],
            ),
            (price("a preview of nothing", "none", 404), vec![price("a preview", &subscription, 200)]),
        ];
        let mut figures = Vec::new();
        for (nothing, calls) in groups {
            let base = self.cost(subject, &nothing, load)?;
            for call in calls {
                let cost = self.cost(subject, &call, load)?;
                let how = format!("{cost:.3} ms of processor time beside {base:.3} ms of {} {} answered by {}", nothing.method, nothing.path, nothing.status);
                let what = format!("API, {database}: {}, as a multiple of {}", call.name, nothing.name);
                figures.push(Figure::new(what, cost / base, "×", how).at_most(MOST));
            }
        }
        Ok(figures)
    }

    /// Processor time a call, in milliseconds.
    fn cost(&self, subject: &Subject, call: &Call, load: Load) -> Result<f64, Error> {
        let request = || self.request(call.method, &call.path, call.body);
        under_load(self.address, call.status, Load { time: load.time / 4, ..load }, request)?;
        let before = subject.cpu()?;
        let loaded = under_load(self.address, call.status, load, request)?;
        Ok(ms(subject.cpu()? - before) / loaded.count() as f64)
    }

    /// The id of the first of a list.
    fn first(&self, path: &str) -> Result<String, Error> {
        Ok(self.get(path)?["data"][0]["id"].as_str().ok_or_else(|| format!("{path} has nothing"))?.to_owned())
    }

    /// One that is charged for usage as it goes.
    fn healthy_subscription(&self) -> Result<String, Error> {
        let customers = self.get("/customers?limit=50")?;
        for customer in customers["data"].as_array().into_iter().flatten().filter_map(|customer| customer["id"].as_str()) {
            let all = self.get(&format!("/subscriptions?customer_id={customer}"))?;
            let of = |one: &Value| (one["plan_key"] == "team" && one["status"] == "active").then(|| one["id"].as_str().map(str::to_owned)).flatten();
            if let Some(found) = all["data"].as_array().into_iter().flatten().find_map(of) {
                return Ok(found);
            }
        }
        Err("nobody has the plan team".into())
    }

    fn get(&self, path: &str) -> Result<Value, Error> {
        Ok(serde_json::from_slice(&ask(self.address, &self.request("GET", path, ""))?.body)?)
    }

    fn request(&self, method: &str, path: &str, body: &str) -> String {
        let mut request = format!("{method} /api/v1{path} HTTP/1.1\r\nHost: localhost:{}\r\nAuthorization: Bearer {}\r\n", self.address.port(), self.key);
        if method != "GET" {
            let number = self.sent.fetch_add(1, Ordering::Relaxed);
            request.push_str(&format!("Idempotency-Key: bench-{number}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n", body.len()));
        }
        format!("{request}\r\n{body}")
    }
}
