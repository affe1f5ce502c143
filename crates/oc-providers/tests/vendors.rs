//! What each vendor's row comes to: one conversation, one golden per host, and
//! the duties that servers have of their own.

mod support;

use std::fmt::Write as _;
use std::sync::Arc;

use oc_providers::wire::Dialect;
use oc_providers::wire::openai_completions::{ReasoningReplay, ToolIdRule};
use oc_providers::{
    Api, ApiKey, Compat, Endpoint, Item, Loss, ModelFacts, Provider, Request, Script,
    ScriptedTransport, VENDORS,
};
use oc_responses_stream::{Collector, FinishReason};
use serde_json::{Value, json};
use support::run;

/// A turn in the middle of a tool loop, as a Responses client sends it.
fn turn() -> Value {
    json!({
        "model": "m", "instructions": "Be brief.", "reasoning": {"effort": "max"},
        "max_output_tokens": 2048,
        "tools": [{"type": "function", "name": "look", "parameters": {"type": "object",
            "properties": {"at": {"type": "string", "pattern": "^x$"}}, "additionalProperties": false}}],
        "input": [
            {"role": "user", "content": "Look."},
            {"type": "reasoning", "summary": [], "content": [{"type": "reasoning_text", "text": "I look."}]},
            {"type": "function_call", "call_id": "call_1", "name": "look", "arguments": "{\"at\":\"x\"}"},
            {"type": "function_call_output", "call_id": "call_1", "output": "a cat"},
            {"role": "user", "content": "And?"}],
    })
}

fn request() -> Request {
    Dialect::Responses.decode_request(turn().to_string().as_bytes()).expect("valid").request
}

fn thinker() -> ModelFacts {
    ModelFacts::new().with_reasoning(true).with_max_output_tokens(8192)
}

fn provider(endpoint: Endpoint, scripts: impl IntoIterator<Item = Script>) -> Provider {
    Provider::new(endpoint, Arc::new(ScriptedTransport::new(scripts))).expect("provider")
}

fn chat(base: &str) -> Endpoint {
    Endpoint::new("p", Api::OpenaiCompletions, base).expect(base).model("m", thinker())
}

/// A conversation at every row's host over Chat: what differs is in the rows.
#[test]
fn every_row_over_chat() {
    let mut text = String::new();
    for row in VENDORS {
        let (id, base) = match (row.hosts.first(), row.ids.first()) {
            (Some(host), _) => ("p", format!("https://{}/v1", host.trim_start_matches('.'))),
            (None, Some(id)) => (*id, "http://127.0.0.1:9999/v1".to_owned()),
            (None, None) => panic!("{} is nowhere", row.name),
        };
        let base = base.replace("//openai.azure", "//me.openai.azure");
        let endpoint =
            Endpoint::new(id, Api::OpenaiCompletions, &base).expect(&base).model("m", thinker());
        let encoded = provider(endpoint, []).encode(&request()).expect(row.name);
        let _ = writeln!(text, "── {}\n{}", row.name, encoded.body);
        for loss in &encoded.losses {
            let _ = writeln!(text, "lost: {loss}");
        }
    }
    insta::assert_snapshot!(text);
}

fn replaying(replay: ReasoningReplay) -> Endpoint {
    let mut compat = Compat::plain();
    compat.chat.replay = replay;
    chat("https://api.vendor.example/v1").compat(compat)
}

/// The assistant's message of earlier turns at a host that wants reasoning so, and
/// whether reasoning was listed as lost.
fn replayed(replay: ReasoningReplay, input: &Value) -> (Value, bool) {
    let body = json!({"model": "m", "input": input});
    let asked = Dialect::Responses.decode_request(body.to_string().as_bytes()).expect("valid");
    let encoded = provider(replaying(replay), []).encode(&asked.request).expect("encodes");
    let messages = encoded.body["messages"].as_array().expect("messages").clone();
    let said = messages.into_iter().find(|message| message["role"] == "assistant");
    (said.expect("a turn"), encoded.losses.contains(&Loss::Reasoning))
}

