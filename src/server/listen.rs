//! Connections: accepted until told to stop, and none may hold the program up. Who sends a request so slowly that it never comes to an
//! end is let go of; who has not finished soon after the stop is cut off.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Request};
use axum::middleware::Next;
use axum::response::Response;
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Sleep;
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
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    next.run(request.map(|body| Body::new(InTime { body, over: Some(Box::pin(tokio::time::sleep(patience))) }))).await
}

/// A body that says how long it is like the one within.
struct InTime {
    body: Body,
    /// Resolves when it has had its time; `None`: it had.
    over: Option<Pin<Box<Sleep>>>,
}

impl HttpBody for InTime {
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::BoxError>>> {
        let Some(over) = &mut self.over else { return Poll::Ready(None) };
        let is_over = over.as_mut().poll(cx).is_ready();
        match Pin::new(&mut self.body).poll_frame(cx) {
            Poll::Ready(frame) => Poll::Ready(frame.map(|frame| frame.map_err(Into::into))),
            Poll::Pending if is_over => {
                self.over = None;
                Poll::Ready(Some(Err(TooSlow.into())))
            }
            Poll::Pending => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.over.is_none() || self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
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
