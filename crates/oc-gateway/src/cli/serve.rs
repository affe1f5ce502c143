//! `oc-gateway serve`.

use std::{
    io::{self, Write},
    net::SocketAddr,
};

use anyhow::Context as _;
use oc_gateway::{
    State,
    shutdown::{self, Grace},
};
use tokio::{net::TcpListener, signal};

use super::{
    configs::{Files, Reading},
    exit, roster,
};

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    files: Files,
    /// Where to listen, instead of the settings' `listen`; port 0 chooses one.
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
}

pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<u8> {
    let mut reading = Reading::or_found(&arguments.files).await;
    if let (Some((_, settings)), Some(listen)) = (&mut reading.read, arguments.listen) {
        settings.listen = listen;
    }
    let state = reading.assemble();
    let shown = reading.show(&mut anstream::stderr().lock());
    let (Some(state), false) = (state, reading.has_errors()) else {
        shown.context("stderr is closed")?;
        return Ok(exit::CONFIG);
    };

    let address = state.settings().listen;
    let listener =
        TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))?;
    let signals = StopSignals::listen().context("cannot listen for signals")?;
    announce(&state, listener.local_addr()?, &mut anstream::stdout().lock())?;
    let drain = state.drain().clone();
    let app = oc_gateway::app(state);
    shutdown::serve(listener, app, drain, Grace::default(), signals.first()).await?;
    tracing::info!("stopped");
    Ok(exit::OK)
}

/// What whoever started it wants to know; the last line is for programs too.
fn announce(state: &State, address: SocketAddr, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "oc-gateway {}: the default chain", env!("CARGO_PKG_VERSION"))?;
    roster::show(state, "default", out)?;
    writeln!(out, "listening on http://{address}")?;
    out.flush()
}

/// SIGTERM, or Ctrl-C. Listened for from the moment it is made: a signal that
/// comes right after the announcement must drain too.
struct StopSignals {
    #[cfg(unix)]
    terminate: signal::unix::Signal,
    #[cfg(unix)]
    interrupt: signal::unix::Signal,
}

impl StopSignals {
    #[cfg(unix)]
    fn listen() -> io::Result<Self> {
        use signal::unix::{SignalKind, signal};
        let (terminate, interrupt) = (SignalKind::terminate(), SignalKind::interrupt());
        Ok(Self { terminate: signal(terminate)?, interrupt: signal(interrupt)? })
    }

    #[cfg(not(unix))]
    fn listen() -> io::Result<Self> {
        Ok(Self {})
    }

    /// Resolves at the first signal.
    #[cfg(unix)]
    async fn first(mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
        tracing::info!("asked to stop: open answers may finish");
    }

    #[cfg(not(unix))]
    async fn first(self) {
        drop(signal::ctrl_c().await);
        tracing::info!("asked to stop: open answers may finish");
    }
}
