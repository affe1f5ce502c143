//! What an independent tester broke, each named after what it was.

mod support;

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use futures::{FutureExt as _, StreamExt as _};
use oc_fallback::{Gate, classify};
use oc_providers::wire::Dialect;
use oc_providers::wire::openai_responses::decode_request;
use oc_providers::{
    Api, ApiKey, Delta, Endpoint, HttpRequest, HttpResponse, ModelFacts, Provider, ProviderError,
    ProviderErrorKind, Request, Script, ScriptedTransport, Transport, TransportError,
    TransportErrorKind,
};
use oc_responses_stream::FinishReason;
use serde_json::{Value, json};
use support::{provider, run};

const LOCAL: &str = "http://127.0.0.1:8080/v1";
const OPENAI: &str = "https://api.openai.com/v1";

fn event(json: &Value) -> String {
    format!("data: {json}\n\n")
}

/// The deltas that come before `script` falls silent.
async fn before_silence(api: Api, script: Script) -> Vec<Delta> {
    let provider = provider(api, [script.then_stall()]);
    let mut deltas = provider.stream(&Request::text("m", "hi")).await.expect("an answer");
    let mut all = Vec::new();
    while let Some(Some(delta)) = deltas.next().now_or_never() {
        all.push(delta.expect("a delta"));
    }
    all
}

fn alive(deltas: &[Delta]) -> usize {
    deltas.iter().filter(|delta| matches!(delta, Delta::Alive)).count()
}

#[tokio::test]
async fn a_long_call_was_silent_while_it_streamed() {
    let added = json!({"type": "response.output_item.added", "output_index": 0, "item":
        {"type": "function_call", "id": "fc", "call_id": "c", "name": "f", "arguments": ""}});
    let piece = json!({"type": "response.function_call_arguments.delta", "item_id": "fc",
        "output_index": 0, "delta": "{\"a\":"});
    let deltas =
        before_silence(Api::OpenaiResponses, Script::sse(event(&added)).then(event(&piece))).await;
    assert!(alive(&deltas) > 0, "{deltas:?}");
}

#[tokio::test]
async fn half_an_event_and_half_a_document_were_silence() {
    for (api, first) in [
        (Api::OpenaiResponses, "data: {\"type\":\"respon"),
        (Api::OpenaiResponses, "{\"id\":\"r\",\"status\""),
        (Api::OpenaiCompletions, "data: {\"choi"),
        (Api::AnthropicMessages, "event: mess"),
    ] {
        let deltas = before_silence(api, Script::sse(first)).await;
        assert_eq!(alive(&deltas), 1, "{first}: {deltas:?}");
    }
    assert_eq!(alive(&before_silence(Api::OpenaiResponses, Script::sse("")).await), 0);
}

fn encode(api: Api, base: &str, body: &Value) -> Result<Value, ProviderError> {
    let asked = decode_request(body.to_string().as_bytes()).expect("a valid request");
    encode_asked(api, base, &asked.request)
}

fn encode_asked(api: Api, base: &str, request: &Request) -> Result<Value, ProviderError> {
    let endpoint = Endpoint::new("p", api, base)
        .expect("url")
        .model("m", ModelFacts::new().with_reasoning(true).with_max_output_tokens(8192));
    let provider = Provider::new(endpoint, Arc::new(ScriptedTransport::default()))?;
    provider.encode(request).map(|encoded| encoded.body)
}

#[test]
fn a_prompt_was_lost_and_its_answer_was_a_success() {
    let user = |part: Value| json!({"role": "user", "content": [part]});
    for (item, place) in [
        (user(json!({"type": "holo", "x": 1})), "input[0].content[0]"),
        (user(json!({"type": "input_image", "file_id": "f"})), "input[0].content[0]"),
        (user(json!({"type": "input_file", "file_id": "f"})), "input[0].content[0]"),
        (json!({"type": "custom_tool_call", "call_id": "", "name": "p"}), "input[0]"),
        (json!({"type": "compaction", "encrypted_content": "x"}), "input[0]"),
    ] {
        let body = json!({"model": "m", "input": [item, {"role": "user", "content": "and?"}]});
        for api in [Api::OpenaiResponses, Api::OpenaiCompletions, Api::AnthropicMessages] {
            let refused = encode(api, LOCAL, &body).expect_err(place);
            assert_eq!(refused.kind(), ProviderErrorKind::Unsupported);
            assert!(refused.to_string().contains(&format!("`{place}`")), "{api}: {refused}");
        }
        assert!(encode(Api::OpenaiResponses, OPENAI, &body).is_ok());
    }
    let audio =
        json!({"model": "m", "input": [user(json!({"type": "input_audio", "input_audio": {}}))]});
    assert!(encode(Api::OpenaiResponses, LOCAL, &audio).is_err());
    // What a host did on its way to an answer is no prompt.
    let searched = json!({"model": "m", "input": [
        {"role": "user", "content": "hi"}, {"type": "web_search_call", "id": "ws"},
        {"role": "assistant", "content": "found"}, {"role": "user", "content": "and?"}]});
    assert!(encode(Api::OpenaiResponses, LOCAL, &searched).is_ok());
    // Nothing is left of a blank conversation.
    let blank = json!({"model": "m", "input": [{"role": "assistant", "content": []}]});
    assert!(encode(Api::OpenaiResponses, LOCAL, &blank).is_err());
}

