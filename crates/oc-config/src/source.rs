//! Which file, and its text. The only file access of this crate, and its only
//! look at a clock.

use std::fmt;
use std::fs::File;
use std::io::{Error, ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::env::Env;
use crate::error::ConfigError;
use crate::files::{FileText, Files, NotUtf8};

/// Larger files are no configs.
pub(crate) const LARGEST_FILE: u64 = 8 * 1024 * 1024;

/// Where a file was found, and on whose word.
///
/// ```
/// use std::path::Path;
/// use oc_config::ConfigSource;
///
/// let env = |name: &str| (name == "OPENCLAW_STATE_DIR").then(|| "/state".to_owned());
/// let there = |path: &Path| path == Path::new("/state/openclaw.json");
/// let found = ConfigSource::discover(None, &env, &there, Some(Path::new("/root")));
/// let found = found.expect("found");
/// assert_eq!(found.path(), Path::new("/state/openclaw.json"));
/// assert_eq!(found.to_string(), "/state/openclaw.json (named by $OPENCLAW_STATE_DIR)");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigSource {
    /// `--config PATH`: exactly this file, whether it exists or not.
    Explicit(PathBuf),
    /// Named by a variable.
    Variable {
        /// The variable.
        name: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// OpenClaw's usual place, `~/.openclaw/openclaw.json`.
    Home(PathBuf),
}

impl ConfigSource {
    /// The config to read: `explicit` if given, else the first that exists of
    /// `$OC_GATEWAY_CONFIG`, `$OPENCLAW_CONFIG_PATH`,
    /// `$OPENCLAW_STATE_DIR/openclaw.json` and `~/.openclaw/openclaw.json`.
    /// A leading `~/` in a variable is the home folder.
    pub fn discover(
        explicit: Option<&Path>,
        env: &dyn Env,
        exists: &dyn Fn(&Path) -> bool,
        home: Option<&Path>,
    ) -> Option<Self> {
        if let Some(path) = explicit {
            return Some(Self::Explicit(path.to_owned()));
        }
        Self::places(env, home).into_iter().find(|place| exists(place.path()))
    }

    /// Where a config that is not named is looked for, in order.
    #[must_use]
    pub fn places(env: &dyn Env, home: Option<&Path>) -> Vec<Self> {
        let variable = |name: &'static str, file: &str| {
            let value = env.var(name).filter(|value| !value.is_empty())?;
            let path = match (value.strip_prefix("~/"), home) {
                (Some(rest), Some(home)) => home.join(rest),
                _ => PathBuf::from(value),
            };
            let path = if file.is_empty() { path } else { path.join(file) };
            Some(Self::Variable { name, path })
        };
        let candidates = [
            variable("OC_GATEWAY_CONFIG", ""),
            variable("OPENCLAW_CONFIG_PATH", ""),
            variable("OPENCLAW_STATE_DIR", "openclaw.json"),
            home.map(|home| Self::Home(home.join(".openclaw/openclaw.json"))),
        ];
        candidates.into_iter().flatten().collect()
    }

    /// The gateway's settings file: `explicit` if given, else the file that
    /// `$OC_GATEWAY_SETTINGS` names, else `oc-gateway.json5` beside `config`
    /// if it exists. A named file is never passed over: settings hold limits.
    pub fn discover_settings(
        explicit: Option<&Path>,
        env: &dyn Env,
        exists: &dyn Fn(&Path) -> bool,
        config: Option<&Path>,
    ) -> Option<Self> {
        if let Some(path) = explicit {
            return Some(Self::Explicit(path.to_owned()));
        }
        let name = "OC_GATEWAY_SETTINGS";
        let named = env.var(name).filter(|value| !value.is_empty());
        let named = named.map(|value| Self::Variable { name, path: PathBuf::from(value) });
        let beside =
            config.and_then(Path::parent).map(|folder| Self::Home(folder.join("oc-gateway.json5")));
        named.or_else(|| beside.filter(|beside| exists(beside.path())))
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Self::Explicit(path) | Self::Variable { path, .. } | Self::Home(path) => path,
        }
    }
}

