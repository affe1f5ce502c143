//! Programs that we run: what was run is always shown, and a failure names it.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use crate::workspace;

/// The cargo that started us, at the workspace's root.
///
/// What `cargo run` tells its child about *this* package is taken out again:
/// build scripts (ring's, for one) rebuild when those variables change.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(arguments).current_dir(workspace::root());
    for (name, _) in std::env::vars_os() {
        let name_text = name.to_string_lossy();
        if name_text.starts_with("CARGO_PKG_") || name_text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    command
}

/// Runs to the end, output going where ours goes; an error if it fails.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<()> {
    let line = announce(command);
    let status = command.status().with_context(|| format!("cannot start `{line}`"))?;
    if !status.success() {
        bail!("`{line}`: {status}");
    }
    Ok(())
}

/// Runs to the end and returns its standard output; an error if it fails.
pub(crate) fn capture(command: &mut Command) -> anyhow::Result<String> {
    let line = shown(command);
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot start `{line}`"))?;
    if !output.status.success() {
        bail!("`{line}`: {}", output.status);
    }
    String::from_utf8(output.stdout).with_context(|| format!("`{line}` wrote something not UTF-8"))
}

/// Runs to the end: whether it ended well, and what it said on standard error.
pub(crate) fn said(command: &mut Command) -> anyhow::Result<(bool, String)> {
    let line = announce(command);
    let output = command.output().with_context(|| format!("cannot start `{line}`"))?;
    Ok((output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned()))
}

/// Runs to the end, passing each line of standard output on to `line` as well
/// as to ours. The last word is the status: the caller has seen the lines.
pub(crate) fn tee(command: &mut Command, mut line: impl FnMut(&str)) -> anyhow::Result<()> {
    let name = announce(command);
    let mut child =
        command.stdout(Stdio::piped()).spawn().with_context(|| format!("cannot start `{name}`"))?;
    if let Some(stdout) = child.stdout.take() {
        let mut stdout = BufReader::new(stdout);
        let mut bytes = Vec::new();
        while stdout.read_until(b'\n', &mut bytes)? > 0 {
            let text = String::from_utf8_lossy(&bytes);
            print!("{text}");
            line(text.trim_end());
            bytes.clear();
        }
    }
    let status = child.wait()?;
    if !status.success() {
        bail!("`{name}`: {status}");
    }
    Ok(())
}

/// Runs `program` with `stdin` as its input, and ends it after `limit`: what
/// is run unattended must not be able to hang.
pub(crate) fn run_within(
    program: &Path,
    stdin: Option<&[u8]>,
    limit: Duration,
) -> anyhow::Result<()> {
    let name = program.file_name().and_then(OsStr::to_str).unwrap_or("program").to_owned();
    let mut child = Command::new(program)
        .current_dir(workspace::root())
        .stdin(if stdin.is_some() { Stdio::piped() } else { Stdio::null() })
        .spawn()
        .with_context(|| format!("cannot start {}", program.display()))?;
    if let (Some(mut pipe), Some(bytes)) = (child.stdin.take(), stdin) {
        // A program may leave before it has read everything; its status tells.
        let _ = pipe.write_all(bytes);
    }
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            if status.success() {
                return Ok(());
            }
            bail!("{name}: {status}");
        }
        if started.elapsed() > limit {
            child.kill()?;
            child.wait()?;
            bail!("{name}: still running after {} s", limit.as_secs());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Minutes and seconds, as a person reads them off a clock: `12:05`.
pub(crate) fn clock(time: Duration) -> String {
    format!("{}:{:02}", time.as_secs() / 60, time.as_secs() % 60)
}

fn announce(command: &Command) -> String {
    let line = shown(command);
    println!("$ {line}");
    let _ = std::io::stdout().flush();
    line
}

/// The command as one would type it, its program without the folder.
pub(crate) fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    std::iter::once(program)
        .chain(command.get_args())
        .map(OsStr::to_string_lossy)
        .collect::<Vec<_>>()
        .join(" ")
}