#[test]
fn a_part_without_its_type_was_dropped() {
    let body = json!({"model": "m", "input": [{"role": "user", "content": [{"text": "planted"}]}]});
    let sent = encode(Api::OpenaiResponses, LOCAL, &body).expect("encodes");
    assert!(sent.to_string().contains("planted"), "{sent}");
    let body = json!({"model": "m", "input": [{"role": "user", "content": [{"x": 1}]}]});
    let refused = decode_request(body.to_string().as_bytes()).expect_err("no type");
    assert_eq!(refused.param.as_deref(), Some("input[0].content[0].type"));
}

#[test]
fn a_demanded_tool_was_dropped_with_its_demand() {
    for choice in [json!("required"), json!({"type": "web_search"})] {
        let body = json!({"model": "m", "input": "hi", "tools": [{"type": "web_search"}],
            "tool_choice": choice});
        for api in [Api::OpenaiResponses, Api::OpenaiCompletions, Api::AnthropicMessages] {
            let refused = encode(api, LOCAL, &body).expect_err("no tool");
            assert_eq!(refused.kind(), ProviderErrorKind::Unsupported);
            assert!(refused.to_string().contains("`tool_choice`"), "{refused}");
        }
        assert!(encode(Api::OpenaiResponses, OPENAI, &body).is_ok());
    }
    let body = json!({"model": "m", "input": "hi", "tools": [{"type": "web_search"}],
        "tool_choice": "auto"});
    assert!(encode(Api::OpenaiResponses, LOCAL, &body).is_ok());
}

#[test]
fn thinking_was_asked_for_after_a_call_without_any() {
    let call = json!({"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"});
    let result = json!({"type": "function_call_output", "call_id": "c", "output": "done"});
    let user = json!({"role": "user", "content": "and now?"});
    let done = json!({"role": "assistant", "content": "done"});
    let ask = |input: Value| {
        let body = json!({"model": "m", "reasoning": {"effort": "low"}, "input": input});
        let sent = encode(Api::AnthropicMessages, "https://api.anthropic.com", &body);
        sent.expect("encodes").get("thinking").is_some()
    };
    assert!(!ask(json!([user, call, result, user])));
    assert!(ask(json!([user, call, result, done, user])));
}

async fn failure(endpoint: Endpoint, script: Script) -> ProviderError {
    let transport = Arc::new(ScriptedTransport::new([script]));
    let provider = Provider::new(endpoint, transport).expect("provider");
    run(&provider, Request::text("m", "hi")).await.error.expect("a failure")
}

fn local(api: Api) -> Endpoint {
    Endpoint::new("p", api, LOCAL).expect("url")
}

