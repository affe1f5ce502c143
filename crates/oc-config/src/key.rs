//! A provider's key: what the config says, or the provider's usual variable,
//! or a profile that OpenClaw stored.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::catalog::Catalog;
use crate::command::{Asking, Permission, by_alias, wanted};
use crate::document::{Node, Text};
use crate::env::{DotEnv, Layered, is_variable_name};
use crate::files::{Files, why_not};
use crate::origin::Variable;
use crate::profiles::Profiles;
use crate::raw::{SecretInput, SecretMode, SecretReference, SecretSource, SecretStore, Secrets};
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

/// Where secrets are looked for.
pub(crate) struct SecretSources<'a> {
    env: &'a Layered<'a>,
    files: Option<&'a dyn Files>,
    home: Option<PathBuf>,
    stores: BTreeMap<String, SecretStore>,
    defaults: BTreeMap<SecretSource, String>,
    pub(crate) profiles: Profiles,
    commands: Asking<'a>,
    /// Files that were looked at.
    asked: RefCell<Vec<PathBuf>>,
    /// Aliases of files with secrets that others can read.
    exposed: RefCell<BTreeSet<String>>,
}

impl<'a> SecretSources<'a> {
    pub(crate) fn new(
        env: &'a Layered<'a>,
        files: Option<&'a dyn Files>,
        home: Option<PathBuf>,
        secrets: &Secrets,
    ) -> Self {
        Self {
            env,
            files,
            home,
            stores: secrets.providers.clone(),
            defaults: secrets.defaults.by_source(),
            profiles: Profiles::default(),
            commands: Asking::nobody(),
            asked: RefCell::default(),
            exposed: RefCell::default(),
        }
    }

    pub(crate) fn variables_only(env: &'a Layered<'a>) -> Self {
        Self::new(env, None, None, &Secrets::default())
    }

    pub(crate) fn with_profiles(self, profiles: Profiles) -> Self {
        let asked = profiles.path.iter().cloned().collect();
        Self { profiles, asked: RefCell::new(asked), ..self }
    }

