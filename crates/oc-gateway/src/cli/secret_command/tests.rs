//! Scripts that answer, hang, flood, fail, and are not to be trusted.
#![cfg(unix)]
use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    sync::{PoisonError, RwLock},
};

use super::*;

/// A script that is being written while another test starts a process is open in
/// that process, too, and nobody may run it ("executable file busy").
static WRITING: RwLock<()> = RwLock::new(());

fn ask(command: &SecretCommand) -> Result<Secret, CommandFailure> {
    let _nobody_writes = WRITING.read().unwrap_or_else(PoisonError::into_inner);
    run(command)
}

/// A script in a folder of its own; the folder goes with it.
struct Script(PathBuf);

impl Script {
    fn new(name: &str, text: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("oc-secret-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let script = Self(folder.canonicalize().unwrap().join("vault"));
        let nobody_runs = WRITING.write().unwrap_or_else(PoisonError::into_inner);
        fs::write(&script.0, format!("#!/bin/sh\n{text}\n")).unwrap();
        drop(nobody_runs);
        script.mode(0o700);
        script
    }

    fn mode(&self, mode: u32) {
        fs::set_permissions(&self.0, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn command(&self) -> SecretCommand {
        let mut command = SecretCommand::new(&self.0, "the question\n");
        command.timeout = Duration::from_secs(20);
        command.quiet = command.timeout;
        command
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(self.0.parent().unwrap()));
    }
}

#[test]
fn it_reads_its_question_and_has_only_the_environment_it_is_given() {
    let script = Script::new(
        "asked",
        r#"read question; echo "$question|$0|$1|${HOME-none}|$GIVEN|$(pwd)"; echo noise >&2"#,
    );
    let mut command = script.command();
    command.args = vec!["$(echo no shell)".to_owned()];
    command.env = [("GIVEN".to_owned(), Secret::new("yes".to_owned()))].into();
    let said = ask(&command).unwrap();
    let folder = script.0.parent().unwrap().display().to_string();
    let program = script.0.display();
    assert_eq!(
        said.expose(),
        format!("the question|{program}|$(echo no shell)|none|yes|{folder}\n")
    );
}

#[test]
fn its_bounds_are_kept() {
    let hangs = Script::new("hangs", "sleep 1000 & sleep 1000");
    let mut command = hangs.command();
    command.timeout = Duration::from_millis(50);
    command.quiet = command.timeout * 100;
    assert_eq!(ask(&command), Err(CommandFailure::TimedOut(command.timeout)));
    command.timeout *= 100;
    command.quiet = Duration::from_millis(50);
    assert_eq!(ask(&command), Err(CommandFailure::Quiet(command.quiet)));
    for text in ["yes", "yes >&2"] {
        let script = Script::new("floods", text);
        let mut command = script.command();
        command.output_bytes = 10_000;
        assert_eq!(ask(&command), Err(CommandFailure::TooMuchOutput(10_000)), "{text}");
    }
}

#[test]
fn what_fails_says_how_and_not_what() {
    let failing = Script::new("fails", "echo sk-planted; echo sk-planted >&2; exit 3");
    let failure = ask(&failing.command()).unwrap_err();
    assert_eq!(failure, CommandFailure::Failed(Some(3)));
    assert!(!format!("{failure} {failure:?}").contains("planted"));
    let binary = Script::new("binary", r"printf '\377'");
    assert_eq!(ask(&binary.command()), Err(CommandFailure::NotText));
    // It need not read its question.
    let deaf = Script::new("deaf", "exec <&-; echo answer");
    assert_eq!(ask(&deaf.command()).unwrap().expose(), "answer\n");
}

#[test]
fn what_others_can_change_is_not_run() {
    let script = Script::new("trusted", "echo answer");
    let refused = |command: &SecretCommand| match run(command) {
        Err(CommandFailure::NotTrusted(why)) => why,
        other => panic!("{other:?}"),
    };
    for mode in [0o720, 0o702, 0o777] {
        script.mode(mode);
        assert!(refused(&script.command()).contains("others can change it"), "{mode:o}");
    }
    script.mode(0o600);
    assert!(refused(&script.command()).contains("not executable"));
    script.mode(0o755);
    assert!(ask(&script.command()).is_ok());

    let folder = script.0.parent().unwrap();
    let mut command = script.command();
    command.trusted_folders = vec![folder.join("elsewhere"), folder.to_owned()];
    assert!(ask(&command).is_ok());
    command.trusted_folders = vec![folder.join("elsewhere"), PathBuf::from("/nonexistent")];
    assert!(refused(&command).contains("trustedDirs"));

    let link = folder.join("link");
    std::os::unix::fs::symlink(&script.0, &link).unwrap();
    for (program, why) in [
        (link, "a link"),
        (folder.to_owned(), "no regular file"),
        (folder.join("none"), "no such file"),
        (PathBuf::from("vault"), "not absolute"),
    ] {
        let mut command = script.command();
        command.program = program;
        assert!(refused(&command).contains(why), "{why}");
    }
}