#[tokio::test]
async fn an_upstream_quoted_headers_and_codes_and_the_secret_was_shown() {
    let secrets = ["sk-PLANTED-1", "planted-team-2", "pl3", "planted-query-4"];
    let [key, team, short, query] = secrets;
    let endpoint = || {
        Endpoint::new("p", Api::OpenaiResponses, &format!("{LOCAL}?token={query}"))
            .expect("url")
            .key(ApiKey::new(key))
            .header("x-team", &format!("Basic {team}"))
            .and_then(|endpoint| endpoint.header("x-short", short))
            .expect("headers")
    };
    let said = format!("got {key}, {team}, '{short}' and {query}");
    let error = json!({"error": {"message": said, "code": key, "type": team, "param": query}});
    let plain = format!("Traceback: {said}");
    let cut = format!("{} {key}", "x".repeat(490));
    for script in [
        Script::json(500, error.to_string()),
        Script::json(200, error.to_string()),
        Script::sse(event(&json!({"type": "error", "error": error["error"]}))),
        Script::answer(500, "text/plain", plain),
        Script::answer(500, "text/plain", cut),
    ] {
        let fault = failure(endpoint(), script).await;
        let shown = format!(
            "{fault} {fault:?} {:?} {:?} {:?} {:?}",
            fault.message(),
            fault.code(),
            fault.error_type(),
            fault.param()
        );
        assert!(fault.message().is_some_and(|text| text.contains("[key]")), "{shown}");
        for secret in secrets.into_iter().chain(["sk-PLAN"]) {
            assert!(!shown.contains(secret), "{secret}: {shown}");
        }
    }
}

#[tokio::test]
async fn a_placeholder_key_mangled_the_message() {
    let words = "Model not loaded in lmstudio; run lmstudio load";
    for key in ["lmstudio", "local", "ollama", "none", "x"] {
        let script = Script::json(404, json!({"error": {"message": words}}).to_string());
        let fault = failure(local(Api::OpenaiResponses).key(ApiKey::new(key)), script).await;
        assert_eq!(fault.message(), Some(words));
    }
}

#[tokio::test]
async fn the_cause_was_thrown_away() {
    let chunk = event(&json!({"object": "chat.completion.chunk", "choices":
        [{"index": 0, "delta": {"content": "hi"}}]}));
    let completion = json!({"object": "chat.completion", "choices":
        [{"message": {"role": "assistant", "content": "hi"}}]});
    let created = event(&json!({"type": "response.created", "response": {"id": "r"}}));
    let responses = Api::OpenaiResponses;
    for (api, script, wanted) in [
        (responses, Script::answer(200, "text/html", "<html>"), "web page"),
        (responses, Script::answer(200, "text/plain", "<html>"), "HTML"),
        (responses, Script::sse("x").with_header("content-encoding", "gzip"), "compressed"),
        (responses, Script::answer(307, "", ""), "redirects"),
        (responses, Script::sse(chunk.clone() + "data: [DONE]\n\n"), "openai-completions"),
        (responses, Script::sse(chunk), "openai-completions"),
        (responses, Script::json(200, completion.to_string()), "openai-completions"),
        (Api::OpenaiCompletions, Script::sse(created.clone()), "openai-responses"),
        (Api::AnthropicMessages, Script::sse(created), "openai-responses"),
    ] {
        let fault = failure(local(api), script).await;
        // What the ledger and the client are told.
        let told = oc_fallback::Problem::from_facts(&fault);
        assert!(told.text().contains(wanted), "{wanted}: {told:?}");
    }
}

#[tokio::test]
async fn a_cut_stream_is_still_cut() {
    let created = event(&json!({"type": "response.created", "response": {"id": "r"}}));
    let fault = failure(local(Api::OpenaiResponses), Script::sse(created)).await;
    assert_eq!(fault.kind(), ProviderErrorKind::Cut);
}

#[tokio::test]
async fn a_broken_call_is_told_by_its_code() {
    let item =
        json!({"type": "function_call", "call_id": "c", "name": "f", "arguments": "{\"a\":"});
    let script = Script::sse(
        event(&json!({"type": "response.output_item.done", "output_index": 0, "item": item}))
            + &event(&json!({"type": "response.completed", "response": {"status": "completed"}})),
    );
    let fault = failure(local(Api::OpenaiResponses), script).await;
    assert_eq!(fault.kind(), ProviderErrorKind::BadToolCall);
    assert_eq!(oc_fallback::Facts::code(&fault), Some("bad_tool_call"));
    assert_eq!(classify(&fault).as_str(), "bad_tool_call");
    assert!(oc_fallback::Facts::message(&fault).is_some_and(|text| text.contains("json object")));
}

#[tokio::test]
async fn an_answer_of_a_custom_call_alone_was_empty() {
    let item = json!({"type": "custom_tool_call", "id": "ctc", "call_id": "c", "name": "apply_patch",
        "input": "*** Begin"});
    let script = Script::sse(
        event(&json!({"type": "response.output_item.added", "output_index": 0, "item": item}))
            + &event(
                &json!({"type": "response.output_item.done", "output_index": 0, "item": item}),
            )
            + &event(&json!({"type": "response.completed", "response":
                {"status": "completed", "output": [item]}})),
    );
    let outcome = run(&provider(Api::OpenaiResponses, [script]), Request::text("m", "hi")).await;
    assert_eq!(outcome.verdict, Gate::Commit, "{:?}", outcome.deltas);
}

