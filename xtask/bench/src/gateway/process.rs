//! The gateway's binary, started as a user would start it, and what it costs
//! the machine: read from Linux's `/proc`.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::json;

use super::script::WIRES;
use super::upstream::provider;

/// A gateway with a provider for each wire; ended when dropped.
#[derive(Debug)]
pub(super) struct Gateway {
    pub(super) address: SocketAddr,
    child: Child,
    /// Kept open: a program whose output nobody takes would fail.
    _output: BufReader<ChildStdout>,
    _home: tempfile::TempDir,
}

impl Gateway {
    /// Starts `binary` in front of `upstream` with a config of its own, nothing
    /// of the caller's environment, and its log thrown away.
    ///
    /// # Errors
    /// If it does not start, or not within its first hundred lines say where it listens.
    pub(super) fn start(binary: &Path, upstream: SocketAddr) -> anyhow::Result<Self> {
        let home = tempfile::tempdir()?;
        let config = home.path().join("openclaw.json");
        let providers: serde_json::Map<_, _> =
            WIRES.iter().map(|wire| (wire.api().to_owned(), provider(*wire, upstream))).collect();
        let text = json!({
            "agents": {"defaults": {"model": {"primary": "openai-responses/burst"}}},
            "models": {"mode": "merge", "providers": providers},
        });
        std::fs::write(&config, text.to_string())?;
        let mut child = Command::new(binary)
            .args(["serve", "--listen", "127.0.0.1:0", "--config"])
            .arg(&config)
            .env_clear()
            .env("HOME", home.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| binary.display().to_string())?;
        let mut output = BufReader::new(child.stdout.take().context("no output")?);
        let mut line = String::new();
        for _ in 0..100 {
            line.clear();
            ensure!(output.read_line(&mut line)? > 0, "{} ended at its start", binary.display());
            if let Some((_, address)) = line.split_once("listening on http://") {
                let address = address.trim().parse().context("where it listens")?;
                return Ok(Self { address, child, _output: output, _home: home });
            }
        }
        child.kill()?;
        anyhow::bail!("{} does not say where it listens", binary.display())
    }

    /// Its folder in `/proc`.
    fn folder(&self) -> PathBuf {
        PathBuf::from(format!("/proc/{}", self.child.id()))
    }

    /// All of its threads, for [`cpu_time`].
    pub(super) fn threads(&self) -> anyhow::Result<Vec<PathBuf>> {
        std::fs::read_dir(self.folder().join("task"))?.map(|thread| Ok(thread?.path())).collect()
    }

    /// Memory that it occupies now, in bytes.
    ///
    /// # Errors
    /// If it has ended.
    pub(super) fn resident(&self) -> anyhow::Result<u64> {
        let status = std::fs::read_to_string(self.folder().join("status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB")).context("no VmRSS")?;
        Ok(kib.trim().parse::<u64>()? * 1024)
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        // It has nothing to lose, and an error here would hide the first one.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What these threads have computed so far.
///
/// # Errors
/// If the kernel does not say, or one of them has ended.
pub(super) fn cpu_time(threads: &[PathBuf]) -> anyhow::Result<Duration> {
    let mut total = 0;
    for thread in threads {
        let file = thread.join("schedstat");
        let text = std::fs::read_to_string(&file)
            .with_context(|| format!("{}: this needs Linux", file.display()))?;
        let first = text.split_whitespace().next().unwrap_or_default();
        total += first.parse::<u64>().with_context(|| file.display().to_string())?;
    }
    Ok(Duration::from_nanos(total))
}