/// `/c/openclaw.json (named by $OPENCLAW_CONFIG_PATH)`.
impl fmt::Display for ConfigSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.path().display())?;
        match self {
            Self::Explicit(_) => f.write_str("(named on the command line)"),
            Self::Variable { name, .. } => write!(f, "(named by ${name})"),
            Self::Home(_) => f.write_str("(the usual place)"),
        }
    }
}

/// Reads a settings or config file.
pub(crate) fn read(path: &Path) -> Result<FileText, ConfigError> {
    Disk.read(path, LARGEST_FILE).map_err(|error| ConfigError::io(path, error))
}

/// What time it is on this machine.
#[expect(clippy::disallowed_methods, reason = "beside the disk, the one place that asks")]
pub(crate) fn now() -> SystemTime {
    SystemTime::now()
}

/// The files of this machine.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Disk;

impl Files for Disk {
    fn real_path(&self, path: &Path) -> std::io::Result<PathBuf> {
        // An empty path is the folder of a file that was named without one.
        match path.as_os_str().is_empty() {
            true => Path::new(".").canonicalize(),
            false => path.canonicalize(),
        }
    }

    /// A regular file of bounded size, as UTF-8.
    fn read(&self, path: &Path, limit: u64) -> std::io::Result<FileText> {
        // Looked at before it is opened: opening a pipe would wait for ever.
        let metadata = std::fs::metadata(path)?;
        if metadata.is_dir() {
            return Err(ErrorKind::IsADirectory.into());
        }
        if !metadata.is_file() {
            return Err(Error::new(ErrorKind::InvalidInput, "not a regular file"));
        }
        let file = File::open(path)?;
        let others_can_read = others_can_read(&file.metadata()?);
        let mut bytes = Vec::new();
        file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > limit {
            let reason = format!("larger than {} MiB", limit / 1024 / 1024);
            return Err(Error::new(ErrorKind::InvalidData, reason));
        }
        let text = String::from_utf8(bytes).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            Error::new(ErrorKind::InvalidData, NotUtf8::new(error.as_bytes(), at))
        })?;
        Ok(FileText { others_can_read, ..FileText::new(text) })
    }
}

#[cfg(unix)]
fn others_can_read(metadata: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    metadata.permissions().mode() & 0o044 != 0
}

/// Elsewhere permissions are no bits that could be looked at.
#[cfg(not(unix))]
fn others_can_read(_: &std::fs::Metadata) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn looks_in_the_order_of_the_contract() {
        let all = [
            ("OC_GATEWAY_CONFIG", "/a.json"),
            ("OPENCLAW_CONFIG_PATH", "~/b.json"),
            ("OPENCLAW_STATE_DIR", "/state"),
        ];
        let places = ["/a.json", "/home/u/b.json", "/state/openclaw.json"];
        let mut places = places.map(PathBuf::from).to_vec();
        places.push(PathBuf::from("/home/u/.openclaw/openclaw.json"));
        let env: BTreeMap<String, String> = all.map(|(k, v)| (k.into(), v.into())).into();
        let home = Some(Path::new("/home/u"));
        for (index, want) in places.iter().enumerate() {
            let exists = |path: &Path| places[index..].iter().any(|place| place == path);
            let found = ConfigSource::discover(None, &env, &exists, home);
            assert_eq!(found.expect("found").path(), want);
        }
        assert_eq!(ConfigSource::discover(None, &env, &|_| false, home), None);
        // A file that was asked for is not looked for: reading it tells.
        let explicit = Path::new("/nowhere.json");
        let found = ConfigSource::discover(Some(explicit), &env, &|_| false, home);
        assert_eq!(found, Some(ConfigSource::Explicit(explicit.to_owned())));
    }

    #[test]
    fn settings_lie_beside_the_config() {
        let env = |_: &str| None;
        let config = Path::new("/home/u/.openclaw/openclaw.json");
        let found = ConfigSource::discover_settings(None, &env, &|_| true, Some(config));
        let want = Path::new("/home/u/.openclaw/oc-gateway.json5");
        assert_eq!(found.expect("found").path(), want);
    }
}
