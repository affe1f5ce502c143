//! Variables come in through a lookup; this crate never reads the process's.

use std::collections::{BTreeMap, HashMap};

/// A source of environment variables.
///
/// Closures and string maps are sources:
///
/// ```
/// use oc_config::Env;
///
/// let fixed = |name: &str| (name == "HOME").then(|| "/root".to_owned());
/// assert_eq!(fixed.var("HOME").as_deref(), Some("/root"));
/// ```
///
/// The binary passes `|name: &str| std::env::var(name).ok()`.
pub trait Env {
    /// The value of `name`; `None` when it is not set. An empty value counts
    /// as not set wherever this crate asks.
    fn var(&self, name: &str) -> Option<String>;
}

impl<F: Fn(&str) -> Option<String>> Env for F {
    fn var(&self, name: &str) -> Option<String> {
        self(name)
    }
}

impl<S: std::hash::BuildHasher> Env for HashMap<String, String, S> {
    fn var(&self, name: &str) -> Option<String> {
        self.get(name).cloned()
    }
}

impl Env for BTreeMap<String, String> {
    fn var(&self, name: &str) -> Option<String> {
        self.get(name).cloned()
    }
}

/// The process's variables, below them those of `.env` files, and below those
/// the ones of the config's `env` block. Each layer fills in what is not set
/// above it and overrides nothing.
pub(crate) struct Layered<'a> {
    pub(crate) process: &'a dyn Env,
    /// The strongest first.
    pub(crate) files: Vec<BTreeMap<String, String>>,
    pub(crate) config: BTreeMap<String, String>,
}

impl Layered<'_> {
    /// A value of more than white space.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        let set = |value: &String| !value.trim().is_empty();
        let below = self.files.iter().chain([&self.config]);
        let below = || below.filter_map(|layer| layer.get(name)).find(|value| set(value)).cloned();
        self.process.var(name).filter(set).or_else(below)
    }
}

/// `[A-Z_][A-Z0-9_]*`: what may stand in `${…}`, and what an `apiKey` that
/// names a variable looks like.
pub(crate) fn is_variable_name(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|c| c.is_ascii_uppercase() || c == '_')
        && chars.all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}
