//! Any bytes, cut anywhere: the decoder and the parser never panic, never say
//! anything else for another cut, and never end in a success that was not sent.
#![no_main]

use libfuzzer_sys::fuzz_target;
use oc_responses_stream::{
    Blocks, Delta, ImplicitOpen, Limits, Parser, ResponsesInterpreter, SplitOptions, StreamError,
};

type Said = Vec<Result<Delta, StreamError>>;

fuzz_target!(|input: (u16, bool, &[u8])| {
    let (cut, is_interleaved, bytes) = input;
    #[cfg(feature = "planted")]
    assert!(!bytes.windows(6).any(|window| window == b"data:{"), "planted");
    let cut = usize::from(cut) + 1;
    let whole = read([bytes], is_interleaved);
    assert_eq!(whole, read(bytes.chunks(cut), is_interleaved));
    assert_eq!(whole, read(bytes.chunks(1), is_interleaved));
});

fn read<'a>(pieces: impl IntoIterator<Item = &'a [u8]>, is_interleaved: bool) -> Said {
    let limits = Limits::default()
        .with_frame_bytes(2048)
        .with_stream_bytes(1 << 16)
        .with_item_bytes(4096)
        .with_reasoning_bytes(4096);
    let parser = Parser::with_interpreter(ResponsesInterpreter::new(), limits);
    let mut parser = match is_interleaved {
        false => parser.split_reasoning(),
        true => parser.split_reasoning_with(
            SplitOptions::default()
                .with_blocks(Blocks::Anywhere)
                .with_implicit_open(ImplicitOpen::Hold { max: 64 }),
        ),
    };
    let mut said = Vec::new();
    for piece in pieces {
        parser.feed(piece);
        drain(&mut parser, &mut said);
    }
    parser.finish();
    drain(&mut parser, &mut said);
    let end = said.last().expect("an end is always told");
    assert!(matches!(end, Err(_) | Ok(Delta::Finish(_) | Delta::Error(_))), "{end:?}");
    said
}

/// Takes every other delta by looking at it only.
fn drain(parser: &mut Parser<ResponsesInterpreter>, said: &mut Said) {
    while !said.last().is_some_and(Result::is_err) {
        let next = match said.len() % 2 {
            0 => parser.next_event(),
            _ => parser.next_ref().map(|delta| delta.map(|delta| delta.to_delta())),
        };
        let Some(delta) = next else { return };
        said.push(delta);
    }
}
