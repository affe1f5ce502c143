//! Chat chunks to deltas.
//!
//! | in a chunk | delta |
//! |---|---|
//! | the first with anything in it | `Started` |
//! | `content` (text, or an array of parts) | `Text`; parts of type `thinking` are `Reasoning` |
//! | `reasoning_details`, `reasoning_content`, `reasoning`, … | `Reasoning`, once (see `reasoning.rs`); details end in a `Seal` |
//! | `extra_content`, in a call or beside it (a signature) | `Seal` of an item of its own |
//! | `refusal`, `annotations` | `Refusal`, `Annotation` |
//! | `images` (OpenRouter) | `Item`, an `image_generation_call` |
//! | `tool_calls`, `function_call` | `ToolCallStart`, `ToolCallArguments`; the end comes with the answer's |
//! | `usage`, wherever it stands; `timings` if there is none | `Usage` |
//! | `finish_reason` | kept: usage may follow. A word for a failure (`network_error`, …) is `Error` |
//! | `error`, `event: error`, an SSE field `error`, `{"detail":…}`, … | `Error` |
//!
//! The answer is whole when a `finish_reason` was seen and then `[DONE]`, a
//! chunk with usage and no choices, or the end of input: transformers serve and
//! Groq send no `[DONE]`. `[DONE]` or the end of input without a
//! `finish_reason` is a cut, as it is when a relay loses its upstream. The empty
//! reason `""` ends nothing by itself; with `[DONE]` it does.
//!
//! Of several answers (`n`) each is read by itself ([`choice`]), however their
//! pieces are interleaved; the stream is whole when each of them is.

mod calls;
mod choice;
mod extent;
mod fields;
mod finish;
mod items;
mod reasoning;
mod usage;

use std::borrow::Cow;
use std::collections::VecDeque;

use oc_responses_stream::{
    Delta, FrameVerdict, Interpret, Started, StreamError, UpstreamError, Usage, sse,
};

use super::error;
use crate::call_ids::CallIds;
use crate::wire::surrogates::Surrogates;
pub(super) use choice::pieces;
use choice::{Choice, Piece};
pub(super) use fields::Fields;
pub(super) use reasoning::PLAIN_REASONING;

/// Reads a Chat Completions stream. See the module's table.
///
/// Pure; usually driven by [`oc_responses_stream::Parser`].
///
/// ```
/// use oc_providers::wire::openai_completions::CompletionsInterpreter;
/// use oc_responses_stream::{Collector, Limits, Parser};
///
/// let mut parser = Parser::with_interpreter(CompletionsInterpreter::new(), Limits::default());
/// parser.feed("data: {\"choices\":[{\"delta\":{\"reasoning\":\"Hm.\"}}]}\n\n");
/// parser.feed("data: {\"choices\":[{\"delta\":{\"content\":\"42\"},\"finish_reason\":\"stop\"}]}\n\n");
/// parser.feed("data: [DONE]\n\n");
/// parser.finish();
/// let mut collector = Collector::new();
/// while let Some(delta) = parser.next_event() {
///     collector.push(&delta?);
/// }
/// let answer = collector.finish();
/// assert_eq!((answer.reasoning_text().as_str(), answer.final_text().as_str()), ("Hm.", "42"));
/// # Ok::<(), oc_responses_stream::StreamError>(())
/// ```
#[derive(Debug, Default)]
pub struct CompletionsInterpreter {
    started: Option<Started>,
    surrogates: Surrogates,
    first: Choice,
    /// The other answers that were asked for.
    others: Vec<Choice>,
    /// The answer that ended last.
    finished_last: Option<u64>,
    /// The counts of all answers together, where the server gave them.
    usage: Option<Usage>,
    /// What was said of the counts.
    told: Option<Usage>,
    ended: bool,
    /// More types of `reasoning_details` that are text for people.
    visible_details: Vec<String>,
    seals_thoughts: bool,
}

impl CompletionsInterpreter {
    /// For one answer.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same, with more types of `reasoning_details` that are text for people.
    #[must_use]
    pub fn with_visible_details(mut self, types: Vec<String>) -> Self {
        self.visible_details = types;
        self
    }

    /// The same, with a seal on all reasoning, so that it is known again as this
    /// host's when it comes back; or without.
    #[must_use]
    pub fn sealing_reasoning(mut self, seals: bool) -> Self {
        self.seals_thoughts = seals;
        self
    }

