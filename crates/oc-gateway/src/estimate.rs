//! How many tokens a request has, as far as can be told without the tokenizer
//! of whoever will read it.

use oc_fallback::Estimate;
use oc_providers::{Request, Tool};
use oc_responses_stream::{Item, Part};
use serde_json::{Map, Value};

/// What a chat template writes around a message.
const AROUND_A_MESSAGE: Estimate = Estimate::around(4, 75);
/// A picture: 85 to 1,600 tokens with the hosts that say how they count.
const PICTURE: Estimate = Estimate::around(850, 90);
/// Bytes of base64 to a token of the document within: a page of a PDF is 1,500
/// to 3,000 tokens and some 50 KB.
const DOCUMENT_BYTES: u64 = 25;

/// The tokens of the prompt that the request will become.
pub(crate) fn prompt(request: &Request) -> Estimate {
    let orders = request.instructions.as_deref().map_or(Estimate::default(), Estimate::of_text);
    let items: Estimate = request.input.iter().map(item).sum();
    let tools: Estimate = request.tools.iter().map(tool).sum();
    orders + items + tools
}

fn item(item: &Item) -> Estimate {
    let content = match item {
        Item::Message(message) => parts(&message.content),
        // What of it goes out depends on the target; its seal is not text.
        Item::Reasoning(reasoning) => reasoning
            .content
            .iter()
            .chain(&reasoning.summary)
            .map(|text| Estimate::of_text(text))
            .sum(),
        Item::FunctionCall(call) => {
            Estimate::of_text(call.name.as_str()) + Estimate::of_text(&call.arguments)
        }
        Item::FunctionCallOutput(output) => parts(&output.output),
        Item::Other(other) => fields(&other.json),
        _ => Estimate::default(),
    };
    AROUND_A_MESSAGE + content
}

fn parts(parts: &[Part]) -> Estimate {
    parts.iter().map(part).sum()
}

fn part(part: &Part) -> Estimate {
    match part {
        Part::Text(text) => Estimate::of_text(&text.text),
        Part::Refusal(text) => Estimate::of_text(text),
        Part::Image(_) => PICTURE,
        Part::File(file) => {
            let bytes = file.file_data.as_ref().map_or(0, |data| data.len() as u64);
            Estimate::around(bytes / DOCUMENT_BYTES, 75)
        }
        Part::Other(json) => Estimate::of_text(&json.to_string()),
        _ => Estimate::default(),
    }
}

fn tool(tool: &Tool) -> Estimate {
    match tool {
        Tool::Function(function) => {
            let schema = function.parameters.as_ref().map(|schema| schema.to_string());
            [Some(function.name.as_str()), function.description.as_deref(), schema.as_deref()]
                .into_iter()
                .flatten()
                .map(Estimate::of_text)
                .sum()
        }
        Tool::Other(json) => fields(json),
        _ => Estimate::default(),
    }
}

fn fields(json: &Map<String, Value>) -> Estimate {
    json.values().map(|value| Estimate::of_text(&value.to_string())).sum()
}

#[cfg(test)]
mod tests {
    use oc_providers::wire::Dialect;
    use serde_json::json;

    use super::*;

    fn likely(body: &Value) -> u64 {
        let body = body.to_string();
        prompt(&Dialect::Messages.decode_request(body.as_bytes()).unwrap().request).likely()
    }

    #[test]
    fn every_part_of_a_request_counts() {
        let bare =
            json!({ "model": "m", "messages": [{ "role": "user", "content": "Hello there" }] });
        let at_least = likely(&bare);
        assert!((3..12).contains(&at_least), "{at_least}");
        for (key, value) in [
            ("system", json!("Be brief, be kind, and answer in French.")),
            (
                "tools",
                json!([{ "name": "get_weather", "input_schema": { "type": "object",
                "properties": { "city": { "type": "string" } } } }]),
            ),
        ] {
            let mut more = bare.clone();
            more[key] = value;
            assert!(likely(&more) > at_least + 5, "{key}");
        }
    }

    #[test]
    fn a_picture_is_not_counted_by_its_bytes() {
        let data = "A".repeat(400_000);
        let picture = json!({ "type": "image",
            "source": { "type": "base64", "media_type": "image/png", "data": data } });
        let tokens = likely(
            &json!({ "model": "m", "messages": [{ "role": "user", "content": [picture] }] }),
        );
        assert!((500..2_000).contains(&tokens), "{tokens}");
    }
}
