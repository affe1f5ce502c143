//! The scenarios, and what each of them means, whichever wire it comes over.
//!
//! An answer is stated here once. Every wire's table (`conformance.rs` in its
//! folder) brings bytes for every scenario, and they must all mean this.

use super::{Row, Said::*, Scenario, Turn};
use crate::error::ProviderErrorKind as Kind;

/// What the recorded model says when nothing else is asked of it.
const HELLO: &str = "Hello from the puppet. The sky is blue, and two plus two is four.";
const THOUGHT: &str = "The user greets me; I weigh an answer and keep it short.";
const FINAL: &str = "Final answer: forty-two.";
const WORDS: &str =
    "word after word it goes on and round again; word after word it goes on and round a";
const HMM: &str =
    "hmm, and again, and again; \nhmm, and again, and again; \nhmm, and again, and agai";
const BEGUN: &str = "word after word it goes on";
const OSLO: &[(&str, &str, &str)] = &[("call_1", "get_weather", r#"{"city":"Oslo"}"#)];

macro_rules! scenarios {
    ($($(#[doc = $doc:literal])+ $name:ident = $scenario:expr;)*) => {
        /// Every scenario, in the order of the table.
        pub(crate) static SCENARIOS: &[Scenario] = &[$($scenario.named(stringify!($name))),*];

        /// A wire's evidence: a field for every scenario, so that a table that
        /// leaves one out does not compile.
        pub(crate) struct Rows {
            $($(#[doc = $doc])+ pub(crate) $name: Row,)*
        }

        impl Rows {
            /// Each scenario with its evidence.
            pub(crate) fn each(&self) -> impl Iterator<Item = (&'static Scenario, Row)> {
                SCENARIOS.iter().zip([$(self.$name),*])
            }
        }
    };
}

const fn says(said: &'static [super::Said]) -> Scenario {
    Scenario::new(said)
}

const OSLO_CALL: super::Said = Call(OSLO[0].0, OSLO[0].1, OSLO[0].2);
const ROME_AND_LIMA: &[super::Said] = &[
    Call("call_1", "get_weather", r#"{"city":"Rome"}"#),
    Call("call_2", "get_weather", r#"{"city":"Lima"}"#),
];

scenarios! {
    /// Nothing but text, however it is told.
    text = says(&[Text(HELLO)]);
    /// Texts of no character among the others.
    empty_deltas = says(&[Text(HELLO)]);
    /// Reasoning, in each of the fields that the wire has for it.
    reasoning = says(&[Thought(THOUGHT), Text(FINAL)]);
    /// Reasoning written into the text, between tags or in a channel.
    reasoning_inline = says(&[Thought(THOUGHT), Text(FINAL)]);
    /// The model thinks and says nothing.
    reasoning_only = says(&[Thought(THOUGHT)]);
    /// An agent's usual turn.
    reasoning_text_tool = says(&[
        Thought("I need the weather, so I call the tool."),
        Text("Let me look that up."),
        Call("call_1", "get_weather", r#"{"city":"Bergen"}"#),
    ]);
    /// Reasoning and text by turns.
    interleaved = says(&[
        Thought("First I think."),
        Text("Then I speak."),
        Thought("Again I think."),
        Text(" And speak."),
    ]);
    /// One call.
    one_tool = says(&[OSLO_CALL]);
    /// Two calls, one after the other.
    parallel_tools = says(ROME_AND_LIMA);
    /// Two calls, their arguments by turns.
    calls_interleaved = says(ROME_AND_LIMA);
    /// Nothing says which call a piece belongs to but the order.
    missing_indexes = says(ROME_AND_LIMA);
    /// Arguments in one piece, or as an object.
    arguments_whole = says(&[OSLO_CALL]);
    /// Arguments character by character, in the middle of escapes too.
    arguments_split = says(&[Call(
        "call_1",
        "get_weather",
        r#"{"city":"\"Ås\\é\n\"","n":[1,{"x":null}]}"#,
    )]);
    /// Arguments that are told only when the call is over.
    arguments_at_the_end = says(&[OSLO_CALL]);
    /// The call's name and id again with every piece.
    names_repeated = says(&[OSLO_CALL]);
    /// A function that takes nothing.
    no_arguments = says(&[Call("call_1", "now", "{}")]);
    /// Arguments that are no JSON object fail the answer.
    bad_arguments = says(&[]).fails(Kind::BadToolCall);
    /// Calls without ids get some.
    ids_missing = says(ROME_AND_LIMA).with_ids_of_ours();
    /// Two calls with one id are told apart.
    ids_repeated = says(ROME_AND_LIMA).with_ids_of_ours();
    /// Ids that change with every event.
    ids_changing = says(&[Thought(THOUGHT), Text(FINAL), OSLO_CALL]);
    /// Text that goes on after a call.
    text_after_call = says(&[OSLO_CALL, Text("I asked for it.")]);
    /// The ending's word speaks of no call, and there is one.
    stop_word_with_calls = says(&[OSLO_CALL]);
    /// The ending's word speaks of calls, and there is none.
    call_word_without_calls = says(&[Text(HELLO)]);
    /// A question with a picture.
    images = says(&[Text("A cat on a mat.")]).asked(Turn::Images);
    /// A question with a document.
    file = says(&[Text("A contract of two pages.")]).asked(Turn::File);
    /// An answer after a schema.
    json_schema = says(&[Text(r#"{"city": "Oslo", "celsius": 7}"#)]).asked(Turn::JsonSchema);
    /// The model declines.
    refusal = says(&[Refusal("I cannot help with that.")]);
    /// The token limit cut the text.
    length = says(&[Text(WORDS)]).cut_by_the_limit();
    /// The token limit cut the reasoning.
    length_in_reasoning =
        says(&[Thought(HMM)]).cut_by_the_limit();
    /// The token limit cut a call, which is then none.
    length_in_call = says(&[Text("Let me look.")]).cut_by_the_limit();
    /// A filter cut the text.
    content_filter = says(&[Text("I would rath")]).filtered();
    /// The stream breaks off in the text.
    cut = says(&[Text(BEGUN)]).fails(Kind::Cut);
    /// The stream breaks off with every item closed.
    clean_cut = says(&[Text(BEGUN)]).fails(Kind::Cut);
    /// The stream breaks off in a call, which is then none.
    cut_in_call = says(&[Thought("I need it.")]).fails(Kind::Cut);
    /// The server reports a failure after it began to answer.
    late_error = says(&[Text(BEGUN)]).fails(Kind::InStream);
    /// The server reports a failure, and calls that success.
    error_under_200 = says(&[]).fails(Kind::InStream);
    /// An answer with nothing in it.
    empty = says(&[]);
    /// Cached, written and reasoning tokens are counted.
    usage = says(&[Thought(THOUGHT), Text(FINAL)]).costs([120, 64, 16, 48, 32]);
    /// Nobody counted.
    no_usage = says(&[Text(HELLO)]).costs_nobody_knows();
    /// A stop sequence ended the answer.
    stop_sequence = says(&[Text("word after word it")]).asked(Turn::StopSequence);
    /// Every script.
    unicode = says(&[Text("Привет, мир 😀 你好 café.")]);
    /// Characters that break naive framing and naive escaping.
    awkward_text = says(&[
        Thought("Größe: «\u{a0}»"),
        Text("👩‍👩‍👧 \u{2028}\u{2029} \0\u{1f}\u{7f} \\n \" data: [DONE]\n\nevent: x\n"),
    ]);
    /// A character cut into two escapes, one in each delta.
    surrogates = says(&[Text("Smile 😀, 👩‍👧.")]);
    /// A mebibyte at once, and another in many pieces.
    huge = says(&[Times(1 << 16, "0123456789abcdef"), Thought("Again."), Times(1 << 14, "word ")]);
    /// Signs of life between all events.
    pings = says(&[Text(HELLO)]);
    /// Signs of life and nothing else.
    pings_only = says(&[]).fails(Kind::Cut);
    /// Events, fields and values that nobody knows.
    unknown_events = says(&[Text(HELLO)]);
    /// With and without the mark after the last event.
    end_mark = says(&[Text(HELLO)]);
    /// A second ending, and more text after the first.
    two_ends = says(&[Text(HELLO)]);
    /// Line ends, field orders and byte order marks of all kinds.
    framing = says(&[Thought(THOUGHT), Text(FINAL)]);
    /// A source for what is said.
    citations =
        says(&[Text("Paris is the capital."), Cites("https://example.org/paris", "Paris")]);
    /// How likely each token was.
    logprobs = says(&[Text("Hello there"), Tokens(&["Hello", " there"])]);
}
