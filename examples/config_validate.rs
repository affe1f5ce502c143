//! Every problem of the configs named on the command line, one per line.
//!
//! `cargo run -p oc-config --example config_validate -- ~/.openclaw/openclaw.json`

#![allow(clippy::print_stdout, reason = "that is what it is for")]

use std::path::Path;
use std::process::ExitCode;

use oc_config::Config;

fn main() -> ExitCode {
    #[expect(clippy::disallowed_methods, reason = "this is a binary")]
    let env = |name: &str| std::env::var(name).ok();
    let mut refused = false;
    for file in std::env::args().skip(1) {
        match Config::load(Path::new(&file), &env) {
            Ok(loaded) => {
                for warning in &loaded.diagnostics {
                    println!("{warning}");
                }
                match loaded.value.explain("default") {
                    Ok(explanation) => print!("{file}: {explanation}"),
                    Err(error) => println!("{file}: {error}"),
                }
            }
            Err(error) => {
                refused = true;
                if error.diagnostics().is_empty() {
                    println!("{error}");
                }
                for problem in error.diagnostics() {
                    println!("{problem}");
                }
            }
        }
    }
    // EX_CONFIG, as the gateway exits.
    ExitCode::from(if refused { 78 } else { 0 })
}
