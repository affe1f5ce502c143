//! What a request needs, and what a candidate can do, so that nobody is asked
//! who surely cannot answer.
//!
//! Locality and region are not here: [`Rules::admit`](crate::Rules::admit)
//! decides those, and needs nothing of the request.

use oc_config::{InputKind, Model, Origin};
use oc_fallback::{Capabilities, Needs};
use oc_providers::{Endpoint, Request, TextFormat, ToolChoice};
use oc_responses_stream::{Item, Part};

use crate::estimate;

/// What the request needs.
///
/// A client's `max_output_tokens` is a ceiling and no need: it is lowered to
/// what the model can give (docs/adr/0009).
pub(crate) fn needs(request: &Request) -> Needs {
    let tools = !request.tools.is_empty() && request.tool_choice != Some(ToolChoice::None);
    Needs::new()
        .with_input(estimate::prompt(request))
        .with_images(request.input.iter().any(holds_image))
        .with_tools(tools)
        .with_json_schema(matches!(request.format, Some(TextFormat::JsonSchema(_))))
        .with_choices(request.choices.is_some_and(|answers| answers > 1))
}

/// What is known of a model behind an endpoint. What the config only assumes
/// is not known, and so not held against anybody.
pub(crate) fn capabilities(model: &Model, endpoint: &Endpoint) -> Capabilities {
    let mut can = Capabilities::new();
    can.window = model.context_tokens.or(model.context_window);
    can.output_tokens = model.max_tokens;
    let stated = model.origins.get("input").is_some_and(|origin| *origin != Origin::Default);
    can.images = stated.then(|| model.input.contains(&InputKind::Image));
    can.tools = model.compat.supports_tools;
    can.json_schema = (!endpoint.carries_json_schema()).then_some(false);
    can.choices = (!endpoint.gives_choices()).then_some(false);
    can
}

fn holds_image(item: &Item) -> bool {
    let parts = match item {
        Item::Message(message) => &message.content,
        Item::FunctionCallOutput(result) => &result.output,
        _ => return false,
    };
    parts.iter().any(|part| matches!(part, Part::Image(_)))
}

#[cfg(test)]
mod tests {
    use oc_config::Config;
    use oc_providers::{Api, wire::Dialect};
    use serde_json::{Value, json};

    use super::*;

    fn needs_of(more: &Value) -> Needs {
        let mut body = json!({ "model": "m", "input": [
            { "role": "user", "content": [{ "type": "input_text", "text": "Hello there" }] }] });
        for (key, value) in more.as_object().unwrap() {
            body[key] = value.clone();
        }
        needs(&Dialect::Responses.decode_request(body.to_string().as_bytes()).unwrap().request)
    }

    #[test]
    fn a_request_needs_what_it_holds() {
        let tool = json!([{ "type": "function", "name": "f", "parameters": { "type": "object" } }]);
        let image = json!([{ "role": "user", "content": [
            { "type": "input_image", "image_url": "https://example.com/a.png" }] }]);
        let shown = json!([
            { "type": "function_call", "call_id": "c", "name": "f", "arguments": "{}" },
            { "type": "function_call_output", "call_id": "c", "output": [
                { "type": "input_image", "image_url": "https://example.com/a.png" }] }]);
        let schema = json!({ "format": { "type": "json_schema", "name": "n", "schema": {} } });
        for (more, wanted) in [
            (json!({}), (false, false, false)),
            (json!({ "input": image }), (true, false, false)),
            (json!({ "input": shown }), (true, false, false)),
            (json!({ "tools": tool }), (false, true, false)),
            (json!({ "tools": tool, "tool_choice": "none" }), (false, false, false)),
            (json!({ "text": schema }), (false, false, true)),
            (json!({ "text": { "format": { "type": "json_object" } } }), (false, false, false)),
        ] {
            let needs = needs_of(&more);
            assert_eq!((needs.images, needs.tools, needs.json_schema), wanted, "{more}");
            assert!(needs.input.is_some() && needs.output_tokens.is_none());
        }
    }

    #[test]
    fn only_what_is_stated_is_known() {
        let config = r#"{ models: { providers: { p: { baseUrl: "http://127.0.0.1:1/v1", apiKey: "k",
            api: "openai-responses", models: [
              { id: "plain", name: "P" },
              { id: "blind", name: "B", input: ["text"], contextWindow: 65536, contextTokens: 8192,
                maxTokens: 4096, compat: { supportsTools: false } },
              { id: "seeing", name: "S", input: ["text", "image"] } ] } } } }"#;
        let config = Config::parse(config, "openclaw.json", &|_: &str| None).unwrap().value;
        let endpoint = |api| Endpoint::new("p", api, "http://127.0.0.1:1/v1").unwrap();
        let can = |id: &str, api| {
            let model = config.models().find(|model| model.model_ref.model() == id).unwrap();
            capabilities(model, &endpoint(api))
        };
        let plain = can("plain", Api::OpenaiResponses);
        assert_eq!((plain.images, plain.tools, plain.json_schema), (None, None, None));
        let blind = can("blind", Api::OpenaiResponses);
        assert_eq!((blind.images, blind.tools), (Some(false), Some(false)));
        assert_eq!((blind.window, blind.output_tokens), (Some(8192), Some(4096)));
        assert_eq!(can("seeing", Api::OpenaiResponses).images, Some(true));
        // Only Chat has a word for several answers.
        for (api, choices) in [
            (Api::OpenaiResponses, Some(false)),
            (Api::OpenaiCompletions, None),
            (Api::AnthropicMessages, Some(false)),
        ] {
            assert_eq!(can("plain", api).choices, choices, "{api}");
        }
        // A plain host of the Messages wire has no words for a schema.
        assert_eq!(can("plain", Api::AnthropicMessages).json_schema, Some(false));
    }
}
