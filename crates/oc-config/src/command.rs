//! SecretRefs whose value a command gives: what it is asked, and what its
//! answer means. The rules are those of OpenClaw's `exec` providers.
//!
//! This crate starts no process: a program that wants it passes [`Commands`]
//! in, and the settings must say `secrets.exec: true`. Each command is run once
//! per reading, for all its secrets together.
//!
//! ```text
//! stdin    {"protocolVersion":1,"provider":"vault","ids":["openai/key"]}
//! stdout   {"protocolVersion":1,"values":{"openai/key":"…"},"errors":{"other":{…}}}
//! ```

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value as Json;

use crate::document::{Node, Value};
use crate::env::Layered;
use crate::raw::{COMMAND_ID, SecretReference, SecretStore};
use crate::secret::Secret;

/// Runs the commands that give secrets.
///
/// It decides whether a command may be run at all (OpenClaw: a regular file, no
/// link, in a trusted folder, that nobody else can change), starts it without a
/// shell and with nothing but the environment it is given, and keeps the limits.
///
/// Closures are such runners:
///
/// ```
/// use std::path::Path;
/// use oc_config::{CommandFailure, Commands, Reading, Secret, SecretCommand, Settings};
/// # use std::{collections::BTreeMap, io, path::PathBuf};
/// # use oc_config::{FileText, Files};
/// # struct One(&'static str);
/// # impl Files for One {
/// #     fn real_path(&self, path: &Path) -> io::Result<PathBuf> { Ok(path.to_owned()) }
/// #     fn read(&self, path: &Path, _: u64) -> io::Result<FileText> {
/// #         match path.ends_with("openclaw.json") {
/// #             true => Ok(FileText::new(self.0.to_owned())),
/// #             false => Err(io::ErrorKind::NotFound.into()),
/// #         }
/// #     }
/// # }
///
/// # let files = One(r#"{
/// #   secrets: { providers: { vault: { source: "exec", command: "/opt/vault" } } },
/// #   models: { providers: { xai: { apiKey: { source: "exec", provider: "vault", id: "xai/key" } } } },
/// # }"#);
/// # let env = |_: &str| None;
/// let vault = |command: &SecretCommand| -> Result<Secret, CommandFailure> {
///     assert_eq!(command.program, Path::new("/opt/vault"));
///     assert!(command.input.contains(r#""ids":["xai/key"]"#));
///     Ok(Secret::new(r#"{"protocolVersion":1,"values":{"xai/key":"sk"}}"#.to_owned()))
/// };
/// let settings = Settings::parse("{ secrets: { exec: true } }", "s", &env)?.value;
/// let reading = Reading::new(&env).files(&files).settings(&settings).commands(&vault);
/// let config = reading.config(Path::new("/c/openclaw.json"))?.value;
/// assert_eq!(config.provider("xai").unwrap().secret().unwrap().expose(), "sk");
/// # Ok::<(), oc_config::ConfigError>(())
/// ```
pub trait Commands {
    /// Runs `command` and gives what it wrote to its standard output.
    ///
    /// # Errors
    /// When it may not be run, did not start, took too long, wrote too much or
    /// failed. What it wrote is in no error.
    fn run(&self, command: &SecretCommand) -> Result<Secret, CommandFailure>;
}

impl<F: Fn(&SecretCommand) -> Result<Secret, CommandFailure>> Commands for F {
    fn run(&self, command: &SecretCommand) -> Result<Secret, CommandFailure> {
        self(command)
    }
}

/// A command that gives secrets (`secrets.providers.<alias>`).
#[derive(Clone)]
#[non_exhaustive]
pub struct SecretCommand {
    /// The program; an absolute path.
    pub program: PathBuf,
    /// Its arguments, as they are: no shell reads them.
    pub args: Vec<String>,
    /// Its whole environment: `passEnv`, and `env` above it.
    pub env: BTreeMap<String, Secret>,
    /// What it reads on its standard input.
    pub input: String,
    /// The longest it may run. Default 5 s, at most 120 s.
    pub timeout: Duration,
    /// The longest it may say nothing. Default: as `timeout`.
    pub quiet: Duration,
    /// The most it may write, errors included, in bytes. Default 1 MiB, at most
    /// 20 MiB.
    pub output_bytes: u64,
    /// Folders it must lie in; empty: any.
    pub trusted_folders: Vec<PathBuf>,
}

impl SecretCommand {
    /// `program` with this on its standard input, and the default bounds.
    #[must_use]
    pub fn new(program: impl Into<PathBuf>, input: impl Into<String>) -> Self {
        Self {
            program: program.into(),
            args: Vec::new(),
            env: BTreeMap::new(),
            input: input.into(),
            timeout: DEFAULT_TIMEOUT,
            quiet: DEFAULT_TIMEOUT,
            output_bytes: DEFAULT_OUTPUT,
            trusted_folders: Vec::new(),
        }
    }
}

