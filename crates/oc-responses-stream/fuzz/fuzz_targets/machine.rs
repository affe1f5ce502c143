//! Any operations in any order: what the machine writes obeys the laws that
//! strict clients hold a stream to, and reads back as an answer.
#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use oc_responses_stream::{
    AnnotationDelta, Delta, Event, ExtraDelta, Finish, FinishReason, Item, ItemEnd, ItemStatus,
    MachineOptions, OutputStyle, Phase, PhaseDelta, ReasoningDelta, ReasoningStyle, ResponseId,
    ResponseMachine, ResponseParser, Seal, Slot, TextDelta, ToolCallArguments, ToolCallEnd,
    ToolCallStart, UpstreamError, Usage, WholeItem, WholePart, laws,
};
use serde_json::json;

#[derive(Arbitrary, Debug)]
struct Run {
    is_raw: bool,
    is_final_only: bool,
    steps: Vec<Step>,
}

/// A text by its number, so that few bytes make many operations.
#[derive(Arbitrary, Clone, Copy, Debug)]
struct Word(u8);

const WORDS: &[&str] = &[
    "",
    "a",
    " b",
    "\n",
    "\"",
    "\\",
    "{}",
    "{\"x\":",
    "1}",
    "[",
    "é",
    "😀",
    "\0",
    "<think>",
    "</think>",
    "data: [DONE]\n\n",
];

impl Word {
    fn text(self) -> &'static str {
        WORDS[usize::from(self.0) % WORDS.len()]
    }
}

#[derive(Arbitrary, Debug)]
enum Step {
    Alive,
    Text { slot: u8, part: u8, text: Word, phase: Option<bool> },
    Refusal { slot: u8, text: Word },
    Reasoning { slot: u8, part: u8, text: Word, is_summary: bool },
    Seal { slot: u8, text: Word },
    Annotation { slot: u8, part: u8 },
    Phase { slot: u8, is_final: bool },
    Part { slot: u8, part: u8, kind: Word },
    Extra { slot: u8, part: Option<u8>, key: u8, value: Word },
    CallStart { slot: u8, name: Word },
    Arguments { slot: u8, text: Word },
    CallEnd { slot: u8, arguments: Option<Word> },
    Whole { slot: u8, kind: u8, text: Word },
    ItemEnd { slot: u8, is_whole: bool },
    Usage { input: u64, output: u64 },
    Abandon,
    Fail { code: Word, message: Word },
    Finish { reason: u8 },
    Error { message: Word },
}

fuzz_target!(|run: Run| {
    #[cfg(feature = "planted")]
    assert!(
        !run.steps.windows(2).any(|two| matches!(two, [Step::Abandon, Step::Finish { .. }])),
        "planted"
    );
    let style = if run.is_raw { ReasoningStyle::Raw } else { ReasoningStyle::Summary };
    let output = if run.is_final_only { OutputStyle::FinalOnly } else { OutputStyle::Full };
    let options = MachineOptions::new(ResponseId::new("resp_1"), "m", 1_700_000_000)
        .reasoning(style)
        .output(output);
    let mut machine = ResponseMachine::new(options);
    let mut events = Vec::new();
    for step in run.steps {
        apply(&mut machine, step);
        drain(&mut machine, &mut events);
    }
    if !machine.is_terminal() {
        machine.fail("server_error", "cut");
        drain(&mut machine, &mut events);
    }
    assert!(machine.is_terminal());
    if let Err(violation) = laws::check(&events) {
        panic!("{violation}");
    }
    read_back(&events);
});