    /// With commands that may be run for the SecretRefs at or below `nodes`.
    pub(crate) fn with_commands<'n>(
        mut self,
        permission: Permission<'a>,
        nodes: impl Iterator<Item = &'n Node>,
    ) -> Self {
        // Most configs have none, and need not be searched.
        if self.stores.values().any(|store| store.source == SecretSource::Exec) {
            let mut found = BTreeMap::new();
            nodes.for_each(|node| wanted(node, &mut found));
            let by_alias = by_alias(found, |reference| self.alias(reference).to_owned());
            self.commands = Asking::new(permission, by_alias);
        } else {
            self.commands = Asking::new(permission, BTreeMap::new());
        }
        self
    }

    /// Aliases of `secrets.providers` whose file others can read.
    pub(crate) fn exposed(&self) -> BTreeSet<String> {
        self.exposed.borrow().clone()
    }

    pub(crate) fn dot_envs(&self) -> &'a [DotEnv] {
        &self.env.files
    }

    /// The variable of this name, and what set it.
    pub(crate) fn variable(&self, name: &str) -> Option<Variable> {
        self.env.variable(name)
    }

    pub(crate) fn asked(&self) -> Vec<PathBuf> {
        self.asked.borrow().clone()
    }

    fn reference(&self, reference: &SecretReference) -> Found {
        match reference.source {
            SecretSource::Env => self.variable_of(reference),
            SecretSource::File => match self.in_file(reference) {
                Ok(secret) => {
                    let (provider, id) = (reference.provider.clone(), reference.id.clone());
                    Found::Value(secret, KeySource::File { provider, id })
                }
                Err((reason, fix)) => Found::Missing(reason, fix),
            },
            SecretSource::Exec => {
                let (alias, store) = (self.alias(reference), self.store(reference));
                let home = self.home.as_deref();
                match self.commands.secret(alias, &reference.id, store, self.env, home) {
                    Ok(secret) => {
                        let (provider, id) = (alias.to_owned(), reference.id.clone());
                        Found::Value(secret, KeySource::Command { provider, id })
                    }
                    Err((reason, fix)) => Found::Missing(reason, fix),
                }
            }
            SecretSource::Store => {
                let id = &reference.id;
                Found::Missing(
                    "OpenClaw's own store is not read".to_owned(),
                    format!("set {id} in the environment, and write `apiKey: \"${{{id}}}\"`"),
                )
            }
        }
    }

    fn variable_of(&self, reference: &SecretReference) -> Found {
        let name = reference.id.clone();
        let allowed = self.store(reference).and_then(|store| store.allowlist.as_ref());
        if allowed.is_some_and(|allowed| !allowed.contains(&name)) {
            let provider = self.alias(reference);
            return Found::Missing(
                format!("`secrets.providers.{provider}.allowlist` does not hold `{name}`"),
                format!("add \"{name}\" to it"),
            );
        }
        match self.env.get(&name) {
            Some(value) => Found::Value(trimmed(&value), KeySource::SecretRef { name }),
            None => not_set(&name),
        }
    }

    /// `default` means the alias that `secrets.defaults` gives to the source.
    fn alias<'r>(&'r self, reference: &'r SecretReference) -> &'r str {
        let default = self.defaults.get(&reference.source).map(String::as_str);
        match reference.provider.as_str() {
            "default" if !self.stores.contains_key("default") => default.unwrap_or("default"),
            alias => alias,
        }
    }

    fn store(&self, reference: &SecretReference) -> Option<&SecretStore> {
        self.stores.get(self.alias(reference)).filter(|store| store.source == reference.source)
    }

    /// The whole file, or the string at a JSON pointer in it.
    fn in_file(&self, reference: &SecretReference) -> Result<Secret, (String, String)> {
        const DEFAULT_BYTES: u64 = 1024 * 1024;
        let alias = self.alias(reference);
        let Some(store) = self.store(reference) else {
            let reason = format!("no `secrets.providers.{alias}` with `source: \"file\"`");
            return Err((reason, "add it, with the `path` of the file".to_owned()));
        };
        let Some(files) = self.files else {
            let reason = "no file is read for this text".to_owned();
            return Err((reason, "read the config from its file, or use `${NAME}`".to_owned()));
        };
        let written = store.path.as_deref().unwrap_or_default();
        let path = match (written.strip_prefix("~/"), &self.home) {
            (Some(rest), Some(home)) => home.join(rest),
            _ => PathBuf::from(written),
        };
        if !path.is_absolute() {
            let reason = format!("`secrets.providers.{alias}.path` is not absolute");
            return Err((reason, "write the whole path, or begin with `~/`".to_owned()));
        }
        self.asked.borrow_mut().push(path.clone());
        let limit = store.max_bytes.map_or(DEFAULT_BYTES, |bytes| bytes.0);
        let text = files.read(&path, limit).map_err(|error| {
            let reason = format!("`{}`: {}", path.display(), why_not(&error));
            (reason, format!("correct `secrets.providers.{alias}.path`"))
        })?;
        if text.others_can_read {
            self.exposed.borrow_mut().insert(alias.to_owned());
        }
        let text = text.text;
        if store.mode == Some(SecretMode::SingleValue) || reference.id == "value" {
            return Ok(Secret::new(text.trim_end_matches(['\r', '\n']).to_owned()));
        }
        // What is wrong with the content is not told: it is made of secrets.
        let json: serde_json::Value = serde_json::from_str(&text).map_err(|_| {
            let reason = format!("`{}` is not JSON", path.display());
            (reason, "correct it, or write `mode: \"singleValue\"`".to_owned())
        })?;
        let value = json.pointer(&reference.id).and_then(serde_json::Value::as_str);
        value.map(|value| Secret::new(value.to_owned())).ok_or_else(|| {
            let reason = format!("`{}` has no string at `{}`", path.display(), reference.id);
            (reason, "write `id` as a JSON pointer, such as `/providers/openai/apiKey`".to_owned())
        })
    }
}

/// Follows `input`; `node` is where it stands in the file and knows which
/// variables were put into it.
///
/// A plain string is the **name of a variable** when it looks like one
/// (`[A-Z_][A-Z0-9_]*`) and that variable is set, or is one that a provider of
/// the catalog takes its key from. `$NAME` is always one. Otherwise the string
/// is the key itself.
pub(crate) fn follow(
    input: &SecretInput,
    node: Option<&Node>,
    secrets: &SecretSources<'_>,
) -> Found {
    let found = match input {
        SecretInput::Reference(reference) => secrets.reference(reference),
        SecretInput::Text(text) => follow_text(text, node.and_then(Node::text), secrets.env),
    };
    match found {
        Found::Value(secret, source) => sendable(secret, source),
        other => other,
    }
}

