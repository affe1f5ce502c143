//! Where a delta carries reasoning, and once only.
//!
//! | field | who |
//! |---|---|
//! | `reasoning_details[]` (`reasoning.text`, `reasoning.summary`, `reasoning.encrypted`) | OpenRouter, MiniMax, Snowflake; beside `reasoning` with the same text |
//! | `reasoning_content` | DeepSeek, llama.cpp, LiteLLM, Kimi, GLM, Qwen, xAI |
//! | `reasoning` | vLLM, Ollama, Groq, LM Studio |
//! | `reasoning_text` | some relays |
//! | parts of type `thinking` in an array `content` | Mistral |
//!
//! Of several in one delta the first in this order counts. Where a server says
//! one thought twice, in deltas of their own, the second is not heard ([`Heard`]).

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::fields::{Fields, text};

/// The texts that a delta's fields carry beside `content`.
#[derive(Debug, Default)]
pub(super) struct Thought<'a> {
    /// The field that it came in.
    pub(super) carrier: &'static str,
    /// Raw reasoning.
    pub(super) raw: Cow<'a, str>,
    /// A summary of it.
    pub(super) summary: String,
    /// The `reasoning_details` of the delta, for replay.
    pub(super) details: Vec<Map<String, Value>>,
    /// Text for people, which some put among them.
    pub(super) visible: String,
}

/// The fields with reasoning as plain text; of several in one delta the first counts.
pub(in crate::wire::openai_completions) const PLAIN_REASONING: [&str; 3] =
    ["reasoning_content", "reasoning", "reasoning_text"];

/// Types of `reasoning_details` that are text for people.
const VISIBLE: &[&str] = &["response.output_text", "response.text"];

impl<'a> Thought<'a> {
    /// What `delta` carries; `visible`: more types of details that are text for
    /// people.
    pub(super) fn read(delta: &Fields<'a>, visible: &[String]) -> Self {
        let mut thought = Self::default();
        let details = delta.list("reasoning_details").unwrap_or_default();
        for raw in details {
            let Ok(Value::Object(detail)) = serde_json::from_str(raw.get()) else { continue };
            let kind = detail.get("type").and_then(Value::as_str).unwrap_or_default();
            if VISIBLE.contains(&kind) || visible.iter().any(|word| word == kind) {
                let text = detail.get("text").and_then(Value::as_str).unwrap_or_default();
                thought.visible.push_str(text);
                continue;
            }
            thought.take_detail(&detail);
            thought.details.push(detail);
        }
        thought.carrier = "reasoning_details";
        if thought.raw.is_empty() && thought.summary.is_empty() {
            let found =
                PLAIN_REASONING.into_iter().find_map(|key| Some((key, string(delta, key)?)));
            (thought.carrier, thought.raw) = found.unwrap_or_default();
        }
        thought
    }

    fn take_detail(&mut self, detail: &Map<String, Value>) {
        let field = |key: &str| detail.get(key).and_then(Value::as_str).unwrap_or_default();
        match field("type") {
            "reasoning.summary" => self.summary.push_str(field("summary")),
            "reasoning.text" | "thinking" | "" => self.raw.to_mut().push_str(field("text")),
            _ => {}
        }
    }
}

/// What was thought so far, and in which field.
#[derive(Debug, Default)]
pub(super) struct Heard {
    carrier: &'static str,
    text: String,
    /// How much of it another field has said again.
    again: usize,
}

impl Heard {
    /// Whether `text` is new: what another field repeats, word for word from the
    /// beginning, is not.
    pub(super) fn is_new(&mut self, carrier: &'static str, text: &str) -> bool {
        if self.text.is_empty() {
            self.carrier = carrier;
        }
        let rest = self.text.get(self.again..).unwrap_or_default();
        if carrier != self.carrier && !text.is_empty() && rest.starts_with(text) {
            self.again += text.len();
            return false;
        }
        self.text.push_str(text);
        if carrier != self.carrier {
            // It goes on in another field.
            self.carrier = carrier;
            self.again = self.text.len();
        }
        true
    }
}

/// Adds `detail` to those of one reasoning: a stream cuts one detail into many.
pub(super) fn gather(details: &mut Vec<Map<String, Value>>, detail: Map<String, Value>) {
    let same = |last: &Map<String, Value>| {
        ["type", "index"].iter().all(|key| last.get(*key) == detail.get(*key))
            && ["id", "signature"].iter().all(|key| fits(last.get(*key), detail.get(*key)))
    };
    let Some(last) = details.last_mut().filter(|last| same(last)) else {
        details.push(detail);
        return;
    };
    for (key, value) in detail {
        let grows = matches!(key.as_str(), "text" | "summary" | "data");
        match (last.get_mut(&key), value) {
            (Some(Value::String(all)), Value::String(piece)) if grows => all.push_str(&piece),
            (Some(_), Value::Null) => {}
            (_, value) => {
                last.insert(key, value);
            }
        }
    }
}

