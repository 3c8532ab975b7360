//! The stand-in for Stripe (`end2end/stripe.py`): one process for all tests of a run, told apart by their keys.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use portico::services::Desk;
use portico::services::payments::CardEntry;
use portico::services::payments::connections::{self, Changes};
use portico::services::payments::stripe::keys::{PublishableKey, SecretKey, WebhookSecret};

use crate::world::World;

/// What notices are signed with.
pub const WEBHOOK_SECRET: &str = "whsec_0123456789abcdef0123456789abcdef";

pub struct StandIn {
    pub base: String,
    /// It ends when this end of its input closes: with the test run.
    _process: Child,
}

/// Makes the stand-in the gateway of the world's vendor, under a key of the world's own.
pub async fn connect(world: &World, entry: CardEntry) -> &'static StandIn {
    let mut desk = world.desk().await;
    let stand_in = connect_on(&mut desk, &secret_key(world), entry).await;
    desk.commit().await.unwrap();
    stand_in
}

/// The same on a desk of the vendor's, under a key that nobody else has.
pub async fn connect_on(desk: &mut Desk, secret_key: &str, entry: CardEntry) -> &'static StandIn {
    let stand_in = StandIn::running();
    let changes = Changes {
        api_base: Some(stand_in.base.clone()),
        publishable_key: Some(PublishableKey::parse("pk_test_4eC39HqLyjWDarjtT1zdp7dc").unwrap()),
        secret_key: Some(SecretKey::parse(secret_key).unwrap()),
        webhook_secret: Some(WebhookSecret::parse(WEBHOOK_SECRET).unwrap()),
        entry: Some(entry),
    };
    connections::change(desk, changes).await.unwrap();
    stand_in
}

/// No two worlds have the same: their folders are their own.
pub fn secret_key(world: &World) -> String {
    let name = world.app.config.data.file_name().unwrap().to_str().unwrap();
    format!("rk_test_{}", name.replace(|c: char| !c.is_ascii_alphanumeric(), ""))
}

impl StandIn {
    pub fn running() -> &'static StandIn {
        static RUNNING: OnceLock<StandIn> = OnceLock::new();
        RUNNING.get_or_init(StandIn::start)
    }

    fn start() -> StandIn {
        let home = Path::new(env!("CARGO_MANIFEST_DIR"));
        let set_up = Command::new(home.join("end2end/setup.sh")).arg("stripe").stderr(Stdio::inherit()).output().unwrap();
        assert!(set_up.status.success(), "end2end/setup.sh stripe failed");
        let python = String::from_utf8(set_up.stdout).unwrap();
        let mut process = Command::new(python.trim()).arg(home.join("end2end/stripe.py")).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut port = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut port).unwrap();
        StandIn { base: format!("http://127.0.0.1:{}", port.trim()), _process: process }
    }

    /// The customer types a card in for a setup, and confirms it where their bank asks.
    pub async fn type_in(&self, reference: &str, number: &str) {
        self.tell(&format!("type/{reference}"), &[("number", number)]).await;
    }

    /// From now on this method's charges are declined, for that reason.
    pub async fn decline(&self, token: &str, reason: &str) {
        self.tell(&format!("declines/{token}"), &[("reason", reason)]).await;
    }

    /// The customer answers their bank about a charge: `confirm` or `refuse`.
    pub async fn answer(&self, reference: &str, answer: &str) {
        self.tell(&format!("authenticate/{reference}"), &[("answer", answer)]).await;
    }

    /// What our client sent under a world's key that Stripe's schema does not know.
    pub async fn violations(&self, world: &World) -> Vec<String> {
        let (_, bytes) = self.ask("GET", &format!("/_stand_in/violations?key={}", secret_key(world)), String::new()).await;
        serde_json::from_slice(&bytes).unwrap()
    }

    /// Payment and amount of every charge that took money, of all worlds.
    pub async fn charged(&self) -> Vec<(String, i64)> {
        let (_, bytes) = self.ask("GET", "/_stand_in/charged", String::new()).await;
        serde_json::from_slice(&bytes).unwrap()
    }

    pub async fn tell(&self, what: &str, form: &[(&str, &str)]) {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let (status, bytes) = self.ask("POST", &format!("/_stand_in/{what}"), body).await;
        assert!(status < 400, "{what}: {status} {}", String::from_utf8_lossy(&bytes));
    }

    /// The status and the body of an answer.
    pub async fn ask(&self, method: &str, path: &str, body: String) -> (u16, Bytes) {
        let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
        let request = Request::builder().method(method).uri(format!("{}{path}", self.base)).header("content-type", "application/x-www-form-urlencoded");
        let response = client.request(request.body(Full::from(body)).unwrap()).await.unwrap();
        let status = response.status().as_u16();
        (status, response.into_body().collect().await.unwrap().to_bytes())
    }
}
