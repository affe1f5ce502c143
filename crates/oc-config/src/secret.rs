//! Keys: a type that does not print, and words for where one came from.

use std::fmt;

use zeroize::Zeroizing;

/// A value that is never printed, never serialised and wiped when dropped.
///
/// ```
/// let key = oc_config::Secret::new("sk-live".to_owned());
/// assert_eq!(format!("{key:?}"), "Secret(…)");
/// assert_eq!(key.expose(), "sk-live");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the value over.
    #[must_use]
    pub fn new(value: String) -> Self {
        Self(Zeroizing::new(value))
    }

    /// The value, for the one place that sends it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Where a key came from, without the key. `Display` gives the stable words
/// `config`, `env:NAME`, `env:NAME via ${NAME}`, `env:NAME via SecretRef`,
/// `file:PROVIDER#ID`, `exec:PROVIDER#ID` and `profile:ID`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeySource {
    /// Written in the config itself.
    Config,
    /// A variable: the provider's usual one, or one that `apiKey` names.
    Variable {
        /// Its name.
        name: String,
    },
    /// `${NAME}` inside the `apiKey` string; the first name where several are.
    Substituted {
        /// Its name.
        name: String,
    },
    /// `{ source: "env", … }`.
    SecretRef {
        /// The variable it names.
        name: String,
    },
    /// `{ source: "file", … }`.
    File {
        /// The entry of `secrets.providers` that names the file.
        provider: String,
        /// The place in it, a JSON pointer, or `value`.
        id: String,
    },
    /// `{ source: "exec", … }`: the output of a command.
    Command {
        /// The entry of `secrets.providers` that names the command.
        provider: String,
        /// What it was asked for.
        id: String,
    },
    /// A profile in OpenClaw's `auth-profiles.json`.
    Profile {
        /// Its id.
        id: String,
        /// Whether it is a token, which is sent as such.
        bearer: bool,
    },
}

impl KeySource {
    /// The variable's name, where the key came out of one.
    #[must_use]
    pub fn variable(&self) -> Option<&str> {
        match self {
            Self::Config | Self::File { .. } | Self::Command { .. } | Self::Profile { .. } => None,
            Self::Variable { name } | Self::Substituted { name } | Self::SecretRef { name } => {
                Some(name)
            }
        }
    }
}

impl fmt::Display for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config => f.write_str("config"),
            Self::Variable { name } => write!(f, "env:{name}"),
            Self::Substituted { name } => write!(f, "env:{name} via ${{{name}}}"),
            Self::SecretRef { name } => write!(f, "env:{name} via SecretRef"),
            Self::File { provider, id } => write!(f, "file:{provider}#{id}"),
            Self::Command { provider, id } => write!(f, "exec:{provider}#{id}"),
            Self::Profile { id, .. } => write!(f, "profile:{id}"),
        }
    }
}

/// A provider's key, or why there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Key {
    /// Ready to use.
    Ready {
        /// The key.
        secret: Secret,
        /// Where it came from.
        source: KeySource,
    },
    /// The endpoint is on this machine or a private network, or its headers
    /// carry what it wants.
    NotNeeded,
    /// Nothing can be sent until this is mended.
    Missing {
        /// What is missing, as a lowercase fragment.
        reason: String,
        /// What to set.
        fix: String,
    },
}
