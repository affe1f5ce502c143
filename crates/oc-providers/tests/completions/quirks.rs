//! What servers of this wire do differently, one row each.

use oc_responses_stream::Delta;

use crate::reading::digest;

/// Chunks with these deltas, a finish and `[DONE]`.
fn stream(deltas: &[&str], finish: &str) -> String {
    let mut text = String::new();
    for delta in deltas {
        text += &format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{delta}}}]}}\n\n");
    }
    text + &format!(
        "data: {{\"choices\":[{{\"delta\":{{}},\"finish_reason\":\"{finish}\"}}]}}\n\ndata: [DONE]\n\n"
    )
}

fn table(rows: &[(&str, &[&str], &str)]) {
    for (name, deltas, wanted) in rows {
        assert_eq!(
            digest(stream(deltas, "stop").as_bytes()),
            format!("{wanted} F[Stop]"),
            "{name}"
        );
    }
}

/// Some relay ends what its upstream cut with a word of its own.
#[test]
fn a_limit_that_was_reached_is_not_taken_back() {
    let text =
        "data: {\"choices\":[{\"delta\":{\"content\":\"A\"},\"finish_reason\":\"length\"}]}\n\n";
    let text = format!("{text}{}", stream(&[], "stop"));
    assert!(digest(text.as_bytes()).ends_with("F[Length]"), "{}", digest(text.as_bytes()));
}

