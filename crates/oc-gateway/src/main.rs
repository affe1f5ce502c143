//! The `oc-gateway` binary: arguments in, exit code out. Everything else is in
//! the library and in `cli`.
#![forbid(unsafe_code)]

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
