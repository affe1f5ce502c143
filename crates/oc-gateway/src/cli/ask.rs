//! `oc-gateway ask`: one question through the libraries, no server.

use std::io::{self, Write};

use anstyle::Style;
use oc_gateway::{Answering, Rules, Said};

use super::{
    configs::{Files, Reading},
    exit,
};

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    files: Files,
    /// An alias, a provider/model ref, or a bare model id.
    #[arg(long, value_name = "REF", default_value = "default")]
    model: String,
    /// Only what may be shown to a person; reasoning is not even received.
    #[arg(long, conflicts_with = "show_reasoning")]
    final_only: bool,
    /// Reasoning too, dimmed, on stderr.
    #[arg(long)]
    show_reasoning: bool,
    /// The whole answer as one JSON object, in the shape of the Responses API.
    #[arg(long)]
    json: bool,
    /// The question.
    prompt: String,
}

pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<u8> {
    let mut reading = Reading::or_found(&arguments.files).await;
    let state = reading.assemble();
    let (Some(state), false) = (state, reading.has_errors()) else {
        reading.show(&mut anstream::stderr().lock())?;
        return Ok(exit::CONFIG);
    };
    let rules = Rules::default().with_final_only(arguments.final_only);
    let mut answering = match Answering::start(&state, &arguments.model, &arguments.prompt, rules) {
        Ok(answering) => answering,
        Err(failure) => return failed(&failure.to_string()),
    };
    let show_text = !arguments.json;
    while let Some(said) = answering.next().await {
        match said {
            Said::Text(text) if show_text => {
                let mut out = anstream::stdout().lock();
                write!(out, "{text}")?;
                out.flush()?;
            }
            Said::Reasoning(text) if arguments.show_reasoning => {
                let dim = Style::new().dimmed();
                let mut out = anstream::stderr().lock();
                write!(out, "{dim}{text}{dim:#}")?;
                out.flush()?;
            }
            _ => {}
        }
    }
    let mut out = anstream::stdout().lock();
    if arguments.json {
        writeln!(out, "{}", answering.response())?;
    } else {
        writeln!(out)?;
    }
    match answering.failure() {
        None => match answering.cut_by() {
            None => Ok(exit::OK),
            Some(limit) => failed(&format!("the answer is cut: {limit}")),
        },
        Some(failure) => failed(&failure.to_string()),
    }
}

fn failed(text: &str) -> anyhow::Result<u8> {
    let mut err = anstream::stderr().lock();
    let written: io::Result<()> = writeln!(err, "error: {text}");
    written?;
    Ok(exit::FAILED)
}
