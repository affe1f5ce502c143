//! What servers send, and what the client's answers are then.

use oc_fallback::{Gate, Reason};
use oc_providers::{ProviderErrorKind as Kind, Script, ToolCallParser};
use serde_json::{Value, json};

use crate::stage::{How, asked, chunk, counted, endpoint, ends, piece, says, short, told, told_by};

/// The answers, however the client is told.
fn answers(stream: &[String], n: u32, more: &Value) -> Vec<String> {
    let stream = stream.concat();
    let [relayed, rewritten] = [How::Relayed, How::Rewritten].map(|how| {
        let outcome = told(Script::sse(stream.clone()), n, how, more);
        assert_eq!(outcome.fault, None, "{how:?} of {stream}");
        assert_eq!(outcome.client.each.metadata["oc_served_by"], "up/m");
        outcome.client.each
    });
    assert_eq!(relayed, rewritten);
    short(&relayed)
}

fn call(index: u64, place: u64, id: &str, name: &str, arguments: &str) -> String {
    let function = json!({"name": name, "arguments": arguments});
    piece(
        index,
        json!({"role": "assistant", "tool_calls":
        [{"index": place, "id": id, "type": "function", "function": function}]}),
    )
}

fn more_of_call(index: u64, place: u64, arguments: &str) -> String {
    piece(index, json!({"tool_calls": [{"index": place, "function": {"arguments": arguments}}]}))
}

