//! Keys in plain text, in files that other users of the machine can read: the
//! config and what it includes, the settings, `.env`, files of SecretRefs. (Of
//! `auth-profiles.json` all is keys: `profiles` tells of it.)
//!
//! What is a key is told by its name (`apiKey`, `Authorization`, a variable that
//! ends in `_KEY`, …) or by its look. For a server on this machine or the private
//! network only the look counts: its key is a word such as `lmstudio`, which
//! OpenClaw wants to be there and nobody needs to hide.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::config::Config;
use crate::document::{Node, Path, Step, Text, Value, is_secret};
use crate::env::{DotEnv, is_variable_name};
use crate::provider::AUTH_HEADERS;
use crate::raw::{OWNED, SETTINGS_KEY};
use crate::resolve::{Context, canonical_id, variables_in};
use crate::secret::{Key, KeySource};
use crate::shape::looks_secret;

/// One warning for each file, at the first key in it. `config` is what the file
/// came to; none for the settings.
pub(crate) fn warn_of_exposed_keys(config: Option<&Config>, context: &mut Context<'_, '_>) {
    for alias in context.secrets.exposed() {
        let at = Path::of(["secrets", "providers", &alias, "path"]);
        let reason = "other users of this machine can read that file, and the secrets in it";
        context.warning(&at, reason, Some("run `chmod 600` on it".to_owned()));
    }
    if !context.report.sources().any_exposed() {
        return;
    }
    let mut found = Found::default();
    let root = &context.document.root;
    match config {
        None => found.search(root, &mut Path::default(), None, context),
        Some(config) => {
            let entries = root.entries().iter();
            let ours = |key: &str| OWNED.contains(&key) || key == SETTINGS_KEY;
            for entry in entries.filter(|entry| ours(&entry.key)) {
                let mut path = Path::of([entry.key.as_str()]);
                found.search(&entry.value, &mut path, Some(config), context);
            }
        }
    }
    let used = used_variables(config, root);
    for dot_env in context.secrets.dot_envs() {
        found.search_dot_env(dot_env, &used, context);
    }
    for (first, path, count) in found.0.into_values() {
        let (keys, each) = match count {
            1 => ("the key".to_owned(), ""),
            many => (format!("the {many} keys"), " in place of each"),
        };
        let reason = format!("other users of this machine can read this file, and {keys} in it");
        let is_dot_env = path.steps().is_empty();
        let fix = match is_dot_env {
            true => "run `chmod 600` on it".to_owned(),
            false => format!("run `chmod 600` on it, or write `${{NAME}}`{each}"),
        };
        context.report.warning(first, &path, reason, Some(fix));
    }
}

/// By where the file begins: the place and path of the first key, and how many
/// there are.
#[derive(Default)]
struct Found(BTreeMap<usize, (Range<usize>, Path, usize)>);

impl Found {
    fn search(
        &mut self,
        node: &Node,
        path: &mut Path,
        config: Option<&Config>,
        context: &Context<'_, '_>,
    ) {
        match &node.value {
            Value::Text(text)
                if is_written_out(text, context) && is_key(&text.text, path, config, context) =>
            {
                self.add(node.span.clone(), path, context);
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    path.push(Step::Index(index));
                    self.search(item, path, config, context);
                    path.pop();
                }
            }
            Value::Object(entries) => {
                for entry in entries {
                    path.push(Step::Key(entry.key.clone()));
                    self.search(&entry.value, path, config, context);
                    path.pop();
                }
            }
            _ => {}
        }
    }

    /// The file of the folder one stands in may be any project's: what the config
    /// does not ask of it is none of our business.
    fn search_dot_env(
        &mut self,
        dot_env: &DotEnv,
        used: &BTreeSet<&str>,
        context: &Context<'_, '_>,
    ) {
        let Some(base) = dot_env.exposed_at else {
            return;
        };
        for (name, one) in &dot_env.vars {
            let ours = !dot_env.of_working_folder || used.contains(name.as_str());
            if ours && !one.value.is_empty() && is_key_variable(name, &one.value, context) {
                let at = base + one.at;
                self.add(at..at + name.len(), &Path::default(), context);
            }
        }
    }

    fn add(&mut self, span: Range<usize>, path: &Path, context: &Context<'_, '_>) {
        let Some(file) = context.report.sources().exposed(span.start) else {
            return;
        };
        let (first, at, count) =
            self.0.entry(file).or_insert_with(|| (span.clone(), path.clone(), 0));
        *count += 1;
        if span.start < first.start {
            *first = span;
            at.clone_from(path);
        }
    }
}

/// Whether the text itself is what is used: no variable is in it or named by it.
fn is_written_out(text: &Text, context: &Context<'_, '_>) -> bool {
    let Text { text, variables, missing } = text;
    let text = text.trim();
    let names = |name: &str| {
        is_variable_name(name)
            && (context.secrets.variable(name).is_some() || context.catalog.is_key_var(name))
    };
    let named = text.strip_prefix('$').map_or_else(|| names(text), is_variable_name);
    !text.is_empty() && variables.is_empty() && missing.is_empty() && !named
}

fn is_key(text: &str, path: &Path, config: Option<&Config>, context: &Context<'_, '_>) -> bool {
    if looks_secret(text) {
        return true;
    }
    let keys: Vec<&str> = path
        .steps()
        .iter()
        .filter_map(|step| match step {
            Step::Key(key) => Some(key.as_str()),
            Step::Index(_) => None,
        })
        .collect();
    let Some((last, above)) = keys.split_last() else {
        return false;
    };
    match above {
        // Paths of files.
        [.., "tls"] => false,
        [.., "request", "auth"] => ["token", "value"].contains(last),
        ["env"] | ["env", "vars"] => is_key_variable(last, text, context),
        ["models", "providers", id, ..] => {
            let id = canonical_id(id, context.catalog);
            let provider = config.and_then(|config| config.providers.get(&id));
            let hosted = provider.is_none_or(|provider| !provider.address.is_local());
            hosted && names_key(last)
        }
        _ => names_key(last),
    }
}

/// Names that say nothing of what stands under them everywhere.
const VAGUE: [&str; 3] = ["url", "value", "keys"];

fn names_key(name: &str) -> bool {
    let name = name.to_lowercase();
    AUTH_HEADERS.contains(&name.as_str()) || (is_secret(&name) && !VAGUE.contains(&name.as_str()))
}

/// A variable that holds a key, by its name or its look; of servers on this
/// machine by its look alone.
fn is_key_variable(name: &str, value: &str, context: &Context<'_, '_>) -> bool {
    let of_a_local_server = || {
        let mut providers = context.catalog.providers.values();
        providers.any(|provider| {
            provider.base_url.starts_with("http://") && provider.key_vars.iter().any(|v| v == name)
        })
    };
    looks_secret(value) || (names_key(name) && !of_a_local_server())
}

/// Variables that something is made of.
fn used_variables<'a>(config: Option<&'a Config>, root: &'a Node) -> BTreeSet<&'a str> {
    let mut used = BTreeSet::new();
    variables_in(root, &mut used);
    let providers = config.into_iter().flat_map(|config| config.providers.values());
    used.extend(providers.filter_map(|provider| match &provider.key {
        Key::Ready { source, .. } => KeySource::variable(source),
        _ => None,
    }));
    used
}
