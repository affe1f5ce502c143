//! OpenClaw's `auth-profiles.json` of February 2026: keys that its wizard
//! stored. It is read, never written, and only where neither the config nor a
//! variable gives a key.
//!
//! September's version keeps them in a database of its own, which is not read.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::catalog::Catalog;
use crate::files::Files;
use crate::key::is_header_value;
use crate::raw::Auth;
use crate::reading::Reading;
use crate::resolve::canonical_id;
use crate::secret::{KeySource, Secret};

/// The stored profiles, and the order in which they are tried.
#[derive(Clone, Debug, Default)]
pub(crate) struct Profiles {
    /// Where the file was looked for.
    pub(crate) path: Option<PathBuf>,
    stored: BTreeMap<String, Profile>,
    /// Ids by provider; the config's order wins over the stored one.
    order: BTreeMap<String, Vec<String>>,
}

#[derive(Clone, Debug)]
struct Profile {
    provider: String,
    kind: Kind,
    secret: Option<Secret>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Token,
    ApiKey,
    /// A login that OpenClaw refreshes; nobody else may use its refresh token.
    #[default]
    #[serde(other)]
    Oauth,
}

/// The file, as far as it concerns us; its other fields are OpenClaw's.
#[derive(Deserialize)]
struct Stored {
    #[serde(default)]
    profiles: BTreeMap<String, StoredProfile>,
    #[serde(default)]
    order: BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize)]
struct StoredProfile {
    #[serde(rename = "type", default)]
    kind: Kind,
    #[serde(default)]
    provider: String,
    key: Option<String>,
    token: Option<String>,
}

/// Reads `$OPENCLAW_AGENT_DIR/auth-profiles.json`, else that of the agent
/// `main` below the state folder. A file that is not there, or cannot be read,
/// holds no profiles.
pub(crate) fn read(
    reading: &Reading<'_>,
    state: Option<&Path>,
    files: Option<&dyn Files>,
) -> Profiles {
    const LARGEST: u64 = 1024 * 1024;
    let (Some(files), Some(state)) = (files, state) else {
        return Profiles::default();
    };
    let named = reading.env.var("OPENCLAW_AGENT_DIR").filter(|folder| !folder.is_empty());
    let folder = named.map_or_else(|| state.join("agents/main/agent"), PathBuf::from);
    let path = folder.join("auth-profiles.json");
    let text = files.read(&path, LARGEST).map(|file| file.text).unwrap_or_default();
    let stored: Option<Stored> = serde_json::from_str(&text).ok();
    let mut profiles = Profiles { path: Some(path), ..Profiles::default() };
    for (id, stored) in stored.iter().flat_map(|stored| &stored.profiles) {
        let secret = match stored.kind {
            Kind::ApiKey => stored.key.clone(),
            Kind::Token => stored.token.clone(),
            Kind::Oauth => None,
        };
        // One that no header can carry is as good as none.
        let usable = |secret: &String| !secret.trim().is_empty() && is_header_value(secret);
        let secret = secret.filter(usable).map(Secret::new);
        let provider = canonical_id(&stored.provider, Catalog::built_in());
        profiles.stored.insert(id.clone(), Profile { provider, kind: stored.kind, secret });
    }
    profiles.order = stored.map(|stored| stored.order).unwrap_or_default();
    profiles
}

impl Profiles {
    /// Takes the order that the config states.
    pub(crate) fn ordered(mut self, auth: &Auth) -> Self {
        for (provider, order) in &auth.order {
            let provider = canonical_id(provider, Catalog::built_in());
            self.order.insert(provider, order.clone());
        }
        self
    }

    /// The key that is tried first for `provider`: by the stated order, else
    /// tokens before keys, by id.
    pub(crate) fn first_key(&self, provider: &str) -> Option<(Secret, KeySource)> {
        let ids: Vec<&String> = match self.order.get(provider) {
            Some(order) => order.iter().collect(),
            None => {
                let of_provider = self.stored.iter().filter(|(_, p)| p.provider == provider);
                let mut ids: Vec<_> = of_provider.map(|(id, p)| (p.kind, id)).collect();
                ids.sort();
                ids.into_iter().map(|(_, id)| id).collect()
            }
        };
        ids.into_iter().find_map(|id| self.key(id, provider))
    }

    /// The key of one profile, if it is one of `provider`.
    pub(crate) fn key(&self, id: &str, provider: &str) -> Option<(Secret, KeySource)> {
        let profile = self.stored.get(id).filter(|profile| profile.provider == provider)?;
        let secret = profile.secret.clone()?;
        let bearer = profile.kind == Kind::Token;
        Some((secret, KeySource::Profile { id: id.to_owned(), bearer }))
    }

    /// Whether there is a login to `provider` that only OpenClaw can use.
    pub(crate) fn has_login(&self, provider: &str) -> bool {
        self.stored.values().any(|p| p.provider == provider && p.kind == Kind::Oauth)
    }
}
