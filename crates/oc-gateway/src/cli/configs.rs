//! Which files are read, and everything that is wrong with them at once.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use oc_config::{Config, ConfigError, ConfigSource, Diagnostic, Settings, Severity};
use oc_gateway::State;

use super::{draw::draw, environment};

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
}

impl Report {
    fn refused(file: impl Into<String>, why: impl Into<String>) -> Self {
        Self {
            file: file.into(),
            problems: Vec::new(),
            masked: String::new(),
            refusal: Some(why.into()),
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
        }
    }

    fn warnings(file: impl Into<String>, problems: Vec<Diagnostic>, masked: String) -> Self {
        Self { file: file.into(), problems, masked, refusal: None }
    }

    fn has_errors(&self) -> bool {
        self.refusal.is_some() || self.problems.iter().any(|one| one.severity == Severity::Error)
    }
}

impl Reading {
    /// Reads the files, as far as they can be found.
    pub(crate) fn of(files: &Files) -> Self {
        let home = environment("HOME").map(PathBuf::from);
        let exists = |path: &Path| path.exists();
        let env = environment;
        let found = ConfigSource::discover(files.config.as_deref(), &env, &exists, home.as_deref());
        let config_path = found.as_ref().map(ConfigSource::path);
        let settings =
            ConfigSource::discover_settings(files.settings.as_deref(), &env, &exists, config_path);
        let Some(config_path) = config_path else {
            let report = Report::refused(
                "openclaw.json",
                "no config was found: looked at $OC_GATEWAY_CONFIG, $OPENCLAW_CONFIG_PATH, \
                 $OPENCLAW_STATE_DIR/openclaw.json and ~/.openclaw/openclaw.json; \
                 name one with --config",
            );
            return Self { reports: vec![report], read: None };
        };

        let mut reports = Vec::new();
        let config = match Config::load(config_path, &env) {
            Ok(loaded) => {
                let file = config_path.display().to_string();
                reports.push(Report::warnings(file, loaded.diagnostics, loaded.masked_source));
                Some(loaded.value)
            }
            Err(error) => {
                reports.push(Report::of(error));
                None
            }
        };
        let own = match settings.as_ref().map(ConfigSource::path) {
            None => Some(None),
            Some(path) => match Settings::load(path, &env) {
                Ok(loaded) => {
                    let file = path.display().to_string();
                    reports.push(Report::warnings(file, loaded.diagnostics, loaded.masked_source));
                    Some(Some(loaded.value))
                }
                Err(error) => {
                    reports.push(Report::of(error));
                    None
                }
            },
        };
        let (Some(config), Some(own)) = (config, own) else {
            return Self { reports, read: None };
        };

        let in_config = config.settings_in_config().cloned();
        let both = own.is_some() && in_config.is_some();
        if both {
            tracing::warn!("ocGateway in the config is not used: the settings file wins");
        }
        let settings = own.or(in_config).unwrap_or_default();
        let combined = config.with_settings(&settings);
        for (file, problems) in by_file(combined.diagnostics) {
            reports.push(Report::warnings(file, problems, String::new()));
        }
        Self { reports, read: Some((combined.value, settings)) }
    }

    /// Whether anything keeps the gateway from starting.
    pub(crate) fn has_errors(&self) -> bool {
        self.read.is_none() || self.reports.iter().any(Report::has_errors)
    }

    /// Whether there is anything to say at all.
    pub(crate) fn has_problems(&self) -> bool {
        self.has_errors() || self.reports.iter().any(|report| !report.problems.is_empty())
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
