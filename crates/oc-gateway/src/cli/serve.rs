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
    announce(&state, listener.local_addr()?, &mut anstream::stdout().lock())?;
    let drain = state.drain().clone();
    let app = oc_gateway::app(state);
    shutdown::serve(listener, app, drain, Grace::default(), asked_to_stop()).await?;
    tracing::info!("stopped");
    Ok(exit::OK)
}

/// What whoever started it wants to know; the last line is for programs too.
fn announce(state: &State, address: SocketAddr, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "oc-gateway {}: the default chain", env!("CARGO_PKG_VERSION"))?;
    roster::show(state.config(), "default", out)?;
    writeln!(out, "listening on http://{address}")?;
    out.flush()
}

/// SIGTERM, or Ctrl-C.
async fn asked_to_stop() {
    let interrupt = signal::ctrl_c();
    #[cfg(unix)]
    {
        match signal::unix::signal(signal::unix::SignalKind::terminate()) {
            Ok(mut terminate) => tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            },
            Err(_) => drop(interrupt.await),
        }
    }
    #[cfg(not(unix))]
    drop(interrupt.await);
    tracing::info!("asked to stop: open answers may finish");
}