    /// The same for as many answers as were asked for (`n`), at least one. Those
    /// after the first come as [`Delta::Choice`]; what comes beyond them is left
    /// out. An end without one of them is [`Delta::Error`], code `too_few_choices`.
    #[must_use]
    pub fn with_choices(mut self, asked: u32) -> Self {
        let others = usize::try_from(asked.saturating_sub(1)).unwrap_or(usize::MAX);
        self.others.resize_with(others, Choice::default);
        self
    }

    fn chunk(&mut self, chunk: &Fields<'_>, out: &mut VecDeque<Delta>) -> FrameVerdict {
        if let Some(error) = error::in_chunk(chunk) {
            self.fail(error, out);
            return FrameVerdict::Known;
        }
        let (pieces, usage) = (pieces(chunk), usage::of_chunk(chunk));
        if pieces.is_none() && usage.is_none() {
            return FrameVerdict::Unknown;
        }
        let mut pieces = pieces.unwrap_or_default();
        pieces.retain(|piece| self.choice(piece.number).is_some());
        if !pieces.is_empty() {
            self.start(Some(chunk), out);
        }
        for piece in &pieces {
            if let Err(error) = self.piece(piece, out) {
                self.fail(error, out);
                return FrameVerdict::Known;
            }
        }
        let counted = self.count(chunk, &pieces, usage, out);
        if counted && pieces.is_empty() && self.all().all(Choice::is_finished) {
            self.end(out);
        }
        FrameVerdict::Known
    }

    /// A piece of one of the answers.
    fn piece(&mut self, piece: &Piece<'_>, out: &mut VecDeque<Delta>) -> Result<(), UpstreamError> {
        let number = piece.number;
        let visible = std::mem::take(&mut self.visible_details);
        let (started, seals) = (self.started.clone(), self.seals_thoughts);
        let Some(choice) = self.choice(number) else { return Ok(()) };
        choice.items.seals_thoughts = seals;
        let before = out.len();
        // Of the first it was said.
        if let (false, 1.., Some(started)) = (choice.began, number, started) {
            out.push_back(Delta::Started(started));
        }
        let outcome = choice.read(&piece.fields, &visible, out);
        if choice.is_finished() {
            self.finished_last = Some(number);
        }
        belong_to(number, out, before);
        self.visible_details = visible;
        outcome
    }

