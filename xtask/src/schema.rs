//! `cargo xtask schema [--check]`: the JSON Schemas that editors use, under
//! `docs/schema`. `oc-gateway schema` prints the same.

use oc_config::schema::{config_schema, settings_schema};
use serde_json::Value;

use crate::generated::{self, File, Options};

/// Writes the schemas, or checks that they are current.
///
/// # Errors
/// If one cannot be written, or is stale.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let files = [
        File { path: "docs/schema/config.schema.json", text: pretty(&config_schema())? },
        File { path: "docs/schema/settings.schema.json", text: pretty(&settings_schema())? },
    ];
    generated::hold(&files, options, "schema")
}

fn pretty(schema: &Value) -> anyhow::Result<String> {
    Ok(serde_json::to_string_pretty(schema)? + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schemas_are_current() {
        run(&Options::check()).unwrap();
    }
}
