//! The accept loop, and how it ends.
//!
//! ```text
//! stop asked ─▶ draining: nothing new is accepted, /readyz says 503
//!                  │ FINISH: running answers may finish
//!                  ▼
//!              ending: every open stream writes its explicit failure
//!                  │ FLUSH
//!                  ▼
//!              whatever still stands is closed
//! ```
//!
//! `axum::serve` waits for ever while a stream is open (tokio-rs/axum #2673),
//! hence this loop.

use std::{future::Future, io, pin::pin, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use tokio::{net::TcpListener, task::JoinSet, time::timeout};
use tokio_util::sync::CancellationToken;

use crate::stall::{STALL, Stalling};

/// How long running answers may take to finish once the gateway is told to stop.
pub const FINISH: Duration = Duration::from_secs(10);
/// How long streams then have to write their explicit end.
pub const FLUSH: Duration = Duration::from_secs(2);
/// How long a client may take to send a request's head.
const HEAD: Duration = Duration::from_secs(30);
/// The pause after a failed `accept`: usually too many open files, and trying
/// again at once would only burn a core.
const ACCEPT_AGAIN: Duration = Duration::from_millis(50);

/// Tells requests that the gateway is going down. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Drain {
    draining: CancellationToken,
    ending: CancellationToken,
}

impl Drain {
    /// A gateway that runs.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether nothing new should be sent here any more.
    pub fn is_draining(&self) -> bool {
        self.draining.is_cancelled()
    }

    /// Resolves when open streams have to write their end.
    pub async fn ended(&self) {
        self.ending.cancelled().await;
    }

    /// Starts the drain: `/readyz` turns to 503.
    pub fn begin(&self) {
        self.draining.cancel();
    }

    /// Asks every open stream for its explicit end, now.
    pub fn end(&self) {
        self.begin();
        self.ending.cancel();
    }
}

/// How long the two phases of a drain may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Grace {
    /// For running answers to finish. Default [`FINISH`].
    pub finish: Duration,
    /// For streams to write their end. Default [`FLUSH`].
    pub flush: Duration,
}

impl Default for Grace {
    fn default() -> Self {
        Self { finish: FINISH, flush: FLUSH }
    }
}

impl Grace {
    /// With these two spans.
    pub const fn new(finish: Duration, flush: Duration) -> Self {
        Self { finish, flush }
    }
}

/// Serves `app` on `listener` until `stop` resolves, then drains.
///
/// `drain` must be the one that the app's state holds
/// ([`State::drain`](crate::State::drain)), so that its streams hear of it.
///
/// # Errors
/// The listener's own, when it cannot be asked for connections at all. A single
/// failed `accept` is not an error.
pub async fn serve(
    listener: TcpListener,
    app: Router,
    drain: Drain,
    grace: Grace,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    // Fails early where the socket is no listener.
    listener.local_addr()?;
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    let mut stop = pin!(stop);
    loop {
        tokio::select! {
            biased;
            () = &mut stop => break,
            // Finished connections are let go of at once, not kept until the end.
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((socket, _)) => {
                    // Small events must not wait for each other.
                    drop(socket.set_nodelay(true));
                    let connection = http1::Builder::new()
                        .timer(TokioTimer::new())
                        .header_read_timeout(HEAD)
                        .serve_connection(
                            TokioIo::new(Stalling::new(socket, STALL)),
                            TowerToHyperService::new(app.clone()),
                        );
                    let connection = graceful.watcher().watch(connection);
                    connections.spawn(async move {
                        if let Err(error) = connection.await {
                            tracing::debug!(%error, "connection ended early");
                        }
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "accept failed");
                    tokio::time::sleep(ACCEPT_AGAIN).await;
                }
            },
        }
    }
    drop(listener);
    drain.begin();
    let mut finished = pin!(graceful.shutdown());
    if timeout(grace.finish, &mut finished).await.is_err() {
        drain.end();
        if timeout(grace.flush, &mut finished).await.is_err() {
            tracing::warn!(connections = connections.len(), "closed without an end");
        }
    }
    connections.shutdown().await;
    Ok(())
}