#[tokio::test]
async fn a_refusal_was_an_answer_of_nothing() {
    let refusal = |details: Value| {
        let delta =
            json!({"stop_reason": "refusal", "stop_sequence": null, "stop_details": details});
        let stream = event(&json!({"type": "message_start", "message": {"id": "m"}}))
            + &event(
                &json!({"type": "message_delta", "delta": delta, "usage": {"output_tokens": 1}}),
            )
            + &event(&json!({"type": "message_stop"}));
        let document = json!({"type": "message", "content": [], "stop_reason": "refusal",
            "stop_details": details});
        [Script::sse(stream), Script::json(200, document.to_string())]
    };
    for (details, wanted) in [
        (json!(null), "The model declined to answer."),
        (json!({"type": "refusal", "explanation": "Not this."}), "Not this."),
    ] {
        for script in refusal(details) {
            let outcome =
                run(&provider(Api::AnthropicMessages, [script]), Request::text("m", "hi")).await;
            let told = outcome.deltas.iter().find_map(|delta| match delta {
                Delta::Refusal(text) => Some(text.text.as_str()),
                _ => None,
            });
            assert_eq!(told, Some(wanted));
            assert_eq!(outcome.verdict, Gate::Commit);
        }
    }
}

#[test]
fn a_tool_became_strict_on_its_way_to_openai() {
    // A missing `strict` is true on the Responses wire, and false on the others.
    let chat = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}],
        "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]});
    let messages = json!({"model": "m", "max_tokens": 9,
        "messages": [{"role": "user", "content": "hi"}],
        "tools": [{"name": "f", "input_schema": {"type": "object"}}]});
    let responses = json!({"model": "m", "input": "hi",
        "tools": [{"type": "function", "name": "f", "parameters": {"type": "object"}}]});
    for (dialect, body, wanted) in [
        (Dialect::Chat, chat, json!(false)),
        (Dialect::Messages, messages, json!(false)),
        (Dialect::Responses, responses, Value::Null),
    ] {
        let asked = dialect.decode_request(body.to_string().as_bytes()).expect("a valid body");
        let sent = encode_asked(Api::OpenaiResponses, OPENAI, &asked.request).expect("a request");
        assert_eq!(sent["tools"][0]["strict"], wanted, "{dialect:?}");
    }
}

#[tokio::test]
async fn an_answer_cut_by_a_filter_was_completed() {
    // Found by `cargo xtask interop`: text, then `stop_reason: refusal`, reached
    // OpenAI's SDKs as `completed` and `stop`.
    let stream = [
        json!({"type": "message_start", "message": {"id": "m"}}),
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
        json!({"type": "content_block_delta", "index": 0,
            "delta": {"type": "text_delta", "text": "Paris is the"}}),
        json!({"type": "content_block_stop", "index": 0}),
        json!({"type": "message_delta", "delta": {"stop_reason": "refusal"},
            "usage": {"output_tokens": 3}}),
        json!({"type": "message_stop"}),
    ];
    let stream: String = stream.iter().map(event).collect();
    let outcome =
        run(&provider(Api::AnthropicMessages, [Script::sse(stream)]), Request::text("m", "hi"))
            .await;
    let reason = outcome.answer.finish.map(|finish| finish.reason);
    assert_eq!(reason, Some(FinishReason::ContentFilter));
    assert!(!outcome.deltas.iter().any(|delta| matches!(delta, Delta::Refusal(_))));
}

#[tokio::test]
async fn a_whole_answer_was_incomplete_for_the_window_of_the_config() {
    let text =
        event(&json!({"type": "response.output_text.delta", "output_index": 0, "delta": "a"}));
    let completed = json!({"type": "response.completed", "response": {"status": "completed", "usage":
        {"input_tokens": 400, "output_tokens": 100, "total_tokens": 500}}});
    let body = text + &event(&completed);
    for (facts, wanted) in [
        // Understated, or met by chance: a config's window is an estimate.
        (ModelFacts::new().with_context_window(256), FinishReason::Stop),
        (ModelFacts::new().with_context_window(500), FinishReason::Stop),
        // The server itself says so.
        (ModelFacts::new().with_served_window(501), FinishReason::Stop),
        (ModelFacts::new().with_served_window(500), FinishReason::Length),
    ] {
        let endpoint = local(Api::OpenaiResponses).model("m", facts.clone());
        let transport = Arc::new(ScriptedTransport::new([Script::sse(body.clone())]));
        let provider = Provider::new(endpoint, transport).expect("provider");
        let outcome = run(&provider, Request::text("m", "hi")).await;
        assert_eq!(outcome.answer.finish.map(|finish| finish.reason), Some(wanted), "{facts:?}");
    }
}

