//! What must be there before the checks: built and installed side by side,
//! each task with a log and a time limit of its own.
//!
//! Programs write into the log; the terminal gets one line for each task that
//! ended, one every twenty seconds for those that have not, and of a failure
//! its last words, where the rest of them is, and what to do.

use std::cell::Cell;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use crate::process::{self, clock};

const REPORT_EVERY: Duration = Duration::from_secs(20);
/// So much of a failed program's output is shown.
const LAST_LINES: usize = 15;

/// Something to build or install.
pub(super) struct Task<'a> {
    /// What the user reads, and the name of the log.
    pub(super) name: &'static str,
    /// It is ended when it takes longer: generous with slow machines and lines,
    /// for it is there against what hangs.
    pub(super) limit: Duration,
    pub(super) work: Work<'a>,
}

type Work<'a> = Box<dyn FnOnce(&Site<'_>) -> anyhow::Result<()> + Send + 'a>;

/// Where a task runs its programs.
pub(super) struct Site<'a> {
    log: PathBuf,
    started: Instant,
    limit: Duration,
    /// Another task has failed.
    stop: &'a AtomicBool,
    /// Something had to be run: it was not there already.
    has_run: Cell<bool>,
}

struct Ended {
    name: &'static str,
    took: Duration,
    has_run: bool,
    result: anyhow::Result<()>,
}

/// Does all tasks at once. The first that fails stops the others; what they
/// have done so far is not lost to the next try.
///
/// # Errors
/// What the first failed task said.
pub(super) fn all(tasks: Vec<Task<'_>>, logs: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(logs).with_context(|| logs.display().to_string())?;
    let started = Instant::now();
    let stop = AtomicBool::new(false);
    let mut running: Vec<&str> = tasks.iter().map(|task| task.name).collect();
    println!("prepare: {}; logs in {}", running.join(", "), logs.display());
    let mut failure = None;
    std::thread::scope(|scope| {
        let (sender, ends) = mpsc::channel();
        for task in tasks {
            let (sender, stop) = (sender.clone(), &stop);
            scope.spawn(move || {
                // Nobody listens only after a panic of the listener.
                let _ = sender.send(task.run(logs, stop));
            });
        }
        drop(sender);
        loop {
            match ends.recv_timeout(REPORT_EVERY) {
                Ok(end) => {
                    running.retain(|name| *name != end.name);
                    println!("{} {}", clock(started.elapsed()), end);
                    if let Err(error) = end.result
                        && failure.is_none()
                    {
                        stop.store(true, Ordering::Relaxed);
                        failure = Some(error.context(end.name));
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    println!("{} … still at {}", clock(started.elapsed()), running.join(", "));
                }
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
    });
    match failure {
        None => Ok(()),
        Some(error) => Err(error),
    }
}

impl Task<'_> {
    fn run(self, logs: &Path, stop: &AtomicBool) -> Ended {
        let started = Instant::now();
        let log = logs.join(format!("{}.log", self.name));
        let site = Site { log, started, limit: self.limit, stop, has_run: Cell::new(false) };
        let result = (self.work)(&site);
        Ended { name: self.name, took: started.elapsed(), has_run: site.has_run.get(), result }
    }
}

impl std::fmt::Display for Ended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let word = match (&self.result, self.has_run) {
            (Ok(()), true) => "ok    ",
            (Ok(()), false) => "there ",
            (Err(_), _) => "FAILED",
        };
        write!(f, "{word} {:12} {:6.1} s", self.name, self.took.as_secs_f64())
    }
}

impl Site<'_> {
    /// Runs `command` to its end, its output going to the log; an error if it
    /// fails, takes longer than what is left of the limit, or another task has
    /// failed. `otherwise` says what a person can do if it fails.
    pub(super) fn run(&self, command: &mut Command, otherwise: &str) -> anyhow::Result<()> {
        let line = process::shown(command);
        let mut options = File::options();
        // What ran before is of no more use.
        if self.has_run.replace(true) {
            options.append(true)
        } else {
            options.truncate(true)
        };
        let log = options.write(true).create(true).open(&self.log);
        let mut log = log.with_context(|| self.log.display().to_string())?;
        std::io::Write::write_all(&mut log, format!("$ {line}\n").as_bytes())?;
        let mut child = command
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("cannot start `{line}`"))?;
        loop {
            if let Some(status) = child.try_wait()? {
                if status.success() {
                    return Ok(());
                }
                bail!("`{line}`: {status}{}\n{otherwise}", self.last_words());
            }
            let late = self.started.elapsed() > self.limit;
            if late || self.stop.load(Ordering::Relaxed) {
                child.kill()?;
                child.wait()?;
                if !late {
                    bail!("stopped, because something else failed");
                }
                let limit = clock(self.limit);
                bail!("`{line}`: not done after {limit}, ended{}\n{otherwise}", self.last_words());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn last_words(&self) -> String {
        let text = fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> =
            text.lines().filter(|line| !line.is_empty() && !line.starts_with("$ ")).collect();
        let last = lines.get(lines.len().saturating_sub(LAST_LINES)..).unwrap_or_default();
        let shown: String = last.iter().map(|line| format!("\n    {line}")).collect();
        format!("{shown}\nall of its output: {}", self.log.display())
    }
}

#[cfg(test)]
mod tests {
    use super::{Task, all};
    use std::process::Command;
    use std::time::Duration;

    fn shell<'a>(name: &'static str, limit: u64, script: &'a str) -> Task<'a> {
        let work = Box::new(move |site: &super::Site<'_>| {
            site.run(Command::new("sh").args(["-c", script]), "do something about it")
        });
        Task { name, limit: Duration::from_secs(limit), work }
    }

    fn folder(name: &str) -> std::path::PathBuf {
        std::env::temp_dir().join(format!("xtask-prepare-{name}-{}", std::process::id()))
    }

    #[test]
    fn a_failure_names_the_task_its_last_words_its_log_and_what_to_do() {
        let logs = folder("failure");
        let error =
            all(vec![shell("good", 60, "true"), shell("bad", 60, "echo why >&2; exit 3")], &logs);
        let told = format!("{:#}", error.unwrap_err());
        for part in
            ["bad: `sh -c", "exit status: 3", "\n    why\n", "bad.log", "do something about it"]
        {
            assert!(told.contains(part), "no {part:?} in {told}");
        }
        std::fs::remove_dir_all(logs).unwrap();
    }

    #[test]
    fn what_hangs_is_ended_at_its_limit_and_a_failure_ends_the_others() {
        for (tasks, part) in [
            (vec![shell("hangs", 0, "exec sleep 600")], "not done after 0:00"),
            (vec![shell("waits", 600, "exec sleep 600"), shell("bad", 60, "exit 1")], "bad: "),
        ] {
            let logs = folder("hangs");
            let told = format!("{:#}", all(tasks, &logs).unwrap_err());
            assert!(told.contains(part), "no {part:?} in {told}");
            std::fs::remove_dir_all(logs).unwrap();
        }
    }
}