/// The program and what it is asked; its arguments and variables may be secrets.
impl fmt::Debug for SecretCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretCommand")
            .field("program", &self.program)
            .field("input", &self.input)
            .finish_non_exhaustive()
    }
}

/// Why a command gave nothing. `Display` is a lowercase fragment that holds
/// nothing of what the command wrote.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CommandFailure {
    /// It is no program that may be run.
    #[error("it may not be run: {0}")]
    NotTrusted(String),
    /// It could not be started.
    #[error("it does not start: {0}")]
    NotStarted(String),
    /// It ran for too long.
    #[error("it took longer than {} ms", .0.as_millis())]
    TimedOut(Duration),
    /// It said nothing for too long.
    #[error("it wrote nothing for {} ms", .0.as_millis())]
    Quiet(Duration),
    /// It wrote more than it may.
    #[error("it wrote more than {0} bytes")]
    TooMuchOutput(u64),
    /// What it wrote is no UTF-8.
    #[error("what it wrote is not UTF-8")]
    NotText,
    /// It ended with this code; `None`: by a signal.
    #[error("it ended with {}", .0.map_or("a signal".to_owned(), |code| format!("code {code}")))]
    Failed(Option<i32>),
}

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);
const DEFAULT_OUTPUT: u64 = 1024 * 1024;
/// Secrets of one command, and bytes of the question, as in OpenClaw.
const MOST_IDS: usize = 512;
const LONGEST_INPUT: usize = 256 * 1024;

/// Whether commands may be run for a config.
#[derive(Clone, Copy)]
pub(crate) enum Permission<'a> {
    /// The settings do not say so.
    NotGiven,
    /// Nobody was passed in who could.
    NoRunner,
    Given(&'a dyn Commands),
}

/// Reason and fix.
type Trouble = (String, String);
/// What a command gave, by id.
type Answer = BTreeMap<String, Result<Secret, Trouble>>;

/// The commands of one reading, and what they answered.
pub(crate) struct Asking<'a> {
    permission: Permission<'a>,
    /// What is wanted of each alias.
    wanted: BTreeMap<String, BTreeSet<String>>,
    answers: RefCell<BTreeMap<String, Result<Answer, Trouble>>>,
}

impl<'a> Asking<'a> {
    pub(crate) fn nobody() -> Self {
        Self::new(Permission::NotGiven, BTreeMap::new())
    }

    /// `wanted` holds the ids by the alias that is asked for them.
    pub(crate) fn new(
        permission: Permission<'a>,
        wanted: BTreeMap<String, BTreeSet<String>>,
    ) -> Self {
        Self { permission, wanted, answers: RefCell::default() }
    }

    /// The secret `id` of the command behind `alias`.
    pub(crate) fn secret(
        &self,
        alias: &str,
        id: &str,
        store: Option<&SecretStore>,
        env: &Layered<'_>,
        home: Option<&Path>,
    ) -> Result<Secret, Trouble> {
        let commands = match self.permission {
            Permission::NotGiven => {
                let reason = "commands for secrets are not allowed by the settings".to_owned();
                let fix = "write `secrets: { exec: true }` into the settings file, or run it \
                           before and pass its output as `${NAME}`";
                return Err((reason, fix.to_owned()));
            }
            Permission::NoRunner => {
                let reason = "no command is run for this config".to_owned();
                return Err((reason, "run it before, and pass its output as `${NAME}`".to_owned()));
            }
            Permission::Given(commands) => commands,
        };
        let Some(store) = store else {
            let reason = format!("no `secrets.providers.{alias}` with `source: \"exec\"`");
            return Err((reason, "add it, with its `command`".to_owned()));
        };
        let mut answers = self.answers.borrow_mut();
        let answer = answers.entry(alias.to_owned()).or_insert_with(|| {
            let ids: Vec<&str> = match self.wanted.get(alias) {
                Some(wanted) if wanted.contains(id) => {
                    wanted.iter().map(String::as_str).filter(|id| COMMAND_ID.holds(id)).collect()
                }
                _ => vec![id],
            };
            let command = command(alias, &ids, store, env, home)?;
            let stdout = commands.run(&command).map_err(|failure| {
                let reason = format!("`{}`: {failure}", command.program.display());
                (reason, format!("correct `secrets.providers.{alias}`, or the command"))
            })?;
            let json_only = store.json_only.unwrap_or(true);
            read_answer(stdout.expose(), &ids, json_only).map_err(|reason| {
                let reason = format!("`{}`: {reason}", command.program.display());
                (reason, "let the command answer as OpenClaw documents it".to_owned())
            })
        });
        match answer {
            Err(trouble) => Err(trouble.clone()),
            Ok(secrets) => secrets.get(id).cloned().unwrap_or_else(|| {
                let reason = format!("the command of `{alias}` was not asked for `{id}`");
                Err((reason, "write the id as it stands in the config".to_owned()))
            }),
        }
    }
}