#[test]
fn tool_calls_are_told_apart() {
    table(&[
        (
            "OpenAI: name first, then pieces",
            &[
                r#"{"tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":""}}]}"#,
                r#"{"tool_calls":[{"index":0,"function":{"arguments":"{\"x\""}}]}"#,
                r#"{"tool_calls":[{"index":0,"function":{"arguments":":1}"}}]}"#,
            ],
            r#"C[a f {"x":1}]"#,
        ),
        (
            "SDK dumps: nulls where nothing is new",
            &[
                r#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":null}}]}"#,
                r#"{"tool_calls":[{"index":0,"id":null,"type":null,"function":{"name":null,"arguments":"{}"}}]}"#,
            ],
            "C[a f {}]",
        ),
        (
            "Qwen, watsonx: empty id and name on continuations",
            &[
                r#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\""}}]}"#,
                r#"{"tool_calls":[{"index":0,"id":"","function":{"name":"","arguments":":1}"}}]}"#,
            ],
            r#"C[a f {"x":1}]"#,
        ),
        (
            "id and whole name repeated on every piece",
            &[
                r#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"get_x","arguments":""}}]}"#,
                r#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"get_x","arguments":"{\"x\""}}]}"#,
                r#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"get_x","arguments":":1}"}}]}"#,
            ],
            r#"C[a get_x {"x":1}]"#,
        ),
        (
            "a name cut in two before any arguments",
            &[
                r#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"get_"}}]}"#,
                r#"{"tool_calls":[{"index":0,"function":{"name":"weather"}}]}"#,
                r#"{"tool_calls":[{"index":0,"function":{"arguments":"{}"}}]}"#,
            ],
            "C[a get_weather {}]",
        ),
        (
            "a name that grows",
            &[
                r#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"get_"}}]}"#,
                r#"{"tool_calls":[{"index":0,"function":{"name":"get_weather","arguments":"{}"}}]}"#,
            ],
            "C[a get_weather {}]",
        ),
        (
            "xAI, Groq, Ollama: whole in one delta",
            &[
                r#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\":1}"}}]}"#,
            ],
            r#"C[a f {"x":1}]"#,
        ),
        (
            "two calls, interleaved",
            &[
                r#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\""}},{"index":1,"id":"b","function":{"name":"g","arguments":"{"}}]}"#,
                r#"{"tool_calls":[{"index":1,"function":{"arguments":"}"}},{"index":0,"function":{"arguments":":1}"}}]}"#,
            ],
            r#"C[a f {"x":1}] C[b g {}]"#,
        ),
        (
            "every call under index 0",
            &[
                r#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}]}"#,
                r#"{"tool_calls":[{"index":0,"id":"b","function":{"name":"f","arguments":"{\"x\":"}}]}"#,
                r#"{"tool_calls":[{"index":0,"function":{"arguments":"2}"}}]}"#,
            ],
            r#"C[a f {}] C[b f {"x":2}]"#,
        ),
        (
            "an id that changes within one call's arguments",
            &[
                r#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\""}}]}"#,
                r#"{"tool_calls":[{"index":0,"id":"b","function":{"name":"f","arguments":":1}"}}]}"#,
            ],
            r#"C[a f {"x":1}]"#,
        ),
        (
            "Mistral: no index, calls by id",
            &[
                r#"{"tool_calls":[{"id":"a","function":{"name":"f","arguments":"{\"x\""}}]}"#,
                r#"{"tool_calls":[{"id":"a","function":{"name":"","arguments":":1}"}}]}"#,
                r#"{"tool_calls":[{"id":"b","function":{"name":"f","arguments":"{}"}}]}"#,
            ],
            r#"C[a f {"x":1}] C[b f {}]"#,
        ),
        (
            "no index and no id: a name after whole arguments is another call",
            &[
                r#"{"tool_calls":[{"function":{"name":"f","arguments":"{\"x\""}}]}"#,
                r#"{"tool_calls":[{"function":{"arguments":":1}"}}]}"#,
                r#"{"tool_calls":[{"function":{"name":"f","arguments":"{\"x\":2}"}}]}"#,
            ],
            r#"C[call_0 f {"x":1}] C[call_1 f {"x":2}]"#,
        ),
        (
            "an index that comes late",
            &[
                r#"{"tool_calls":[{"id":"a","function":{"name":"f"}}]}"#,
                r#"{"tool_calls":[{"index":0,"function":{"arguments":"{}"}}]}"#,
            ],
            "C[a f {}]",
        ),
        (
            "one id for two calls",
            &[
                r#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}},{"index":1,"id":"a","function":{"name":"f","arguments":"{}"}}]}"#,
            ],
            "C[a f {}] C[a_1 f {}]",
        ),
        (
            "arguments as an object",
            &[
                r#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":{"x":1}}}]}"#,
            ],
            r#"C[a f {"x":1}]"#,
        ),
        (
            "no arguments at all",
            &[r#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"f"}}]}"#],
            "C[a f {}]",
        ),
        (
            "index as text",
            &[
                r#"{"tool_calls":[{"index":"0","id":"a","function":{"name":"f","arguments":"{"}}]}"#,
                r#"{"tool_calls":[{"index":"0","function":{"arguments":"}"}}]}"#,
            ],
            "C[a f {}]",
        ),
        (
            "every call under index 0, no ids: a name after whole arguments or beside another is another call",
            &[
                r#"{"tool_calls":[{"index":0,"function":{"name":"f","arguments":"{\"x\":1}"}}]}"#,
                r#"{"tool_calls":[{"index":0,"function":{"name":"f","arguments":"{\"x\":2}"}}]}"#,
                r#"{"tool_calls":[{"index":0,"function":{"name":"g"}},{"index":0,"function":{"name":"h","arguments":"{}"}}]}"#,
            ],
            r#"C[call_0 f {"x":1}] C[call_1 f {"x":2}] C[call_2 g {}] C[call_3 h {}]"#,
        ),
        (
            "index 0, no id: a name after the whole call, and nothing else, is no call",
            &[
                r#"{"tool_calls":[{"index":0,"function":{"name":"f","arguments":"{\"x\":1}"}}]}"#,
                r#"{"tool_calls":[{"index":0,"function":{"name":"f","arguments":""}}]}"#,
            ],
            r#"C[call_0 f {"x":1}]"#,
        ),
        (
            "an index that counts the pieces of one id",
            &[
                r#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":""}}]}"#,
                r#"{"tool_calls":[{"index":1,"id":"a","function":{"arguments":"{\"x\":"}}]}"#,
                r#"{"tool_calls":[{"index":2,"id":"a","function":{"arguments":"1}"}}]}"#,
            ],
            r#"C[a f {"x":1}]"#,
        ),
        (
            "one call in both forms",
            &[
                r#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}],"function_call":{"name":"f","arguments":"{}"}}"#,
            ],
            "C[a f {}]",
        ),
        (
            "legacy function_call",
            &[
                r#"{"function_call":{"name":"f","arguments":""}}"#,
                r#"{"function_call":{"arguments":"{\"x\":1}"}}"#,
            ],
            r#"C[call_0 f {"x":1}]"#,
        ),
        ("vLLM: an empty list is no call", &[r#"{"content":"a","tool_calls":[]}"#], "T[a]"),
        (
            "text, a call, text",
            &[
                r#"{"content":"a"}"#,
                r#"{"content":null,"tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":"{}"}}]}"#,
                r#"{"content":"b"}"#,
            ],
            "T[a] C[c f {}] T[b]",
        ),
    ]);
}

#[test]
fn reasoning_is_taken_once_from_wherever_it_stands() {
    table(&[
        (
            "llama.cpp, DeepSeek",
            &[
                r#"{"role":"assistant","content":null}"#,
                r#"{"reasoning_content":"a","content":null}"#,
                r#"{"reasoning_content":"b"}"#,
                r#"{"content":"c"}"#,
            ],
            "R[ab] T[c]",
        ),
        ("vLLM, Ollama", &[r#"{"reasoning":"a"}"#, r#"{"content":"c"}"#], "R[a] T[c]"),
        (
            "OpenRouter: twice the same",
            &[
                r#"{"content":"","reasoning":"a","reasoning_details":[{"type":"reasoning.text","text":"a","index":0}]}"#,
                r#"{"content":"c"}"#,
            ],
            "R[a] T[c]",
        ),
        (
            "Mistral: parts",
            &[
                r#"{"content":[{"type":"thinking","thinking":[{"type":"text","text":"a"}]}]}"#,
                r#"{"content":[{"type":"text","text":"c"}]}"#,
                r#"{"content":"d"}"#,
            ],
            "R[a] T[cd]",
        ),
        (
            "both in one delta: thought comes first",
            &[r#"{"reasoning_content":"a","content":"c"}"#],
            "R[a] T[c]",
        ),
        (
            "in turns",
            &[
                r#"{"reasoning":"a"}"#,
                r#"{"content":"c"}"#,
                r#"{"reasoning":"b"}"#,
                r#"{"content":"d"}"#,
            ],
            "R[a] T[c] R[b] T[d]",
        ),
        ("a message instead of a delta's fields", &[r#"{"refusal":"no"}"#], "X[no]"),
        ("a refusal after text", &[r#"{"content":"c"}"#, r#"{"refusal":"no"}"#], "T[c] X[no]"),
        (
            "Z.ai: role repeated",
            &[r#"{"role":"assistant","content":"c"}"#, r#"{"role":"assistant","content":"d"}"#],
            "T[cd]",
        ),
        (
            "a character cut in two",
            &[r#"{"content":"\ud83d"}"#, r#"{"content":"\ude00!"}"#],
            "T[😀!]",
        ),
        ("a key that stands twice", &[r#"{"content":"x","content":"c"}"#], "T[c]"),
    ]);
}

#[test]
fn the_end_is_known_however_it_is_told() {
    let text = r#"data: {"choices":[{"delta":{"content":"a"}}]}"#;
    let finish = r#"data: {"choices":[{"delta":{},"finish_reason":"stop"}]}"#;
    let length = r#"data: {"choices":[{"delta":{},"finish_reason":"length"}]}"#;
    let usage = r#"data: {"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":1}}"#;
    let empty = r#"data: {"choices":[{"delta":{},"finish_reason":""}]}"#;
    let call = r#"data: {"choices":[{"delta":{"tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":"{\"x\""}}]}}]}"#;
    let done = "data: [DONE]";
    for (name, frames, wanted) in [
        ("as documented", &[text, finish, usage, done][..], "T[a] F[Stop]"),
        ("no usage", &[text, finish, done], "T[a] F[Stop]"),
        ("transformers, Groq: no [DONE]", &[text, finish], "T[a] F[Stop]"),
        ("usage and no [DONE]", &[text, finish, usage], "T[a] F[Stop]"),
        ("text after the finish", &[text, finish, text, done], "T[aa] F[Stop]"),
        ("cut", &[text], "T[a] Cut"),
        ("cut, with [DONE] by a relay", &[text, done], "T[a] Cut"),
        ("usage is no end", &[text, usage], "T[a] Cut"),
        ("xAI: an empty reason", &[text, empty, done], "T[a] F[Stop]"),
        ("an empty reason on each chunk is no end", &[text, empty], "T[a] Cut"),
        ("a call that the limit cut", &[call, length, done], r#"C[c f {"x"] F[Length]"#),
        ("what follows [DONE]", &[text, finish, done, text], "T[a] F[Stop]"),
        (
            "keep-alives",
            &[": OPENROUTER PROCESSING", "data:", text, "data: ping", finish, done],
            "T[a] F[Stop]",
        ),
        (
            "Azure: filters first",
            &[r#"data: {"id":"","choices":[],"prompt_filter_results":[]}"#, text, finish, done],
            "T[a] F[Stop]",
        ),
        ("half a chunk at the end", &[text, "data: {\"choi"], "T[a] Cut"),
        ("half a chunk in the middle", &[text, "data: {\"choi", finish, done], "T[a] Corrupt"),
        (
            "a second answer is not asked for",
            &[r#"data: {"choices":[{"index":1,"delta":{"content":"b"}}]}"#, text, finish, done],
            "T[a] F[Stop]",
        ),
        (
            "Perplexity: a message beside the delta",
            &[
                r#"data: {"choices":[{"delta":{"content":"a"},"message":{"content":"xa"}}]}"#,
                finish,
                done,
            ],
            "T[a] F[Stop]",
        ),
        (
            "a whole message, only pretending to stream",
            &[r#"data: {"choices":[{"message":{"content":"a"},"finish_reason":"stop"}]}"#, done],
            "T[a] F[Stop]",
        ),
    ] {
        // The last blank line is left out, as some servers do.
        assert_eq!(digest(frames.join("\n\n").as_bytes()), wanted, "{name}");
    }
}

/// The last chunk says all of it once more, instead of a delta or beside an empty one;
/// what only it says is said.
#[test]
fn a_whole_message_at_the_end_is_heard_once() {
    let call = r#"{"index":0,"id":"c","function":{"name":"f","arguments":"{}"}}"#;
    let cited = r#"{"type":"url_citation","url_citation":{"url":"u","title":"t"}}"#;
    let text = r#"{"content":"ab"}"#.to_owned();
    let thought = r#"{"reasoning_content":"r","content":"ab"}"#.to_owned();
    let other = r#"{"reasoning":"r","content":"ab"}"#.to_owned();
    let inline = r#"{"content":"<think>r</think>ab"}"#.to_owned();
    let called = format!(r#"{{"content":"ab","tool_calls":[{call}]}}"#);
    let legacy = r#"{"content":null,"function_call":{"name":"f","arguments":"{}"}}"#.to_owned();
    let all = format!(r#"{{"reasoning_content":"r","content":"ab","tool_calls":[{call}]}}"#);
    let refused = r#"{"content":null,"refusal":"no"}"#.to_owned();
    let parts = r#"{"content":[{"type":"text","text":"ab"}]}"#.to_owned();
    let sourced = format!(r#"{{"content":"ab","annotations":[{cited}]}}"#);
    let (a, b, r) = (r#"{"content":"a"}"#, r#"{"content":"b"}"#, r#"{"reasoning_content":"r"}"#);
    let c = format!(r#"{{"tool_calls":[{call}]}}"#);
    let source = format!(r#"{{"annotations":[{cited}]}}"#);
    let rows: [(&str, &[&str], &String, &str); 17] = [
        ("text", &[a, b], &text, "T[ab]"),
        ("parts", &[a, b], &parts, "T[ab]"),
        ("only at the end", &[], &text, "T[ab]"),
        ("after nothing but a role", &[r#"{"role":"assistant","content":""}"#], &text, "T[ab]"),
        ("reasoning", &[r, a, b], &thought, "R[r] T[ab]"),
        ("reasoning by another name", &[r, a, b], &other, "R[r] T[ab]"),
        ("text only at the end", &[r], &thought, "R[r] T[ab]"),
        ("inline", &[r#"{"content":"<think>r</think>"}"#, a, b], &inline, "T[<think>r</think>ab]"),
        ("calls", &[a, b, &c], &called, "T[ab] C[c f {}]"),
        ("a call only at the end", &[a, b], &called, "T[ab] C[c f {}]"),
        ("a legacy call", &[&c], &legacy, "C[c f {}]"),
        ("all of it", &[r, a, b, &c], &all, "R[r] T[ab] C[c f {}]"),
        ("all of it only at the end", &[], &all, "R[r] T[ab] C[c f {}]"),
        ("a refusal", &[r#"{"refusal":"n"}"#, r#"{"refusal":"o"}"#], &refused, "X[no]"),
        ("a refusal only at the end", &[], &refused, "X[no]"),
        ("citations", &[a, b, &source], &sourced, "T[ab]"),
        ("citations only at the end", &[a, b], &sourced, "T[ab]"),
    ];
    for (name, deltas, message, wanted) in rows {
        for beside in ["", r#""delta":{},"#, r#""delta":{"content":""},"#] {
            let mut bytes: String = deltas
                .iter()
                .map(|delta| {
                    format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{delta}}}]}}\n\n")
                })
                .collect();
            bytes += &format!(
                "data: {{\"choices\":[{{\"index\":0,{beside}\"message\":{message},\
                 \"finish_reason\":\"stop\"}}]}}\n\ndata: [DONE]\n\n"
            );
            let wanted = format!("{wanted} F[Stop]");
            assert_eq!(digest(bytes.as_bytes()), wanted, "{name}, {beside:?}");
            let (all, _) = crate::reading::deltas(&[bytes.as_bytes()]);
            let citations = all.iter().filter(|it| matches!(it, Delta::Annotation(_))).count();
            assert_eq!(citations, usize::from(message.contains("url_citation")), "{name}");
        }
    }
}

#[test]
fn errors_are_read_in_every_shape() {
    let text = r#"data: {"choices":[{"delta":{"content":"a"}}]}"#;
    for (name, frame, wanted) in [
        (
            "OpenAI, llama.cpp",
            r#"data: {"error":{"code":500,"message":"boom","type":"server_error"}}"#,
            "500|server_error|boom",
        ),
        ("Ollama, LM Studio: text", r#"data: {"error":"boom"}"#, "boom"),
        (
            "LM Studio, Groq: event",
            "event: error\ndata: {\"error\":{\"message\":\"boom\"}}",
            "boom",
        ),
        (
            "event with bare fields",
            "event: error\ndata: {\"message\":\"boom\",\"code\":\"x\"}",
            "x|boom",
        ),
        ("event in words", "event: error\ndata: boom", "boom"),
        (
            "old llama.cpp: a field of the event",
            "error: {\"code\":500,\"message\":\"boom\",\"type\":\"server_error\"}",
            "500|server_error|boom",
        ),
        (
            "OpenRouter: beside choices",
            r#"data: {"error":{"code":502,"message":"boom"},"choices":[{"delta":{"content":""},"finish_reason":null}]}"#,
            "502|boom",
        ),
        (
            "in the choice",
            r#"data: {"choices":[{"delta":{},"error":{"code":502,"message":"boom"}}]}"#,
            "502|boom",
        ),
        (
            "old vLLM",
            r#"data: {"object":"error","message":"boom","type":"BadRequestError","code":400}"#,
            "400|BadRequestError|boom",
        ),
        ("FastAPI", r#"data: {"detail":"boom"}"#, "boom"),
        (
            "Venice",
            r#"data: {"error_type":"overloaded","error_message":"boom"}"#,
            "overloaded|boom",
        ),
        (
            "DashScope",
            r#"data: {"code":"Throttling","message":"boom","request_id":"r"}"#,
            "Throttling|boom",
        ),
        (
            "Z.ai",
            r#"data: {"choices":[{"delta":{},"finish_reason":"network_error"}]}"#,
            "network_error|upstream gave up on the answer and did not say why",
        ),
    ] {
        let stream = format!("{text}\n\n{frame}\n\ndata: [DONE]\n\n");
        assert_eq!(digest(stream.as_bytes()), format!("T[a] E[{wanted}]"), "{name}");
    }
    // A field `error` that says nothing is none.
    let stream =
        r#"data: {"error":null,"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}]}"#;
    assert_eq!(digest(format!("{stream}\n\n").as_bytes()), "T[a] F[Stop]");
}

#[test]
fn one_document_is_read_as_well_as_a_stream() {
    for (body, wanted) in [
        (
            r#"{"choices":[{"message":{"role":"assistant","reasoning":"r","content":"a","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},"finish_reason":"tool_calls"}]}"#,
            "R[r] T[a] C[c f {}] F[ToolCalls]",
        ),
        (r#"{"choices":[{"message":{"content":"a"}}]}"#, "T[a] F[Stop]"),
        (r#"{"choices":[]}"#, "F[Stop]"),
        (r#"{"error":"boom"}"#, "E[boom]"),
        (r#"{"detail":"boom"}"#, "E[boom]"),
        (r#"{"object":"list","data":[]}"#, "NotAStream"),
        (r#"{"output":[]}"#, "NotAStream"),
        ("[1]", "NotAStream"),
        ("{", "NotAStream"),
    ] {
        assert_eq!(digest(body.as_bytes()), wanted, "{body}");
    }
}
