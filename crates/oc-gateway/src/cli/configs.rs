//! Which files are read, and everything that is wrong with them at once.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use oc_config::{
    Config, ConfigError, ConfigSource, Diagnostic, HostedKey, Loaded, Settings, Severity,
};
use oc_gateway::{State, unbuilt};

use super::{draw::draw, environment, found};

/// Which files; shared by all commands that read them.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Files {
    /// The OpenClaw config. Otherwise the first that exists of
    /// $OC_GATEWAY_CONFIG, $OPENCLAW_CONFIG_PATH,
    /// $OPENCLAW_STATE_DIR/openclaw.json and ~/.openclaw/openclaw.json.
    #[arg(long, value_name = "PATH")]
    pub(crate) config: Option<PathBuf>,
    /// The gateway's own settings. Otherwise $OC_GATEWAY_SETTINGS or
    /// oc-gateway.json5 beside the config.
    #[arg(long, value_name = "PATH")]
    pub(crate) settings: Option<PathBuf>,
}

/// What was read, and what is to be said about it.
#[derive(Debug)]
pub(crate) struct Reading {
    /// One per file, in the order of reading.
    pub(crate) reports: Vec<Report>,
    /// Both, when neither has an error.
    pub(crate) read: Option<(Config, Settings)>,
    /// Every file that what was read depends on, there or not.
    pub(crate) watch: Vec<PathBuf>,
    /// No config was named, and none is in the usual places.
    nothing_found: bool,
}

/// What is to be said about one file.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) file: String,
    pub(crate) problems: Vec<Diagnostic>,
    /// The file's text with every secret covered.
    masked: String,
    /// Why the file could not be read at all, or cannot be acted on.
    pub(crate) refusal: Option<String>,
    /// What this version does not do with it.
    pub(crate) notes: Vec<&'static str>,
}

impl Report {
    fn refused(file: impl Into<String>, why: impl Into<String>) -> Self {
        Self {
            file: file.into(),
            problems: Vec::new(),
            masked: String::new(),
            refusal: Some(why.into()),
            notes: Vec::new(),
        }
    }

    fn of(error: ConfigError) -> Self {
        let refusal = error.diagnostics().is_empty().then(|| {
            let cause = std::error::Error::source(&error);
            cause.map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"))
        });
        Self {
            file: error.file().to_owned(),
            problems: error.diagnostics().to_vec(),
            masked: error.masked_source().to_owned(),
            refusal,
            notes: Vec::new(),
        }
    }

    fn warnings(file: impl Into<String>, problems: Vec<Diagnostic>, masked: String) -> Self {
        Self { file: file.into(), problems, masked, refusal: None, notes: Vec::new() }
    }

    fn has_anything(&self) -> bool {
        !self.problems.is_empty() || !self.notes.is_empty()
    }

    fn has_errors(&self) -> bool {
        self.refusal.is_some() || self.problems.iter().any(|one| one.severity == Severity::Error)
    }
}

impl Reading {
    /// Reads the files; where there is no config at all, local servers on their
    /// usual ports make one.
    pub(crate) async fn or_found(files: &Files) -> Self {
        let reading = Self::of(files);
        if !reading.nothing_found {
            return reading;
        }
        for key in HostedKey::all(&environment) {
            tracing::warn!("{}", found::told(&key));
        }
        let servers = found::local_servers().await;
        if servers.is_empty() {
            return reading;
        }
        let config = Config::from_discovered(&servers, &environment);
        Self::with_config(config, "local servers on their usual ports", files, None)
    }

    /// Reads the files, as far as they can be found.
    pub(crate) fn of(files: &Files) -> Self {
        let home = environment("HOME").map(PathBuf::from);
        let exists = |path: &Path| path.exists();
        let found =
            ConfigSource::discover(files.config.as_deref(), &environment, &exists, home.as_deref());
        let Some(path) = found.as_ref().map(ConfigSource::path) else {
            let report = Report::refused(
                "openclaw.json",
                "no config was found: looked at $OC_GATEWAY_CONFIG, $OPENCLAW_CONFIG_PATH, \
                 $OPENCLAW_STATE_DIR/openclaw.json and ~/.openclaw/openclaw.json; \
                 name one with --config",
            );
            return Self {
                reports: vec![report],
                read: None,
                watch: Vec::new(),
                nothing_found: true,
            };
        };
        let config = Config::load(path, &environment);
        Self::with_config(config, &path.display().to_string(), files, Some(path))
    }