/// `secret`, if a header can carry it: that is how keys travel, and how those
/// of clients come in.
pub(crate) fn sendable(secret: Secret, source: KeySource) -> Found {
    if is_header_value(secret.expose()) {
        return Found::Value(secret, source);
    }
    let what = match source.variable() {
        Some(name) => format!("variable `{name}`"),
        None => "the value".to_owned(),
    };
    Found::Missing(
        format!("{what} holds characters that no HTTP header can carry"),
        "look for line ends, control characters and letters beyond ASCII in it".to_owned(),
    )
}

pub(crate) fn is_header_value(value: &str) -> bool {
    value.chars().all(|c| (' '..='~').contains(&c) || c == '\t')
}

fn follow_text(text: &str, written: Option<&Text>, env: &Layered<'_>) -> Found {
    if let Some(name) = written.and_then(|written| written.missing.first()) {
        return not_set(name);
    }
    if let Some(name) = written.and_then(|written| written.variables.first()) {
        let name = name.clone();
        return Found::Value(trimmed(text), KeySource::Substituted { name });
    }
    let text = text.trim();
    if text.is_empty() {
        return Found::Empty;
    }
    if text.starts_with('!') {
        return Found::Refused(
            "the output of a command is not supported here".to_owned(),
            "run the command before, and pass its output as `${NAME}`".to_owned(),
        );
    }
    if let Some(name) = text.strip_prefix('$').filter(|name| is_variable_name(name)) {
        let source = KeySource::Variable { name: name.to_owned() };
        return match env.get(name) {
            Some(value) => Found::Value(trimmed(&value), source),
            None => not_set(name),
        };
    }
    if is_variable_name(text) {
        let name = text.to_owned();
        if let Some(value) = env.get(text) {
            return Found::Value(trimmed(&value), KeySource::Variable { name });
        }
        if Catalog::built_in().is_key_var(text) {
            return not_set(text);
        }
    }
    Found::Value(Secret::new(text.to_owned()), KeySource::Config)
}

/// A variable often ends in the line end of the file that it was read from,
/// which no header can carry.
fn trimmed(value: &str) -> Secret {
    Secret::new(value.trim().to_owned())
}

fn not_set(name: &str) -> Found {
    Found::Missing(
        format!("variable `{name}` is not set"),
        format!("set {name} in the environment"),
    )
}

/// The key of a provider whose config states none: its usual variables, in
/// order, then a profile that OpenClaw stored for it. `id` is the provider's,
/// `optional` whether it works without.
pub(crate) fn usual(id: &str, vars: &[String], optional: bool, secrets: &SecretSources<'_>) -> Key {
    for name in vars {
        if let Some(value) = secrets.env.get(name) {
            let source = KeySource::Variable { name: name.clone() };
            return match sendable(trimmed(&value), source) {
                Found::Value(secret, source) => Key::Ready { secret, source },
                Found::Missing(reason, fix) | Found::Refused(reason, fix) => {
                    Key::Missing { reason, fix }
                }
                Found::Empty => continue,
            };
        }
    }
    if let Some((secret, source)) = secrets.profiles.first_key(id) {
        return Key::Ready { secret, source };
    }
    if optional {
        return Key::NotNeeded;
    }
    let fix = match vars {
        [] => format!("set `models.providers.{id}.apiKey`"),
        // The last is the plain API key; those before it are special plans.
        [.., usual] => format!("set {usual}"),
    };
    let login = secrets.profiles.has_login(id);
    let expired = secrets.profiles.expired(id);
    Key::Missing {
        reason: match vars {
            _ if expired.is_some() => {
                let id = expired.unwrap_or_default();
                format!("the token of the stored profile `{id}` has expired")
            }
            _ if login => "OpenClaw's login to it cannot be used here".to_owned(),
            [] => "none is configured".to_owned(),
            vars => format!("{} is not set", vars.join(" or ")),
        },
        fix,
    }
}
