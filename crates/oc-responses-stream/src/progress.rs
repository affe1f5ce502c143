//! How far a server says it is with what comes before an answer.

use std::borrow::Cow;

use serde::Deserialize;

use crate::sse::Frame;

/// What comes before an answer, in its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Stage {
    /// The model is loaded into memory.
    ModelLoad,
    /// The prompt is read.
    Prompt,
}

/// A server's report of its progress. See [`Delta::Progress`](crate::Delta::Progress).
///
/// | server | says |
/// |---|---|
/// | llama-server (`return_progress`) | a field `prompt_progress: {total, processed, …}` in a chunk or an event |
/// | LM Studio | events `model_load.*` and `prompt_processing.*` with `progress` from 0 to 1 |
///
/// A comment is none, whatever it says: nobody has agreed on what is in it.
///
/// ```
/// use oc_responses_stream::{Delta, ResponseParser, Stage};
///
/// let mut parser = ResponseParser::new();
/// parser.feed("data: {\"type\":\"model_load.progress\",\"progress\":0.65}\n\n");
/// let Some(Ok(Delta::Progress(report))) = parser.next_event() else { panic!() };
/// assert_eq!(report.stage, Stage::ModelLoad);
/// assert_eq!((report.done, report.total), (650_000, Some(1_000_000)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// With what it is busy.
    pub stage: Stage,
    /// How much of that is done: tokens of a prompt, or millionths where the
    /// server gives a fraction.
    pub done: u64,
    /// How much there is, in the same unit, if it says so.
    pub total: Option<u64>,
}

impl Progress {
    /// A report of `done` in `stage`; the whole is not known.
    pub const fn new(stage: Stage, done: u64) -> Self {
        Self { stage, done, total: None }
    }

    /// The same of a whole of `total`, which `done` is not above.
    #[must_use]
    pub fn of(mut self, total: u64) -> Self {
        self.done = self.done.min(total);
        self.total = Some(total);
        self
    }

    /// Whether the server has got on since `before`: a later stage, or more of
    /// the same. One that repeats itself is alive, and gets on with nothing.
    pub fn is_further_than(&self, before: &Self) -> bool {
        (self.stage, self.done) > (before.stage, before.done)
    }

    /// What a frame that says nothing of an answer reports.
    pub(crate) fn read(frame: &Frame) -> Option<Self> {
        let (name, data) = (frame.event().unwrap_or_default(), frame.data());
        if !data.contains(PROMPT_FIELD) && !STAGES.iter().any(|(stem, _)| data.contains(stem)) {
            // LM Studio repeats the name in the data; another server may not.
            by_name(name)?;
        }
        let report: Report<'_> = serde_json::from_str(data).ok()?;
        if let Some(prompt) = report.prompt_progress {
            return Some(Self::new(Stage::Prompt, prompt.processed).of(prompt.total));
        }
        let (stage, step) = by_name(report.kind.as_deref().unwrap_or(name))?;
        let done = match step {
            "start" => 0,
            "end" => WHOLE,
            _ => millionths(report.progress?),
        };
        Some(Self::new(stage, done).of(WHOLE))
    }
}

const PROMPT_FIELD: &str = "prompt_progress";

/// LM Studio's events are `<stem>.start`, `.progress` and `.end`.
const STAGES: [(&str, Stage); 2] =
    [("model_load", Stage::ModelLoad), ("prompt_processing", Stage::Prompt)];

/// Of what a fraction is a part.
const WHOLE: u64 = 1_000_000;

#[derive(Deserialize)]
struct Report<'a> {
    #[serde(rename = "type", borrow)]
    kind: Option<Cow<'a, str>>,
    progress: Option<f64>,
    prompt_progress: Option<PromptProgress>,
}

#[derive(Deserialize)]
struct PromptProgress {
    total: u64,
    processed: u64,
}

fn by_name(name: &str) -> Option<(Stage, &str)> {
    let (stem, step) = name.split_once('.')?;
    let stage = STAGES.iter().find(|(known, _)| *known == stem)?.1;
    matches!(step, "start" | "progress" | "end").then_some((stage, step))
}

fn millionths(fraction: f64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "within 0 and a million; a number that is none becomes 0"
    )]
    let millionths = (fraction.clamp(0.0, 1.0) * 1e6) as u64;
    millionths
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sse::{Decoded, Decoder};

    fn read(event: &str) -> Option<Progress> {
        let mut decoder = Decoder::new();
        decoder.feed(event.as_bytes());
        decoder.feed(b"\n\n");
        let Some(Ok(Decoded::Frame(frame))) = decoder.next_frame() else { panic!("{event}") };
        Progress::read(&frame)
    }

    #[test]
    fn what_servers_say_of_their_progress() {
        let prompt = |done, total| Some(Progress::new(Stage::Prompt, done).of(total));
        let load = |done| Some(Progress::new(Stage::ModelLoad, done).of(WHOLE));
        for (event, wanted) in [
            // llama.cpp#15827; what it has in its cache counts as processed.
            (
                r#"data: {"choices":[],"prompt_progress":{"total":237,"cache":0,"processed":128,"time_ms":181}}"#,
                prompt(128, 237),
            ),
            (
                r#"data: {"type":"response.in_progress","prompt_progress":{"total":9,"processed":90}}"#,
                prompt(9, 9),
            ),
            // lmstudio-ai/docs#142
            (r#"data: {"type":"model_load.start","model_instance_id":"m"}"#, load(0)),
            (r#"data: {"type":"model_load.progress","progress":0.65}"#, load(650_000)),
            ("event: model_load.progress\ndata: {\"progress\":0.25}", load(250_000)),
            (r#"data: {"type":"model_load.end","load_time_seconds":12.3}"#, load(WHOLE)),
            (r#"data: {"type":"prompt_processing.progress","progress":7}"#, prompt(WHOLE, WHOLE)),
            (r#"data: {"type":"prompt_processing.progress","progress":-1}"#, prompt(0, WHOLE)),
            // No report.
            (r#"data: {"type":"model_load.progress"}"#, None),
            (r#"data: {"type":"model_load.failed","progress":0.5}"#, None),
            (r#"data: {"type":"response.in_progress","progress":0.5}"#, None),
            (r#"data: {"type":"x","note":"model_load.progress","progress":0.5}"#, None),
            (r#"data: {"prompt_progress":null}"#, None),
            (r#"data: {"prompt_progress":{"total":-1,"processed":2}}"#, None),
            ("data: prompt_progress", None),
            ("data: [DONE]", None),
        ] {
            assert_eq!(read(event), wanted, "{event}");
        }
    }

    #[test]
    fn only_more_than_before_is_further() {
        let load = |done| Progress::new(Stage::ModelLoad, done);
        let prompt = |done| Progress::new(Stage::Prompt, done);
        for (after, before, wanted) in [
            (load(2), load(1), true),
            (load(1), load(1), false),
            (load(0), load(1), false),
            (prompt(0), load(9), true),
            (load(9), prompt(0), false),
        ] {
            assert_eq!(after.is_further_than(&before), wanted, "{after:?} after {before:?}");
        }
    }
}