fn apply(machine: &mut ResponseMachine, step: Step) {
    let slot = |slot: u8| Slot(u32::from(slot % 8));
    let delta = match step {
        Step::Alive => Delta::Alive,
        Step::Text { slot: at, part, text, phase } => {
            let phase = phase.map(phase_of);
            let part = u32::from(part % 4);
            Delta::Text(TextDelta::new(slot(at), text.text()).with_part(part).with_phase(phase))
        }
        Step::Refusal { slot: at, text } => Delta::Refusal(TextDelta::new(slot(at), text.text())),
        Step::Reasoning { slot: at, part, text, is_summary } => {
            let part = u32::from(part % 4);
            Delta::Reasoning(match is_summary {
                true => ReasoningDelta::summary(slot(at), part, text.text()),
                false => ReasoningDelta::raw(slot(at), text.text()).with_part(part),
            })
        }
        Step::Seal { slot: at, text } => {
            Delta::Seal(Seal::new(slot(at), "openai-responses", text.text().into()))
        }
        Step::Annotation { slot: at, part } => {
            let annotation = match part % 2 {
                0 => json!({"type": "url_citation"}),
                _ => json!("a page"),
            };
            Delta::Annotation(AnnotationDelta::new(slot(at), u32::from(part % 4), annotation))
        }
        Step::Phase { slot: at, is_final } => {
            Delta::Phase(PhaseDelta::new(slot(at), phase_of(is_final)))
        }
        Step::Part { slot: at, part, kind } => {
            let json = [("type", kind.text()), ("data", "x")].into_iter().collect();
            Delta::Part(WholePart::new(slot(at), u32::from(part % 4), json))
        }
        Step::Extra { slot: at, part, key, value } => {
            let keys = ["id", "type", "phase", "text", "namespace", "encrypted_content"];
            let key = keys[usize::from(key) % keys.len()].to_owned();
            let fields = [(key, value.text().into())].into_iter().collect();
            let extra = ExtraDelta::new(slot(at), fields);
            Delta::Extra(part.into_iter().fold(extra, |all, part| all.of_part(part.into())))
        }
        Step::CallStart { slot: at, name } => {
            Delta::ToolCallStart(ToolCallStart::new(slot(at), format!("call_{at}"), name.text()))
        }
        Step::Arguments { slot: at, text } => {
            Delta::ToolCallArguments(ToolCallArguments::new(slot(at), text.text()))
        }
        Step::CallEnd { slot: at, arguments } => Delta::ToolCallEnd(ToolCallEnd::new(
            slot(at),
            arguments.map(|word| word.text().to_owned()),
        )),
        Step::Whole { slot: at, kind, text } => {
            Delta::Item(WholeItem::new(slot(at), whole(kind, text.text())))
        }
        Step::ItemEnd { slot: at, is_whole } => {
            let status = if is_whole { ItemStatus::Completed } else { ItemStatus::Incomplete };
            Delta::ItemEnd(ItemEnd::new(slot(at), status))
        }
        Step::Usage { input, output } => {
            let mut usage = Usage::default();
            usage.input_tokens = input;
            usage.output_tokens = output;
            usage.total_tokens = input.saturating_add(output);
            Delta::Usage(usage)
        }
        Step::Abandon => return machine.abandon(),
        Step::Fail { code, message } => return machine.fail(code.text(), message.text()),
        Step::Finish { reason } => Delta::Finish(Finish::new(match reason % 4 {
            0 => FinishReason::Stop,
            1 => FinishReason::ToolCalls,
            2 => FinishReason::Length,
            _ => FinishReason::ContentFilter,
        })),
        Step::Error { message } => Delta::Error(UpstreamError::new("server_error", message.text())),
    };
    machine.push(&delta);
}

/// An item that comes whole.
fn whole(kind: u8, text: &str) -> Item {
    let json = match kind % 5 {
        0 => json!({"type": "message", "role": "assistant", "phase": "commentary", "content": [
            {"type": "output_text", "text": text}, {"type": "refusal", "refusal": text}]}),
        1 => json!({"type": "reasoning", "summary": [{"type": "summary_text", "text": text}],
            "content": [{"type": "reasoning_text", "text": text}], "encrypted_content": text}),
        2 => json!({"type": "function_call", "call_id": "c", "name": "f", "arguments": text}),
        3 => json!({"type": text, "status": text, "id": text}),
        _ => json!({"type": "function_call_output", "call_id": text, "output": text}),
    };
    Item::from_json(json.as_object().cloned().unwrap_or_default())
}

fn phase_of(is_final: bool) -> Phase {
    if is_final { Phase::FinalAnswer } else { Phase::Commentary }
}

fn drain(machine: &mut ResponseMachine, events: &mut Vec<Event>) {
    while let Some(event) = machine.next_event() {
        events.push(event);
    }
}

/// Our own parser must come to the same end without complaint.
fn read_back(events: &[Event]) {
    let mut bytes = Vec::new();
    for event in events {
        event.encode_sse(&mut bytes);
    }
    let mut parser = ResponseParser::new();
    parser.feed(&bytes);
    parser.finish();
    let mut last = None;
    while let Some(delta) = parser.next_event() {
        last = Some(delta.expect("what the machine writes can be read"));
    }
    assert!(matches!(last, Some(Delta::Finish(_) | Delta::Error(_))), "{last:?}");
}
