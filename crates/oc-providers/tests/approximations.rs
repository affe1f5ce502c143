//! What a host takes only within bounds, or not at all, is never changed in
//! silence: each row was.

use std::sync::Arc;

use oc_providers::wire::{Dialect, Encoded};
use oc_providers::{Api, Endpoint, Loss, ModelFacts, Provider, ProviderError, ScriptedTransport};
use serde_json::{Value, json};

const RESPONSES: (Api, &str) = (Api::OpenaiResponses, "http://127.0.0.1:1234/v1");
const CHAT: (Api, &str) = (Api::OpenaiCompletions, "http://127.0.0.1:8080/v1");
const MESSAGES: (Api, &str) = (Api::AnthropicMessages, "http://127.0.0.1:8080");
const ANTHROPIC: (Api, &str) = (Api::AnthropicMessages, "https://api.anthropic.com");

fn encoded(dialect: Dialect, host: (Api, &str), more: Value) -> Encoded {
    try_encoded(dialect, host, more).expect("encodes")
}

fn try_encoded(dialect: Dialect, host: (Api, &str), more: Value) -> Result<Encoded, ProviderError> {
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
    provider.encode(&asked)
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

/// It was dropped at the host whose vendor made the field, too.
#[test]
fn who_speaks_is_carried_where_the_field_is_known() {
    let messages = json!([
        {"role": "developer", "name": "boss", "content": "Be kind."},
        {"role": "user", "name": "ann", "content": "hi"},
        {"role": "user", "name": "bob", "content": "ho"},
        {"role": "assistant", "name": "cy", "content": "Hi, ann."},
        {"role": "assistant", "name": "di", "content": "Hi, bob."},
        {"role": "user", "content": "bye"}]);
    let openai = (Api::OpenaiCompletions, "https://api.openai.com/v1");
    let encoded = encoded(Dialect::Chat, openai, json!({"messages": messages}));
    assert_eq!((&encoded.body["messages"], &encoded.losses[..]), (&messages, &[][..]));
}

/// Chat refuses a number of them without the flag, and Responses gives none unless its
/// `include` says so: each got the other's words.
#[test]
fn log_probabilities_are_asked_for_in_the_words_of_the_wire() {
    let openai = "https://api.openai.com/v1";
    for asked in [json!({"top_logprobs": 3}), json!({"include": ["message.output_text.logprobs"]})]
    {
        let chat = encoded(Dialect::Responses, (Api::OpenaiCompletions, openai), asked.clone());
        assert_eq!((&chat.body["logprobs"], &chat.losses[..]), (&json!(true), &[][..]), "{asked}");
    }
    let body = json!({"logprobs": true, "top_logprobs": 3});
    let responses = encoded(Dialect::Chat, (Api::OpenaiResponses, openai), body);
    let include = responses.body["include"].as_array().expect("include");
    assert!(include.contains(&json!("message.output_text.logprobs")), "{include:?}");
    assert_eq!((&responses.body["top_logprobs"], &responses.losses[..]), (&json!(3), &[][..]));
}

/// All were called functions on the way, and hosted ones fell out of the list.
#[test]
fn allowed_tools_stay_of_their_types_on_their_own_wire() {
    let openai = (Api::OpenaiResponses, "https://api.openai.com/v1");
    let tools = json!([{"type": "function", "name": "f", "strict": false,
        "parameters": {"type": "object", "properties": {}}}, {"type": "custom", "name": "sql"},
        {"type": "web_search"}]);
    for allowed in [
        json!([{"type": "function", "name": "f"}, {"type": "custom", "name": "sql"}]),
        json!([{"type": "function", "name": "f"}, {"type": "web_search"}]),
    ] {
        let choice = json!({"type": "allowed_tools", "mode": "auto", "tools": allowed});
        let body = json!({"tools": tools, "tool_choice": choice});
        assert_eq!(encoded(Dialect::Responses, openai, body).body["tool_choice"], choice);
    }
}

/// A list of objects was taken for parts without a type, and refused.
#[test]
fn a_result_of_bare_json_is_its_text() {
    let calls =
        json!([{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}]);
    let body = json!({"messages": [{"role": "user", "content": "go"},
        {"role": "assistant", "tool_calls": calls},
        {"role": "tool", "tool_call_id": "c", "content": [{"name": "x"}, {"name": "y"}]}]});
    for host in [RESPONSES, CHAT, MESSAGES] {
        let body = encoded(Dialect::Chat, host, body.clone()).body.to_string();
        assert!(body.contains(r#"[{\"name\":\"x\"},{\"name\":\"y\"}]"#), "{body}");
    }
}

/// A result without an id belongs to the call before it, whatever else stands between.
#[test]
fn legacy_functions_become_calls_and_results() {
    let call = json!({"role": "assistant", "content": null, "function_call": {"name": "f", "arguments": "{\"a\":1}"}});
    let body = json!({"messages": [
        {"role": "user", "content": "go"}, call, {"role": "function", "name": "f", "content": "one"},
        call, {"role": "function", "name": "f", "content": "two"}]});
    for host in [RESPONSES, CHAT, MESSAGES] {
        let encoded = encoded(Dialect::Chat, host, body.clone());
        let text = encoded.body.to_string();
        let places = ["call_legacy_1", "one", "call_legacy_2", "two"].map(|word| text.find(word));
        assert!(places.is_sorted() && places.iter().all(Option::is_some), "{text}");
        assert_eq!(encoded.losses, [], "{host:?}");
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

/// One of them in a conversation ended it on every host but the vendor's; a document
/// lost its wish for citations there, too, and nobody was told.
#[test]
fn blocks_of_text_are_told_as_text_and_the_vendor_gets_them_whole() {
    let title = json!({"type": "text", "text": "TEXT"});
    let cites = json!({"enabled": true});
    for (block, text, lost) in [
        (
            json!({"type": "document", "title": "TITLE", "context": "CONTEXT", "citations": cites,
                "source": {"type": "text", "media_type": "text/plain", "data": "TEXT"}}),
            "CONTEXT\n\nTITLE\n\nTEXT",
            vec!["part document (as text)", "citations"],
        ),
        (
            json!({"type": "document", "source": {"type": "content", "content": [title, title]}}),
            "TEXT\n\nTEXT",
            vec!["part document (as text)"],
        ),
        (
            json!({"type": "search_result", "title": "TITLE", "source": "https://a.example",
                "content": [title], "citations": cites}),
            "TITLE\n\nhttps://a.example\n\nTEXT",
            vec!["part search_result (as text)", "citations"],
        ),
        (
            json!({"type": "tool_reference", "tool_name": "f"}),
            "The tool `f` can be called.",
            vec!["part tool_reference (as text)"],
        ),
    ] {
        let said = json!({"messages": [{"role": "user", "content": [block]}]});
        let returned = json!({"messages": [
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "c", "name": "f", "input": {}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c", "content": [block]}]}]});
        for body in [said, returned] {
            for host in [RESPONSES, CHAT, MESSAGES] {
                let encoded = encoded(Dialect::Messages, host, body.clone());
                let sent = encoded.body.to_string();
                assert!(sent.contains(&json!(text).to_string()), "{host:?}: {sent}");
                let names: Vec<String> = encoded.losses.iter().map(Loss::name).collect();
                assert_eq!(names, lost, "{host:?}: {sent}");
            }
            let encoded = encoded(Dialect::Messages, ANTHROPIC, body);
            let sent = encoded.body.to_string();
            assert!(sent.contains(&block.to_string()), "{sent}");
            assert_eq!(encoded.losses, []);
        }
    }
}

/// A picture in a document cannot be said: it was dropped in silence.
#[test]
fn a_document_with_a_picture_in_it_is_for_the_vendors_host() {
    let picture = json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}});
    let block = json!({"type": "document", "source": {"type": "content", "content": [picture]}});
    let asks = json!({"type": "text", "text": "And now?"});
    let body = json!({"messages": [{"role": "user", "content": [block, asks]}]});
    for host in [RESPONSES, CHAT, MESSAGES] {
        let refused = try_encoded(Dialect::Messages, host, body.clone()).expect_err("a picture");
        assert!(refused.to_string().contains("messages[0].content[0]"), "{refused}");
    }
    let sent = encoded(Dialect::Messages, ANTHROPIC, body).body.to_string();
    assert!(sent.contains(&block.to_string()), "{sent}");
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

/// Wherever it stands: in texts, arguments, schemas, fields that nobody knows.
#[test]
fn half_a_character_is_replaced_wherever_it_stands() {
    const HALF: &str = r"x\ud83dx";
    let half = |dialect: Dialect| match dialect {
        Dialect::Responses => [
            r#"{"model":"m","tomorrow":"HALF","instructions":"HALF","tools":[{"type":"function","#,
            r#""name":"f","description":"HALF","parameters":{"type":"object","title":"HALF"}}],"#,
            r#""input":[{"role":"user","content":"HALF"},{"type":"function_call","call_id":"c","#,
            r#""name":"f","arguments":"{\"HALF\":\"ESCAPED\"}"},"#,
            r#"{"type":"function_call_output","call_id":"c","output":"HALF"}]}"#,
        ],
        Dialect::Chat => [
            r#"{"model":"m","tomorrow":"HALF","tools":[{"type":"function","function":{"#,
            r#""name":"f","description":"HALF","parameters":{"type":"object","title":"HALF"}}}],"#,
            r#""messages":[{"role":"system","content":"HALF"},{"role":"user","content":"HALF"},"#,
            r#"{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f","#,
            r#""arguments":"{\"HALF\":\"ESCAPED\"}"}}]},{"role":"tool","tool_call_id":"c","content":"HALF"}]}"#,
        ],
        _ => [
            r#"{"model":"m","tomorrow":"HALF","system":"HALF","max_tokens":9,"tools":[{"#,
            r#""name":"f","description":"HALF","input_schema":{"type":"object","title":"HALF"}}],"#,
            r#""messages":[{"role":"user","content":"HALF"},{"role":"assistant","content":["#,
            r#"{"type":"tool_use","id":"c","name":"f","input":{"HALF":"HALF","n":12345678901234567890123}}]},"#,
            r#"{"role":"user","content":[{"type":"tool_result","tool_use_id":"c","content":"HALF"}]}]}"#,
        ],
    };
    for dialect in Dialect::ALL {
        // In arguments it may be an escape of the arguments' own.
        let body = half(dialect).concat().replace("ESCAPED", r"x\\ud83dx").replace("HALF", HALF);
        let asked = dialect.decode_request(body.as_bytes()).expect("a request").request;
        for (api, base) in [RESPONSES, CHAT, MESSAGES, ANTHROPIC] {
            let endpoint = Endpoint::new("p", api, base).expect("url");
            let transport = Arc::new(ScriptedTransport::default());
            let encoded = Provider::new(endpoint, transport).expect("ok").encode(&asked);
            let text = encoded.expect("encodes").body.to_string();
            let halves = ["x\u{fffd}x", r"x\\ufffdx"].map(|half| text.matches(half).count());
            // A field that nobody knows goes to a local host of the wire.
            let tomorrow = dialect == Dialect::Chat && (api, base) == CHAT;
            let wanted = 7 + usize::from(tomorrow);
            assert_eq!(halves.iter().sum::<usize>(), wanted, "{dialect:?} → {base}: {text}");
            assert!(!text.contains("_raw") && !text.contains("ud83d"), "{dialect:?}: {text}");
        }
    }
}

#[test]
fn a_body_that_is_json_and_cannot_be_read_is_told_so() {
    let deep = format!("{{\"model\":\"m\",\"a\":{}1{}}}", "[".repeat(200), "]".repeat(200));
    for (body, words) in [
        (r#"{"model":"m","a":1e400}"#, "body holds a number beyond 1.8e308: "),
        (deep.as_str(), "body is nested deeper than 127 levels: "),
        (r#"{"model":"m","a":1e}"#, "is not valid json: line 1, column "),
    ] {
        for dialect in Dialect::ALL {
            let refused = dialect.decode_request(body.as_bytes()).expect_err("refused");
            assert!(refused.message.contains(words), "{}", refused.message);
            assert_eq!(refused.code, Some("invalid_json"));
        }
    }
}
