//! Variables come in through a lookup; this crate never reads the process's.

use std::collections::{BTreeMap, HashMap};

use crate::dotenv::Assignment;
use crate::origin::{SetBy, Variable};

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
    pub(crate) files: Vec<DotEnv>,
    pub(crate) config: BTreeMap<String, Assigned>,
}

/// A `.env` file.
pub(crate) struct DotEnv {
    pub(crate) file: String,
    pub(crate) vars: BTreeMap<String, Assignment>,
    /// Where it stands among all files, if others can read it.
    pub(crate) exposed_at: Option<usize>,
    /// It is that of the folder one happens to stand in.
    pub(crate) of_working_folder: bool,
}

/// A variable of the config's `env` block.
pub(crate) struct Assigned {
    pub(crate) value: String,
    pub(crate) file: String,
    pub(crate) line: usize,
}

impl Layered<'_> {
    /// A value of more than white space.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        self.find(name).map(|(value, _)| value)
    }

    /// What set it.
    pub(crate) fn variable(&self, name: &str) -> Option<Variable> {
        let (_, set_by) = self.find(name)?;
        Some(Variable { name: name.to_owned(), set_by })
    }

    fn find(&self, name: &str) -> Option<(String, SetBy)> {
        let set = |value: &str| !value.trim().is_empty();
        if let Some(value) = self.process.var(name).filter(|value| set(value)) {
            return Some((value, SetBy::Environment));
        }
        let files = self.files.iter().filter_map(|dot_env| {
            let one = dot_env.vars.get(name)?;
            Some((&one.value, &dot_env.file, one.line))
        });
        let config = self.config.get(name).map(|one| (&one.value, &one.file, one.line));
        let mut below = files.chain(config);
        let (value, file, line) = below.find(|(value, ..)| set(value))?;
        Some((value.clone(), SetBy::File { file: file.clone(), line }))
    }
}

/// `[A-Z_][A-Z0-9_]*`: what may stand in `${…}`, and what an `apiKey` that
/// names a variable looks like.
pub(crate) fn is_variable_name(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|c| c.is_ascii_uppercase() || c == '_')
        && chars.all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}
