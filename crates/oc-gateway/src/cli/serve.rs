//! `oc-gateway serve`.

use std::{
    convert::Infallible,
    future::pending,
    io::{self, Write},
    net::SocketAddr,
};

use anstream::StripStream;
use anyhow::Context as _;
use oc_gateway::{
    Live, State,
    reload::{self, Fresh, Seen},
    shutdown::{self, Grace},
};
use tokio::{net::TcpListener, signal};
use tokio_util::sync::CancellationToken;

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
    let seen = Seen::now(std::mem::take(&mut reading.watch));
    let state = reading.assemble();
    let shown = reading.show(&mut anstream::stderr().lock());
    for line in &reading.unused {
        tracing::warn!("{line}");
    }
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
    let live = Live::from(state);
    let app = oc_gateway::app(live.clone());
    let stop = CancellationToken::new();
    let stopped = stop.clone().cancelled_owned();
    tokio::select! {
        served = shutdown::serve(listener, app, drain, Grace::default(), stopped) => served?,
        () = signals.twice(&stop) => {
            tracing::warn!("asked to stop again: open answers are cut");
            return Ok(exit::FAILED);
        }
        never = follow(&live, seen, &arguments) => match never {},
    }
    tracing::info!("stopped");
    Ok(exit::OK)
}

/// Keeps the config in force up to date with its files.
async fn follow(live: &Live, seen: Seen, arguments: &Arguments) -> Infallible {
    // Servers are found once; a config that is written later is taken.
    if !seen.is_empty() {
        // On a thread of its own: what it reads may wait for a command that gives
        // secrets, and answers must not.
        let read = async || {
            let (files, listen) = (arguments.files.clone(), arguments.listen);
            let reading = tokio::task::spawn_blocking(move || read_again(&files, listen));
            reading.await.unwrap_or_else(|error| Err(error.to_string()))
        };
        if let Err(error) = reload::follow(live, seen, read).await {
            tracing::warn!("{:#}", anyhow::Error::from(error));
        }
    }
    pending().await
}

fn read_again(files: &Files, listen: Option<SocketAddr>) -> Result<Fresh, String> {
    let mut reading = Reading::of(files);
    // It goes to the log and to the status page, which are no terminals.
    let mut shown = StripStream::new(Vec::new());
    // Writing to memory does not fail.
    reading.show(&mut shown).map_err(|error| error.to_string())?;
    let shown = shown.into_inner();
    let shown = String::from_utf8_lossy(&shown);
    let has_errors = reading.has_errors();
    match reading.read.take() {
        Some((config, mut settings)) if !has_errors => {
            if !shown.is_empty() {
                tracing::warn!("{}", shown.trim_end());
            }
            settings.listen = listen.unwrap_or(settings.listen);
            Ok(Fresh::new(config, settings, reading.watch))
        }
        _ => Err(shown.trim_end().to_owned()),
    }
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

    /// Says so at the first signal; resolves at the second.
    async fn twice(mut self, stop: &CancellationToken) {
        self.next().await;
        tracing::info!("asked to stop: open answers may finish; ask again to cut them");
        stop.cancel();
        self.next().await;
    }

    #[cfg(unix)]
    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    #[cfg(not(unix))]
    async fn next(&mut self) {
        drop(signal::ctrl_c().await);
    }
}
