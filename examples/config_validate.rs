//! Checks an OpenClaw config and shows what it resolves to.
//!
//! Run it: `cargo run -p oc-gateway --example config_validate [PATH]`; without a
//! path it shows what a broken config gets.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::{path::Path, process::ExitCode};

use oc_config::{Config, ConfigError, Loaded, Usability};

const BROKEN: &str = r#"{
  agents: { defaults: {
    model: { primary: "lmstudio/qwen3", fallback: ["anthropic/claude-opus-4-6"] },
  } },
  models: { mode: "merge", providers: { lmstudio: {
    baseUrl: "127.0.0.1:1234/v1", api: "openai-response",
    models: [ { id: "qwen3", name: "Qwen 3", contextWindow: "64k" } ],
  } } },
}
"#;

fn main() -> ExitCode {
    // The library never reads the process's environment; a program passes it in.
    #[expect(clippy::disallowed_methods, reason = "a program is where the environment comes in")]
    let env = |name: &str| std::env::var(name).ok();
    match std::env::args().nth(1) {
        Some(path) => match report(Config::load(Path::new(&path), &env)) {
            true => ExitCode::SUCCESS,
            // EX_CONFIG, as `oc-gateway check` has it.
            false => ExitCode::from(78),
        },
        None => {
            report(Config::parse(BROKEN, "broken.json5", &env));
            ExitCode::SUCCESS
        }
    }
}

/// Whether the config can be used.
fn report(read: Result<Loaded<Config>, ConfigError>) -> bool {
    let loaded = match read {
        Ok(loaded) => loaded,
        Err(error) => {
            println!("{error}");
            error.diagnostics().iter().for_each(|problem| println!("  {problem}"));
            return false;
        }
    };
    loaded.diagnostics.iter().for_each(|warning| println!("{warning}"));
    let chain = match loaded.value.chain("default") {
        Ok(chain) => chain,
        Err(unknown) => {
            println!("no default chain: {unknown}");
            return true;
        }
    };
    for candidate in &chain.candidates {
        match &candidate.usability {
            Usability::Unusable { reason, fix } => {
                println!("{}: not usable: {reason} ({fix})", candidate.model_ref);
            }
            _ => println!("{}: usable", candidate.model_ref),
        }
    }
    true
}