    /// Adds the settings to a config that was read from `file`.
    fn with_config(
        config: Result<Loaded<Config>, ConfigError>,
        file: &str,
        files: &Files,
        path: Option<&Path>,
    ) -> Self {
        let (mut reports, mut watch) = (Vec::new(), Vec::new());
        let config = noted(config, file, &mut reports, &mut watch);
        // Settings that are added later count too.
        watch.extend(path.map(|path| path.with_file_name("oc-gateway.json5")));
        let exists = |path: &Path| path.exists();
        let settings =
            ConfigSource::discover_settings(files.settings.as_deref(), &environment, &exists, path);
        let own = settings.as_ref().map(ConfigSource::path).map(|path| {
            let file = path.display().to_string();
            noted(Settings::load(path, &environment), &file, &mut reports, &mut watch)
        });
        // Settings that could not be read are not the same as none.
        let own = match own {
            None => Some(None),
            Some(read) => read.map(Some),
        };
        let (Some(config), Some(own)) = (config, own) else {
            return Self { reports, read: None, watch, nothing_found: false };
        };

        let in_config = config.settings_in_config().cloned();
        let overruled = own.is_some() && in_config.is_some();
        let settings = own.or(in_config).unwrap_or_default();
        let combined = config.with_settings(&settings);
        for (file, problems) in by_file(combined.diagnostics) {
            reports.push(Report::warnings(file, problems, String::new()));
        }
        let mut notes = unbuilt(&settings);
        if overruled {
            notes.push("ocGateway in the config is not used: the settings file wins");
        }
        if !notes.is_empty() {
            reports
                .push(Report { notes, ..Report::warnings("settings", Vec::new(), String::new()) });
        }
        Self { reports, read: Some((combined.value, settings)), watch, nothing_found: false }
    }

    /// Whether anything keeps the gateway from starting.
    pub(crate) fn has_errors(&self) -> bool {
        self.read.is_none() || self.reports.iter().any(Report::has_errors)
    }

    /// Whether there is anything to say at all.
    pub(crate) fn has_problems(&self) -> bool {
        self.has_errors() || self.reports.iter().any(Report::has_anything)
    }

    /// The gateway's state; a contradiction in the settings joins the reports.
    pub(crate) fn assemble(&mut self) -> Option<State> {
        let (config, settings) = self.read.take()?;
        match State::assemble(config.clone(), settings.clone()) {
            Ok(state) => {
                self.read = Some((config, settings));
                Some(state)
            }
            Err(error) => {
                self.reports.push(Report::refused("settings", error.to_string()));
                None
            }
        }
    }

    /// Shows every problem, drawn into its file.
    pub(crate) fn show(&self, out: &mut impl Write) -> io::Result<()> {
        for report in &self.reports {
            if let Some(refusal) = &report.refusal {
                writeln!(out, "error: {refusal}")?;
            }
            for note in &report.notes {
                writeln!(out, "warning: {note}")?;
            }
            if report.masked.is_empty() {
                for problem in &report.problems {
                    writeln!(out, "{problem}")?;
                }
            } else {
                write!(out, "{}", draw(&report.problems, &report.masked))?;
            }
        }
        Ok(())
    }
}

/// What was read, its warnings or its problems going to the reports.
fn noted<T>(
    read: Result<Loaded<T>, ConfigError>,
    file: &str,
    reports: &mut Vec<Report>,
    watch: &mut Vec<PathBuf>,
) -> Option<T> {
    match read {
        Ok(loaded) => {
            watch.extend(loaded.watch);
            reports.push(Report::warnings(file, loaded.diagnostics, loaded.masked_source));
            Some(loaded.value)
        }
        Err(error) => {
            reports.push(Report::of(error));
            None
        }
    }
}

/// Warnings that came without their text, by the file that they name.
fn by_file(problems: Vec<Diagnostic>) -> Vec<(String, Vec<Diagnostic>)> {
    let mut files: Vec<(String, Vec<Diagnostic>)> = Vec::new();
    for problem in problems {
        match files.iter_mut().find(|(file, _)| *file == problem.file) {
            Some((_, problems)) => problems.push(problem),
            None => files.push((problem.file.clone(), vec![problem])),
        }
    }
    files
}
