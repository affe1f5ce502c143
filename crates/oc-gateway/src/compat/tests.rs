use std::collections::BTreeSet;
use std::path::Path;

use oc_config::{Config, Settings, schema};
use oc_providers::{SchemaProfile, ToolCallParser, wire::openai_completions::MaxTokensField};
use serde_json::{Value, json};

use super::*;

/// What a key of `compat` does here.
struct Key {
    name: &'static str,
    /// In the words of the documents.
    does: &'static str,
    /// A value that makes a difference to a plain host; `null` where the key
    /// does nothing.
    sample: fn() -> Value,
}

const fn key(name: &'static str, does: &'static str, sample: fn() -> Value) -> Key {
    Key { name, does, sample }
}

/// Every key of `compat`, as OpenClaw has them.
static KEYS: &[Key] = &[
    key(
        "cacheControlFormat",
        "`anthropic`: `cache_control` marks of a Messages client go to a Chat host",
        || json!("anthropic"),
    ),
    key("codeMode", "nothing: OpenClaw's own", || Value::Null),
    key("maxTokensField", "Chat: the name of the limit on output tokens", || {
        json!("max_completion_tokens")
    }),
    key("openRouterRouting", "the body's `provider`", || json!({"only": ["a"]})),
    key("reasoningEffortMap", "its words for efforts", || json!({"high": "max"})),
    key(
        "requiresAssistantAfterToolResult",
        "Chat: an assistant message between results and the user's next",
        || json!(true),
    ),
    key("requiresMistralToolIds", "Chat: ids of nine letters and digits", || json!(true)),
    key(
        "requiresOpenAiAnthropicToolPayload",
        "Messages: tools and their choice in OpenAI's shape",
        || json!(true),
    ),
    key(
        "requiresReasoningContentOnAssistantMessages",
        "Chat: `true`: every earlier answer has its reasoning, also what no seal says anything of, or an empty one; `false`: none goes back",
        || json!(true),
    ),
    key(
        "requiresStringContent",
        "Chat: content as one string; a request with pictures is for another host",
        || json!(true),
    ),
    key("requiresThinkingAsText", "nothing: earlier reasoning is never shown as text", || {
        Value::Null
    }),
    key("requiresToolResultName", "Chat: the tool's name on its result", || json!(true)),
    key("sendSessionAffinityHeaders", "nothing: the gateway knows no sessions", || Value::Null),
    key("sendSessionIdHeader", "nothing: the gateway knows no sessions", || Value::Null),
    key(
        "strictMessageKeys",
        "Chat: no keys in messages but `role`, `content` and those of tools",
        || json!(true),
    ),
    key("supportedReasoningEfforts", "an effort that is not listed becomes the nearest", || {
        json!(["low", "high"])
    }),
    key("supportsDeveloperRole", "`developer` instead of `system`", || json!(true)),
    key("supportsEagerToolInputStreaming", "nothing: calls are given out whole", || Value::Null),
    key("supportsInstructions", "Responses: `instructions` as a field", || json!(true)),
    key("supportsJsonSchemaResponseFormat", "`false`: a schema becomes an instruction", || {
        json!(false)
    }),
    key(
        "supportsLongCacheRetention",
        "`false`: no `ttl` on marks, no `prompt_cache_retention`",
        || json!(false),
    ),
    key("supportsPromptCacheKey", "`prompt_cache_key` of a client is passed on", || json!(true)),
    key(
        "supportsReasoningEffort",
        "`false`: no effort is sent, unless `thinkingFormat` names a switch",
        || json!(false),
    ),
    key("supportsResponsesContinuation", "nothing: the whole conversation is sent", || Value::Null),
    key("supportsStore", "Responses: `store: false`, or what the client asked", || json!(true)),
    key("supportsStrictMode", "`strict` on tools", || json!(true)),
    key("supportsTemperature", "`false`: neither `temperature` nor `top_p`", || json!(false)),
    key("supportsTools", "`false`: a request with tools is for another host", || json!(false)),
    key("supportsUsageInStreaming", "Chat: `stream_options.include_usage`", || json!(false)),
    key("thinkingFormat", "Chat: how a model is told how much to think", || json!("zai")),
    key(
        "toolCallArgumentsEncoding",
        "`html-entities`: arguments are decoded; other words: nothing",
        || json!("html-entities"),
    ),
    key(
        "toolSchemaProfile",
        "`llamacpp`, `gemini`: what the schemas of tools may hold; other words: nothing",
        || json!("gemini"),
    ),
    key("unsupportedToolSchemaKeywords", "they are taken out of the schemas of tools", || {
        json!(["format"])
    }),
    key("vercelGatewayRouting", "the body's `providerOptions.gateway`", || json!({"only": ["a"]})),
    key(
        "visibleReasoningDetailTypes",
        "Chat: these `reasoning_details` are text, beside `response.output_text` and `response.text`",
        || json!(["x.text"]),
    ),
    key("zaiToolStream", "Chat: `tool_stream: true` beside tools", || json!(true)),
];

fn model(compat: &Value, more: &str, settings: &str) -> Model {
    let config = format!(
        r#"{{ models: {{ providers: {{ local: {{ baseUrl: "http://127.0.0.1:1/v1", apiKey: "x",
            api: "openai-completions",
            models: [{{ id: "m", name: "M", reasoning: true, compat: {compat} {more} }}] }} }} }} }}"#
    );
    let nothing = |_: &str| None;
    let config = Config::parse(&config, "openclaw.json", &nothing).unwrap().value;
    let settings = Settings::parse(settings, "s.json5", &nothing).unwrap().value;
    let config = config.with_settings(&settings).value;
    config.models().find(|model| model.model_ref.provider() == "local").unwrap().clone()
}

