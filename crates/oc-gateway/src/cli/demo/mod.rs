//! `oc-gateway demo`: the main job with nothing installed, over real sockets.
//!
//! Two look-alikes on loopback play a local box and a hosted model; the gateway
//! runs the local-first config with only its base URLs changed; the client
//! believes what it reads from the socket, and so do the checks.

mod acts;
mod client;
mod screen;
mod stage;

use std::{io::Write, time::Duration};

use anstream::AutoStream;
use oc_gateway::Record;

use self::{acts::Act, screen::Screen, stage::Stage};
use super::exit;

/// Longer than any act can take: a demo that hangs has failed.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Leave the hosted look-alike switched off: the demo must fail then.
    #[arg(long, hide = true)]
    without_fallback: bool,
}

pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<u8> {
    let mut screen = Screen::new(AutoStream::auto(std::io::stdout()));
    let mut stage = Stage::set(!arguments.without_fallback).await?;
    introduce(&mut screen, &stage)?;
    let mut observed = true;
    for act in Act::ALL {
        screen.heading(act.title())?;
        let seen = tokio::time::timeout(PATIENCE, act.play(&mut stage, &mut screen)).await;
        let verdict = match seen {
            Ok(Ok(text)) => Ok(text),
            Ok(Err(error)) => Err(format!("{error:#}")),
            Err(_) => Err(format!("nothing more came for {} s", PATIENCE.as_secs())),
        };
        observed &= verdict.is_ok();
        screen.verdict(&verdict)?;
    }
    show_ledger(&mut screen, &stage.records())?;
    stage.clear().await;
    if observed {
        screen.line("")?;
        screen.line("All three acts were observed at the client's socket.")?;
        screen.line("Next: oc-gateway serve --config ~/.openclaw/openclaw.json")?;
        Ok(exit::OK)
    } else {
        screen.line("")?;
        screen.line("Not every act was observed.")?;
        Ok(exit::FAILED)
    }
}

fn introduce(screen: &mut Screen<impl Write>, stage: &Stage) -> std::io::Result<()> {
    screen.title("oc-gateway demo: a local model that can be relied on")?;
    screen.line("Everything runs on this machine's loopback; no key, no model, no network.")?;
    screen.line("")?;
    screen
        .line("client ─▶ gateway ─┬─▶ lmstudio/minimax-m2.1-gs32   the box      /v1/responses")?;
    screen
        .line("                   └─▶ anthropic/claude-sonnet-4-5   the net      /v1/messages")?;
    screen.line("")?;
    screen.line("The config is examples/config/local-first.json5, as it stands, but for:")?;
    for (removed, added) in stage.difference() {
        if let Some(line) = removed {
            screen.removed(&line)?;
        }
        if let Some(line) = added {
            screen.added(&line)?;
        }
    }
    Ok(())
}

/// What was tried in each act, as the gateway wrote it down.
fn show_ledger(screen: &mut Screen<impl Write>, records: &[Record]) -> std::io::Result<()> {
    screen.heading("The ledger")?;
    screen.line(&format!("{:<5}{:<32}{:<10}{:>9}  {}", "act", "asked", "outcome", "ms", "why"))?;
    for (n, record) in records.iter().enumerate() {
        for (m, attempt) in record.ledger.attempts.iter().enumerate() {
            let act = if m == 0 { (n + 1).to_string() } else { String::new() };
            let outcome = format!("{:?}", attempt.outcome).to_lowercase();
            let ended = attempt.ended.unwrap_or_default().saturating_sub(attempt.started);
            let why = attempt.reason().map_or("", |reason| reason.as_str());
            screen.line(&format!(
                "{act:<5}{:<32}{outcome:<10}{:>9.1}  {why}",
                attempt.name,
                ended.as_secs_f64() * 1000.0,
            ))?;
        }
    }
    Ok(())
}
