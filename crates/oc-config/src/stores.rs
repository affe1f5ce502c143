//! `secrets.providers`: what each source needs, what it does not know, and the
//! bounds that OpenClaw sets. One serde type reads all four, so that a slip is
//! told with its place; what belongs to which is told here.

use crate::document::{Path, Value};
use crate::raw::{Raw, SecretSource, SecretStore};
use crate::resolve::Context;

const LONGEST_MS: u64 = 120_000;
const MOST_BYTES: u64 = 20 * 1024 * 1024;

/// Reports what is wrong with the stores of secrets.
pub(crate) fn check_stores(raw: &Raw, context: &mut Context<'_, '_>) {
    let base = Path::of(["secrets", "providers"]);
    for (alias, store) in &raw.secrets.providers {
        let at = base.key(alias);
        needs(store, &at, context);
        knows(store, &at, context);
        bounds(store, &at, context);
    }
}

fn needs(store: &SecretStore, at: &Path, context: &mut Context<'_, '_>) {
    let (needed, there) = match store.source {
        SecretSource::File => ("path", store.path.is_some()),
        SecretSource::Exec => {
            ("command", store.command.is_some() || store.plugin_integration.is_some())
        }
        SecretSource::Env | SecretSource::Store => return,
    };
    if !there && context.lacks(at, needed) {
        context.error(at, format!("`{needed}` is missing"), Some(format!("add `{needed}`")));
    }
}

/// Keys that another source knows.
fn knows(store: &SecretStore, at: &Path, context: &mut Context<'_, '_>) {
    let known: &[&str] = match store.source {
        SecretSource::Env => &["allowlist"],
        SecretSource::File => &["path", "mode", "timeoutMs", "maxBytes"],
        SecretSource::Exec if store.command.is_none() => &["pluginIntegration"],
        SecretSource::Exec => &[
            "command",
            "args",
            "timeoutMs",
            "noOutputTimeoutMs",
            "maxOutputBytes",
            "jsonOnly",
            "env",
            "passEnv",
            "trustedDirs",
        ],
        SecretSource::Store => &[],
    };
    let entries = context.document.find(at).map(|node| node.entries()).unwrap_or_default();
    let strange: Vec<String> = entries
        .iter()
        .filter(|entry| STRICT.contains(&entry.key.as_str()))
        .filter(|entry| !known.contains(&entry.key.as_str()))
        .map(|entry| entry.key.clone())
        .collect();
    for key in strange {
        let fix = match known {
            [] => "remove it: this source takes nothing".to_owned(),
            known => format!("remove it; this source takes {}", known.join(", ")),
        };
        let reason = format!("`{key}` belongs to another source");
        context.error(&at.key(&key), reason, Some(fix));
    }
}

/// All keys but `source`; others were told as unknown already.
const STRICT: [&str; 14] = [
    "allowlist",
    "path",
    "mode",
    "timeoutMs",
    "maxBytes",
    "command",
    "args",
    "noOutputTimeoutMs",
    "maxOutputBytes",
    "jsonOnly",
    "env",
    "passEnv",
    "trustedDirs",
    "pluginIntegration",
];

fn bounds(store: &SecretStore, at: &Path, context: &mut Context<'_, '_>) {
    let numbers = [
        ("timeoutMs", store.timeout_ms, LONGEST_MS),
        ("noOutputTimeoutMs", store.no_output_timeout_ms, LONGEST_MS),
        ("maxBytes", store.max_bytes, MOST_BYTES),
        ("maxOutputBytes", store.max_output_bytes, MOST_BYTES),
    ];
    for (key, _, most) in numbers.iter().filter(|(_, n, most)| n.is_some_and(|n| n.0 > *most)) {
        let fix = Some(format!("write {most} or less"));
        context.error(&at.key(key), format!("more than {most}"), fix);
    }
    for (key, most) in [("allowlist", 256), ("args", 128), ("passEnv", 128), ("trustedDirs", 64)] {
        let list = context.document.find(&at.key(key)).map(|node| &node.value);
        if matches!(list, Some(Value::Array(items)) if items.len() > most) {
            let fix = Some(format!("name {most} or fewer"));
            context.error(&at.key(key), format!("more than {most}"), fix);
        }
    }
    let long = store.args.iter().flatten().position(|arg| arg.chars().count() > 1024);
    if let Some(index) = long {
        let fix = Some("shorten it, or let the command read it from a file".to_owned());
        context.error(&at.key("args").index(index), "longer than 1024 characters", fix);
    }
}
