//! Several answers to one request (`n`), over real sockets.

use std::collections::BTreeMap;

use oc_gateway::lookalike::{Lookalike, Step, messages, responses};
use serde_json::{Value, json};

use crate::{
    dialect_client::frames,
    support::{Answer, Gateway},
};

/// A chain of two, with the wire of each.
async fn over(first: (&str, &Lookalike), second: (&str, &Lookalike)) -> Gateway {
    let provider = |id: &str, (api, at): (&str, &Lookalike)| {
        let base = match api {
            "anthropic-messages" => format!("http://{}", at.address()),
            _ => at.base_url(),
        };
        format!(
            r#"{id}: {{ baseUrl: "{base}", apiKey: "k", api: "{api}", models: [{{ id: "m", name: "M" }}] }}"#
        )
    };
    let config = format!(
        r#"{{
          agents: {{ defaults: {{ model: {{ primary: "box/m", fallbacks: ["spare/m"] }} }} }},
          models: {{ providers: {{ {}, {} }} }},
        }}"#,
        provider("box", first),
        provider("spare", second),
    );
    Gateway::start(&config, r#"{ fallback: { retry: { attempts: 1 } } }"#).await
}

async fn ask(gateway: &Gateway, n: u32, stream: bool) -> Answer {
    ask_with(gateway, n.into(), stream, &[]).await
}

async fn ask_with(gateway: &Gateway, n: Value, stream: bool, headers: &[(&str, &str)]) -> Answer {
    let options = if stream { json!({ "include_usage": true }) } else { Value::Null };
    let body = json!({ "model": "default", "n": n, "stream": stream, "stream_options": options,
        "messages": [{ "role": "user", "content": "Hi" }] });
    gateway
        .request("POST", "/v1/chat/completions", headers, Some(body.to_string().as_bytes()))
        .await
}

fn chunk(choices: Value) -> String {
    let chunk = json!({ "id": "up", "object": "chat.completion.chunk", "model": "up",
        "choices": choices });
    format!("data: {chunk}\n\n")
}

fn says(index: u64, text: &str) -> String {
    chunk(json!([{ "index": index, "delta": { "content": text }, "finish_reason": null }]))
}

fn ends(index: u64) -> String {
    chunk(json!([{ "index": index, "delta": {}, "finish_reason": "stop" }]))
}

fn done() -> String {
    let usage = json!({ "prompt_tokens": 5, "completion_tokens": 9, "total_tokens": 14 });
    let last = json!({ "id": "up", "choices": [], "usage": usage });
    format!("data: {last}\n\ndata: [DONE]\n\n")
}

async fn upstream(pieces: &[String]) -> Lookalike {
    let script: Vec<Step> = [Step::sse_head()]
        .into_iter()
        .chain(pieces.iter().map(|piece| Step::send(piece.clone())))
        .collect();
    Lookalike::start(move |_| script.clone()).await.unwrap()
}

/// Answers with three, of which the second thinks.
async fn healthy(name: &str) -> Lookalike {
    upstream(&[
        says(2, &format!("{name} 2")),
        says(1, "<think>hm</th"),
        says(0, &format!("{name} 0")),
        says(1, &format!("ink>{name} 1")),
        ends(1) + &ends(0),
        ends(2) + &done(),
    ])
    .await
}

/// The answers by index: text, reasoning, ending; and the error, if there is one.
type Read = (BTreeMap<u64, [String; 3]>, Option<Value>);

fn read(answer: &Answer, stream: bool) -> Read {
    let mut each: BTreeMap<u64, [String; 3]> = BTreeMap::new();
    let mut error = None;
    let chunks: Vec<Value> = if stream {
        frames(answer).into_iter().map(|(_, data)| data).filter(Value::is_object).collect()
    } else {
        vec![answer.json()]
    };
    for chunk in chunks {
        if chunk["error"].is_object() {
            error = Some(chunk["error"].clone());
        }
        for choice in chunk["choices"].as_array().into_iter().flatten() {
            let said = if stream { &choice["delta"] } else { &choice["message"] };
            let of_it = each.entry(choice["index"].as_u64().unwrap()).or_default();
            let words = [&said["content"], &said["reasoning_content"], &choice["finish_reason"]];
            for (all, word) in of_it.iter_mut().zip(words) {
                *all += word.as_str().unwrap_or_default();
            }
        }
    }
    (each, error)
}

/// What [`healthy`] says.
fn whole(name: &str) -> Read {
    let answer = |index: u64, thought: &str| {
        (index, [format!("{name} {index}"), thought.to_owned(), "stop".to_owned()])
    };
    ([answer(0, ""), answer(1, "hm"), answer(2, "")].into(), None)
}

