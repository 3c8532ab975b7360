//! Connections: accepted until told to stop, and none may hold the program up. Who sends a request so slowly that it never comes to an
//! end is let go of; who has not finished soon after the stop is cut off.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Request};
use axum::middleware::Next;
use axum::response::Response;
use futures_util::StreamExt as _;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tower::ServiceExt as _;

/// How long a client may keep us waiting.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// From the first moment a request may begin to the end of its head: also how long an idle connection is kept.
    pub head: Duration,
    /// From there to the end of its body.
    pub body: Duration,
    /// For requests under way when the program stops.
    pub drain: Duration,
}

impl Default for Patience {
    fn default() -> Patience {
        Patience { head: Duration::from_secs(30), body: Duration::from_secs(10), drain: Duration::from_secs(10) }
    }
}

/// The body was not there in time.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the request's body did not come in time")]
pub struct TooSlow;

/// Accepts connections until `stop` resolves, then finishes what is under way, for as long as patience lasts.
pub async fn serve(router: Router, listener: TcpListener, patience: Patience, stop: impl Future<Output = ()>) {
    let router = router.layer(axum::middleware::from_fn(move |request: Request, next: Next| async move { body_in_time(patience.body, request, next).await }));
    let (stopping, _) = watch::channel(false);
    let mut connections = JoinSet::new();
    tokio::pin!(stop);
    loop {
        let accepted = tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
        };
        match accepted {
            Ok((stream, peer)) => {
                connections.spawn(talk(router.clone(), stream, peer, patience, stopping.subscribe()));
            }
            Err(error) => {
                // Out of file handles, or the client is gone already: neither is a reason to stop, nor to spin.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    drop(listener);
    stopping.send_replace(true);
    let all_done = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(patience.drain, all_done).await.is_err() {
        tracing::warn!(connections = connections.len(), "cut off: they had not finished in time");
        connections.shutdown().await;
    }
}

/// One connection, to its end.
async fn talk(router: Router, stream: TcpStream, peer: SocketAddr, patience: Patience, mut stopping: watch::Receiver<bool>) {
    // Without it small responses wait for the client's delayed acknowledgement.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let router = router.clone();
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        async move { Ok::<_, Infallible>(router.oneshot(request).await.unwrap_or_else(|never| match never {})) }
    });
    let connection = http1::Builder::new().timer(TokioTimer::new()).header_read_timeout(patience.head).serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let outcome = tokio::select! {
        outcome = connection.as_mut() => outcome,
        _ = stopping.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = outcome {
        tracing::debug!(%error, %peer, "a connection ended early");
    }
}

/// Gives a request's body so long and no longer; whoever reads it then gets [`TooSlow`].
async fn body_in_time(patience: Duration, request: Request, next: Next) -> Response {
    if axum::body::HttpBody::is_end_stream(request.body()) {
        return next.run(request).await;
    }
    let until = Instant::now() + patience;
    let (parts, body) = request.into_parts();
    let pieces = futures_util::stream::unfold(Some(body.into_data_stream()), move |pieces| async move {
        let mut pieces = pieces?;
        let piece: Result<Bytes, axum::BoxError> = match tokio::time::timeout_at(until, pieces.next()).await {
            Ok(None) => return None,
            Ok(Some(Ok(piece))) => return Some((Ok(piece), Some(pieces))),
            Ok(Some(Err(error))) => Err(error.into()),
            Err(_) => Err(TooSlow.into()),
        };
        Some((piece, None))
    });
    next.run(Request::from_parts(parts, Body::from_stream(pieces))).await
}

/// Whether a body that could not be read was one that did not come in time.
pub fn is_too_slow(error: &axum::Error) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.is::<TooSlow>() {
            return true;
        }
        cause = error.source();
    }
    false
}