/// The ids that SecretRefs at or below `node` want of commands, by the
/// `provider` they name.
pub(crate) fn wanted(node: &Node, found: &mut BTreeMap<String, BTreeSet<String>>) {
    match &node.value {
        Value::Array(items) => items.iter().for_each(|item| wanted(item, found)),
        Value::Object(entries) => {
            let text = |key: &str| node.get(key).and_then(Node::text).map(|t| t.text.as_str());
            if let (Some("exec"), Some(provider), Some(id)) =
                (text("source"), text("provider"), text("id"))
            {
                found.entry(provider.to_owned()).or_default().insert(id.to_owned());
            }
            entries.iter().for_each(|entry| wanted(&entry.value, found));
        }
        _ => {}
    }
}

/// Under the alias that is asked in the end.
pub(crate) fn by_alias(
    wanted: BTreeMap<String, BTreeSet<String>>,
    alias: impl Fn(&SecretReference) -> String,
) -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (provider, ids) in wanted {
        let source = crate::raw::SecretSource::Exec;
        let reference = SecretReference { source, provider, id: String::new() };
        found.entry(alias(&reference)).or_default().extend(ids);
    }
    found
}

fn command(
    alias: &str,
    ids: &[&str],
    store: &SecretStore,
    env: &Layered<'_>,
    home: Option<&Path>,
) -> Result<SecretCommand, Trouble> {
    let at = format!("secrets.providers.{alias}");
    let Some(written) = &store.command else {
        let reason = format!("`{at}` is an OpenClaw plugin, which is not run here");
        return Err((reason, "name a `command` instead".to_owned()));
    };
    let resolved = |written: &str| match (written.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(written),
    };
    let program = resolved(written);
    if !program.is_absolute() {
        let fix = "write the whole path, or begin with `~/`".to_owned();
        return Err((format!("`{at}.command` is not absolute"), fix));
    }
    let input = serde_json::json!({ "protocolVersion": 1, "provider": alias, "ids": ids });
    let input = input.to_string();
    if ids.len() > MOST_IDS || input.len() > LONGEST_INPUT {
        let reason = format!("more than {MOST_IDS} secrets of one command");
        return Err((reason, "divide them among several commands".to_owned()));
    }
    let mut own_env = BTreeMap::new();
    for name in store.pass_env.iter().flatten() {
        if let Some(value) = env.get(name) {
            own_env.insert(name.clone(), Secret::new(value));
        }
    }
    for (name, value) in store.env.iter().flatten() {
        own_env.insert(name.clone(), Secret::new(value.clone()));
    }
    let mut command = SecretCommand::new(program, input);
    command.args = store.args.clone().unwrap_or_default();
    command.env = own_env;
    command.timeout = store.timeout_ms.map_or(DEFAULT_TIMEOUT, |ms| Duration::from_millis(ms.0));
    let quiet = store.no_output_timeout_ms.map(|ms| Duration::from_millis(ms.0));
    command.quiet = quiet.unwrap_or(command.timeout);
    command.output_bytes = store.max_output_bytes.map_or(DEFAULT_OUTPUT, |bytes| bytes.0);
    command.trusted_folders =
        store.trusted_dirs.iter().flatten().map(|dir| resolved(dir)).collect();
    Ok(command)
}

/// What is wrong with an answer is told without a word of it: it is made of
/// secrets, and so may be its errors.
fn read_answer(stdout: &str, ids: &[&str], json_only: bool) -> Result<Answer, &'static str> {
    let text = stdout.trim();
    if text.is_empty() {
        return Err("it wrote nothing");
    }
    let plain = match ids {
        [only] if !json_only => Some(*only),
        _ => None,
    };
    let one =
        |id: &str, text: &str| BTreeMap::from([(id.to_owned(), Ok(Secret::new(text.to_owned())))]);
    let json = match (serde_json::from_str::<Json>(text), plain) {
        (Ok(Json::String(value)), Some(only)) => {
            return Ok(one(only, &value));
        }
        (Ok(json), _) => json,
        (Err(_), Some(only)) => return Ok(one(only, text)),
        (Err(_), None) => return Err("what it wrote is not JSON"),
    };
    if json.get("protocolVersion").and_then(Json::as_f64) != Some(1.0) {
        return Err("its answer has no `protocolVersion: 1`");
    }
    let Some(values) = json.get("values").and_then(Json::as_object) else {
        return Err("its answer has no `values`");
    };
    let errors = json.get("errors").and_then(Json::as_object);
    let told = |id: &&str| {
        let value = values.get(*id).and_then(Json::as_str).filter(|value| !value.is_empty());
        let failed = errors.is_some_and(|errors| errors.contains_key(*id));
        let found = match value {
            Some(value) if !failed => Ok(Secret::new(value.to_owned())),
            _ if failed => Err(format!("the command tells an error for `{id}`")),
            _ => Err(format!("the command gives no text for `{id}`")),
        };
        let fix = || "ask the command by hand".to_owned();
        ((*id).to_owned(), found.map_err(|reason| (reason, fix())))
    };
    Ok(ids.iter().map(told).collect())
}
