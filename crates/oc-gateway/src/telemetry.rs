//! Logs: one line per request, and whatever goes wrong. Never a key, never a
//! prompt, never an answer.

use std::{fmt, str::FromStr};

use tracing_subscriber::{
    Layer as _,
    filter::{LevelFilter, Targets},
    layer::SubscriberExt as _,
    util::SubscriberInitExt as _,
};

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
#[non_exhaustive]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}

/// Which lines are logged: a level, or `target=level` pairs separated by commas.
///
/// ```
/// use oc_gateway::telemetry::LogLevel;
///
/// assert!("info,oc_gateway=debug".parse::<LogLevel>().is_ok());
/// assert!("loud".parse::<LogLevel>().is_err());
/// ```
#[derive(Clone, Debug)]
pub struct LogLevel(Targets);

/// The text is no log level.
#[derive(Clone, Debug, thiserror::Error)]
#[error("not a log level; use off, error, warn, info, debug, trace or target=level pairs")]
pub struct InvalidLogLevel;

impl FromStr for LogLevel {
    type Err = InvalidLogLevel;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // `Targets` takes a bare word for a target, and so `loud` for "all of loud".
        let bare = text.split(',').filter(|part| !part.contains('='));
        for part in bare {
            part.trim().parse::<LevelFilter>().map_err(|_| InvalidLogLevel)?;
        }
        text.parse().map(Self).map_err(|_| InvalidLogLevel)
    }
}

impl fmt::Display for LogLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Sends log lines to stderr. Only the binary calls this; a second call, or one
/// after somebody else set up logging, changes nothing.
pub fn init(level: LogLevel, format: LogFormat, colour: bool) {
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_target(false);
    let lines = match format {
        LogFormat::Text => lines.with_ansi(colour).boxed(),
        LogFormat::Json => lines.json().with_ansi(false).boxed(),
    };
    drop(tracing_subscriber::registry().with(lines.with_filter(level.0)).try_init());
}