const CHAT: &str = "openai-completions";

#[tokio::test]
async fn all_answers_come_streamed_and_in_one_piece() {
    let (first, spare) = (healthy("box").await, healthy("spare").await);
    let gateway = over((CHAT, &first), (CHAT, &spare)).await;
    for stream in [true, false] {
        let answer = ask(&gateway, 3, stream).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("x-oc-served-by"), Some("box/m"));
        assert_eq!(read(&answer, stream), whole("box"));
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        assert_eq!(text.matches(r#""completion_tokens":9"#).count(), 1, "{text}");
        assert_eq!(text.matches(r#""oc_served_by":"box/m""#).count(), 1, "{text}");
        let tokens = gateway.state.records().pop().unwrap().ledger.attempts[0].usage;
        assert_eq!(tokens.and_then(|usage| usage.output_tokens), Some(9));
    }
    assert!(first.received().iter().all(|asked| asked.json()["n"] == 3));
    assert!(spare.received().is_empty());
}

/// Reasoning is left out of each, by field and inline, and commentary, too.
#[tokio::test]
async fn final_output_is_that_of_every_answer() {
    let thought =
        |index: u64| chunk(json!([{ "index": index, "delta": { "reasoning_content": "secret" } }]));
    let first = upstream(&[
        thought(2),
        says(1, "<think>sec"),
        says(0, "<|channel|>commentary<|message|>sec"),
        says(2, "box 2"),
        says(1, "ret</think>box 1"),
        says(0, "ret<|end|><|start|>assistant<|channel|>final<|message|>box 0"),
        ends(1) + &ends(0),
        ends(2) + &done(),
    ])
    .await;
    let spare = healthy("spare").await;
    let gateway = over((CHAT, &first), (CHAT, &spare)).await;
    for stream in [true, false] {
        let answer = ask_with(&gateway, json!(3), stream, &[("x-oc-output", "final")]).await;
        let said = [0, 1, 2]
            .map(|index: u64| (index, [format!("box {index}"), String::new(), "stop".to_owned()]));
        assert_eq!(read(&answer, stream), (said.into(), None), "{stream}");
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        assert!(!text.contains("secret") && !text.contains("sec"), "{text}");
        let full = ask(&gateway, 3, stream).await;
        assert!(String::from_utf8_lossy(&full.body).contains("secret"));
    }
    assert!(spare.received().is_empty());
}

/// Candidates of other wires are passed over; where none is left, the client is
/// told why.
#[tokio::test]
async fn who_gives_one_answer_is_not_asked_for_three() {
    let one = |api: &'static str| async move {
        let script = match api {
            "openai-responses" => responses::whole("m", "", "one"),
            _ => messages::whole("m", "one"),
        };
        Lookalike::start(move |_| vec![Step::sse_head(), Step::send(script.clone())]).await.unwrap()
    };
    let (responses, messages) = ("openai-responses", "anthropic-messages");
    let (speaks_responses, speaks_messages) = (one(responses).await, one(messages).await);
    let spare = healthy("spare").await;
    for first in [(responses, &speaks_responses), (messages, &speaks_messages)] {
        let gateway = over(first, (CHAT, &spare)).await;
        for stream in [true, false] {
            let answer = ask(&gateway, 3, stream).await;
            assert_eq!(read(&answer, stream), whole("spare"));
            assert_eq!(answer.header("x-oc-served-by"), Some("spare/m"));
            assert_eq!(answer.header("x-oc-fallback-reason"), Some("unsupported"));
            let skipped = gateway.state.records().pop().unwrap().ledger.skipped;
            assert_eq!(skipped[0].text, "cannot give more than one answer (`n`)");
        }
    }
    let gateway = over((responses, &speaks_responses), (messages, &speaks_messages)).await;
    for stream in [true, false] {
        let answer = ask(&gateway, 3, stream).await;
        assert_eq!(answer.status, 400);
        assert_eq!(answer.json()["error"]["code"], "request_rejected");
        let told = "box/m: cannot give more than one answer (`n`) (unsupported)";
        assert!(answer.message().contains(told), "{}", answer.message());
        // One answer is asked of everybody.
        assert_eq!(ask(&gateway, 1, stream).await.status, 200);
    }
    let asked = [&speaks_responses, &speaks_messages].map(|one| one.received().len());
    assert_eq!(asked, [2, 0], "each time for one answer");
}

#[tokio::test]
async fn the_bound_is_told_by_name() {
    let (first, spare) = (healthy("box").await, healthy("spare").await);
    let gateway = over((CHAT, &first), (CHAT, &spare)).await;
    let no_number = "`n` must be a whole number above 0";
    for (n, told) in [
        (json!(129), "`n` must be from 1 to 128"),
        (json!(0), no_number),
        (json!(-1), no_number),
        (json!(1.5), no_number),
        (json!("3"), no_number),
        (json!([3]), no_number),
    ] {
        for stream in [true, false] {
            let answer = ask_with(&gateway, n.clone(), stream, &[]).await;
            assert_eq!((answer.status, answer.message().as_str()), (400, told), "{n}");
            let error = &answer.json()["error"];
            assert_eq!(
                (&error["param"], &error["type"]),
                (&json!("n"), &json!("invalid_request_error"))
            );
        }
    }
    assert!(first.received().is_empty());
}

/// Before anything meaningful of any of them, a fault is the next candidate's
/// chance; after it, it is told. In one piece nobody has seen anything.
#[tokio::test]
async fn a_fault_of_one_answer_falls_back_until_any_has_spoken() {
    let spare = healthy("spare").await;
    let error =
        "data: {\"error\":{\"message\":\"overloaded\",\"code\":\"overloaded\"}}\n\n".to_owned();
    let bad_call = chunk(json!([{ "index": 2, "delta": { "tool_calls": [{ "index": 0, "id": "x",
        "function": { "name": "f", "arguments": "{\"a\"" } }] }, "finish_reason": "tool_calls" }]));
    let thinks =
        |index: u64| chunk(json!([{ "index": index, "delta": { "reasoning_content": "hm" } }]));
    let all_end = || ends(0) + &ends(1) + &ends(2) + &done();
    for (name, pieces, reason, spoken) in [
        ("nothing", vec![], "cut", None),
        ("cut while one thinks", vec![thinks(1)], "cut", None),
        ("an error before any has spoken", vec![thinks(1), error.clone()], "overloaded", None),
        (
            "all are empty",
            vec![says(0, ""), says(1, " "), says(2, "\n"), all_end()],
            "empty_response",
            None,
        ),
        (
            "all only think",
            vec![thinks(0), thinks(1), thinks(2), all_end()],
            "reasoning_only",
            None,
        ),
        ("cut after one has spoken", vec![says(1, "b")], "cut", Some("b")),
        ("cut after one has ended", vec![says(1, "b"), ends(1), says(0, "a")], "cut", Some("b")),
        (
            "an error after one has ended",
            vec![says(1, "b"), ends(1), error],
            "overloaded",
            Some("b"),
        ),
        (
            "a bad call of one",
            vec![says(1, "b"), bad_call, ends(0) + &ends(1) + &done()],
            "bad_tool_call",
            Some("b"),
        ),
        (
            "two of three",
            vec![says(0, ""), says(1, "b"), ends(0) + &ends(1) + &done()],
            "unsupported",
            Some("b"),
        ),
    ] {
        let first = upstream(&pieces).await;
        for stream in [true, false] {
            let gateway = over((CHAT, &first), (CHAT, &spare)).await;
            let answer = ask(&gateway, 3, stream).await;
            assert_eq!(answer.status, 200, "{name}");
            let (each, error) = read(&answer, stream);
            let ledger = gateway.state.records().pop().unwrap().ledger;
            let said = ledger.attempts[0].reason().unwrap().to_string();
            assert_eq!(said, reason, "{name}");
            match spoken.filter(|_| stream) {
                Some(text) => {
                    assert_eq!(error.unwrap()["code"], "upstream_failed", "{name}");
                    assert_eq!(each[&1][0], text, "{name}");
                    assert!(!String::from_utf8_lossy(&answer.body).contains("spare"), "{name}");
                }
                None => {
                    assert_eq!(answer.header("x-oc-served-by"), Some("spare/m"), "{name}");
                    assert_eq!((each, error), whole("spare"), "{name}, stream: {stream}");
                }
            }
        }
    }
}

/// A host that knows no `n` is at fault for nothing else: it is not kept out.
#[tokio::test]
async fn a_host_that_ignores_n_is_no_answer_to_it_and_cools_nothing() {
    let first = upstream(&[says(0, "only one"), ends(0), done()]).await;
    let second = upstream(&[says(0, "only one"), ends(0), done()]).await;
    let gateway = over((CHAT, &first), (CHAT, &second)).await;
    let answer = ask(&gateway, 3, false).await;
    assert_eq!(answer.status, 400, "{}", String::from_utf8_lossy(&answer.body));
    let told = "upstream gave 1 of the 3 answers asked for (`n`)";
    assert!(answer.message().contains(told), "{}", answer.message());
    let answer = ask(&gateway, 1, false).await;
    assert_eq!(answer.header("x-oc-served-by"), Some("box/m"));
    assert_eq!(read(&answer, false).0[&0][0], "only one");
}
