//! Chat bytes to one line of text, for tables.

use std::fmt::Write as _;

use oc_providers::wire::openai_completions::CompletionsInterpreter;
use oc_responses_stream::{Collector, Delta, Item, Limits, Parser, Part, StreamError};

/// What `bytes` mean, delta by delta, and the error that ended them.
pub(crate) fn deltas(chunks: &[&[u8]]) -> (Vec<Delta>, Option<StreamError>) {
    let mut parser = Parser::with_interpreter(CompletionsInterpreter::new(), Limits::default());
    let (mut all, mut error) = (Vec::new(), None);
    let mut drain = |parser: &mut Parser<_>| {
        while let Some(next) = parser.next_event() {
            match next {
                Ok(Delta::Alive) => {}
                Ok(delta) => all.push(delta),
                Err(fault) => {
                    error = Some(fault);
                    break;
                }
            }
        }
    };
    for chunk in chunks {
        parser.feed(chunk);
        drain(&mut parser);
    }
    parser.finish();
    drain(&mut parser);
    (all, error)
}

/// Items in their order (`R` reasoning, `T` text, `X` refusal, `C` call), then
/// the ending (`F`, `E`, or the stream's error).
pub(crate) fn digest(bytes: &[u8]) -> String {
    let (deltas, error) = deltas(&[bytes]);
    let mut collector = Collector::new();
    deltas.iter().for_each(|delta| collector.push(delta));
    let answer = collector.finish();
    let mut text = String::new();
    for item in &answer.items {
        match item {
            Item::Reasoning(reasoning) => {
                let _ = write!(
                    text,
                    "R[{}{}] ",
                    reasoning.content.concat(),
                    reasoning.summary.concat()
                );
            }
            Item::Message(message) => {
                for part in &message.content {
                    let _ = match part {
                        Part::Text(part) => write!(text, "T[{}] ", part.text),
                        Part::Refusal(refusal) => write!(text, "X[{refusal}] "),
                        _ => Ok(()),
                    };
                }
            }
            Item::FunctionCall(call) => {
                let _ = write!(text, "C[{} {} {}] ", call.call_id, call.name, call.arguments);
            }
            _ => text.push_str("? "),
        }
    }
    if let Some(finish) = answer.finish {
        let _ = write!(text, "F[{:?}]", finish.reason);
    }
    if let Some(error) = answer.error {
        let said = [error.code, error.error_type, error.message];
        let said: Vec<String> = said.into_iter().flatten().collect();
        let _ = write!(text, "E[{}]", said.join("|"));
    }
    if let Some(error) = error {
        let _ = write!(text, "{:?}", error.kind());
    }
    text
}
