//! A provider's key: what the config says, or the provider's usual variable.

use crate::catalog::Catalog;
use crate::document::{Node, Text};
use crate::env::{Layered, is_variable_name};
use crate::raw::{SecretInput, SecretSource};
use crate::secret::{Key, KeySource, Secret};

/// What a secret input came to.
#[derive(Debug)]
pub(crate) enum Found {
    Value(Secret, KeySource),
    /// An empty string: as if the key were not there.
    Empty,
    /// Reason and fix.
    Missing(String, String),
    /// OpenClaw's `!command` form; reason and fix.
    Refused(String, String),
}

/// Follows `input`; `node` is where it stands in the file and knows which
/// variables were put into it.
///
/// A plain string is the **name of a variable** when it looks like one
/// (`[A-Z_][A-Z0-9_]*`) and that variable is set, or is one that a provider of
/// the catalog takes its key from. Otherwise it is the key itself.
pub(crate) fn follow(input: &SecretInput, node: Option<&Node>, env: &Layered<'_>) -> Found {
    match input {
        SecretInput::Reference(reference) if reference.source == SecretSource::Env => {
            let name = reference.id.clone();
            match env.get(&name) {
                Some(value) => Found::Value(Secret::new(value), KeySource::SecretRef { name }),
                None => not_set(&name),
            }
        }
        SecretInput::Reference(reference) => Found::Missing(
            format!("secrets from `{}` are not supported yet", reference.source.as_str()),
            "use `{ source: \"env\", … }` or `${NAME}`".to_owned(),
        ),
        SecretInput::Text(text) => follow_text(text, node.and_then(Node::text), env),
    }
}

fn follow_text(text: &str, written: Option<&Text>, env: &Layered<'_>) -> Found {
    if let Some(name) = written.and_then(|written| written.missing.first()) {
        return not_set(name);
    }
    if let Some(name) = written.and_then(|written| written.variables.first()) {
        let name = name.clone();
        return Found::Value(Secret::new(text.to_owned()), KeySource::Substituted { name });
    }
    let text = text.trim();
    if text.is_empty() {
        return Found::Empty;
    }
    if text.starts_with('!') {
        return Found::Refused(
            "a key that is the output of a command is not supported".to_owned(),
            "run the command before, and pass its output as `${NAME}`".to_owned(),
        );
    }
    if is_variable_name(text) {
        let name = text.to_owned();
        if let Some(value) = env.get(text) {
            return Found::Value(Secret::new(value), KeySource::Variable { name });
        }
        if Catalog::built_in().is_key_var(text) {
            return not_set(text);
        }
    }
    Found::Value(Secret::new(text.to_owned()), KeySource::Config)
}

fn not_set(name: &str) -> Found {
    Found::Missing(
        format!("variable `{name}` is not set"),
        format!("set {name} in the environment"),
    )
}

/// The key of a provider whose config states none: its usual variables, in
/// order. `id` is the provider's, `optional` whether it works without.
pub(crate) fn usual(id: &str, vars: &[String], optional: bool, env: &Layered<'_>) -> Key {
    for name in vars {
        if let Some(value) = env.get(name) {
            let source = KeySource::Variable { name: name.clone() };
            let secret = Secret::new(value);
            return Key::Ready { secret, source };
        }
    }
    if optional {
        return Key::NotNeeded;
    }
    let fix = match vars {
        [] => format!("set `models.providers.{id}.apiKey`"),
        // The last is the plain API key; those before it are special plans.
        [.., usual] => format!("set {usual}"),
    };
    Key::Missing {
        reason: match vars {
            [] => "none is configured".to_owned(),
            vars => format!("{} is not set", vars.join(" or ")),
        },
        fix,
    }
}
