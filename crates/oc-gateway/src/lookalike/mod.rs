//! A scripted upstream on a real loopback socket.
//!
//! It says exactly what its script tells it to, and dies exactly where it is
//! told to: between two bytes, with a reset, with a clean end, or by being
//! killed from outside. `oc-gateway demo` plays a local box and a hosted model
//! with two of these, and the tests replay recorded servers through it.
//!
//! One request per connection, HTTP/1.1, nothing but `std` and tokio: it has to
//! be able to break rules that an HTTP library would keep.
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! use oc_gateway::lookalike::{Lookalike, Step};
//!
//! let upstream = Lookalike::start(|_request| vec![Step::json(503, r#"{"error":"loading"}"#)]).await?;
//! assert!(upstream.base_url().starts_with("http://127.0.0.1:"));
//! assert_eq!(upstream.progress().accepted, 0);
//! # std::io::Result::Ok(()) }).unwrap();
//! ```

mod connection;
pub mod messages;
pub mod responses;

use std::{
    fmt, io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use tokio::{
    net::{TcpListener, TcpSocket},
    sync::watch,
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

/// One thing that the upstream does in answer to a request.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Step {
    /// Sends the response's head. The body that follows is chunked.
    Head {
        /// The status.
        status: u16,
        /// Header lines, besides `transfer-encoding` and `connection`.
        headers: Vec<(String, String)>,
    },
    /// Sends a whole answer with its length, not chunked.
    Whole {
        /// The status.
        status: u16,
        /// The `content-type`.
        content_type: String,
        /// The body.
        body: Bytes,
    },
    /// Sends bytes of the body, in one chunk and one write.
    Send(Bytes),
    /// Stays silent for this long.
    Wait(Duration),
    /// Stays silent until the client goes away or the look-alike is killed.
    Hold,
    /// Closes with a TCP reset: what a killed process's socket often does.
    Reset,
    /// Closes the socket without ending the chunked body.
    Cut,
    /// Ends the body as HTTP wants it. Also what the end of the script means.
    End,
}

impl Step {
    /// A `200` head for server-sent events.
    pub fn sse_head() -> Self {
        Self::head(200, "text/event-stream")
    }

    /// A head with a content type.
    pub fn head(status: u16, content_type: &str) -> Self {
        Self::Head { status, headers: vec![("content-type".into(), content_type.into())] }
    }

    /// Bytes of the body.
    pub fn send(bytes: impl Into<Bytes>) -> Self {
        Self::Send(bytes.into())
    }

    /// A whole JSON answer.
    pub fn json(status: u16, body: impl Into<Bytes>) -> Self {
        Self::Whole { status, content_type: "application/json".into(), body: body.into() }
    }
}

/// A request as the upstream got it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Received {
    /// `POST`.
    pub method: String,
    /// The path with its query.
    pub path: String,
    /// Names in lower case, in the order sent.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
}

impl Received {
    /// The first header of this (lower-case) name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// The body as JSON; `null` where it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// How far the upstream got.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Connections accepted since the start.
    pub accepted: usize,
    /// Requests read whole since the start.
    pub requests: usize,
    /// Connections open now.
    pub open: usize,
    /// Of those, the ones at a [`Step::Hold`].
    pub holding: usize,
}

/// The scripted upstream. Dropping it closes everything.
pub struct Lookalike {
    address: SocketAddr,
    shared: Arc<Shared>,
    /// Accept loops; a second one exists after [`Lookalike::revive`].
    tasks: JoinSet<()>,
    /// Of a dead one: its port, so that the machine gives it to nobody else.
    port: Option<TcpSocket>,
}

type Script = dyn Fn(&Received) -> Vec<Step> + Send + Sync;

/// What the accept loop and its connections share.
struct Shared {
    script: Mutex<Arc<Script>>,
    received: Mutex<Vec<Received>>,
    progress: watch::Sender<Progress>,
    /// The life of the current accept loop; replaced by `revive`.
    life: Mutex<CancellationToken>,
}

impl Lookalike {
    /// Listens on a free loopback port and answers each request by `script`.
    ///
    /// # Errors
    /// The socket's own error when no port can be bound.
    pub async fn start(
        script: impl Fn(&Received) -> Vec<Step> + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let mut lookalike = Self {
            address: listener.local_addr()?,
            shared: Arc::new(Shared {
                script: Mutex::new(Arc::new(script)),
                received: Mutex::default(),
                progress: watch::Sender::new(Progress::default()),
                life: Mutex::default(),
            }),
            tasks: JoinSet::new(),
            port: None,
        };
        lookalike.listen(listener);
        Ok(lookalike)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its base URL, as a config's `baseUrl` would have it: `http://127.0.0.1:PORT/v1`.
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// From now on answers by `script`; requests already being answered go on as they were.
    pub fn rewrite(&self, script: impl Fn(&Received) -> Vec<Step> + Send + Sync + 'static) {
        *self.shared.script.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(script);
    }

    /// The requests so far, in the order in which they were whole.
    pub fn received(&self) -> Vec<Received> {
        self.shared.received.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How far it got.
    pub fn progress(&self) -> Progress {
        *self.shared.progress.borrow()
    }

    /// Waits until its progress is such that `reached` holds.
    pub async fn until(&self, reached: impl FnMut(&Progress) -> bool) -> Progress {
        let mut progress = self.shared.progress.subscribe();
        // The sender lives as long as `self` does, so the channel cannot close.
        match progress.wait_for(reached).await {
            Ok(progress) => *progress,
            Err(_) => self.progress(),
        }
    }

    /// Dies as a killed process does: every open connection is reset, and new
    /// ones are refused.
    pub async fn kill(&mut self) {
        self.shared.life().cancel();
        while self.tasks.join_next().await.is_some() {}
        self.port = bound(self.address).ok();
    }

    /// Listens again on the same port, after [`Lookalike::kill`].
    ///
    /// # Errors
    /// The socket's own error, when somebody else took the port meanwhile.
    pub async fn revive(&mut self) -> io::Result<()> {
        self.port = None;
        let listener = TcpListener::bind(self.address).await?;
        *self.shared.life.lock().unwrap_or_else(PoisonError::into_inner) = CancellationToken::new();
        self.listen(listener);
        Ok(())
    }

    fn listen(&mut self, listener: TcpListener) {
        let life = self.shared.life();
        self.tasks.spawn(accept(listener, life, Arc::clone(&self.shared)));
    }
}

/// A socket that has the port and does not listen: whoever connects is refused.
fn bound(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

impl fmt::Debug for Lookalike {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lookalike")
            .field("address", &self.address)
            .field("progress", &self.progress())
            .finish_non_exhaustive()
    }
}

impl Shared {
    fn life(&self) -> CancellationToken {
        self.life.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The request is whole: it is noted, and the script says what to do.
    fn answer_to(&self, request: Received) -> Vec<Step> {
        let script = Arc::clone(&self.script.lock().unwrap_or_else(PoisonError::into_inner));
        let steps = script(&request);
        self.received.lock().unwrap_or_else(PoisonError::into_inner).push(request);
        self.progress.send_modify(|p| p.requests += 1);
        steps
    }
}

async fn accept(listener: TcpListener, life: CancellationToken, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            () = life.cancelled() => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => {
                // A failed accept (the peer was gone already) is not the end of the listener.
                if let Ok((socket, _)) = accepted {
                    connections.spawn(connection::serve(socket, life.clone(), Arc::clone(&shared)));
                }
            }
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

#[cfg(test)]
mod tests;
