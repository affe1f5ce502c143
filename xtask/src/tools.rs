//! Programs that a Rust toolchain does not bring. What is missing is said all
//! at once, before anything long begins, with the line that installs it.

use std::fmt::Write as _;
use std::process::{Command, Stdio};

use anyhow::bail;

/// One program, how to see that it works, and where it comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tool {
    /// As a person would call it.
    pub(crate) name: &'static str,
    /// Works if this exits with 0.
    probe: &'static [&'static str],
    install: Install,
}

#[derive(Debug, Clone, Copy)]
enum Install {
    /// A package of Debian and those that descend from it; others name it alike.
    Apt(&'static str),
    /// A whole command.
    Run(&'static str),
}

pub(crate) const PYTHON: Tool = Tool {
    name: "python3 (3.11 or newer)",
    probe: &["python3", "-c", "import sys; sys.exit(sys.version_info < (3, 11))"],
    install: Install::Apt("python3"),
};
/// Debian has it in a package of its own, and a Python without it looks whole.
pub(crate) const VENV: Tool = Tool {
    name: "the venv module of python3",
    probe: &["python3", "-c", "import ensurepip, venv"],
    install: Install::Apt("python3-venv"),
};
/// Any Node that has npm will do: the one that is used comes from the registry.
pub(crate) const NPM: Tool =
    Tool { name: "npm", probe: &["npm", "--version"], install: Install::Apt("npm") };
pub(crate) const CMAKE: Tool =
    Tool { name: "cmake", probe: &["cmake", "--version"], install: Install::Apt("cmake") };
pub(crate) const NINJA: Tool =
    Tool { name: "ninja", probe: &["ninja", "--version"], install: Install::Apt("ninja-build") };
/// `$CXX` counts, as it does for cmake and for cargo's build scripts.
pub(crate) const CXX: Tool = Tool {
    name: "a C++ compiler",
    probe: &["sh", "-c", "${CXX:-c++} --version"],
    install: Install::Apt("g++"),
};
pub(crate) const RUSTFMT: Tool = Tool {
    name: "rustfmt",
    probe: &["cargo", "fmt", "--version"],
    install: Install::Run("rustup component add rustfmt"),
};
pub(crate) const CLIPPY: Tool = Tool {
    name: "clippy",
    probe: &["cargo", "clippy", "--version"],
    install: Install::Run("rustup component add clippy"),
};
// The versions that `.ci/run` installs.
pub(crate) const CARGO_DENY: Tool = Tool {
    name: "cargo-deny",
    probe: &["cargo-deny", "--version"],
    install: Install::Run("cargo install cargo-deny --version 0.20.2 --locked"),
};
pub(crate) const CARGO_FUZZ: Tool = Tool {
    name: "cargo-fuzz",
    probe: &["cargo-fuzz", "--version"],
    install: Install::Run("cargo install cargo-fuzz --version 0.13.2 --locked"),
};

impl Tool {
    fn is_there(&self) -> bool {
        let Some((program, arguments)) = self.probe.split_first() else { return false };
        let mut probe = Command::new(program);
        probe.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        probe.status().is_ok_and(|status| status.success())
    }
}

/// Those of `tools` that do not work on this machine, in their order.
pub(crate) fn missing<'a>(tools: impl IntoIterator<Item = &'a Tool>) -> Vec<&'a Tool> {
    tools.into_iter().filter(|tool| !tool.is_there()).collect()
}

/// Nothing is missing, or an error that names all of it.
///
/// # Errors
/// If a tool does not work, with what installs it.
pub(crate) fn require<'a>(tools: impl IntoIterator<Item = &'a Tool>) -> anyhow::Result<()> {
    match missing(tools).as_slice() {
        [] => Ok(()),
        missing => bail!("{}", counsel(missing)),
    }
}

/// What is missing and what installs it: `not installed: npm, cmake; apt-get install npm cmake`.
pub(crate) fn counsel(missing: &[&Tool]) -> String {
    let names: Vec<&str> = missing.iter().map(|tool| tool.name).collect();
    let mut text = format!("not installed: {}", names.join(", "));
    let mut packages = Vec::new();
    let mut commands = Vec::new();
    for tool in missing {
        match tool.install {
            Install::Apt(package) => packages.push(package),
            Install::Run(command) => commands.push(command),
        }
    }
    if !packages.is_empty() {
        let _ = write!(text, "; on Debian or Ubuntu: apt-get install {}", packages.join(" "));
    }
    for command in commands {
        let _ = write!(text, "; {command}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{CARGO_DENY, CMAKE, Install, NPM, Tool, counsel, missing};

    const THERE: Tool =
        Tool { name: "sh", probe: &["sh", "-c", "exit 0"], install: Install::Apt("dash") };
    const BROKEN: Tool =
        Tool { name: "broken", probe: &["sh", "-c", "exit 1"], install: Install::Apt("broken") };
    const ABSENT: Tool =
        Tool { name: "absent", probe: &["no-such-program"], install: Install::Apt("absent") };

    #[test]
    fn a_tool_that_fails_its_probe_is_as_missing_as_one_that_is_not_there() {
        let names: Vec<&str> =
            missing(&[THERE, BROKEN, ABSENT]).into_iter().map(|tool| tool.name).collect();
        assert_eq!(names, ["broken", "absent"]);
    }

    #[test]
    fn all_that_is_missing_is_said_in_one_line_with_what_installs_it() {
        let rows: [(&[&Tool], &str); 3] = [
            (&[&NPM], "not installed: npm; on Debian or Ubuntu: apt-get install npm"),
            (
                &[&NPM, &CMAKE],
                "not installed: npm, cmake; on Debian or Ubuntu: apt-get install npm cmake",
            ),
            (
                &[&CARGO_DENY],
                "not installed: cargo-deny; cargo install cargo-deny --version 0.20.2 --locked",
            ),
        ];
        for (missing, expected) in rows {
            assert_eq!(counsel(missing), expected);
        }
    }
}
