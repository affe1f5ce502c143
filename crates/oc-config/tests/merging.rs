//! `merge` and `replace`, one row per field: who wins, and who is told to have.
//!
//! The catalog's row is Anthropic's `claude-opus-4-6`: a window of a million
//! tokens, 128 000 of output, reasoning, text and images, 5/25/0.5/6.25 dollars.

use oc_config::{Config, InputKind, Model, ModelRef};

/// What a row of the config states, the field, what it comes to, and its origin.
type Row = (&'static str, &'static str, fn(&Model) -> String, &'static str, &'static str);

const ROWS: &[Row] = &[
    ("", "name", |m| m.name.clone(), "Claude Opus 4.6", "catalog"),
    ("name: 'Mine'", "name", |m| m.name.clone(), "Mine", "c:1"),
    ("", "reasoning", |m| m.reasoning.to_string(), "true", "catalog"),
    ("reasoning: false", "reasoning", |m| m.reasoning.to_string(), "false", "c:1"),
    ("", "input", inputs, "text image", "catalog"),
    ("input: ['text']", "input", inputs, "text", "c:1"),
    ("", "cost", cost, "5 25 0.5 6.25", "catalog"),
    ("cost: { input: 1 }", "cost", cost, "1 25 0.5 6.25", "c:1"),
    ("cost: { output: 0, cacheRead: 2 }", "cost", cost, "5 0 2 6.25", "c:1"),
    ("", "contextWindow", |m| number(m.context_window), "1000000", "catalog"),
    ("contextWindow: 200000", "contextWindow", |m| number(m.context_window), "200000", "c:1"),
    ("", "contextTokens", |m| number(m.context_tokens), "-", "-"),
    ("contextTokens: 500000", "contextTokens", |m| number(m.context_tokens), "500000", "c:1"),
    ("", "maxTokens", |m| number(m.max_tokens), "128000", "catalog"),
    ("maxTokens: 1000", "maxTokens", |m| number(m.max_tokens), "1000", "c:1"),
    ("", "compat", |m| format!("{:?}", m.compat.supports_tools), "None", "-"),
    (
        "compat: { supportsTools: false }",
        "compat",
        |m| format!("{:?}", m.compat.supports_tools),
        "Some(false)",
        "c:1",
    ),
    ("", "thinkingLevelMap", thinking, "{}", "-"),
    ("thinkingLevelMap: { off: null }", "thinkingLevelMap", thinking, r#"{"off":null}"#, "-"),
    // The route is never the catalog's row, always the provider's or the row's.
    ("", "api", |m| m.api.to_string(), "anthropic-messages", "catalog"),
    ("api: 'openai-completions'", "api", |m| m.api.to_string(), "openai-completions", "c:1"),
    ("", "baseUrl", |m| m.base_url.clone(), "http://10.0.0.1", "c:1"),
    ("baseUrl: 'http://10.0.0.2'", "baseUrl", |m| m.base_url.clone(), "http://10.0.0.2", "c:1"),
    ("", "headers", headers, "x-p=p", "-"),
    ("headers: { 'X-P': 'm', b: 'm' }", "headers", headers, "b=m x-p=m", "-"),
    ("", "params", |m| serde_json::json!(m.params.values()).to_string(), r#"{"a":1}"#, "-"),
    (
        "params: { a: 2, b: 3 }",
        "params",
        |m| serde_json::json!(m.params.values()).to_string(),
        r#"{"a":2,"b":3}"#,
        "-",
    ),
];

fn thinking(model: &Model) -> String {
    serde_json::json!(model.thinking_levels).to_string()
}

fn inputs(model: &Model) -> String {
    let words: Vec<_> = model.input.iter().copied().map(InputKind::as_str).collect();
    words.join(" ")
}

fn cost(model: &Model) -> String {
    let cost = model.cost.expect("known");
    format!("{} {} {} {}", cost.input, cost.output, cost.cache_read, cost.cache_write)
}

fn number(value: Option<u64>) -> String {
    value.map_or("-".to_owned(), |value| value.to_string())
}

fn headers(model: &Model) -> String {
    let all = model.headers.iter().map(|(name, value)| format!("{name}={}", value.expose()));
    all.collect::<Vec<_>>().join(" ")
}

fn model(mode: &str, row: &str) -> Model {
    let text = format!(
        "{{ models: {{ mode: '{mode}', providers: {{ anthropic: {{ baseUrl: 'http://10.0.0.1', \
         headers: {{ 'x-p': 'p' }}, params: {{ a: 1 }}, models: [{{ id: 'claude-opus-4-6', {row} }}] }} }} }} }}"
    );
    let config = Config::parse(&text, "c", &|_: &str| None).expect("valid").value;
    let model_ref = ModelRef::parse("anthropic/claude-opus-4-6").expect("a ref");
    config.model(&model_ref).expect("listed").clone()
}

#[test]
fn merge_fills_in_what_a_row_leaves_out() {
    for (row, field, read, want, origin) in ROWS {
        let model = model("merge", row);
        assert_eq!(read(&model), *want, "{field} of {row:?}");
        let told = model.origins.get(field).map_or("-".to_owned(), ToString::to_string);
        assert_eq!(told, *origin, "origin of {field} of {row:?}");
    }
}

/// In `replace` mode nothing of the model is the catalog's.
#[test]
fn replace_takes_the_row_alone() {
    let bare = model("replace", "");
    assert_eq!(bare.name, "claude-opus-4-6");
    assert_eq!((bare.reasoning, bare.context_window, bare.max_tokens), (false, None, None));
    assert_eq!((bare.cost, inputs(&bare).as_str()), (None, "text"));
    for (row, field, read, want, origin) in ROWS.iter().filter(|(row, ..)| !row.is_empty()) {
        let model = model("replace", row);
        if *field != "cost" {
            assert_eq!(read(&model), *want, "{field} of {row:?}");
        }
        let told = model.origins.get(field).map_or("-".to_owned(), ToString::to_string);
        assert_eq!(told, *origin, "origin of {field} of {row:?}");
    }
    // What the row leaves out of its prices costs nothing.
    assert_eq!(cost(&model("replace", "cost: { input: 1 }")), "1 0 0 0");
}

/// The provider: what the row states wins, what it leaves out is the
/// catalog's in both modes, for an id means a known address.
#[test]
fn a_provider_of_the_catalog_may_leave_out_its_address() {
    for mode in ["merge", "replace"] {
        let text = format!(
            "{{ models: {{ mode: '{mode}', providers: {{ Anthropic: {{ apiKey: 'k' }}, openai: {{ baseUrl: ' ', api: 'openai-completions' }} }} }} }}"
        );
        let config = Config::parse(&text, "c", &|_: &str| None).expect("valid").value;
        let provider = |id: &str| config.provider(id).expect("configured");
        assert_eq!(provider("anthropic").base_url.as_deref(), Some("https://api.anthropic.com"));
        assert_eq!(provider("anthropic").api.as_str(), "anthropic-messages");
        assert_eq!(
            provider("openai").base_url.as_deref(),
            Some("https://api.openai.com/v1"),
            "a blank is absent"
        );
        assert_eq!(provider("openai").api.as_str(), "openai-completions");
        let catalogued = config.models().any(|model| model.model_ref.provider() == "anthropic");
        assert_eq!(catalogued, mode == "merge");
    }
}

/// Rows of the config stand beside the catalog's, and restrict nothing.
#[test]
fn models_that_only_the_catalog_lists_are_appended() {
    let text =
        "{ models: { providers: { anthropic: { models: [{ id: 'mine', name: 'Mine' }] } } } }";
    let config = Config::parse(text, "c", &|_: &str| None).expect("valid").value;
    let ids: Vec<_> = config.models().map(|m| m.model_ref.to_string()).collect();
    assert!(ids.contains(&"anthropic/mine".to_owned()));
    assert!(ids.contains(&"anthropic/claude-haiku-4-5".to_owned()));
}
