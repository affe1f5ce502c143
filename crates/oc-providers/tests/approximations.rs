//! What a host takes only within bounds, or not at all, is never changed in
//! silence: each row was.

use std::sync::Arc;

use oc_providers::wire::{Dialect, Encoded};
use oc_providers::{Api, Endpoint, Loss, ModelFacts, Provider, ScriptedTransport};
use serde_json::{Value, json};

const RESPONSES: (Api, &str) = (Api::OpenaiResponses, "http://127.0.0.1:1234/v1");
const CHAT: (Api, &str) = (Api::OpenaiCompletions, "http://127.0.0.1:8080/v1");
const MESSAGES: (Api, &str) = (Api::AnthropicMessages, "http://127.0.0.1:8080");
const ANTHROPIC: (Api, &str) = (Api::AnthropicMessages, "https://api.anthropic.com");

fn encoded(dialect: Dialect, host: (Api, &str), more: Value) -> Encoded {
    let mut body = match dialect {
        Dialect::Responses => json!({"model": "m", "input": "hi"}),
        _ => json!({"model": "m", "messages": [{"role": "user", "content": "hi"}]}),
    };
    for (key, value) in more.as_object().expect("object") {
        body[key] = value.clone();
    }
    let facts = ModelFacts::new().with_reasoning(true).with_max_output_tokens(8192);
    let endpoint = Endpoint::new("p", host.0, host.1).expect("url").model("m", facts);
    let provider = Provider::new(endpoint, Arc::new(ScriptedTransport::default())).expect("ok");
    let asked = dialect.decode_request(body.to_string().as_bytes()).expect("request").request;
    provider.encode(&asked).expect("encodes")
}

#[test]
fn a_value_that_is_brought_within_bounds_is_listed() {
    for host in [RESPONSES, CHAT, MESSAGES] {
        let tokens = encoded(Dialect::Messages, host, json!({"max_tokens": 20_000}));
        assert_eq!(tokens.losses, [Loss::Clamped("max_output_tokens")], "{host:?}");
    }
    let warm = encoded(Dialect::Chat, MESSAGES, json!({"temperature": 1.7}));
    assert_eq!(warm.losses, [Loss::Clamped("temperature")]);
    let odd = encoded(Dialect::Chat, MESSAGES, json!({"reasoning_effort": "ultra"}));
    assert_eq!(odd.losses, [Loss::Clamped("reasoning.effort")]);
}

#[test]
fn a_thinking_budget_stays_what_it_was_on_its_own_wire() {
    let asked = |tokens: u64| json!({"max_tokens": 8192, "thinking": {"type": "enabled", "budget_tokens": tokens}});
    for host in [MESSAGES, ANTHROPIC] {
        let carried = encoded(Dialect::Messages, host, asked(4000));
        assert_eq!(carried.body["thinking"]["budget_tokens"], 4000);
        assert_eq!(carried.losses, []);
        let cut = encoded(Dialect::Messages, host, asked(60_000));
        assert_eq!(cut.losses, [Loss::Clamped("thinking.budget_tokens")]);
    }
}

#[test]
fn an_effort_that_nobody_knows_is_not_sent_to_hosts_of_three() {
    for host in [RESPONSES, CHAT] {
        let odd = encoded(Dialect::Chat, host, json!({"reasoning_effort": "ultra"}));
        assert!(!odd.body.to_string().contains("ultra"), "{}", odd.body);
        assert_eq!(odd.losses, [Loss::Field("reasoning")]);
    }
}

#[test]
fn who_speaks_is_listed_where_it_is_dropped() {
    let named = json!({"messages": [{"role": "user", "name": "ann", "content": "hi"}]});
    for host in [RESPONSES, CHAT, MESSAGES] {
        let losses = encoded(Dialect::Chat, host, named.clone()).losses;
        assert_eq!(losses, [Loss::UnknownField("name".into())], "{host:?}");
    }
}

#[test]
fn the_context_of_a_document_is_carried_as_text() {
    let document = json!({"type": "document", "context": "CONTEXT", "source":
        {"type": "base64", "media_type": "application/pdf", "data": "AAAA"}});
    for host in [RESPONSES, MESSAGES, ANTHROPIC] {
        let body = json!({"messages": [{"role": "user", "content": [document]}]});
        let encoded = encoded(Dialect::Messages, host, body);
        assert!(encoded.body.to_string().contains("CONTEXT"), "{}", encoded.body);
    }
}

/// Anthropic refuses a stop sequence without a visible character.
#[test]
fn white_space_as_a_stop_is_enforced_here() {
    let body = json!({"stop": ["END", "\n", " ", ""]});
    let encoded = encoded(Dialect::Chat, MESSAGES, body);
    assert_eq!(encoded.body["stop_sequences"], json!(["END"]));
    assert_eq!(encoded.stop, ["\n", " "]);
    assert_eq!(encoded.losses, [Loss::EnforcedHere("stop")]);
}

#[test]
fn an_odd_picture_is_named_as_hosts_know_it_or_refused() {
    let part = |url: &str| {
        json!({"messages": [{"role": "user", "content": [
        {"type": "text", "text": "look"}, {"type": "image_url", "image_url": {"url": url}}]}]})
    };
    for url in ["data:image/jpg;base64,AAAA", "DATA:image/jpeg;base64,AAAA"] {
        let sent = encoded(Dialect::Chat, MESSAGES, part(url)).body;
        let source = &sent["messages"][0]["content"][1]["source"];
        assert_eq!(source["media_type"], "image/jpeg", "{url}");
    }
}

/// Half of a surrogate pair made the whole body "not valid json".
#[test]
fn half_a_character_in_a_body_is_replaced() {
    for (text, wanted) in [
        (r"a\ud83d", "a\u{fffd}"),
        (r"\ude00b", "\u{fffd}b"),
        (r"\ud83d\ude00", "\u{1f600}"),
        (r"\ud83d\ud83d\ude00", "\u{fffd}\u{1f600}"),
        (r"\\ud83d", r"\ud83d"),
    ] {
        let body =
            format!(r#"{{"model":"m\ud83d","messages":[{{"role":"user","content":"{text}"}}]}}"#);
        let asked = Dialect::Chat.decode_request(body.as_bytes()).expect("a request").request;
        assert!(format!("{:?}", asked.input).contains(&format!("{wanted:?}")), "{text}");
    }
}