/// What the model thought itself, as a seal says, goes back. What nobody sealed is
/// nobody's own: of it only the duty is done.
#[tokio::test]
async fn reasoning_goes_back_as_each_host_wants_it() {
    use ReasoningReplay::{Always, Never, OnEveryAnswer, WhereToolsWereCalled, WithToolCalls};
    let stream = concat!(
        "data: {\"choices\":[{\"delta\":{\"reasoning_content\":\"hm\"}}]}\n\n",
        "data: {\"choices\":[{\"delta\":{\"content\":\"Well.\"},\"finish_reason\":\"stop\"}]}\n\n",
        "data: [DONE]\n\n",
    );
    let turn = turn_after(&provider(replaying(Always), [Script::sse(stream)])).await;
    let own = turn["input"][1].clone();
    assert!(own["encrypted_content"].is_string(), "{own}");
    let mut bare = own.clone();
    bare["encrypted_content"] = Value::Null;
    let mut foreign = own.clone();
    foreign["encrypted_content"] = "oc-seal-2.e30.e30".into();
    let call = json!({"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"});
    let result = json!({"type": "function_call_output", "call_id": "c", "output": "x"});
    let said = json!({"role": "assistant", "content": "Well."});
    let called = |thought: &Value| json!([thought, call, result]);
    let spoke = |thought: &Value| json!([thought, said]);
    for (replay, input, wanted) in [
        (Never, called(&own), None),
        (WithToolCalls, called(&own), Some("hm")),
        (WithToolCalls, called(&bare), Some("")),
        (WithToolCalls, called(&foreign), Some("")),
        (WithToolCalls, json!([call, result]), Some("")),
        (WithToolCalls, spoke(&own), None),
        (WhereToolsWereCalled, called(&own), Some("hm")),
        (WhereToolsWereCalled, called(&bare), None),
        (WhereToolsWereCalled, json!([call, result]), None),
        (WhereToolsWereCalled, spoke(&own), None),
        (Always, called(&own), Some("hm")),
        (Always, called(&bare), None),
        (Always, json!([call, result]), None),
        (Always, spoke(&own), Some("hm")),
        (Always, spoke(&bare), None),
        (OnEveryAnswer, called(&bare), Some("hm")),
        (OnEveryAnswer, spoke(&bare), Some("hm")),
        (OnEveryAnswer, spoke(&foreign), Some("")),
    ] {
        let (message, listed) = replayed(replay, &input);
        let got = message.get("reasoning_content").and_then(Value::as_str);
        assert_eq!(got, wanted, "{replay:?} {input}");
        let had_any = input.to_string().contains("hm");
        assert_eq!(listed, had_any && wanted != Some("hm"), "{replay:?} {input}");
        // Never as text.
        assert!(!message["content"].to_string().contains("hm"), "{replay:?} {input}");
    }
}