fn applied(compat: &Value) -> (Compat, ModelFacts) {
    let model = model(compat, "", "{}");
    let mut compat = Compat::plain();
    flags(&model, &mut compat).unwrap();
    (compat, facts(&model, &compat))
}

#[test]
fn every_key_that_openclaw_has_does_what_its_row_says() {
    let plain = applied(&json!({}));
    for key in KEYS {
        let sample = (key.sample)();
        assert_eq!(sample.is_null(), key.does.starts_with("nothing: "), "{}", key.name);
        if !sample.is_null() {
            assert_ne!(applied(&json!({ key.name: sample })), plain, "{} does nothing", key.name);
        }
    }
}

#[test]
fn the_table_names_every_key_of_the_schema() {
    let schema = schema::config_schema();
    let known = keys_of_compat(&schema).expect("compat is in the schema");
    assert_eq!(KEYS.iter().map(|key| key.name.to_owned()).collect::<BTreeSet<_>>(), known);
}

/// The properties of the object that has `supportsStore` among them.
fn keys_of_compat(schema: &Value) -> Option<BTreeSet<String>> {
    match schema {
        Value::Object(fields) => {
            let keys = fields.get("properties").and_then(Value::as_object);
            if let Some(keys) = keys.filter(|keys| keys.contains_key("supportsStore")) {
                return Some(keys.keys().filter(|key| *key != "$include").cloned().collect());
            }
            fields.values().find_map(keys_of_compat)
        }
        Value::Array(list) => list.iter().find_map(keys_of_compat),
        _ => None,
    }
}

/// `UPDATE=1 cargo test -p oc-gateway --lib compat` writes it.
#[test]
fn the_documents_hold_the_same_table() {
    const BEGIN: &str = "<!-- compat keys: begin -->\n";
    const END: &str = "<!-- compat keys: end -->\n";
    let mut table = "| key | does |\n|---|---|\n".to_owned();
    for key in KEYS {
        table.push_str(&format!("| `{}` | {} |\n", key.name, key.does));
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/providers.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(BEGIN).expect("the table's beginning is marked");
    let (held, after) = rest.split_once(END).expect("the table's end is marked");
    #[expect(clippy::disallowed_methods, reason = "a switch of the test itself")]
    if std::env::var("UPDATE").is_ok() {
        std::fs::write(&path, format!("{before}{BEGIN}{table}{END}{after}")).unwrap();
        return;
    }
    assert!(held == table, "docs/providers.md is stale: run with UPDATE=1");
}

#[test]
fn what_the_config_states_wins_and_the_rest_stays() {
    let (flags, _) = applied(&json!({
        "maxTokensField": "max_completion_tokens",
        "thinkingFormat": "qwen-chat-template",
        "supportsUsageInStreaming": false,
        "supportsDeveloperRole": true,
        "requiresReasoningContentOnAssistantMessages": true,
        "toolSchemaProfile": "of-tomorrow",
    }));
    let mut wanted = Compat::plain();
    wanted.developer_role = true;
    wanted.chat.max_tokens_field = MaxTokensField::MaxCompletionTokens;
    wanted.chat.thinking = ThinkingFormat::ChatTemplate;
    wanted.chat.replay = ReasoningReplay::OnEveryAnswer;
    wanted.chat.stream_usage = false;
    assert_eq!(flags, wanted);

    let mut kept = wanted;
    kept.schemas = SchemaProfile::AsSent;
    super::flags(&model(&json!({}), "", "{}"), &mut kept).unwrap();
    wanted.schemas = SchemaProfile::AsSent;
    assert_eq!(kept, wanted);
}

#[test]
fn levels_of_thinking_are_efforts() {
    let levels = r#", thinkingLevelMap: { off: "disabled", low: null, high: "max" }"#;
    let model = model(&json!({ "reasoningEffortMap": { "high": "most" } }), levels, "{}");
    let facts = facts(&model, &Compat::plain());
    let word = |ours: &str| facts.effort_words.get(ours).cloned();
    assert_eq!(word("none"), Some(Some("disabled".to_owned())));
    assert_eq!(word("low"), Some(None));
    assert_eq!(word("high"), Some(Some("most".to_owned())));
}

#[test]
fn no_effort_unless_there_is_another_switch() {
    assert!(applied(&json!({})).1.reasoning);
    assert!(!applied(&json!({ "supportsReasoningEffort": false })).1.reasoning);
    let switch = json!({ "supportsReasoningEffort": false, "thinkingFormat": "qwen" });
    assert!(applied(&switch).1.reasoning);
}

#[test]
fn what_the_settings_declare_of_a_model_reaches_it() {
    let settings = "{ providers: { local: { models: { m: { toolCallParser: 'glm45',
        thinkingForcedOpen: 4096, reasoningOnly: 'answer' } } } } }";
    let mut compat = Compat::plain();
    flags(&model(&json!({}), "", settings), &mut compat).unwrap();
    assert_eq!(compat.tool_call_parser, Some(ToolCallParser::Glm45));
    assert_eq!(compat.thinking_forced_open, Some(4096));
    assert_eq!(compat.reasoning_only, EmptyFinal::Promote);
}

#[test]
fn both_crates_know_the_same_grammars() {
    for parser in ToolCallParser::ALL {
        let settings = format!(
            "{{ providers: {{ local: {{ models: {{ m: {{ toolCallParser: '{}' }} }} }} }} }}",
            parser.as_str()
        );
        let mut compat = Compat::plain();
        flags(&model(&json!({}), "", &settings), &mut compat).unwrap();
        assert_eq!(compat.tool_call_parser, Some(parser));
    }
}
