//! Which files are read, and everything that is wrong with them at once.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use oc_config::{
    Config, ConfigError, ConfigSource, Diagnostic, HostedKey, Loaded, Reading as ConfigReading,
    Settings, Severity,
};
use oc_gateway::{State, unbuilt};

use super::{draw::draw, environment, found, secret_command};

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

/// What `check --strict` fails for: everything is in order, and nobody answers.
const NOBODY: (&str, &str) = (
    "no candidate of the default chain can be used: every request for it would fail",
    "see below what each of them needs, or name one that is usable",
);

/// What there is to say where nothing can be served.
const NOTHING_FOUND: &str = "no config was found, and no server on its usual port: looked at \
     $OC_GATEWAY_CONFIG, $OPENCLAW_CONFIG_PATH, $OPENCLAW_STATE_DIR/openclaw.json and \
     ~/.openclaw/openclaw.json. Without a config the models of the local servers make the chain: \
     start LM Studio (port 1234), Ollama (11434), vLLM (8000), llama.cpp (8080) or SGLang (30000); \
     or write a config and name it with --config";

/// The file that a config would be begun in.
fn begin_at(places: &[ConfigSource]) -> String {
    places
        .last()
        .map_or_else(|| "openclaw.json".to_owned(), |last| last.path().display().to_string())
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
    /// OpenClaw's sections that were accepted unread, with the line of each.
    pub(crate) passed_over: Vec<(String, usize)>,
    /// Which files, and on whose word; the settings' second.
    pub(crate) sources: Vec<(&'static str, String)>,
    /// Keys and servers that are there and not used, where there is no config.
    pub(crate) unused: Vec<String>,
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

    /// What is wrong in a file, and in those that it includes.
    fn of(error: &ConfigError) -> Vec<Self> {
        let problems = error.diagnostics().to_vec();
        let of = |one: &Diagnostic| error.masked_source_of(one);
        Self::per_file(error.file(), error.masked_source(), problems, of)
    }

    /// One for `first`, whether anything is wrong with it or not, and one for
    /// each other file that a problem names.
    fn per_file<'a>(
        first: &str,
        masked: &str,
        problems: Vec<Diagnostic>,
        masked_source_of: impl Fn(&Diagnostic) -> &'a str,
    ) -> Vec<Self> {
        let mut reports = vec![Self::new(first, masked.to_owned())];
        for problem in problems {
            match reports.iter_mut().find(|report| report.file == problem.file) {
                Some(report) => report.problems.push(problem),
                None => {
                    let masked = masked_source_of(&problem).to_owned();
                    let mut report = Self::new(&problem.file, masked);
                    report.problems.push(problem);
                    reports.push(report);
                }
            }
        }
        reports
    }

    /// Of a file with nothing wrong so far.
    fn new(file: &str, masked: String) -> Self {
        Self { file: file.to_owned(), problems: Vec::new(), masked, refusal: None }
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
        let servers = found::local_servers().await;
        let keys = HostedKey::all(&environment);
        let keys = keys.iter().map(found::told);
        let unused = keys.chain(servers.iter().filter_map(found::not_used)).collect();
        if servers.iter().all(|server| server.forwarded().count() == server.models.len()) {
            return Self { unused, ..reading };
        }
        let config = Config::from_discovered(&servers, &environment);
        let own = own_settings(files, None);
        let mut found = Self::with_config(config, "local servers on their usual ports", own);
        found.unused = unused;
        let on = "no file: the servers found on their usual ports".to_owned();
        found.sources.insert(0, ("config", on));
        // A config that is written later counts.
        found.watch.extend(reading.watch);
        found
    }

    /// Reads the files, as far as they can be found.
    pub(crate) fn of(files: &Files) -> Self {
        let home = environment("HOME").map(PathBuf::from);
        let exists = |path: &Path| path.exists();
        let found =
            ConfigSource::discover(files.config.as_deref(), &environment, &exists, home.as_deref());
        let Some(source) = &found else {
            let places = ConfigSource::places(&environment, home.as_deref());
            let watch = places.iter().map(|place| place.path().to_owned()).collect();
            let report = Report::refused(begin_at(&places), NOTHING_FOUND);
            return Self {
                reports: vec![report],
                read: None,
                watch,
                passed_over: Vec::new(),
                sources: Vec::new(),
                unused: Vec::new(),
                nothing_found: true,
            };
        };
        let path = source.path();
        let own = own_settings(files, Some(path));
        let mut reading = ConfigReading::new(&environment);
        if let Ok(folder) = std::env::current_dir() {
            reading = reading.working_dot_env(&folder.join(".env"));
        }
        if let Some((_, Ok(settings))) = &own {
            reading = reading.settings(&settings.value);
        }
        reading = reading.commands(&secret_command::run);
        let config = reading.config(path);
        let mut reading = Self::with_config(config, &path.display().to_string(), own);
        reading.sources.insert(0, ("config", source.to_string()));
        // Settings that are added later count too.
        reading.watch.push(path.with_file_name("oc-gateway.json5"));
        reading
    }

    /// Adds the settings to a config that was read from `file`.
    fn with_config(
        config: Result<Loaded<Config>, ConfigError>,
        file: &str,
        own: Option<OwnSettings>,
    ) -> Self {
        let mut reading = Self {
            reports: Vec::new(),
            read: None,
            watch: Vec::new(),
            passed_over: Vec::new(),
            sources: Vec::new(),
            unused: Vec::new(),
            nothing_found: false,
        };
        let config = reading.noted(config, file);
        let settings = match (&own, config.as_ref().and_then(Config::settings_in_config)) {
            (Some((file, _)), _) => file.clone(),
            (None, Some(_)) => "under `ocGateway` in the config".to_owned(),
            (None, None) => "none: every default holds".to_owned(),
        };
        reading.sources.push(("settings", settings));
        // Settings that could not be read are not the same as none.
        let own = match own {
            None => Some(None),
            Some((file, read)) => {
                // They may lie elsewhere than beside the config.
                reading.watch.push(PathBuf::from(&file));
                reading.noted(read, &file).map(Some)
            }
        };
        let (Some(config), Some(own)) = (config, own) else { return reading };

        let in_config = config.settings_in_config().cloned();
        let overruled = in_config.as_ref().filter(|_| own.is_some()).map(|in_config| {
            let reason = "not used: the settings file wins";
            let fix = "move what you need of it to the settings file, and remove it here";
            in_config.problem(Severity::Warning, &[], reason, fix)
        });
        let settings = own.or(in_config).unwrap_or_default();
        let combined = config.with_settings(&settings);
        reading.add(combined.diagnostics);
        reading.add(unbuilt(&settings));
        reading.add(overruled);
        reading.read = Some((combined.value, settings));
        reading
    }

    /// Problems that show only once everything is read, each to its file.
    fn add(&mut self, problems: impl IntoIterator<Item = Diagnostic>) {
        for problem in problems {
            let known = self.reports.iter().position(|report| report.file == problem.file);
            let at = known.unwrap_or_else(|| {
                self.reports.push(Report::new(&problem.file, String::new()));
                self.reports.len() - 1
            });
            if let Some(report) = self.reports.get_mut(at) {
                report.problems.push(problem);
                report.problems.sort_by_key(|problem| problem.span.start);
            }
        }
    }

    /// What was read, its warnings or its problems going to the reports.
    fn noted<T>(&mut self, read: Result<Loaded<T>, ConfigError>, file: &str) -> Option<T> {
        match read {
            Ok(loaded) => {
                let of = |one: &Diagnostic| loaded.masked_source_of(one);
                let problems = loaded.diagnostics.clone();
                self.reports.extend(Report::per_file(file, &loaded.masked_source, problems, of));
                self.watch.extend(loaded.watch);
                self.passed_over.extend(loaded.passed_over);
                Some(loaded.value)
            }
            Err(error) => {
                self.reports.extend(Report::of(&error));
                None
            }
        }
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
        if self.has_errors() {
            return None;
        }
        let (config, settings) = self.read.take()?;
        match State::assemble(config.clone(), settings.clone()) {
            Ok(state) => {
                if !state.can_answer("default") {
                    let path = &["agents", "defaults", "model"];
                    self.add([config.problem(Severity::Warning, path, NOBODY.0, NOBODY.1)]);
                }
                self.read = Some((config, settings));
                Some(state)
            }
            Err(error) => {
                self.reports.push(Report::refused("settings", error.to_string()));
                None
            }
        }
    }

    /// Shows what is there and not used, where there is no config.
    pub(crate) fn show_unused(&self, out: &mut impl Write) -> io::Result<()> {
        self.unused.iter().try_for_each(|line| writeln!(out, "  not used: {line}"))
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

/// The settings' file and what came of reading it.
type OwnSettings = (String, Result<Loaded<Settings>, ConfigError>);

/// The settings that go with the config at `path`, where there are any.
fn own_settings(files: &Files, path: Option<&Path>) -> Option<OwnSettings> {
    let exists = |path: &Path| path.exists();
    let found =
        ConfigSource::discover_settings(files.settings.as_deref(), &environment, &exists, path)?;
    let path = found.path();
    Some((path.display().to_string(), Settings::load(path, &environment)))
}
