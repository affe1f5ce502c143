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
mod prepare;
mod venv;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use self::prepare::{Site, Task};
use crate::process::{self, cargo};
use crate::tally::Tally;
use crate::tools::{self, NPM, PYTHON, Tool, VENV};
use crate::workspace::{self, Workspace};

/// What the checks need on a machine, whatever is installed already.
pub(crate) const NEEDS: &[Tool] = &[PYTHON, VENV, NPM];

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
/// If a tool is missing, something could not be prepared, or the checks ended
/// without counting.
pub(crate) fn run(options: &Options) -> anyhow::Result<Tally> {
    let workspace = Workspace::read()?;
    let site = Places::new(&workspace, options);
    tools::require(&site.needs(options))?;
    prepare::all(site.tasks(options), &site.cache.join("logs"))?;
    let mut checks = Command::new(venv::python(&site.cache.join("client")));
    checks.args(site.arguments(options));
    if let Some(text) = &options.only {
        checks.arg("--only").arg(text);
    }
    count(&mut checks)
}

/// Where everything lies that is built or installed.
struct Places {
    /// `<target>/interop`
    cache: PathBuf,
    /// `xtask/interop`
    scripts: PathBuf,
    gateway: PathBuf,
}

const MINUTE: Duration = Duration::from_secs(60);

impl Places {
    fn new(workspace: &Workspace, options: &Options) -> Self {
        let built = workspace.target.join("debug/oc-gateway");
        Self {
            cache: workspace.target.join("interop"),
            scripts: workspace::root().join("xtask/interop"),
            gateway: options.gateway.clone().unwrap_or(built),
        }
    }

    /// What the machine must bring for that which is not there yet.
    fn needs(&self, options: &Options) -> Vec<Tool> {
        let mut needs = NEEDS.to_vec();
        if options.servers && !llama_server::binary(&self.cache).exists() {
            needs.extend(llama_server::NEEDS);
        }
        needs
    }

    fn tasks(&self, options: &Options) -> Vec<Task<'_>> {
        let mut tasks = vec![
            task("client", 10, |site| self.venv(site, "client", "requirements.txt")),
            task("node", 15, |site| self.node(site, "node", "node")),
        ];
        if options.gateway.is_none() {
            tasks.push(task("gateway", 45, |site| {
                site.run(
                    &mut cargo(&["build", "--locked", "-p", "oc-gateway"]),
                    "`cargo build -p oc-gateway` says more",
                )
            }));
        }
        if options.servers {
            tasks.push(task("llama-server", 90, |site| {
                llama_server::build(site, &self.cache, &self.scripts.join("python"))
            }));
            tasks.push(task("puppet", 15, |site| self.puppet(site)));
            tasks.push(task("agents", 20, |site| self.node(site, "agents", "node/agents")));
        } else {
            tasks.push(task("litellm", 20, |site| {
                self.venv(site, "litellm", "requirements-litellm.txt")
            }));
        }
        tasks
    }

    /// The checks, and where they find what they are about.
    fn arguments(&self, options: &Options) -> Vec<OsString> {
        let checks = if options.servers { "servers.py" } else { "scripted.py" };
        let mut named =
            vec![("--gateway", self.gateway.clone()), ("--node", self.cache.join("node"))];
        if options.servers {
            named.push(("--llama-server", llama_server::binary(&self.cache)));
            named.push(("--model", self.cache.join("puppet.gguf")));
            named.push(("--agents", self.cache.join("agents")));
        } else {
            named.push(("--litellm", venv::python(&self.cache.join("litellm"))));
        }
        let named = named.into_iter().flat_map(|(name, path)| [OsString::from(name), path.into()]);
        std::iter::once(self.scripts.join("python").join(checks).into()).chain(named).collect()
    }

    fn venv(&self, site: &Site<'_>, name: &str, requirements: &str) -> anyhow::Result<()> {
        let requirements = self.scripts.join("python").join(requirements);
        venv::prepare(site, &self.cache.join(name), Some(&requirements))
    }

    fn node(&self, site: &Site<'_>, name: &str, source: &str) -> anyhow::Result<()> {
        node::prepare(site, &self.cache.join(name), &self.scripts.join(source))
    }

    /// The scripted model, computed anew if its recipe is newer.
    fn puppet(&self, site: &Site<'_>) -> anyhow::Result<()> {
        self.venv(site, "puppet", "requirements-puppet.txt")?;
        let model = self.cache.join("puppet.gguf");
        let recipe = self.scripts.join("python/make_puppet.py");
        let replies = self.scripts.join("python/puppet-scripts.json");
        let made = |path: &Path| std::fs::metadata(path).and_then(|m| m.modified()).ok();
        if made(&model) < made(&recipe) || made(&model) < made(&replies) {
            let mut make = Command::new(venv::python(&self.cache.join("puppet")));
            make.arg(recipe).arg(&self.cache).arg("--scripts").arg(replies);
            site.run(&mut make, "it fetches a tokenizer from PyPI: see above")?;
        }
        Ok(())
    }
}

fn task<'a>(
    name: &'static str,
    minutes: u32,
    work: impl FnOnce(&Site<'_>) -> anyhow::Result<()> + Send + 'a,
) -> Task<'a> {
    Task { name, limit: minutes * MINUTE, work: Box::new(work) }
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
