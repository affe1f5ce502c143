//! `cargo xtask interop`: foreign clients, and with `--servers` a foreign
//! server, against the gateway's own binary.
//!
//! The checks are Python, because most counterparties are: they live in
//! `xtask/interop/python`, each prints `ok` or `FAILED`, and the last line
//! counts. What needs Node is in `xtask/interop/node` and is asked by them.
//! Everything that is installed or built goes to `<target>/interop`; versions
//! are pinned in the requirements and lock files beside the scripts.

mod llama_server;
mod node;
mod venv;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{self, cargo};
use crate::tally::Tally;
use crate::workspace::{self, Workspace};

/// What was typed after `interop`.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Options {
    /// Build llama.cpp's server and run real agents against it, instead of scripted upstreams
    #[arg(long)]
    servers: bool,
    /// Only the checks whose name holds this text
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Use this binary instead of building the gateway
    #[arg(long, value_name = "PATH")]
    gateway: Option<PathBuf>,
}

impl Options {
    /// Against real servers, as `cargo xtask ci --full` does.
    pub(crate) fn servers() -> Self {
        Self { servers: true, ..Self::default() }
    }
}

/// Prepares what is needed, runs the checks, and returns their count.
///
/// # Errors
/// If something could not be prepared, or the checks ended without counting.
pub(crate) fn run(options: &Options) -> anyhow::Result<Tally> {
    let workspace = Workspace::read()?;
    let cache = workspace.target.join("interop");
    let scripts = workspace::root().join("xtask/interop");

    let gateway = match &options.gateway {
        Some(path) => path.clone(),
        None => build_gateway(&workspace)?,
    };
    let python = venv::prepare(&cache.join("client"), &scripts.join("python/requirements.txt"))?;
    let mut checks = Command::new(&python);
    if options.servers {
        checks.arg(scripts.join("python/servers.py"));
        checks.args(servers(&cache, &scripts)?);
    } else {
        checks.arg(scripts.join("python/scripted.py"));
        checks.args(scripted(&cache, &scripts)?);
    }
    checks.arg("--gateway").arg(gateway);
    if let Some(text) = &options.only {
        checks.arg("--only").arg(text);
    }
    count(&mut checks)
}

/// The other clients and relays that are asked over scripted upstreams.
fn scripted(cache: &Path, scripts: &Path) -> anyhow::Result<Vec<OsString>> {
    let node = cache.join("node");
    node::prepare(&node, &scripts.join("node"))?;
    let litellm = cache.join("litellm");
    let relay = venv::prepare(&litellm, &scripts.join("python/requirements-litellm.txt"))?;
    Ok(vec!["--node".into(), node.into(), "--litellm".into(), relay.into()])
}

/// A real server with a scripted model, and the programs that talk to it.
fn servers(cache: &Path, scripts: &Path) -> anyhow::Result<Vec<OsString>> {
    let python = scripts.join("python");
    let tools = venv::prepare(&cache.join("puppet"), &python.join("requirements-puppet.txt"))?;
    let server = llama_server::build(cache, &python)?;
    let model = puppet(&tools, cache, &python)?;
    let agents = cache.join("agents");
    node::prepare(&agents, &scripts.join("node/agents"))?;
    let node = cache.join("node");
    node::prepare(&node, &scripts.join("node"))?;
    let named =
        [("--llama-server", server), ("--model", model), ("--agents", agents), ("--node", node)];
    Ok(named.into_iter().flat_map(|(name, path)| [OsString::from(name), path.into()]).collect())
}

fn build_gateway(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    process::run(&mut cargo(&["build", "--locked", "-p", "oc-gateway"]))?;
    Ok(workspace.target.join("debug/oc-gateway"))
}

/// The scripted model, computed anew if its recipe is newer.
fn puppet(python: &Path, cache: &Path, scripts: &Path) -> anyhow::Result<PathBuf> {
    let model = cache.join("puppet.gguf");
    let recipe = scripts.join("make_puppet.py");
    let replies = scripts.join("puppet-scripts.json");
    let made = |path: &Path| std::fs::metadata(path).and_then(|m| m.modified()).ok();
    if made(&model) < made(&recipe) || made(&model) < made(&replies) {
        let mut make = Command::new(python);
        process::run(make.arg(recipe).arg(cache).arg("--scripts").arg(replies))?;
    }
    Ok(model)
}

/// Runs the checks. A failed check is in the count; an error here means that
/// the program itself broke.
fn count(checks: &mut Command) -> anyhow::Result<Tally> {
    let mut last = None;
    let end = process::tee(checks.env("PYTHONDONTWRITEBYTECODE", "1"), |line| {
        last = Tally::from_line(line);
    });
    match (last, end) {
        (Some(tally), Ok(())) => Ok(tally),
        (Some(tally), Err(_)) if tally.failed > 0 => Ok(tally),
        (_, Err(error)) => Err(error),
        (None, Ok(())) => anyhow::bail!("the checks ended without a count"),
    }
}
