//! OpenClaw's config as it is written: one file per section, strict.
//!
//! The types take the union of the February and the September 2026 versions.
//! What a type takes, its JSON Schema says: both are made of one description.
//! Objects whose meaning does not reach this crate are known by their keys and
//! their content is OpenClaw's business.

mod agents;
mod auth;
mod behaviour;
mod choice;
mod compat;
mod forms;
mod gateway;
mod models;
mod number;
mod routing;
mod secret_input;
mod text;
mod values;

use std::collections::{BTreeMap, HashSet};

use serde::de::DeserializeOwned;

pub(crate) use agents::{Agent, Agents};
pub(crate) use auth::{Auth, EnvBlock, SecretMode, SecretStore, Secrets};
pub(crate) use choice::ModelChoice;
pub use compat::Compat;
pub(crate) use forms::{REQUEST_AUTH, REQUEST_PROXY, RESPONSE_STORE, SECRET_STORE, response_store};
pub(crate) use gateway::Reload;
pub use gateway::ReloadMode;
pub(crate) use models::{
    ApiWord, AuthWord, Cost, MergeMode, ModelRow, Models, ProviderRow, RequestAuth,
    RequestAuthMode, RequestRow,
};
pub(crate) use number::{Amount, Count, Positive, Price, Share, Whole, Within};
pub(crate) use secret_input::{KeyInput, SecretInput, SecretReference, SecretSource};
pub(crate) use text::{COMMAND_ID, Region};
use values::OrNull;
pub(crate) use values::{Runtime, stated};

use crate::diagnostic::Report;
use crate::document::{Document, Entry, Node, Path, Value, read, repeated_keys};
use crate::include::{INCLUDE, has_include};

/// The root key under which a stand-alone user may keep the gateway's settings.
pub(crate) const SETTINGS_KEY: &str = "ocGateway";

/// Sections this crate reads. `gateway` is owned only below `reload`.
pub(crate) const OWNED: [&str; 5] = ["models", "agents", "auth", "env", "secrets"];

/// Where `${VAR}` is replaced: what this crate reads. Elsewhere it is
/// OpenClaw's business, and a variable that only OpenClaw has is no news.
pub(crate) const SUBSTITUTED: [&str; 6] =
    ["models", "agents", "auth", "env", "secrets", SETTINGS_KEY];

/// Root keys of OpenClaw 2026.2.6 and 2026.9.6, and ours.
#[rustfmt::skip]
pub(crate) const ROOT_KEYS: &[&str] = &[
    "$schema", "accessGroups", "acp", "agents", "approvals", "attachments", "audio", "auth",
    "bindings", "broadcast", "browser", "canvasHost", "channels", "cloudWorkers", "commands",
    "cron", "desktop", "diagnostics", "discovery", "env", "gateway", "hooks", "logging", "mcp",
    "media", "memory", "messages", "meta", "models", "nodeHost", "ocGateway", "plugins", "proxy",
    "secrets", "security", "session", "skills", "surfaces", "talk", "telemetry", "tools",
    "transcripts", "tts", "ui", "update", "web", "wizard", "worktreeAcceleration", "worktreeRoot",
];

/// Root keys of OpenClaw before 2026, and where they live now. OpenClaw of
/// February moved them itself when it started; this file is never written, so
/// whoever has one is told.
const MOVED: &[(&str, &str)] = &[
    ("agent", "`agents.defaults`, and `tools` for its tools"),
    ("identity", "`identity` of the agent in `agents.list`"),
    ("routing", "`agents.list`, `bindings`, `messages` and `channels`"),
    ("memorySearch", "`agents.defaults.memorySearch`"),
    ("whatsapp", "`channels.whatsapp`"),
    ("telegram", "`channels.telegram`"),
    ("discord", "`channels.discord`"),
    ("slack", "`channels.slack`"),
    ("signal", "`channels.signal`"),
    ("imessage", "`channels.imessage`"),
    ("msteams", "`channels.msteams`"),
];

/// The sections of a config, each absent where the file has none.
#[derive(Debug, Default)]
pub(crate) struct Raw {
    pub(crate) models: Models,
    pub(crate) agents: Agents,
    pub(crate) auth: Auth,
    pub(crate) secrets: Secrets,
    pub(crate) reload: Reload,
}

impl Raw {
    /// Reads what we own and reports everything that is wrong with it.
    pub(crate) fn read(document: &Document, report: &mut Report<'_>) -> Self {
        check_root(document, report);
        refuse_includes(document, report);
        check_gateway(document, report);
        let raw = Self {
            models: section(document, &Path::of(["models"]), report).unwrap_or_default(),
            agents: section(document, &Path::of(["agents"]), report).unwrap_or_default(),
            auth: section(document, &Path::of(["auth"]), report).unwrap_or_default(),
            secrets: section(document, &Path::of(["secrets"]), report).unwrap_or_default(),
            reload: section(document, &Path::of(["gateway", "reload"]), report).unwrap_or_default(),
        };
        // Read for its strictness: its variables were taken before.
        let _: Option<EnvBlock> = section(document, &Path::of(["env"]), report);
        raw
    }
}