#[tokio::test]
async fn endless_arguments_were_never_too_large() {
    let added = json!({"type": "response.output_item.added", "output_index": 0, "item":
        {"type": "function_call", "id": "fc", "call_id": "c", "name": "f", "arguments": ""}});
    let piece = event(&json!({"type": "response.function_call_arguments.delta", "item_id": "fc",
        "output_index": 0, "delta": "y".repeat(60_000)}));
    let script = (0..300).fold(Script::sse(event(&added)), |script, _| script.then(piece.clone()));
    let fault = failure(local(Api::OpenaiResponses), script).await;
    assert_eq!(fault.kind(), ProviderErrorKind::Oversized);
    assert_eq!(classify(&fault).as_str(), "oversized");
}

/// `"parameters": {}` went on as it was: Anthropic answers 400 to a schema
/// without a type. Found by the fuzz target of chat requests.
#[test]
fn an_empty_schema_was_sent_to_hosts_that_refuse_it() {
    let body = r#"{"model":"m","messages":[{"role":"user","content":"hi"}],
        "tools":[{"type":"function","function":{"name":"now","parameters":{}}}]}"#;
    let asked = Dialect::Chat.decode_request(body.as_bytes()).expect("reads");
    let provider = provider(Api::AnthropicMessages, []);
    let encoded = provider.encode(&asked.request).expect("encodes");
    assert_eq!(encoded.body["tools"][0]["input_schema"]["type"], "object");
}

/// A script with the runtime's clock.
#[derive(Debug)]
struct Clocked(ScriptedTransport);

#[async_trait::async_trait]
impl Transport for Clocked {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        self.0.send(request).await
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(time))
    }
}

fn chat_over_a_clock(script: Script) -> Provider {
    let endpoint = Endpoint::new("local", Api::OpenaiCompletions, LOCAL).expect("an endpoint");
    let transport = Arc::new(Clocked(ScriptedTransport::new([script])));
    Provider::new(endpoint, transport).expect("a provider")
}

/// Text and a finish reason, then nothing more on an open connection, or an end
/// that is none: the answer is whole, and was told as a failure.
#[tokio::test(start_paused = true)]
async fn a_whole_chat_answer_waited_for_its_mark_until_it_failed() {
    let text = json!({"object": "chat.completion.chunk", "choices": [{"index": 0,
        "delta": {"content": "Paris."}}]});
    let end = json!({"object": "chat.completion.chunk", "choices": [{"index": 0,
        "delta": {}, "finish_reason": "stop"}]});
    let whole = || Script::sse(event(&text)).then(event(&end));
    let open = whole().then_stall();
    let pinging = (0..9).fold(whole(), |script, _| script.then(": ping\n\n")).then_stall();
    let reset = whole().then_fail(TransportErrorKind::Reset);
    for script in [open, pinging, reset] {
        let provider = chat_over_a_clock(script);
        let deltas = provider.stream(&Request::text("m", "hi")).await.expect("an answer");
        let all: Vec<_> = deltas.map(|delta| delta.expect("a delta")).collect().await;
        assert!(matches!(all.last(), Some(Delta::Finish(_))), "{all:?}");
    }
}

/// What is not whole is not made whole by waiting.
#[tokio::test(start_paused = true)]
async fn half_a_chat_answer_stays_half_however_long_it_is_waited_for() {
    let text = json!({"object": "chat.completion.chunk", "choices": [{"index": 0,
        "delta": {"content": "Par"}}]});
    let provider = chat_over_a_clock(Script::sse(event(&text)).then_stall());
    let deltas = provider.stream(&Request::text("m", "hi")).await.expect("an answer");
    let rest = tokio::time::timeout(Duration::from_secs(3600), deltas.count()).await;
    assert!(rest.is_err(), "it ended");
}

