//! What a held delta costs.

use oc_responses_stream::{Delta, Item, Part};

/// How many bytes a held delta keeps alive, near enough for a bound.
pub fn delta_weight(delta: &Delta) -> usize {
    let content = match delta {
        Delta::Text(text) | Delta::Refusal(text) => text.text.len(),
        Delta::Reasoning(thought) => thought.text.len(),
        Delta::ToolCallStart(start) => start.name.len() + start.call_id.as_str().len(),
        Delta::ToolCallArguments(piece) => piece.text.len(),
        Delta::ToolCallEnd(end) => end.arguments.as_ref().map_or(0, String::len),
        Delta::Seal(seal) => json_weight(&seal.value),
        Delta::Annotation(note) => {
            let sent = note.as_sent.as_ref().map_or(0, |(_, sent)| json_weight(sent));
            json_weight(&note.annotation).saturating_add(sent)
        }
        Delta::Item(whole) => item_weight(&whole.item),
        Delta::Part(whole) => json_weight(&whole.json),
        Delta::Extra(extra) => {
            extra.fields.iter().map(|(key, value)| key.len() + json_weight(value)).sum()
        }
        // What it says comes after it and counts there; how many bytes of frames
        // are held beside it has a bound of its own, past which an answer is
        // written anew instead of being refused.
        Delta::Frame(_) => 0,
        Delta::Choice(other) => delta_weight(&other.delta),
        _ => 0,
    };
    content.saturating_add(size_of::<Delta>())
}

fn item_weight(item: &Item) -> usize {
    match item {
        Item::FunctionCall(call) => call.arguments.len(),
        Item::Message(message) => message.content.iter().map(part_weight).sum(),
        Item::Reasoning(reasoning) => {
            let texts = reasoning.content.iter().chain(&reasoning.summary);
            texts.chain(&reasoning.encrypted_content).map(String::len).sum()
        }
        Item::FunctionCallOutput(result) => result.output.iter().map(part_weight).sum(),
        Item::Other(other) => other.json.iter().map(|(key, v)| key.len() + json_weight(v)).sum(),
        _ => 0,
    }
}

fn part_weight(part: &Part) -> usize {
    match part {
        Part::Text(text) => text.text.len(),
        Part::Refusal(text) => text.len(),
        Part::Image(image) => image.image_url.as_ref().map_or(0, String::len),
        Part::File(file) => file.file_data.as_ref().map_or(0, String::len),
        Part::Other(whole) => json_weight(whole),
        _ => 0,
    }
}

fn json_weight(value: &serde_json::Value) -> usize {
    use serde_json::Value;
    match value {
        Value::String(text) => text.len(),
        Value::Array(list) => list.iter().map(json_weight).sum(),
        Value::Object(fields) => fields.iter().map(|(key, v)| key.len() + json_weight(v)).sum(),
        _ => size_of::<Value>(),
    }
}

#[cfg(test)]
mod tests {
    use oc_responses_stream::{Slot, TextDelta};

    use super::*;

    #[test]
    fn weight_grows_with_what_is_held() {
        let text = Delta::Text(TextDelta::new(Slot(0), "x".repeat(1000)));
        assert!(delta_weight(&text) >= 1000);
        assert!(delta_weight(&Delta::Alive) > 0);
    }

    /// Frames were counted beside the deltas that they say: 0.9 MB of arguments
    /// were more than 4 MB.
    #[test]
    fn a_frame_weighs_nothing_beside_what_it_says() {
        let says = vec![Delta::Text(TextDelta::new(Slot(0), "x".repeat(1000)))];
        let frame = oc_responses_stream::sse::Frame::new(None, "x".repeat(2000).as_str());
        let frame = oc_responses_stream::WireFrame::new("w", frame, says);
        assert!(delta_weight(&Delta::Frame(Box::new(frame))) < 1000);
    }
}