/// Name, the stream, the answers.
type Row = (&'static str, Vec<String>, &'static [&'static str]);

#[test]
fn each_answer_is_its_own() {
    let all = |reason: &str| [0, 1, 2].map(|index| ends(index, reason)).concat();
    let table: Vec<Row> = vec![
        (
            "one after the other",
            vec![
                says(0, "a"), ends(0, "stop"), says(1, "b"), ends(1, "length"), says(2, "c"),
                ends(2, "stop"), counted(3),
            ],
            &["a stop", "b length", "c stop"],
        ),
        (
            "interleaved, from the last on",
            vec![
                says(2, "c"), says(0, "a"), says(2, "C"), says(1, "b"), says(0, "A"),
                ends(1, "stop"), says(2, "!"), ends(2, "stop"), ends(0, "stop"), counted(6),
            ],
            &["aA stop", "b stop", "cC! stop"],
        ),
        (
            "several in one chunk",
            vec![
                chunk(json!([{"index": 1, "delta": {"content": "b"}}, {"index": 0, "delta": {"content": "a"}},
                    {"index": 2, "delta": {"content": "c"}}])),
                chunk(json!([{"index": 0, "delta": {}, "finish_reason": "stop"},
                    {"index": 1, "delta": {"content": "B"}, "finish_reason": "length"},
                    {"index": 2, "delta": {}, "finish_reason": "stop"}])),
                counted(4),
            ],
            &["a stop", "bB length", "c stop"],
        ),
        (
            "several in one chunk, without indexes",
            vec![
                chunk(json!([{"delta": {"content": "a"}}, {"delta": {"content": "b"}}, {"delta": {"content": "c"}}])),
                all("stop"), counted(3),
            ],
            &["a stop", "b stop", "c stop"],
        ),
        (
            "the first without an index",
            vec![
                chunk(json!([{"delta": {"role": "assistant", "content": "a"}}])), says(1, "b"), says(2, "c"),
                chunk(json!([{"delta": {"content": "A"}}])), all("stop"), counted(4),
            ],
            &["aA stop", "b stop", "c stop"],
        ),
        (
            "indexes as text, and one beyond what was asked for",
            vec![
                chunk(json!([{"index": "1", "delta": {"content": "b"}}])), says(0, "a"), says(2, "c"),
                says(3, "x"), says(4_294_967_297, "y"), all("stop"), ends(3, "stop"), counted(3),
            ],
            &["a stop", "b stop", "c stop"],
        ),
        (
            "reasoning, by field and inline, cut anywhere",
            vec![
                piece(0, json!({"role": "assistant", "reasoning_content": "hm"})),
                says(1, "<thi"), says(0, "a"), says(2, "<"), says(1, "nk>ho"), says(2, "c"),
                says(1, "</think>"), piece(2, json!({"reasoning": "late"})), says(1, "b"),
                all("stop"), counted(9),
            ],
            &["(hm) a stop", "(ho) b stop", "(late) <c stop"],
        ),
        (
            "calls, in pieces and interleaved",
            vec![
                call(0, 0, "x", "f", "{\"a\""), call(1, 0, "x", "f", "{\"b\""), says(2, "c"),
                more_of_call(1, 0, ":2}"), more_of_call(0, 0, ":1}"), call(0, 1, "y", "g", "{}"),
                ends(0, "tool_calls"), ends(1, "stop"), ends(2, "stop"), counted(9),
            ],
            &["f{\"a\":1} g{} tool_calls", "f{\"b\":2} tool_calls", "c stop"],
        ),
        (
            "calls without indexes and ids",
            vec![
                piece(1, json!({"tool_calls": [{"function": {"name": "f", "arguments": "{}"}}]})),
                says(0, "a"), says(2, "c"), all("stop"), counted(9),
            ],
            &["a stop", "f{} tool_calls", "c stop"],
        ),
        (
            "half a call that the limit cut",
            vec![
                call(1, 0, "x", "f", "{\"a\""), says(0, "a"), says(2, "c"), ends(1, "length"),
                ends(0, "stop"), ends(2, "stop"), counted(9),
            ],
            &["a stop", "length", "c stop"],
        ),
        (
            "one that declines, one that is filtered, one of unknown words",
            vec![
                piece(0, json!({"role": "assistant", "refusal": "no"})), ends(0, "stop"),
                says(1, "b"), ends(1, "content_filter"), says(2, "c"), ends(2, "eos"), counted(3),
            ],
            &["!no stop", "b content_filter", "c stop"],
        ),
        (
            "one that says nothing",
            vec![says(0, "a"), says(1, ""), says(2, "c"), all("stop"), counted(3)],
            &["a stop", "stop", "c stop"],
        ),
        (
            "without counts, without the mark of the end",
            vec![says(0, "a"), says(1, "b"), says(2, "c"), all("stop"),
                "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":3,\"total_tokens\":4}}\n\n".to_owned()],
            &["a stop", "b stop", "c stop"],
        ),
        (
            "whole messages that end answers, told in pieces before or not",
            vec![
                says(0, "a"), says(1, "b"),
                chunk(json!([{"index": 1, "message": {"content": "b"}, "finish_reason": "stop"}])),
                says(0, "A"),
                chunk(json!([{"index": 2, "message": {"content": "c"}, "finish_reason": "stop"}])),
                chunk(json!([{"index": 0, "message": {"content": "aA"}, "finish_reason": "stop"}])),
                counted(4),
            ],
            &["aA stop", "b stop", "c stop"],
        ),
        (
            "more of an answer after its reason",
            vec![says(0, "a"), ends(0, "stop"), says(0, "A"), says(1, "b"), says(2, "c"),
                ends(1, "stop"), ends(2, "stop"), counted(3)],
            &["aA stop", "b stop", "c stop"],
        ),
    ];
    for (name, stream, wanted) in table {
        assert_eq!(answers(&stream, 3, &json!({})), wanted, "{name}");
    }
}

/// Where a limit or a tag ends one answer, the others go on.
#[test]
fn what_we_do_to_an_answer_is_done_to_each() {
    let tools = json!({"tools": [{"type": "function", "function": {"name": "f"}}]});
    let stops = json!({"stop": ["1", "2", "3", "4", "END"]});
    let stop = |text: &str| Script::sse(text.to_owned());

    // Five stop sequences: OpenAI's host takes four, the fifth is enforced here.
    let vendor = oc_providers::Endpoint::new("o", endpoint().api(), "https://api.openai.com/v1");
    let stream = [
        says(0, "aE"),
        says(1, "b"),
        says(0, "NDx"),
        says(1, "B"),
        says(2, "cEN"),
        says(0, "y"),
        says(2, "d"),
        ends(0, "stop"),
        ends(1, "stop"),
        ends(2, "stop"),
        counted(9),
    ];
    for how in [How::Relayed, How::Rewritten] {
        let outcome = told_by(&vendor.clone().unwrap(), stop(&stream.concat()), 3, how, &stops);
        assert_eq!(short(&outcome.client.each), ["a stop", "bB stop", "cENd stop"]);
        assert_eq!(outcome.client.each.usage, Some([5, 9, 14]));
    }

    // Calls that are written as text, each with an id of its own in its answer.
    let mut flags = endpoint().compat_flags();
    flags.tool_call_parser = Some(ToolCallParser::Hermes);
    let parsing = endpoint().compat(flags);
    let markup = "<tool_call>{\"name\":\"f\",\"arguments\":{}}</tool_call>";
    let (head, tail) = markup.split_at(20);
    let stream = [
        says(1, head),
        says(0, "a"),
        says(1, tail),
        says(2, markup),
        ends(0, "stop"),
        ends(1, "stop"),
        ends(2, "stop"),
        counted(9),
    ];
    for how in [How::Relayed, How::Rewritten] {
        let outcome = told_by(&parsing, stop(&stream.concat()), 3, how, &tools);
        let wanted = ["a stop", "f{} tool_calls", "f{} tool_calls"];
        assert_eq!(short(&outcome.client.each), wanted, "{how:?}");
        let outcome = told(stop(&stream.concat()), 3, how, &tools);
        let fault = (Kind::InStream, Some("tool_markup_as_text".to_owned()));
        assert_eq!(outcome.fault, Some(fault), "no grammar is chosen");
    }
}

#[test]
fn an_answer_that_a_limit_cut_is_told_as_one_where_the_counts_prove_it() {
    for (output, wanted) in [
        (48, ["a length", "b length", "c f{} tool_calls"]),
        (47, ["a stop", "b stop", "c f{} tool_calls"]),
    ] {
        let stream = [
            says(0, "a"),
            says(1, "b"),
            says(2, "c"),
            call(2, 0, "x", "f", "{}"),
            ends(0, "stop"),
            ends(1, "stop"),
            ends(2, "tool_calls"),
            counted(output),
        ];
        let limit = json!({"max_tokens": 16});
        assert_eq!(answers(&stream, 3, &limit), wanted, "{output}");
    }
}

/// llama-server counts each answer as soon as it has ended.
#[test]
fn the_counts_are_of_all_answers() {
    let count = |output: u64| counted(output).replace("data: [DONE]\n\n", "");
    let done = "data: [DONE]\n\n".to_owned();
    let timed = |index: u64| {
        let end = ends(index, "stop");
        end.replace("\"choices\"", "\"timings\":{\"prompt_n\":5,\"predicted_n\":2},\"choices\"")
    };
    let inner = |index: u64| {
        chunk(json!([{"index": index, "delta": {}, "finish_reason": "stop",
        "usage": {"prompt_tokens": 5, "completion_tokens": 2}}]))
    };
    for (name, tail, wanted) in [
        ("of all", vec![ends(0, "stop"), ends(1, "stop"), counted(7)], [5, 7, 12]),
        (
            "of each",
            vec![ends(1, "stop"), count(3), ends(0, "stop"), count(4), done.clone()],
            [5, 7, 12],
        ),
        (
            "the same of each",
            vec![ends(0, "stop"), count(3), ends(1, "stop"), count(3), done.clone()],
            [5, 6, 11],
        ),
        ("within the choices", vec![inner(0), inner(1), done.clone()], [5, 4, 9]),
        ("as timings", vec![timed(0), timed(1), done], [5, 4, 9]),
    ] {
        let stream = says(0, "a") + &says(1, "b") + &tail.concat();
        for how in [How::Relayed, How::Rewritten] {
            let usage = told(Script::sse(stream.clone()), 2, how, &json!({})).client.each.usage;
            assert_eq!(usage, Some(wanted), "{name}, {how:?}");
        }
    }
}

#[test]
fn a_host_that_does_not_stream_gives_several_too() {
    let message = |text: &str| json!({"role": "assistant", "content": text});
    let usage = json!({"prompt_tokens": 5, "completion_tokens": 6, "total_tokens": 11});
    let choice = |index: u64, text: &str| json!({"index": index, "message": message(text), "finish_reason": "stop"});
    for (name, choices) in [
        ("in order", json!([choice(0, "a"), choice(1, "<think>x</think>b")])),
        ("out of order", json!([choice(1, "<think>x</think>b"), choice(0, "a")])),
        ("under one index", json!([choice(0, "a"), choice(0, "<think>x</think>b")])),
        (
            "without reasons",
            json!([{"message": message("a")}, {"message": message("<think>x</think>b")}]),
        ),
        ("one too many", json!([choice(0, "a"), choice(1, "<think>x</think>b"), choice(2, "c")])),
    ] {
        let body = json!({"object": "chat.completion", "choices": choices, "usage": usage});
        let script = Script::json(200, body.to_string());
        let outcome = told(script, 2, How::Relayed, &json!({}));
        assert_eq!(short(&outcome.client.each), ["a stop", "(x) b stop"], "{name}");
        assert_eq!(outcome.client.each.usage, Some([5, 6, 11]), "{name}");
    }
}

/// What counts as first output, and as none.
#[test]
fn the_gate_judges_all_answers_together() {
    let end = |first: &str, second: &str| ends(0, first) + &ends(1, second) + &counted(3);
    let thinks = |index| piece(index, json!({"role": "assistant", "reasoning_content": "hm"}));
    for (name, stream, wanted) in [
        ("the second speaks", says(1, "b") + &end("stop", "stop"), Gate::Commit),
        (
            "the second calls",
            call(1, 0, "x", "f", "{}") + &says(0, "") + &end("stop", "stop"),
            Gate::Commit,
        ),
        (
            "the first thinks, the second speaks",
            thinks(0) + &says(1, "b") + &end("stop", "stop"),
            Gate::Commit,
        ),
        (
            "nothing",
            says(0, "") + &says(1, " ") + &end("stop", "stop"),
            Gate::Reject(Reason::Empty),
        ),
        (
            "one thinks",
            thinks(0) + &says(1, "") + &end("stop", "stop"),
            Gate::Reject(Reason::ReasoningOnly),
        ),
        (
            "one is cut",
            thinks(0) + &says(1, "") + &end("stop", "length"),
            Gate::Reserve(Reason::Incomplete),
        ),
        (
            "one is filtered",
            says(0, "") + &thinks(1) + &end("content_filter", "length"),
            Gate::Reject(Reason::ContentFilter),
        ),
        (
            "one declines without words",
            says(0, "") + &says(1, "") + &end("stop", "refusal"),
            Gate::Commit,
        ),
    ] {
        let outcome = told(Script::sse(stream), 2, How::Relayed, &json!({}));
        assert_eq!(outcome.fault, None, "{name}");
        assert_eq!((&outcome.verdict, &outcome.whole), (&wanted, &wanted), "{name}");
    }
}

#[test]
fn what_is_asked_for_is_sent_and_has_a_bound() {
    use oc_providers::wire::Dialect;
    let request = |n: Value| {
        let body = json!({"model": "m", "n": n, "messages": [{"role": "user", "content": "Hi"}]});
        Dialect::Chat.decode_request(body.to_string().as_bytes())
    };
    for (n, wanted) in
        [(json!(null), None), (json!(1), None), (json!(2), Some(2)), (json!(128), Some(128))]
    {
        assert_eq!(request(n).unwrap().request.choices, wanted);
    }
    for (n, code, words) in [
        (json!(129), "invalid_value", "`n` must be from 1 to 128"),
        (json!(u64::MAX), "invalid_value", "`n` must be from 1 to 128"),
        (json!(0), "invalid_type", "`n` must be a whole number above 0"),
        (json!(-1), "invalid_type", "`n` must be a whole number above 0"),
        (json!("2"), "invalid_type", "`n` must be a whole number above 0"),
    ] {
        let refused = request(n.clone()).unwrap_err();
        assert_eq!((refused.code, refused.param.as_deref()), (Some(code), Some("n")), "{n}");
        assert_eq!(refused.message, words);
    }
    let provider = |api, url| {
        let endpoint = oc_providers::Endpoint::new("p", api, url).unwrap();
        let transport = std::sync::Arc::new(oc_providers::ScriptedTransport::default());
        oc_providers::Provider::new(endpoint, transport).unwrap()
    };
    let asked = asked(3, true, &json!({})).request;
    for api in oc_providers::Api::ALL.iter().copied() {
        let encoded = provider(api, "http://127.0.0.1:1/v1").encode(&asked);
        match api {
            oc_providers::Api::OpenaiCompletions => assert_eq!(encoded.unwrap().body["n"], 3),
            other => {
                let refused = encoded.unwrap_err();
                assert_eq!(refused.kind(), Kind::Unsupported);
                let words = format!("{other} gives one answer, and 3 were asked for (`n`)");
                assert!(refused.to_string().contains(&words), "{refused}");
            }
        }
    }
}
