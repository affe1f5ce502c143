//! Everything a config is read with.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::command::Commands;
use crate::config::Config;
use crate::diagnostic::Loaded;
use crate::env::Env;
use crate::error::ConfigError;
use crate::files::Files;
use crate::load;
use crate::settings::Settings;
use crate::source::{self, Disk};

/// What a config is read with: variables, the files around it, and commands.
///
/// [`Config::load`] is this with the disk. Use it to read a further `.env`, or
/// to read from something that is no disk:
///
/// ```
/// use std::collections::BTreeMap;
/// use std::io;
/// use std::path::{Path, PathBuf};
/// use oc_config::{FileText, Files, Reading};
///
/// struct Texts(BTreeMap<PathBuf, &'static str>);
///
/// impl Files for Texts {
///     fn real_path(&self, path: &Path) -> io::Result<PathBuf> {
///         Ok(path.to_owned())
///     }
///     fn read(&self, path: &Path, _limit: u64) -> io::Result<FileText> {
///         let text = self.0.get(path).ok_or(io::ErrorKind::NotFound)?;
///         Ok(FileText::new((*text).to_owned()))
///     }
/// }
///
/// let files = Texts(BTreeMap::from([
///     ("/c/openclaw.json".into(), r#"{ models: { $include: "./models.json5" } }"#),
///     ("/c/models.json5".into(), r#"{ providers: { vllm: {} } }"#),
///     ("/c/.env".into(), "VLLM_API_KEY=sk"),
/// ]));
/// let env = |_: &str| None;
/// let loaded = Reading::new(&env).files(&files).config(Path::new("/c/openclaw.json"))?;
/// let vllm = loaded.value.provider("vllm").expect("included");
/// assert!(vllm.secret().is_some());
/// assert!(loaded.watch.contains(&"/c/models.json5".into()));
/// # Ok::<(), oc_config::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct Reading<'a> {
    pub(crate) env: &'a dyn Env,
    pub(crate) files: Option<&'a dyn Files>,
    pub(crate) dot_env: Vec<PathBuf>,
    pub(crate) home: Option<PathBuf>,
    pub(crate) settings: Option<&'a Settings>,
    pub(crate) commands: Option<&'a dyn Commands>,
    pub(crate) now: SystemTime,
}

impl<'a> Reading<'a> {
    /// With these variables and the disk.
    #[must_use]
    pub fn new(env: &'a dyn Env) -> Self {
        let home = env.var("OPENCLAW_HOME").or_else(|| env.var("HOME"));
        let home = home.filter(|home| !home.is_empty()).map(PathBuf::from);
        Self {
            env,
            files: Some(&Disk),
            dot_env: Vec::new(),
            home,
            settings: None,
            commands: None,
            now: source::now(),
        }
    }

    /// At this time, in place of that of the machine: a stored token that has
    /// expired is no key.
    #[must_use]
    pub fn now(mut self, now: SystemTime) -> Self {
        self.now = now;
        self
    }

    /// With files from elsewhere.
    #[must_use]
    pub fn files(mut self, files: &'a dyn Files) -> Self {
        self.files = Some(files);
        self
    }

    /// Without any file: `$include` is refused, and keys in files are missing.
    #[must_use]
    pub fn without_files(mut self) -> Self {
        self.files = None;
        self
    }

    /// With one more `.env`, above the one of the config's folder: OpenClaw
    /// reads that of the working directory. As there, it cannot set the
    /// variables that a known provider takes its key from, nor any that starts
    /// with `OPENCLAW_` or `OC_GATEWAY_`: a folder one happens to stand in
    /// decides neither whose account is used nor which config.
    #[must_use]
    pub fn working_dot_env(mut self, path: &Path) -> Self {
        self.dot_env.push(path.to_owned());
        self
    }

    /// Knowing these settings, so that no warning is given of what they declare
    /// otherwise. It does not apply them: [`Config::with_settings`] does.
    #[must_use]
    pub fn settings(mut self, settings: &'a Settings) -> Self {
        self.settings = Some(settings);
        self
    }

    /// With commands for SecretRefs of `source: "exec"`. They are run only where
    /// the [`settings`](Self::settings) say `secrets.exec: true`; without either,
    /// what needs such a secret is unusable, with the reason.
    #[must_use]
    pub fn commands(mut self, commands: &'a dyn Commands) -> Self {
        self.commands = Some(commands);
        self
    }

    /// Reads the config at `path`.
    ///
    /// Variables are looked for in the process, in [`working_dot_env`](Self::working_dot_env),
    /// in the `.env` of the state folder (`$OPENCLAW_STATE_DIR`, else the
    /// config's folder), and in the config's `env` block, in this order; an
    /// empty one counts as not set, and nothing is overridden.
    ///
    /// # Errors
    /// When there is no such file, when it cannot be read, and when it is
    /// wrong, with every problem in it and in the files it includes.
    pub fn config(&self, path: &Path) -> Result<Loaded<Config>, ConfigError> {
        load::config_file(path, self)
    }
}

/// Variables are secrets more often than not.
impl std::fmt::Debug for Reading<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reading").field("dot_env", &self.dot_env).finish_non_exhaustive()
    }
}