#[test]
fn ids_results_and_keys_as_a_strict_host_wants_them() {
    let mut compat = Compat::plain();
    compat.chat.tool_ids = ToolIdRule::NineLettersAndDigits;
    compat.chat.result_names = true;
    compat.chat.strict_keys = true;
    compat.chat.assistant_after_results = true;
    compat.chat.replay = ReasoningReplay::Always;
    let endpoint = chat("https://api.vendor.example/v1").compat(compat);
    let encoded = provider(endpoint, []).encode(&request()).expect("encodes");
    let messages = encoded.body["messages"].as_array().expect("messages");
    let roles: Vec<_> = messages.iter().map(|message| message["role"].as_str()).collect();
    assert_eq!(
        roles.iter().flatten().copied().collect::<Vec<_>>(),
        ["system", "user", "assistant", "tool", "assistant", "user"]
    );
    let id = messages[2]["tool_calls"][0]["id"].as_str().expect("id");
    assert!(id.len() == 9 && id.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{id}");
    assert_eq!(messages[3]["tool_call_id"], id);
    assert_eq!(messages[3]["name"], "look");
    assert!(messages[2].get("reasoning_content").is_none());
    assert!(encoded.losses.contains(&Loss::Reasoning));
}

const SIGNED: &str = concat!(
    "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"c1\",\"type\":\"function\",",
    "\"function\":{\"name\":\"look\",\"arguments\":\"{}\"},",
    "\"extra_content\":{\"google\":{\"thought_signature\":\"SIG+/=\"}}}]}}]}\n\n",
    "data: {\"choices\":[{\"delta\":{\"extra_content\":{\"google\":{\"thought_signature\":\"ALONE\"}}},",
    "\"finish_reason\":\"tool_calls\"}]}\n\n",
    "data: [DONE]\n\n",
);

/// The turn after the one that `upstream` gives, as a client that keeps it all
/// sends it back.
async fn turn_after(upstream: &Provider) -> Value {
    let outcome = run(upstream, request()).await;
    assert!(outcome.error.is_none(), "{:?}", outcome.error);
    let mut collector = Collector::new();
    outcome.deltas.iter().for_each(|delta| collector.push(delta));
    let mut input = vec![json!({"role": "user", "content": "go"})];
    input.extend(collector.finish().items.iter().map(Item::to_json));
    input.push(json!({"type": "function_call_output", "call_id": "c1", "output": "done"}));
    json!({"model": "m", "input": input})
}

fn assistant(endpoint: Endpoint, turn: &Value) -> Value {
    let asked = Dialect::Responses.decode_request(turn.to_string().as_bytes()).expect("valid");
    let encoded = provider(endpoint, []).encode(&asked.request).expect("encodes");
    let messages = encoded.body["messages"].as_array().expect("messages").clone();
    messages.into_iter().find(|message| message["role"] == "assistant").expect("a turn")
}

#[tokio::test]
async fn the_signature_of_a_call_comes_home_with_it() {
    let home = "https://generativelanguage.googleapis.com/v1beta/openai";
    let turn = turn_after(&provider(chat(home), [Script::sse(SIGNED)])).await;
    let message = assistant(chat(home), &turn);
    let signed = |word: &str| json!({"google": {"thought_signature": word}});
    assert_eq!(message["tool_calls"][0]["extra_content"], signed("SIG+/="));
    assert_eq!(message["extra_content"], signed("ALONE"));
    // To nobody else.
    let other = assistant(chat("http://127.0.0.1:8080/v1"), &turn);
    assert!(!other.to_string().contains("SIG") && other.get("extra_content").is_none(), "{other}");
}

#[test]
fn a_call_of_another_model_is_excused_where_signatures_are_wanted() {
    let home = chat("https://generativelanguage.googleapis.com/v1beta/openai");
    let call = |id: &str| json!({"type": "function_call", "call_id": id, "name": "look", "arguments": "{}"});
    let turn =
        json!({"model": "m", "input": [{"role": "user", "content": "go"}, call("a"), call("b")]});
    let message = assistant(home, &turn);
    let calls = message["tool_calls"].as_array().expect("calls");
    assert_eq!(
        calls[0]["extra_content"]["google"]["thought_signature"],
        "skip_thought_signature_validator"
    );
    assert!(calls[1].get("extra_content").is_none(), "the first is signed for all");
}

/// Several keys at one host: what one profile's model signed, another's may send
/// back; nobody without the secret can make it up.
#[tokio::test]
async fn a_seal_outlives_a_change_of_keys_and_not_a_change_of_secrets() {
    let home = "https://generativelanguage.googleapis.com/v1beta/openai";
    let with = |key: &str, seal: &str| chat(home).key(ApiKey::new(key)).seal_key(ApiKey::new(seal));
    let turn = turn_after(&provider(with("key-one", "sealing"), [Script::sse(SIGNED)])).await;
    assert!(!turn.to_string().contains("SIG+"), "it travels in an envelope");
    let opened =
        |endpoint| assistant(endpoint, &turn)["tool_calls"][0]["extra_content"].to_string();
    assert!(opened(with("key-two", "sealing")).contains("SIG+"));
    assert!(!opened(with("key-one", "another")).contains("SIG+"));
}

const LOOKS: &str = concat!(
    "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"c1\",\"function\":",
    "{\"name\":\"sql\",\"arguments\":\"{\\\"input\\\":\\\"select 1\\\"}\"}},",
    "{\"index\":1,\"id\":\"c2\",\"function\":{\"name\":\"files__read\",\"arguments\":\"{\\\"at\\\":\\\"/x\\\"}\"}}]},",
    "\"finish_reason\":\"tool_calls\"}]}\n\n",
    "data: [DONE]\n\n",
);

/// Codex's tools at a host that knows only functions, there and back.
#[tokio::test]
async fn custom_and_namespaced_tools_are_carried_there_and_back() {
    let tools = json!([
        {"type": "custom", "name": "sql", "description": "Asks.",
         "format": {"type": "grammar", "syntax": "lark", "definition": "start: \"select\""}},
        {"type": "namespace", "name": "files", "description": "Files.", "tools": [
            {"type": "function", "name": "read", "parameters": {"type": "object"}}]},
    ]);
    let body = json!({"model": "m", "tools": tools, "input": "go",
        "tool_choice": {"type": "custom", "name": "sql"}});
    let asked = Dialect::Responses.decode_request(body.to_string().as_bytes()).expect("valid");
    let upstream = provider(chat("http://127.0.0.1:8080/v1"), [Script::sse(LOOKS)]);

    let encoded = upstream.encode(&asked.request).expect("encodes");
    let functions = encoded.body["tools"].as_array().expect("tools");
    assert_eq!(functions[0]["function"]["name"], "sql");
    assert!(functions[0]["function"]["description"].as_str().expect("text").contains("lark"));
    assert_eq!(functions[1]["function"]["name"], "files__read");
    assert_eq!(encoded.body["tool_choice"]["function"]["name"], "sql");
    assert_eq!(encoded.losses, [Loss::ToolFormat("sql".into())]);

    let outcome = run(&upstream, asked.request.clone()).await;
    assert!(outcome.error.is_none(), "{:?}", outcome.error);
    let items: Vec<Value> = outcome.answer.items.iter().map(|item| item.to_json()).collect();
    let wanted = [
        json!({"type": "custom_tool_call", "call_id": "c1", "name": "sql", "input": "select 1",
               "status": "completed"}),
        json!({"type": "function_call", "call_id": "c2", "name": "read", "namespace": "files",
               "arguments": "{\"at\":\"/x\"}", "status": "completed"}),
    ];
    assert_eq!(items, wanted);

    // And there again, with their results.
    let mut input = vec![json!({"role": "user", "content": "go"})];
    input.extend(wanted);
    input.push(json!({"type": "custom_tool_call_output", "call_id": "c1", "output": "1"}));
    input.push(json!({"type": "function_call_output", "call_id": "c2", "output": "y"}));
    let body = json!({"model": "m", "tools": tools, "input": input});
    let asked = Dialect::Responses.decode_request(body.to_string().as_bytes()).expect("valid");
    for (api, base) in [
        (Api::OpenaiCompletions, "http://127.0.0.1:8080/v1"),
        (Api::OpenaiResponses, "http://127.0.0.1:8080/v1"),
        (Api::AnthropicMessages, "https://api.anthropic.com"),
    ] {
        let endpoint = Endpoint::new("p", api, base).expect(base);
        let encoded = provider(endpoint, []).encode(&asked.request).expect("encodes");
        let text = encoded.body.to_string();
        assert!(text.contains("files__read") && text.contains("select 1"), "{text}");
        assert!(!encoded.losses.iter().any(|loss| matches!(loss, Loss::Item(_))), "{api}");
    }
    // The host that knows them gets them as they are.
    let endpoint =
        Endpoint::new("p", Api::OpenaiResponses, "https://api.openai.com/v1").expect("url");
    let encoded = provider(endpoint, []).encode(&asked.request).expect("encodes");
    assert_eq!(encoded.body["tools"], tools);
    assert!(encoded.body.to_string().contains("custom_tool_call_output"));
}

#[tokio::test]
async fn a_stop_sequence_ends_an_answer_on_a_wire_that_has_none() {
    let event = |text: &str| {
        let json = json!({"type": "response.output_text.delta", "output_index": 0, "delta": text});
        format!("data: {json}\n\n")
    };
    let stream = event("One, E") + &event("N") + &event("D two") + &event(" three");
    let body =
        json!({"model": "m", "messages": [{"role": "user", "content": "count"}], "stop": ["END"]});
    let asked = Dialect::Chat.decode_request(body.to_string().as_bytes()).expect("valid");
    let endpoint = Endpoint::new("p", Api::OpenaiResponses, "http://127.0.0.1:1/v1").expect("url");
    let upstream = provider(endpoint, [Script::sse(stream)]);
    let outcome = run(&upstream, asked.request).await;
    assert!(outcome.error.is_none(), "what comes behind the end is not read");
    assert_eq!(outcome.answer.final_text(), "One, ");
    let finish = outcome.answer.finish.expect("an end");
    assert_eq!(finish.reason, FinishReason::Stop);
    assert_eq!(finish.stop_sequence.as_deref(), Some("END"));
}

#[tokio::test]
async fn markup_becomes_calls_only_for_a_profile_that_names_it() {
    let markup = "<tool_call>{\\\"name\\\":\\\"look\\\",\\\"arguments\\\":{\\\"at\\\":\\\"x\\\"}}</tool_call>";
    let stream = format!(
        "data: {{\"choices\":[{{\"delta\":{{\"content\":\"{markup}\"}},\"finish_reason\":\"stop\"}}]}}\n\ndata: [DONE]\n\n"
    );
    let mut compat = Compat::plain();
    compat.tool_call_parser = Some("hermes".parse().expect("known"));
    let base = "http://127.0.0.1:8080/v1";
    let upstream = provider(chat(base).compat(compat), [Script::sse(stream.clone())]);
    let outcome = run(&upstream, request()).await;
    let calls: Vec<_> = outcome.answer.tool_calls().map(|call| call.name.clone()).collect();
    assert_eq!((calls, outcome.answer.final_text()), (vec!["look".to_owned()], String::new()));

    let upstream = provider(chat(base), [Script::sse(stream)]);
    let error = run(&upstream, request()).await.error.expect("reported");
    assert_eq!(error.code(), Some("tool_markup_as_text"));
    assert!(error.message().expect("words").contains("`toolCallParser` to `hermes`"));
}

#[tokio::test]
async fn reasoning_without_its_opening_tag_is_held_where_the_profile_says_so() {
    let stream = "data: {\"choices\":[{\"delta\":{\"content\":\"I should add.</think>Four.\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
    let base = "http://127.0.0.1:8080/v1";
    let mut compat = Compat::plain();
    compat.thinking_forced_open = Some(1024);
    let upstream = provider(chat(base).compat(compat), [Script::sse(stream)]);
    let answer = run(&upstream, request()).await.answer;
    assert_eq!(
        (answer.reasoning_text().as_str(), answer.final_text().as_str()),
        ("I should add.", "Four.")
    );
    let error = run(&provider(chat(base), [Script::sse(stream)]), request()).await.error;
    let error = error.expect("reported");
    assert_eq!(error.code(), Some("reasoning_in_text"));
    let words = error.message().expect("words");
    assert!(words.contains("`thinkingForcedOpen`"), "the setting that would mend it: {words}");
}

#[tokio::test]
async fn an_answer_that_was_all_reasoning_is_one_where_the_profile_says_so() {
    use oc_providers::EmptyFinal;
    let stream = "data: {\"choices\":[{\"delta\":{\"content\":\"<think>Four.\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
    let base = "http://127.0.0.1:8080/v1";
    for (wish, text) in [(EmptyFinal::Report, ""), (EmptyFinal::Promote, "Four.")] {
        let mut compat = Compat::plain();
        compat.reasoning_only = wish;
        let upstream = provider(chat(base).compat(compat), [Script::sse(stream)]);
        let answer = run(&upstream, request()).await.answer;
        assert_eq!(answer.final_text(), text, "{wish:?}");
    }
}

/// What the config adds to a model's requests is last, and wins; the
/// conversation is not its business.
#[test]
fn fields_of_the_config_win_but_for_the_conversation() {
    let facts = thinker()
        .with_field("provider", json!({"only": ["a"]}))
        .with_field("max_tokens", json!(77))
        .with_field("stream_options", json!({"x": 1}))
        .with_field("messages", json!([]))
        .with_field("stream", json!(false));
    let endpoint = chat("http://127.0.0.1:8080/v1").model("m", facts);
    let encoded = provider(endpoint, []).encode(&request()).expect("encodes");
    assert_eq!(encoded.body["provider"], json!({"only": ["a"]}));
    assert_eq!((&encoded.body["max_tokens"], encoded.max_output_tokens), (&json!(77), Some(77)));
    assert_eq!(encoded.body["stream_options"], json!({"include_usage": true, "x": 1}));
    assert_eq!(encoded.body["stream"], true);
    assert!(!encoded.body["messages"].as_array().expect("messages").is_empty());
}

#[test]
fn what_a_host_cannot_do_is_refused_or_said_otherwise() {
    let mut compat = Compat::plain();
    (compat.tools, compat.json_schema, compat.sampling) = (false, false, false);
    let endpoint = |compat| chat("http://127.0.0.1:8080/v1").compat(compat);
    let refused = provider(endpoint(compat), []).encode(&request()).expect_err("tools");
    assert!(refused.to_string().contains("supportsTools"), "{refused}");

    let body = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}], "temperature": 1,
        "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}}}});
    let asked = Dialect::Chat.decode_request(body.to_string().as_bytes()).expect("valid");
    let encoded = provider(endpoint(compat), []).encode(&asked.request).expect("encodes");
    assert!(
        encoded.body.get("temperature").is_none() && encoded.body.get("response_format").is_none()
    );
    assert!(encoded.body["messages"][0]["content"].as_str().expect("text").contains("JSON Schema"));
    assert_eq!(encoded.losses, [Loss::Field("temperature"), Loss::AsInstruction("text.format")]);

    compat.chat.string_content = true;
    let body = json!({"model": "m", "messages": [{"role": "user", "content": [
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]}]});
    let asked = Dialect::Chat.decode_request(body.to_string().as_bytes()).expect("valid");
    assert!(provider(endpoint(compat), []).encode(&asked.request).is_err());
}

