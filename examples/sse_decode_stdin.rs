//! Decodes a Responses stream from stdin: reasoning and commentary dimmed, final
//! text plain.
//!
//! ```text
//! cargo run -p oc-responses-stream --example sse_decode_stdin \
//!     < crates/oc-responses-stream/tests/fixtures/llama-server/responses-think-stream.sse
//! ```
//!
//! Exit status 1 where the stream was cut or reports a failure.

use std::io::{self, IsTerminal, Read, Write};
use std::process::ExitCode;

use oc_responses_stream::{Delta, ResponseParser};

fn main() -> io::Result<ExitCode> {
    let colour = io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let (dim, plain) = if colour { ("\x1b[2m", "\x1b[0m") } else { ("", "") };
    let (mut stdin, mut out) = (io::stdin().lock(), io::stdout().lock());
    let mut parser = ResponseParser::new();
    let mut buffer = [0; 4096];
    let mut thinking = false;
    loop {
        while let Some(delta) = parser.next_event() {
            match delta {
                Ok(Delta::Reasoning(piece)) => {
                    thinking = true;
                    write!(out, "{dim}{}{plain}", piece.text)?;
                }
                Ok(Delta::Text(piece)) if !piece.is_final() => {
                    thinking = true;
                    write!(out, "{dim}{}{plain}", piece.text)?;
                }
                Ok(Delta::Text(piece) | Delta::Refusal(piece)) => {
                    if std::mem::take(&mut thinking) {
                        writeln!(out)?;
                    }
                    write!(out, "{}", piece.text)?;
                }
                Ok(Delta::ToolCallStart(call)) => write!(out, "\n[calls {}] ", call.name)?,
                Ok(Delta::ToolCallArguments(piece)) => write!(out, "{}", piece.text)?,
                Ok(Delta::Finish(finish)) => {
                    writeln!(out, "\n[{:?}]", finish.reason)?;
                    return Ok(ExitCode::SUCCESS);
                }
                Ok(Delta::Error(error)) => {
                    writeln!(out, "\n[failed: {}]", error.message.unwrap_or_default())?;
                    return Ok(ExitCode::FAILURE);
                }
                Err(error) => {
                    writeln!(out, "\n[{error}]")?;
                    return Ok(ExitCode::FAILURE);
                }
                Ok(_) => {}
            }
            out.flush()?;
        }
        match stdin.read(&mut buffer)? {
            0 => parser.finish(),
            len => parser.feed(buffer.get(..len).unwrap_or_default()),
        }
    }
}