/// A document behind a byte order mark was a stream without events where the mark
/// came in pieces, and no JSON where it came whole. Found by the fuzz target of
/// Messages answers.
#[tokio::test]
async fn a_document_behind_a_byte_order_mark_was_lost() {
    let answer = r#"{"type":"message","role":"assistant","id":"m","model":"m",
        "content":[{"type":"text","text":"Hi."}],"stop_reason":"end_turn"}"#;
    let body = format!("\u{feff}{answer}").into_bytes();
    for size in [1, 2, 3, body.len()] {
        let script = Script::json(200, "");
        let script = body.chunks(size).fold(script, |script, piece| script.then(piece.to_vec()));
        let outcome =
            run(&provider(Api::AnthropicMessages, [script]), Request::text("m", "hi")).await;
        assert_eq!(outcome.answer.final_text(), "Hi.", "in pieces of {size}: {:?}", outcome.error);
    }
}

/// A relay writes the end when it loses its upstream. `message_stop` without a reason was
/// a success, where `[DONE]` without one was a cut.
#[tokio::test]
async fn an_end_without_a_reason_was_a_success_on_one_wire() {
    let messages = |reason: Value| {
        [
            json!({"type": "message_start", "message": {"id": "m"}}),
            json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": "half"}}),
            json!({"type": "content_block_stop", "index": 0}),
            json!({"type": "message_delta", "delta": {"stop_reason": reason}}),
            json!({"type": "message_stop"}),
        ]
    };
    let chat = |reason: Value| {
        [json!({"choices": [{"delta": {"content": "half"}, "finish_reason": reason}]})]
    };
    let responses = |status: &str| {
        [
            json!({"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": "half"}),
            json!({"type": "response.completed", "response": {"id": "r", "status": status, "output": []}}),
        ]
    };
    let stream = |events: &[Value], mark: &str| {
        Script::sse(events.iter().map(event).collect::<String>() + mark)
    };
    let done = "data: [DONE]\n\n";
    let message = |reason: Value| json!({"type": "message", "content": [{"type": "text", "text": "half"}], "stop_reason": reason});
    let completion = |reason: Value| json!({"choices": [{"message": {"content": "half"}, "finish_reason": reason}]});
    let response = |status: Value| {
        json!({"object": "response", "status": status, "output": [
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "half"}]}]})
    };
    let document = |json: Value| Script::json(200, json.to_string());
    let (says, null) = (|word: &str| Value::from(word), Value::Null);
    for (api, script, is_whole) in [
        (Api::AnthropicMessages, stream(&messages(says("end_turn")), ""), true),
        (Api::AnthropicMessages, stream(&messages(null.clone()), ""), false),
        (Api::OpenaiCompletions, stream(&chat(says("stop")), done), true),
        (Api::OpenaiCompletions, stream(&chat(null.clone()), done), false),
        (Api::OpenaiResponses, stream(&responses("completed"), ""), true),
        (Api::OpenaiResponses, stream(&responses("in_progress"), done), false),
        // A document that closes is whole.
        (Api::AnthropicMessages, document(message(null.clone())), true),
        (Api::OpenaiCompletions, document(completion(null.clone())), true),
        (Api::OpenaiResponses, document(response(null)), true),
        (Api::OpenaiResponses, document(response(says("in_progress"))), false),
    ] {
        let what = format!("{api} {script:?}");
        match provider(api, [script]).collect(&Request::text("m", "hi")).await {
            Ok(_) => assert!(is_whole, "{what}"),
            Err(fault) => {
                assert_eq!((fault.kind(), is_whole), (ProviderErrorKind::Cut, false), "{what}")
            }
        }
    }
}

/// vLLM says in `stop_reason` which sequence matched; Messages clients got `end_turn`.
#[tokio::test]
async fn the_stop_sequence_that_a_chat_host_names_was_not_read() {
    let body = event(&json!({"choices": [{"delta": {"content": "a"}}]}))
        + &event(
            &json!({"choices": [{"delta": {}, "finish_reason": "stop", "stop_reason": "<END>"}]}),
        )
        + "data: [DONE]\n\n";
    let provider = provider(Api::OpenaiCompletions, [Script::sse(body)]);
    let deltas = provider.collect(&Request::text("m", "hi")).await.expect("an answer");
    let Some(Delta::Finish(finish)) = deltas.last() else { panic!("{deltas:?}") };
    assert_eq!(finish.stop_sequence.as_deref(), Some("<END>"));
}