/// What a host with a duty thought comes home as its `reasoning_content`, and
/// goes to nobody else.
#[tokio::test]
async fn plain_reasoning_goes_home_and_nowhere_else() {
    let stream = concat!(
        "data: {\"choices\":[{\"delta\":{\"reasoning_content\":\"Hm, \\n look.\"}}]}\n\n",
        "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"c1\",\"function\":",
        "{\"name\":\"look\",\"arguments\":\"{}\"}}]},\"finish_reason\":\"tool_calls\"}]}\n\n",
        "data: [DONE]\n\n",
    );
    let home = "https://api.deepseek.com";
    let turn = turn_after(&provider(chat(home), [Script::sse(stream)])).await;
    assert_eq!(assistant(chat(home), &turn)["reasoning_content"], "Hm, \n look.");
    // Another host with the same duty gets an empty one, not another's thoughts.
    let mut compat = Compat::plain();
    compat.chat.replay = ReasoningReplay::WithToolCalls;
    let other = assistant(chat("https://api.vendor.example/v1").compat(compat), &turn);
    assert_eq!(other["reasoning_content"], "");
    for base in ["http://127.0.0.1:8080/v1", "https://api.moonshot.ai/v1"] {
        let other = assistant(chat(base), &turn);
        assert!(!other.to_string().contains("Hm, "), "{base}: {other}");
    }
}
