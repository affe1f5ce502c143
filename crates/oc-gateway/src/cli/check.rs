//! `oc-gateway check`: every problem at once.

use std::io::Write;

use oc_config::{Diagnostic, Severity};
use oc_gateway::State;
use serde_json::{Value, json};

use super::{
    configs::{Files, Reading},
    exit, roster,
};

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    files: Files,
    /// One JSON object: `{"ok", "files": [{"file", "refusal", "problems": [{"severity", "line", "column",
    /// "path", "reason", "fix"}]}]}`.
    #[arg(long)]
    json: bool,
    /// Exit 1 on warnings too.
    #[arg(long)]
    strict: bool,
    /// Also show the default chain, and where each value came from.
    #[arg(long)]
    verbose: bool,
}

pub(crate) async fn run(arguments: &Arguments, out: &mut impl Write) -> anyhow::Result<u8> {
    let mut reading = Reading::or_found(&arguments.files).await;
    let state = reading.assemble();
    if arguments.json {
        writeln!(out, "{}", as_json(&reading))?;
    } else {
        reading.show(out)?;
        summarise(&reading, state.as_ref(), arguments.verbose, out)?;
        reading.show_unused(out)?;
    }
    Ok(if reading.has_errors() {
        exit::CONFIG
    } else if arguments.strict && reading.has_problems() {
        exit::FAILED
    } else {
        exit::OK
    })
}

fn summarise(
    reading: &Reading,
    state: Option<&State>,
    verbose: bool,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let count = |severity: Severity| {
        let problems = reading.reports.iter().flat_map(|report| &report.problems);
        problems.filter(|problem| problem.severity == severity).count()
    };
    let refusals = reading.reports.iter().filter(|report| report.refusal.is_some()).count();
    let (errors, warnings) = (count(Severity::Error) + refusals, count(Severity::Warning));
    if errors + warnings > 0 {
        writeln!(out, "{} and {}", plural(errors, "error"), plural(warnings, "warning"))?;
    }
    let Some(state) = state.filter(|_| !reading.has_errors()) else { return Ok(()) };
    for report in &reading.reports {
        writeln!(out, "{}: ok", report.file)?;
    }
    roster::show(state, "default", out)?;
    if verbose && !reading.passed_over.is_empty() {
        let sections = reading.passed_over.iter();
        let sections: Vec<String> =
            sections.map(|(section, line)| format!("{section} (line {line})")).collect();
        writeln!(out, "OpenClaw's own, not read: {}", sections.join(", "))?;
    }
    if verbose && let Ok(explained) = state.config().explain("default") {
        write!(out, "{explained}")?;
    }
    Ok(())
}

fn plural(count: usize, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}

fn as_json(reading: &Reading) -> Value {
    let problem = |one: &Diagnostic| {
        json!({ "severity": one.severity.to_string(), "line": one.line, "column": one.column,
            "path": one.path, "reason": one.reason, "fix": one.fix })
    };
    let files: Vec<Value> = reading
        .reports
        .iter()
        .map(|report| {
            let problems: Vec<Value> = report.problems.iter().map(problem).collect();
            json!({ "file": report.file, "refusal": report.refusal, "problems": problems })
        })
        .collect();
    json!({ "ok": !reading.has_errors(), "files": files })
}
