//! The parser in your own program: bytes from anywhere, reasoning and final
//! text as different things.
//!
//! ```text
//! cargo run -p oc-responses-stream --example embed_parser
//! ```
//!
//! The bytes here are what llama-server sends: no indexes, no sequence numbers,
//! the message opened before the reasoning is closed.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use oc_responses_stream::{Collector, Delta, ResponseParser, StreamError};

const RECORDED: &str = concat!(
    "data: {\"type\":\"response.created\",\"response\":{\"id\":\"resp_1\",\"status\":\"in_progress\"}}\n\n",
    "data: {\"type\":\"response.output_item.added\",\"item\":{\"id\":\"rs_1\",\"type\":\"reasoning\"}}\n\n",
    "data: {\"type\":\"response.reasoning_text.delta\",\"item_id\":\"rs_1\",\"delta\":\"The user greets me.\"}\n\n",
    "data: {\"type\":\"response.output_item.added\",\"item\":{\"id\":\"msg_1\",\"type\":\"message\"}}\n\n",
    "data: {\"type\":\"response.output_text.delta\",\"item_id\":\"msg_1\",\"delta\":\"Hello \"}\n\n",
    "data: {\"type\":\"response.output_text.delta\",\"item_id\":\"msg_1\",\"delta\":\"there.\"}\n\n",
    "data: {\"type\":\"response.completed\",\"response\":{\"id\":\"resp_1\",\"status\":\"completed\",",
    "\"usage\":{\"input_tokens\":12,\"output_tokens\":31}}}\n\n",
);

fn main() -> Result<(), StreamError> {
    let mut parser = ResponseParser::new();
    let mut collector = Collector::new();

    // As they come from a socket: any cut will do.
    for bytes in RECORDED.as_bytes().chunks(50) {
        parser.feed(bytes);
        show(&mut parser, &mut collector)?;
    }
    parser.finish();
    show(&mut parser, &mut collector)?;

    let answer = collector.finish();
    println!("reasoning: {}", answer.reasoning_text());
    println!("answer:    {}", answer.final_text());
    println!("tokens:    {:?}", answer.usage.map(|usage| usage.output_tokens));
    Ok(())
}

/// Takes what is ready. A stream that was cut gives its error here.
fn show(parser: &mut ResponseParser, collector: &mut Collector) -> Result<(), StreamError> {
    while let Some(delta) = parser.next_event() {
        let delta = delta?;
        collector.push(&delta);
        match delta {
            Delta::Reasoning(piece) => println!("  thinks {:?}", piece.text),
            Delta::Text(piece) => println!("  says   {:?}", piece.text),
            Delta::Finish(finish) => println!("  ends   {:?}", finish.reason),
            _ => {}
        }
    }
    Ok(())
}