/// Reads the value at `path`, if there is one, reporting its problems.
pub(crate) fn section<T: DeserializeOwned>(
    document: &Document,
    path: &Path,
    report: &mut Report<'_>,
) -> Option<T> {
    let node = document.find(path)?;
    let mut skip = HashSet::new();
    for (at, first, repeat) in repeated_keys(node, path) {
        skip.insert(repeat.value.id);
        let line = report.line_of(first.key_span.start, repeat.key_span.start);
        let reason = format!("key `{}` appears twice, first in {line}", repeat.key);
        let fix = "keep one of the two".to_owned();
        report.error(repeat.key_span.clone(), &at, reason, Some(fix));
    }
    skip.extend(includes(node, path).iter().map(|(_, entry)| entry.value.id));
    let (value, problems) = read(node, path, &skip);
    report.typed(problems);
    value
}

fn check_root(document: &Document, report: &mut Report<'_>) {
    let root = &document.root;
    if !matches!(root.value, Value::Object(_)) {
        let reason = "a config is an object";
        let fix = "begin with `{` and end with `}`".to_owned();
        report.error(root.span.clone(), &Path::default(), reason, Some(fix));
        return;
    }
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for entry in root.entries() {
        let path = Path::default().key(&entry.key);
        if let Some(first) = seen.get(entry.key.as_str()) {
            let line = report.line_of(*first, entry.key_span.start);
            let reason = format!("key `{}` appears twice, first in {line}", entry.key);
            let fix = Some("keep one of the two".to_owned());
            // What OpenClaw makes of its own sections is its business.
            match SUBSTITUTED.contains(&entry.key.as_str()) || entry.key == "gateway" {
                true => report.error(entry.key_span.clone(), &path, reason, fix),
                false => report.warning(entry.key_span.clone(), &path, reason, fix),
            }
        }
        seen.entry(&entry.key).or_insert(entry.key_span.start);
        if entry.key != INCLUDE && !ROOT_KEYS.contains(&entry.key.as_str()) {
            let moved = MOVED.iter().find(|(old, _)| *old == entry.key);
            let fix = if let Some((_, now)) = moved {
                format!("it has moved to {now}; `openclaw doctor --fix` moves it")
            } else if let Some(near) = report.nearest(&entry.key, ROOT_KEYS.iter().copied()) {
                format!("did you mean `{near}`?")
            } else {
                "remove it: OpenClaw does not know this section".to_owned()
            };
            let reason = format!("unknown key `{}`", entry.key);
            report.error(entry.key_span.clone(), &path, reason, Some(fix));
        }
    }
}

/// Of `gateway` only `reload` is read, but an object it must be.
fn check_gateway(document: &Document, report: &mut Report<'_>) {
    let path = Path::of(["gateway"]);
    if let Some(node) = document.find(&path)
        && !matches!(node.value, Value::Object(_))
    {
        let fix = Some("write an object".to_owned());
        report.error(node.span.clone(), &path, "not an object", fix);
    }
}

/// An include that could not be followed leaves a hole, so it is refused
/// wherever it could change what we read. Where files are read the reason was
/// told already.
fn refuse_includes(document: &Document, report: &mut Report<'_>) {
    let mut found = includes_here(&document.root, &Path::default());
    for section in OWNED {
        let path = Path::default().key(section);
        if let Some(node) = document.find(&path) {
            found.extend(includes(node, &path));
        }
    }
    for (path, entry) in found {
        if report.has_told(&path) {
            continue;
        }
        let fix = "put the included file's content here".to_owned();
        let reason = "`$include` is followed only from a file";
        report.error(entry.key_span.clone(), &path, reason, Some(fix));
    }
}

/// `$include` keys at or below `node`, with their paths.
fn includes<'a>(node: &'a Node, path: &Path) -> Vec<(Path, &'a Entry)> {
    if !has_include(node) {
        return Vec::new();
    }
    let mut found = includes_here(node, path);
    match &node.value {
        Value::Object(entries) => {
            for entry in entries {
                found.extend(includes(&entry.value, &path.key(&entry.key)));
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                found.extend(includes(item, &path.index(index)));
            }
        }
        _ => {}
    }
    found
}

fn includes_here<'a>(node: &'a Node, path: &Path) -> Vec<(Path, &'a Entry)> {
    let entries = node.entries().iter().filter(|entry| entry.key == INCLUDE);
    entries.map(|entry| (path.key(INCLUDE), entry)).collect()
}
