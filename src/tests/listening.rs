//! Real connections: a client that is slow, or never finishes, is let go of, and keeps nobody from stopping.

use std::time::{Duration, Instant};

use portico::server::{self, Patience};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::world::World;

const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(200);
const PATIENT: Patience = Patience { head: LONG, body: LONG, drain: LONG };
/// Far more than what is awaited takes, far less than [`LONG`].
const SOON: Duration = Duration::from_secs(20);

/// A program that listens, on an address of its own.
struct Listening {
    world: World,
    address: std::net::SocketAddr,
    stop: oneshot::Sender<()>,
    served: JoinHandle<()>,
}

#[derive(Clone, Copy)]
enum Door {
    Portal,
    Sandbox,
}

const DOORS: [Door; 2] = [Door::Portal, Door::Sandbox];

impl Listening {
    async fn new(door: Door, patience: Patience) -> Listening {
        let world = World::new().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let app = world.app.clone();
        let stopped = async move {
            let _ = stopped.await;
        };
        let served = match door {
            Door::Portal => tokio::spawn(server::serve(app, listener, patience, stopped)),
            Door::Sandbox => tokio::spawn(server::serve_sandbox(app, listener, patience, stopped)),
        };
        Listening { world, address, stop, served }
    }

    async fn sent(&self, text: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        stream
    }
}

/// All that comes until the other side hangs up.
async fn rest(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    tokio::time::timeout(SOON, stream.read_to_end(&mut text)).await.expect("the connection is closed").unwrap();
    String::from_utf8_lossy(&text).into_owned()
}

const WHOLE: &str = "GET /sign-in HTTP/1.1\r\nHost: localhost:3000\r\nConnection: close\r\n\r\n";
const HALF_A_HEAD: &str = "GET /sign-in HTTP/1.1\r\nHost: local";
const HALF_A_BODY: &str =
    "POST /sign-in HTTP/1.1\r\nHost: localhost:3000\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 400\r\n\r\nemail=mira";

#[tokio::test]
async fn half_a_request_does_not_keep_the_program_from_stopping() {
    for door in DOORS {
        for half in [HALF_A_HEAD, HALF_A_BODY] {
            let listening = Listening::new(door, Patience { drain: SHORT, ..PATIENT }).await;
            let _slow = listening.sent(half).await;
            // Its connection is taken up before the stop: a whole request of later has been answered.
            rest(&mut listening.sent(WHOLE).await).await;
            listening.stop.send(()).unwrap();
            tokio::time::timeout(SOON, listening.served).await.expect("it has stopped").unwrap();
        }
    }
}

#[tokio::test]
async fn a_head_that_does_not_end_is_not_waited_for() {
    for door in DOORS {
        let listening = Listening::new(door, Patience { head: SHORT, ..PATIENT }).await;
        let started = Instant::now();
        rest(&mut listening.sent(HALF_A_HEAD).await).await;
        assert!(started.elapsed() >= SHORT);
    }
}

#[tokio::test]
async fn a_form_that_does_not_end_is_answered_and_not_waited_for() {
    let listening = Listening::new(Door::Portal, Patience { body: SHORT, ..PATIENT }).await;
    let answer = rest(&mut listening.sent(HALF_A_BODY).await).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    let listening = Listening::new(Door::Sandbox, Patience { body: SHORT, ..PATIENT }).await;
    let answer = rest(&mut listening.sent(&HALF_A_BODY.replace("/sign-in", "/ven_kestrel/setups/x")).await).await;
    assert!(answer.starts_with("HTTP/1.1 4"), "{answer}");
}

#[tokio::test]
async fn what_says_it_is_too_large_is_refused_before_it_comes() {
    let listening = Listening::new(Door::Portal, PATIENT).await;
    let (vendor_id, now_s, nobodys) = (&listening.world.vendor.id, listening.world.now().timestamp(), "0".repeat(64));
    let begun = format!(
        "POST /webhooks/stripe/{vendor_id} HTTP/1.1\r\nHost: localhost:3000\r\nStripe-Signature: t={now_s},v1={nobodys}\r\nContent-Length: 5242880\r\n\r\n{{"
    );
    let answer = rest(&mut listening.sent(&begun).await).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

#[tokio::test]
async fn a_request_under_way_is_finished_after_the_stop() {
    let listening = Listening::new(Door::Portal, PATIENT).await;
    let mut slow = listening.sent(HALF_A_BODY).await;
    rest(&mut listening.sent(WHOLE).await).await;
    listening.stop.send(()).unwrap();
    tokio::time::sleep(SHORT).await;
    let left = 400 - "email=mira".len();
    slow.write_all("x".repeat(left).as_bytes()).await.unwrap();
    assert!(rest(&mut slow).await.starts_with("HTTP/1.1 422 "));
    tokio::time::timeout(SOON, listening.served).await.expect("it has stopped").unwrap();
    assert!(TcpStream::connect(listening.address).await.is_err(), "and takes nobody new");
}
