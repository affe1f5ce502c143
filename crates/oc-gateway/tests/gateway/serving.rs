//! The binary as it serves: until it listens, what it says, and how it ends.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    process::{Child, ChildStderr, ChildStdout, Command, Stdio},
};

use crate::commands::oc_gateway;

/// A gateway in a process of its own; one that a failing test leaves is killed.
pub(crate) struct Serving {
    child: Child,
    out: BufReader<ChildStdout>,
    err: BufReader<ChildStderr>,
    /// All of its standard output until it listened.
    pub(crate) announced: String,
    /// Where it listens: `host:port`.
    pub(crate) address: String,
}

impl Serving {
    /// Serves the config in `file` on a port of the machine's choice.
    pub(crate) fn start(file: &str) -> Self {
        Self::with(file, |_| ())
    }

    /// The same, with more arguments or variables.
    pub(crate) fn with(file: &str, more: impl FnOnce(&mut Command)) -> Self {
        let mut command = oc_gateway();
        command.args(["serve", "--config", file, "--listen", "127.0.0.1:0"]);
        more(&mut command);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut err = BufReader::new(child.stderr.take().unwrap());
        let mut announced = String::new();
        while !announced.contains("listening on http://") {
            if out.read_line(&mut announced).unwrap() == 0 {
                err.read_to_string(&mut announced).unwrap();
                panic!("it ended early: {announced}");
            }
        }
        let address = announced.trim_end().rsplit("http://").next().unwrap().to_owned();
        Self { child, out, err, announced, address }
    }

    /// Reads its log until it says `words`; gives what was read.
    pub(crate) fn until(&mut self, words: &str) -> String {
        let mut said = String::new();
        while !said.contains(words) {
            assert!(self.err.read_line(&mut said).unwrap() > 0, "{words} was never said: {said}");
        }
        said
    }

    /// Sends it a signal, in the words of `kill`: `-TERM`.
    pub(crate) fn signal(&self, name: &str) {
        let killed = Command::new("kill").args([name, &self.child.id().to_string()]).status();
        assert!(killed.unwrap().success());
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits for its end: its exit code, and what it said that nobody has read.
    pub(crate) fn ended(mut self) -> (Option<i32>, String) {
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).unwrap();
        self.err.read_to_string(&mut rest).unwrap();
        (self.child.wait().unwrap().code(), rest)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // Of one that has ended already, both only say so.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
