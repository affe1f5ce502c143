//! Every refusal names its field; every tolerance is kept.

use super::*;
use oc_responses_stream::Part;

fn refused(body: &str) -> BadRequest {
    decode_request(body.as_bytes()).expect_err(body)
}

fn read(body: &str) -> ClientRequest {
    decode_request(body.as_bytes()).expect(body)
}

#[test]
fn refusals_name_the_field() {
    for (body, param) in [
        (r#"{"#, None),
        (r#"[]"#, None),
        (r#"{"input":"x"}"#, Some("model")),
        (r#"{"model":7,"input":"x"}"#, Some("model")),
        (r#"{"model":"m"}"#, Some("input")),
        (r#"{"model":"m","input":null}"#, Some("input")),
        (r#"{"model":"m","input":[]}"#, Some("input")),
        (r#"{"model":"m","input":7}"#, Some("input")),
        (r#"{"model":"m","input":[7]}"#, Some("input[0]")),
        (r#"{"model":"m","input":[{}]}"#, Some("input[0].type")),
        (r#"{"model":"m","input":[{"role":"tool","content":"x"}]}"#, Some("input[0].role")),
        (r#"{"model":"m","input":[{"role":"user"}]}"#, Some("input[0].content")),
        (r#"{"model":"m","input":[{"role":"user","content":7}]}"#, Some("input[0].content")),
        (r#"{"model":"m","input":[{"role":"user","content":["x"]}]}"#, Some("input[0].content[0]")),
        (
            r#"{"model":"m","input":[{"role":"user","content":[{"type":"input_text"}]}]}"#,
            Some("input[0].content[0].text"),
        ),
        (
            r#"{"model":"m","input":[{"role":"user","content":[{"type":"input_image"}]}]}"#,
            Some("input[0].content[0].image_url"),
        ),
        (
            r#"{"model":"m","input":[{"role":"user","content":"x"},{"type":"function_call","name":"f"}]}"#,
            Some("input[1].call_id"),
        ),
        (
            r#"{"model":"m","input":[{"type":"function_call","call_id":"c"}]}"#,
            Some("input[0].name"),
        ),
        (
            r#"{"model":"m","input":[{"type":"function_call_output","output":"x"}]}"#,
            Some("input[0].call_id"),
        ),
        (r#"{"model":"m","input":[{"type":"item_reference","id":"x"}]}"#, Some("input[0]")),
        (
            r#"{"model":"m","input":"x","previous_response_id":"resp_1"}"#,
            Some("previous_response_id"),
        ),
        (r#"{"model":"m","input":"x","conversation":"conv_1"}"#, Some("conversation")),
        (r#"{"model":"m","input":"x","background":true}"#, Some("background")),
        (r#"{"model":"m","input":"x","stream":"yes"}"#, Some("stream")),
        (r#"{"model":"m","input":"x","temperature":"warm"}"#, Some("temperature")),
        (r#"{"model":"m","input":"x","max_output_tokens":0}"#, Some("max_output_tokens")),
        (r#"{"model":"m","input":"x","max_output_tokens":-1}"#, Some("max_output_tokens")),
        (r#"{"model":"m","input":"x","max_output_tokens":1.5}"#, Some("max_output_tokens")),
        (r#"{"model":"m","input":"x","tools":{}}"#, Some("tools")),
        (r#"{"model":"m","input":"x","tools":[{"type":"function"}]}"#, Some("tools[0]")),
        (r#"{"model":"m","input":"x","tools":[7]}"#, Some("tools[0]")),
        (r#"{"model":"m","input":"x","tool_choice":"maybe"}"#, Some("tool_choice")),
        (r#"{"model":"m","input":"x","reasoning":"high"}"#, Some("reasoning")),
        (r#"{"model":"m","input":"x","reasoning":{"effort":3}}"#, Some("reasoning.effort")),
        (r#"{"model":"m","input":"x","text":{"format":{}}}"#, Some("text.format.type")),
        (
            r#"{"model":"m","input":"x","text":{"format":{"type":"json_schema"}}}"#,
            Some("text.format.schema"),
        ),
        (r#"{"model":"m","input":"x","metadata":[]}"#, Some("metadata")),
        (r#"{"model":"m","input":"x","include":"all"}"#, Some("include")),
    ] {
        let fault = refused(body);
        assert_eq!(fault.param.as_deref(), param, "{body}");
        if let Some(param) = param {
            assert!(fault.message.contains(param), "{}: {body}", fault.message);
        }
    }
}

#[test]
fn what_needs_no_store_may_be_sent_as_null_or_false() {
    read(
        r#"{"model":"m","input":"x","previous_response_id":null,"conversation":null,"background":false}"#,
    );
}

#[test]
fn easy_messages_need_no_type() {
    let asked = read(
        r#"{"model":"m","input":[{"role":"developer","content":"be brief"},{"role":"assistant","content":null}]}"#,
    );
    let [Item::Message(first), Item::Message(second)] = asked.request.input.as_slice() else {
        panic!("two messages");
    };
    assert_eq!((first.role, &first.content), (Role::Developer, &vec![Part::text("be brief")]));
    assert!(second.content.is_empty());
}

#[test]
fn unknown_fields_items_parts_and_tools_are_kept() {
    let asked = read(
        r#"{"model":"m","client_metadata":{"a":1},"prompt_cache_key":"k",
            "input":[{"type":"web_search_call","id":"ws_1"},
                     {"role":"user","content":[{"type":"input_audio","data":"x"}],"x":1}],
            "tools":[{"type":"namespace","name":"n","tools":[]},{"type":"web_search"}]}"#,
    );
    assert_eq!(asked.request.extra.len(), 2);
    assert_eq!(asked.request.tools.len(), 2);
    let [Item::Other(first), Item::Message(second)] = asked.request.input.as_slice() else {
        panic!("an unknown item and a message");
    };
    assert_eq!(first.item_type(), "web_search_call");
    assert!(matches!(second.content.as_slice(), [Part::Other(_)]));
    assert_eq!(second.extra.get("x"), Some(&Value::from(1)));
}

#[test]
fn results_of_any_json_become_text() {
    for (output, wanted) in [
        (r#""7 C""#, "7 C"),
        (r#"{"t":7}"#, r#"{"t":7}"#),
        ("[1,2]", "[1,2]"),
        (r#"[{"name":"x"}]"#, r#"[{"name":"x"}]"#),
        (r#"[{"type":"input_text","text":"a"}]"#, "a"),
    ] {
        let asked = read(&format!(
            r#"{{"model":"m","input":[{{"type":"function_call_output","call_id":"c","output":{output}}}]}}"#
        ));
        let [Item::FunctionCallOutput(result)] = asked.request.input.as_slice() else {
            panic!("one result");
        };
        assert_eq!(result.output, vec![Part::text(wanted)]);
    }
}

#[test]
fn the_echo_holds_parameters_and_never_the_input() {
    let asked = read(
        r#"{"model":"m","input":"secret","temperature":0.5,"tools":[{"type":"function","name":"f"}],"stream":true}"#,
    );
    let keys: Vec<&str> = asked.echo.keys().map(String::as_str).collect();
    assert_eq!(keys.len(), 2);
    assert!(keys.contains(&"temperature") && keys.contains(&"tools"));
}

/// What a host may drop is not said to be in force, and nothing is stored.
#[test]
fn the_echo_claims_nothing_that_only_some_hosts_hold_to() {
    let asked = read(
        r#"{"model":"m","input":"x","service_tier":"flex","truncation":"auto","store":true,"user":"u",
        "safety_identifier":"s","prompt_cache_key":"k","max_tool_calls":2,"top_logprobs":3}"#,
    );
    assert!(asked.echo.is_empty(), "{:?}", asked.echo);
    assert_eq!(asked.request.store, Some(true), "a host that stores is told");
}

/// Its client has one switch, which no other word would lead to.
#[test]
fn a_reference_to_an_item_is_refused_in_the_clients_words() {
    let refused = refused(r#"{"model":"m","input":[{"type":"item_reference","id":"x"}]}"#);
    assert!(refused.message.contains("set `store: false`"), "{refused}");
    assert!(refused.message.contains("set `store: false`"), "{refused}");
}

#[test]
fn a_fault_in_json_quotes_nothing() {
    let fault = refused(r#"{"model":"m","input":"my secret plan"#);
    assert!(!fault.to_string().contains("secret"), "{fault}");
}

#[test]
fn a_depth_bomb_is_an_error() {
    let bomb = "[".repeat(200_000);
    assert_eq!(refused(&bomb).code, Some("invalid_json"));
}