/// Whether two pieces can be of one detail by this field of theirs.
fn fits(last: Option<&Value>, next: Option<&Value>) -> bool {
    let absent = |value: Option<&Value>| value.is_none_or(Value::is_null);
    absent(last) || absent(next) || last == next
}

fn string<'a>(delta: &Fields<'a>, key: &str) -> Option<Cow<'a, str>> {
    let raw = delta.raw(key).filter(|raw| raw.get().starts_with('"'))?;
    text(raw).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn one_of_several_carriers_counts() {
        for (delta, raw, summary) in [
            (r#"{"reasoning_content":"a"}"#, "a", ""),
            (r#"{"reasoning":"a"}"#, "a", ""),
            (r#"{"reasoning_text":"a"}"#, "a", ""),
            (r#"{"reasoning":"a","reasoning_content":"a"}"#, "a", ""),
            (r#"{"reasoning":"a","reasoning_content":""}"#, "a", ""),
            (
                r#"{"reasoning":"a","reasoning_details":[{"type":"reasoning.text","text":"a"}]}"#,
                "a",
                "",
            ),
            (
                r#"{"reasoning":"s","reasoning_details":[{"type":"reasoning.summary","summary":"s"}]}"#,
                "",
                "s",
            ),
            (
                r#"{"reasoning":"a","reasoning_details":[{"type":"reasoning.encrypted","data":"x"}]}"#,
                "a",
                "",
            ),
            (r#"{"reasoning_content":null,"reasoning":{"effort":"high"}}"#, "", ""),
            (r#"{"content":"a"}"#, "", ""),
        ] {
            let fields = Fields::parse(delta).expect(delta);
            let thought = Thought::read(&fields, &[]);
            assert_eq!((thought.raw.as_ref(), thought.summary.as_str()), (raw, summary), "{delta}");
        }
    }

    #[test]
    fn a_thought_that_is_said_again_in_another_field_is_heard_once() {
        let heard = |pieces: &[(&'static str, &str)]| -> String {
            let mut heard = Heard::default();
            let new = pieces.iter().filter(|(carrier, text)| heard.is_new(carrier, text));
            new.map(|(_, text)| *text).collect()
        };
        let (a, b) = ("reasoning", "reasoning_content");
        assert_eq!(
            heard(&[(a, "So"), (b, "So"), (a, " it is"), (b, " it"), (b, " is")]),
            "So it is"
        );
        assert_eq!(heard(&[(a, "So it is"), (b, "So it is")]), "So it is");
        // The same field may say the same twice; another may go on.
        assert_eq!(heard(&[(a, "ha"), (a, "ha")]), "haha");
        assert_eq!(heard(&[(a, "So"), (b, " it is"), (b, "!")]), "So it is!");
    }

    #[test]
    fn details_that_are_text_for_people_are_no_reasoning() {
        let delta = r#"{"reasoning":"a","reasoning_details":[{"type":"response.output_text","text":"b"},{"type":"x.shown","text":"c"}]}"#;
        let fields = Fields::parse(delta).expect("object");
        let read = |visible: &[String]| {
            let thought = Thought::read(&fields, visible);
            (thought.raw.into_owned(), thought.visible, thought.details.len())
        };
        assert_eq!(read(&[]), ("a".to_owned(), "b".to_owned(), 1));
        assert_eq!(read(&["x.shown".to_owned()]), ("a".to_owned(), "bc".to_owned(), 0));
    }

    #[test]
    fn details_grow_together_and_stay_apart() {
        let mut details = Vec::new();
        for piece in [
            json!({"type":"reasoning.text","index":0,"format":"f","text":"a"}),
            json!({"type":"reasoning.text","index":0,"text":"b","signature":null}),
            json!({"type":"reasoning.text","index":0,"signature":"sig"}),
            json!({"type":"reasoning.encrypted","index":1,"data":"x"}),
            json!({"type":"reasoning.text","index":2,"text":"c"}),
        ] {
            let Value::Object(piece) = piece else { panic!("object") };
            gather(&mut details, piece);
        }
        assert_eq!(
            serde_json::to_value(&details).expect("json"),
            json!([
                {"type":"reasoning.text","index":0,"format":"f","text":"ab","signature":"sig"},
                {"type":"reasoning.encrypted","index":1,"data":"x"},
                {"type":"reasoning.text","index":2,"text":"c"},
            ])
        );
    }
}
