//! Runs the commands that give secrets (`source: "exec"`), where the settings
//! say `secrets.exec: true`.
//!
//! The rules are OpenClaw's: an absolute path to a regular file that is no link,
//! that only its owner can change, in one of `trustedDirs` where some are named;
//! no shell; no environment but what the config names; bounds on time, silence
//! and output. Its owner is whoever runs the gateway; here it may be root too, as
//! it is for what a package manager installs.

use std::{
    io::{ErrorKind, Read, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    thread,
    time::{Duration, Instant},
};

use oc_config::{CommandFailure, Secret, SecretCommand};

/// How often a command that has closed its output is looked after.
const LOOK: Duration = Duration::from_millis(10);

/// Runs `command` and gives what it wrote to its standard output. Blocks until
/// it has ended or was ended.
///
/// # Errors
/// As [`CommandFailure`] says. What the command wrote is in no error.
pub(crate) fn run(command: &SecretCommand) -> Result<Secret, CommandFailure> {
    trusted(command)?;
    let mut child = start(command).map_err(not_started)?;
    let outcome = attend(&mut child, command);
    if outcome.is_err() {
        end(&mut child);
    }
    let status = child.wait();
    let stdout = outcome?;
    match status.map_err(not_started)? {
        status if status.success() => {
            String::from_utf8(stdout).map(Secret::new).map_err(|_| CommandFailure::NotText)
        }
        status => Err(CommandFailure::Failed(status.code())),
    }
}

fn not_started(error: std::io::Error) -> CommandFailure {
    CommandFailure::NotStarted(error.kind().to_string())
}

fn start(command: &SecretCommand) -> std::io::Result<Child> {
    let mut process = Command::new(&command.program);
    process
        .args(&command.args)
        .env_clear()
        .envs(command.env.iter().map(|(name, value)| (name, value.expose())))
        .current_dir(command.program.parent().unwrap_or(Path::new("/")))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    // A group of its own, so that what it starts can be ended with it.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut process, 0);
    process.spawn()
}

/// Ends it, and what it has started; one that has ended already stays so.
fn end(child: &mut Child) {
    #[cfg(unix)]
    {
        use rustix::process::{Pid, Signal, kill_process_group};
        let _ = kill_process_group(Pid::from_child(child), Signal::KILL);
    }
    drop(child.kill());
}

/// Asks it and reads what it writes, until it ends or a bound is reached.
fn attend(child: &mut Child, command: &SecretCommand) -> Result<Vec<u8>, CommandFailure> {
    let (told, heard) = channel();
    // Threads, because a pipe has no deadline; they end with the pipes.
    if let Some(mut stdin) = child.stdin.take() {
        let input = command.input.clone();
        // A command that does not read its question has closed its end.
        thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
    }
    if let Some(stdout) = child.stdout.take() {
        listen(stdout, true, told.clone());
    }
    if let Some(stderr) = child.stderr.take() {
        listen(stderr, false, told.clone());
    }
    drop(told);
    collect(&heard, child, command)
}

/// Some bytes, and whether they are of the answer.
type Heard = (Vec<u8>, bool);

fn listen(mut pipe: impl Read + Send + 'static, is_answer: bool, told: Sender<Heard>) {
    thread::spawn(move || {
        let mut buffer = [0; 8192];
        loop {
            match pipe.read(&mut buffer) {
                Ok(0) => return,
                Ok(read) => {
                    let bytes = buffer.get(..read).unwrap_or_default().to_vec();
                    if told.send((bytes, is_answer)).is_err() {
                        return;
                    }
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return,
            }
        }
    });
}

fn collect(
    heard: &Receiver<Heard>,
    child: &mut Child,
    command: &SecretCommand,
) -> Result<Vec<u8>, CommandFailure> {
    let started = now();
    let mut spoke = started;
    let mut stdout = Vec::new();
    let mut written: u64 = 0;
    let mut closed = false;
    loop {
        let left = command.timeout.saturating_sub(started.elapsed());
        let quiet = command.quiet.saturating_sub(spoke.elapsed());
        if left.is_zero() {
            return Err(CommandFailure::TimedOut(command.timeout));
        }
        if quiet.is_zero() {
            return Err(CommandFailure::Quiet(command.quiet));
        }
        if closed {
            match child.try_wait() {
                Ok(None) => thread::sleep(LOOK.min(left).min(quiet)),
                _ => return Ok(stdout),
            }
            continue;
        }
        match heard.recv_timeout(left.min(quiet)) {
            Ok((bytes, is_answer)) => {
                written = written.saturating_add(bytes.len() as u64);
                if written > command.output_bytes {
                    return Err(CommandFailure::TooMuchOutput(command.output_bytes));
                }
                if is_answer {
                    stdout.extend(bytes);
                }
                spoke = now();
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => closed = true,
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a process runs on the real clock")]
fn now() -> Instant {
    Instant::now()
}

/// Whether it is a program that may be run at all.
fn trusted(command: &SecretCommand) -> Result<(), CommandFailure> {
    let not = |why: &str| Err(CommandFailure::NotTrusted(why.to_owned()));
    let program = &command.program;
    if !program.is_absolute() {
        return not("its path is not absolute");
    }
    let Ok(metadata) = std::fs::symlink_metadata(program) else {
        return not("there is no such file");
    };
    if metadata.is_symlink() {
        return not("it is a link; name the file itself");
    }
    if !metadata.is_file() {
        return not("it is no regular file");
    }
    let folders = &command.trusted_folders;
    if !folders.is_empty() && !lies_in(program, folders) {
        return not("it lies outside `trustedDirs`");
    }
    permitted(&metadata)
}

/// Links in the folders above are followed on both sides.
fn lies_in(program: &Path, folders: &[PathBuf]) -> bool {
    let Ok(program) = program.canonicalize() else { return false };
    let mut real = folders.iter().filter_map(|folder| folder.canonicalize().ok());
    real.any(|folder| program.starts_with(folder))
}

#[cfg(unix)]
fn permitted(metadata: &std::fs::Metadata) -> Result<(), CommandFailure> {
    use std::os::unix::fs::MetadataExt as _;
    let not = |why: &str| Err(CommandFailure::NotTrusted(why.to_owned()));
    let own = rustix::process::geteuid().as_raw();
    if metadata.uid() != own && metadata.uid() != 0 {
        return not("it belongs to another user");
    }
    if metadata.mode() & 0o022 != 0 {
        return not("others can change it; run `chmod go-w` on it");
    }
    if metadata.mode() & 0o111 == 0 {
        return not("it is not executable");
    }
    Ok(())
}

/// Elsewhere permissions are no bits that could be looked at, so nothing is
/// run: OpenClaw too refuses what it cannot verify.
#[cfg(not(unix))]
fn permitted(_: &std::fs::Metadata) -> Result<(), CommandFailure> {
    let why = "who can change it cannot be told on this system";
    Err(CommandFailure::NotTrusted(why.to_owned()))
}

#[cfg(test)]
mod tests;
