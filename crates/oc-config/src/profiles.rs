//! OpenClaw's `auth-profiles.json` of February 2026: keys that its wizard
//! stored. It is read, never written, and only where neither the config nor a
//! variable gives a key.
//!
//! September's version keeps them in a database of its own, which is not read.

use std::collections::{BTreeMap, HashSet};
use std::io;
use std::ops::Range;
use std::path::{Path as FilePath, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Deserialize;

use crate::catalog::Catalog;
use crate::diagnostic::{Report, Severity};
use crate::document::{Document, Path, Place, Sources, Standing, mask, mask_unparsed, parse, read};
use crate::files::{FileText, Files, NotUtf8, remedy, why_not};
use crate::include::Flaw;
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
    expired: bool,
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
#[derive(Default, Deserialize)]
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
    /// Milliseconds since 1970.
    expires: Option<f64>,
}

/// The file as it was found: told and read once the config's own text is.
#[derive(Debug, Default)]
pub(crate) struct Found {
    path: Option<PathBuf>,
    document: Option<Document>,
    flaws: Vec<Flaw>,
    /// Where the file begins, if other users can read it.
    exposed_at: Option<usize>,
}

/// Reads `$OPENCLAW_AGENT_DIR/auth-profiles.json`, else that of the agent
/// `main` below the state folder, and puts its text behind `sources`. A file
/// that is not there holds no profiles; one that cannot be read is told.
pub(crate) fn find(
    reading: &Reading<'_>,
    state: Option<&FilePath>,
    files: Option<&dyn Files>,
    sources: &mut Sources,
) -> Found {
    const LARGEST: u64 = 1024 * 1024;
    let (Some(files), Some(state)) = (files, state) else {
        return Found::default();
    };
    let named = reading.env.var("OPENCLAW_AGENT_DIR").filter(|folder| !folder.is_empty());
    let folder = named.map_or_else(|| state.join("agents/main/agent"), PathBuf::from);
    let path = folder.join("auth-profiles.json");
    let name = path.display().to_string();
    let mut found = Found { path: Some(path.clone()), ..Found::default() };
    let FileText { text, others_can_read } = match files.read(&path, LARGEST) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return found,
        Err(error) => {
            let (masked, place) = match NotUtf8::of(&error) {
                Some(not) => not.place(&name),
                None => (String::new(), Place::beginning_of(&name)),
            };
            let base = sources.add(&name, &masked);
            sources.mask_last(masked);
            let span = base + place.span.start..base + place.span.end;
            found.flaw(span, why_not(&error), remedy(&error));
            return found;
        }
    };
    let base = sources.add(&name, &text);
    found.exposed_at = others_can_read.then_some(base);
    match parse(&text, Standing { base, ..Standing::default() }) {
        Ok((root, _)) => {
            // Of a file of keys any string may be one.
            sources.mask_last(mask(&text, &root, base, true));
            found.document = Some(Document { root });
        }
        Err(error) => {
            sources.mask_last(mask_unparsed(&text));
            let first = text.get(error.at..).and_then(|rest| rest.chars().next());
            let from = base + error.at;
            let fix = error.fix.as_deref().unwrap_or("correct it, or log in again with OpenClaw");
            found.flaw(from..from + first.map_or(0, char::len_utf8), error.reason, fix);
        }
    }
    found
}

impl Found {
    fn flaw(&mut self, span: Range<usize>, reason: String, fix: &str) {
        let reason = format!("no stored profile is used: {reason}");
        self.flaws.push(Flaw { span, path: Path::default(), reason, fix: fix.to_owned() });
    }

    /// What the file says at `now`. It is OpenClaw's, so what is wrong in it
    /// refuses no config: the rest of it counts.
    pub(crate) fn read(self, now: SystemTime, report: &mut Report<'_>) -> Profiles {
        for Flaw { span, path, reason, fix } in self.flaws {
            report.warning(span, &path, reason, Some(fix));
        }
        let mut profiles = Profiles { path: self.path, ..Profiles::default() };
        let Some(document) = &self.document else {
            return profiles;
        };
        let root = Path::default();
        let (stored, problems) = read::<Stored>(&document.root, &root, &HashSet::new());
        report.typed_as(Severity::Warning, problems);
        let stored = stored.unwrap_or_default();
        if let Some(first) = self.exposed_at.filter(|_| !stored.profiles.is_empty()) {
            let reason = "other users of this machine can read this file, and the keys in it";
            report.warning(
                first..first + 1,
                &root,
                reason,
                Some("run `chmod 600` on it".to_owned()),
            );
        }
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64() * 1000.0;
        for (id, stored) in stored.profiles {
            let secret = match stored.kind {
                Kind::ApiKey => stored.key,
                Kind::Token => stored.token,
                Kind::Oauth => None,
            };
            let expired =
                stored.kind == Kind::Token && stored.expires.is_some_and(|until| until <= now);
            // One that no header can carry is as good as none.
            let usable =
                |secret: &String| !expired && !secret.trim().is_empty() && is_header_value(secret);
            let secret = secret.filter(usable).map(Secret::new);
            let provider = canonical_id(&stored.provider, Catalog::built_in());
            profiles.stored.insert(id, Profile { provider, kind: stored.kind, secret, expired });
        }
        profiles.order = stored.order;
        profiles
    }
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

    /// A token for `provider` that was one until lately.
    pub(crate) fn expired(&self, provider: &str) -> Option<&str> {
        let of_provider = self.stored.iter().filter(|(_, p)| p.provider == provider);
        of_provider.filter(|(_, p)| p.expired).map(|(id, _)| id.as_str()).next()
    }

    /// Whether there is a login to `provider` that only OpenClaw can use.
    pub(crate) fn has_login(&self, provider: &str) -> bool {
        self.stored.values().any(|p| p.provider == provider && p.kind == Kind::Oauth)
    }
}
