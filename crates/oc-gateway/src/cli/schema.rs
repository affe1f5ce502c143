//! `oc-gateway schema`: what editors complete and check by.

use std::io::Write;

use oc_config::schema::{config_schema, settings_schema};

use super::exit;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Of which file.
    #[arg(value_enum, default_value = "config")]
    of: Of,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Of {
    /// The OpenClaw config, as far as it is read here.
    Config,
    /// The gateway's own settings.
    Settings,
}

pub(crate) fn run(arguments: &Arguments, out: &mut impl Write) -> anyhow::Result<u8> {
    let schema = match arguments.of {
        Of::Config => config_schema(),
        Of::Settings => settings_schema(),
    };
    writeln!(out, "{schema:#}")?;
    Ok(exit::OK)
}