    /// Takes note of the counts in a chunk; whether there were any. A count that
    /// comes without an answer beside it is of all of them, but llama-server
    /// counts each by itself, as soon as it has ended.
    fn count(
        &mut self,
        chunk: &Fields<'_>,
        pieces: &[Piece<'_>],
        usage: Option<Usage>,
        out: &mut VecDeque<Delta>,
    ) -> bool {
        let (several, finished) = (!self.others.is_empty(), self.finished_last);
        let singly = several
            && pieces.is_empty()
            && (!self.all().all(Choice::is_finished) || self.all().any(|it| it.usage.is_some()));
        let mut counted = usage.is_some();
        match finished.filter(|_| singly).and_then(|number| self.choice(number)) {
            Some(choice) => choice.usage = usage.or(choice.usage),
            None => self.usage = usage.or(self.usage),
        }
        for piece in pieces.iter().filter(|_| usage.is_none()) {
            // Kimi
            let own = piece.fields.object("usage").as_ref().and_then(usage::counts);
            counted |= own.is_some();
            if let Some(choice) = self.choice(piece.number) {
                choice.usage = own.or(choice.usage);
            }
        }
        let whose = pieces.first().map(|piece| piece.number).or(finished).unwrap_or(0);
        if let Some(timings) = usage::of_timings(chunk)
            && let Some(choice) = self.choice(whose)
        {
            choice.timings = Some(timings);
        }
        let all = self.usage.or_else(|| usage::sum(self.all().filter_map(|choice| choice.usage)));
        if counted && all != self.told {
            self.told = all;
            out.extend(all.map(Delta::Usage));
        }
        counted
    }

    fn all(&self) -> impl Iterator<Item = &Choice> {
        std::iter::once(&self.first).chain(&self.others)
    }

    fn choice(&mut self, number: u64) -> Option<&mut Choice> {
        match number.checked_sub(1) {
            None => Some(&mut self.first),
            Some(other) => self.others.get_mut(usize::try_from(other).ok()?),
        }
    }

    fn start(&mut self, chunk: Option<&Fields<'_>>, out: &mut VecDeque<Delta>) {
        if self.started.is_some() {
            return;
        }
        let word = |key| chunk.and_then(|chunk| chunk.word(key)).map(Cow::into_owned);
        let started = Started::new(
            word("id").map(Into::into),
            word("model"),
            chunk.and_then(|chunk| chunk.count("created")),
        );
        let ids = CallIds::of(&started);
        self.first.name_calls_with(ids);
        self.others.iter_mut().for_each(|choice| choice.name_calls_with(ids));
        out.push_back(Delta::Started(started.clone()));
        self.started = Some(started);
    }

    /// No more comes. All answers are whole, or those that came are and some are
    /// missing altogether; else this is no end.
    fn end_if(&mut self, is_whole: fn(&Choice) -> bool, out: &mut VecDeque<Delta>) {
        let began = self.all().any(|choice| choice.began);
        if !self.ended && began && self.all().all(|choice| !choice.began || is_whole(choice)) {
            self.end(out);
        }
    }

    /// The answer is whole.
    fn end(&mut self, out: &mut VecDeque<Delta>) {
        let asked = self.all().count();
        let came = self.all().filter(|choice| choice.began).count();
        if asked > 1 && came < asked {
            let message = format!("upstream gave {came} of the {asked} answers asked for (`n`)");
            return self.fail(UpstreamError::new(TOO_FEW, message), out);
        }
        self.ended = true;
        self.start(None, out);
        if self.told.is_none() {
            let timings = usage::sum(self.all().filter_map(|choice| choice.timings));
            out.extend(timings.map(Delta::Usage));
        }
        for (number, choice) in (1..).zip(&mut self.others) {
            let before = out.len();
            let finish = choice.close(out);
            out.push_back(Delta::Finish(finish));
            belong_to(number, out, before);
        }
        let finish = self.first.close(out);
        out.push_back(Delta::Finish(finish));
    }

    fn fail(&mut self, error: UpstreamError, out: &mut VecDeque<Delta>) {
        self.ended = true;
        self.start(None, out);
        out.push_back(Delta::Error(error));
    }
}

/// The code of an answer that has fewer choices than were asked for.
const TOO_FEW: &str = "too_few_choices";

/// What was added to `out` since there were `before` is of the answer `number`.
fn belong_to(number: u64, out: &mut VecDeque<Delta>, before: usize) {
    let Ok(number @ 1..) = u32::try_from(number) else { return };
    for delta in out.range_mut(before.min(out.len())..) {
        *delta = std::mem::replace(delta, Delta::Alive).of_choice(number);
    }
}

impl Interpret for CompletionsInterpreter {
    fn frame(&mut self, frame: &sse::Frame, out: &mut VecDeque<Delta>) -> FrameVerdict {
        if self.ended {
            return FrameVerdict::Known;
        }
        if frame.is_done_mark() {
            self.end_if(Choice::may_end, out);
            return FrameVerdict::End;
        }
        if let Some(text) = frame.error() {
            self.fail(error::of_text(text), out);
            return FrameVerdict::Known;
        }
        let data = frame.data().trim();
        if frame.event() == Some("error") {
            self.fail(error::of_text(data), out);
            return FrameVerdict::Known;
        }
        if !data.starts_with('{') {
            return if data.is_empty() { FrameVerdict::Known } else { FrameVerdict::Unknown };
        }
        let data = self.surrogates.mend(data);
        match Fields::parse(&data) {
            Some(chunk) => self.chunk(&chunk, out),
            None => FrameVerdict::Corrupt,
        }
    }

    fn body(&mut self, json: &[u8], out: &mut VecDeque<Delta>) -> Result<(), StreamError> {
        let text = String::from_utf8_lossy(json);
        let text = self.surrogates.mend(text.trim_start_matches('\u{feff}'));
        let document = Fields::parse(&text)
            .ok_or_else(|| StreamError::not_a_stream("body is neither events nor a JSON object"))?;
        let answers = document.list("choices").is_some() || error::in_chunk(&document).is_some();
        if !answers {
            return Err(StreamError::not_a_stream("body is JSON, but no completion and no error"));
        }
        self.chunk(&document, out);
        if !self.ended {
            self.end(out);
        }
        Ok(())
    }

    fn ended(&self) -> bool {
        self.ended
    }

    fn end_of_input(&mut self, out: &mut VecDeque<Delta>) {
        self.end_if(Choice::is_finished, out);
    }

    fn is_whole(&self) -> bool {
        !self.ended && self.all().all(Choice::is_finished)
    }
}
