//! Any bytes, cut anywhere: the decoder and the parser never panic, never say
//! anything else for another cut, and never end in a success that was not sent.
#![no_main]

use libfuzzer_sys::fuzz_target;
use oc_responses_stream::{
    Blocks, Delta, EmptyFinal, ImplicitOpen, Limits, MachineOptions, Parser, ResponseId,
    ResponseMachine, ResponsesInterpreter, SplitOptions, StrayClose, StreamError, laws,
};

type Said = Vec<Result<Delta, StreamError>>;

fuzz_target!(|input: (u16, u8, &[u8])| {
    let (cut, profile, bytes) = input;
    #[cfg(feature = "planted")]
    assert!(!bytes.windows(6).any(|window| window == b"data:{"), "planted");
    let cut = usize::from(cut) + 1;
    let whole = read([bytes], profile);
    assert_eq!(whole, read(bytes.chunks(cut), profile));
    assert_eq!(whole, read(bytes.chunks(1), profile));
    write(whole);
});

/// What may be known of a model, and how the input ends, by the bits of one byte.
fn options(profile: u8) -> SplitOptions {
    let is = |bit: u8| profile >> bit & 1 == 1;
    let mut options = SplitOptions::default().with_bare_harmony(is(2));
    if is(0) {
        options = options.with_blocks(Blocks::Anywhere);
    }
    if is(1) {
        options = options.with_implicit_open(ImplicitOpen::Hold { max: 64 });
    }
    if is(3) {
        options = options.with_stray_close(StrayClose::Error);
    }
    options.with_empty_final(match profile >> 4 & 3 {
        0 | 1 => EmptyFinal::Report,
        2 => EmptyFinal::Error,
        _ => EmptyFinal::Promote,
    })
}

fn read<'a>(pieces: impl IntoIterator<Item = &'a [u8]>, profile: u8) -> Said {
    let limits = Limits::default()
        .with_frame_bytes(2048)
        .with_stream_bytes(1 << 16)
        .with_item_bytes(4096)
        .with_reasoning_bytes(4096);
    let mut parser = Parser::with_interpreter(ResponsesInterpreter::new(), limits)
        .split_reasoning_with(options(profile));
    let mut said = Vec::new();
    for piece in pieces {
        parser.feed(piece);
        drain(&mut parser, &mut said);
    }
    match profile >> 6 & 1 {
        0 => parser.finish(),
        _ => parser.break_off(),
    }
    drain(&mut parser, &mut said);
    let end = said.last().expect("an end is always told");
    assert!(matches!(end, Err(_) | Ok(Delta::Finish(_) | Delta::Error(_))), "{end:?}");
    said
}

/// Whatever was said, what is written of it obeys the laws.
fn write(said: Said) {
    let options = MachineOptions::new(ResponseId::new("resp_1"), "m", 1_700_000_000);
    let mut machine = ResponseMachine::new(options);
    said.iter().flatten().for_each(|delta| machine.push(delta));
    machine.fail("server_error", "cut");
    let events: Vec<_> = std::iter::from_fn(|| machine.next_event()).collect();
    if let Err(violation) = laws::check(&events) {
        panic!("{violation}");
    }
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
