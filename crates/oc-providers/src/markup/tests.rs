//! One row per grammar and form; what is a call, what is text, cut anywhere.

use oc_responses_stream::{
    Delta, Finish, FinishReason, ItemEnd, ItemStatus, Slot, TextDelta, Usage,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{AS_TEXT, Declared, ToolCallParser, ToolText};
use crate::request::{FunctionTool, Request, Tool, ToolChoice};
use crate::told_twice::ToldOnce;

fn request() -> Request {
    let schema = json!({"type": "object", "properties": {
        "city": {"type": "string"}, "days": {"type": "integer"}, "units": {"enum": ["c", "f"]},
        "deep": {"type": "object"}, "id": {"type": ["string", "null"]}}});
    let mut request = Request::text("m", "hi");
    for name in ["weather", "now", "mcp__fs__read"] {
        request.tools.push(Tool::Function(FunctionTool::new(name, Some(schema.clone()))));
    }
    request
}

/// What came of an answer: text, calls, and how it ended, in one line each.
fn read(chosen: Option<ToolCallParser>, pieces: &[&str], reason: FinishReason) -> Vec<String> {
    let mut stage = ToolText::new(chosen, Declared::of(&request()), 1 << 16);
    for piece in pieces {
        stage.push(Delta::Text(TextDelta::new(Slot(0), *piece)));
    }
    stage.push(Delta::Finish(Finish::new(reason)));
    told(stage)
}

/// What leaves behind it.
fn told(mut stage: ToolText) -> Vec<String> {
    let mut once = ToldOnce::default();
    while let Some(delta) = stage.next() {
        once.push(delta, |slot| stage.stood(slot));
    }
    let mut lines: Vec<String> = Vec::new();
    let mut text_of: Option<Slot> = None;
    while let Some(delta) = once.next() {
        match delta {
            Delta::Text(delta) if text_of == Some(delta.slot) => {
                lines.last_mut().expect("a line").push_str(&delta.text);
            }
            Delta::Text(delta) => {
                text_of = Some(delta.slot);
                lines.push(format!("text {}", delta.text));
            }
            Delta::ToolCallStart(start) => lines.push(format!("call {} ", start.name)),
            Delta::ToolCallArguments(piece) => {
                let json: Value = serde_json::from_str(&piece.text).expect("arguments are json");
                lines.last_mut().expect("a call").push_str(&json.to_string());
            }
            Delta::Error(error) => lines.push(format!("error {}", error.code.unwrap_or_default())),
            _ => {}
        }
    }
    lines
}

fn whole(chosen: ToolCallParser, text: &str) -> Vec<String> {
    read(Some(chosen), &[text], FinishReason::Stop)
}

/// The words of each grammar for `weather {"city":"Oslo","days":2}`.
const CALLS: &[(ToolCallParser, &str)] = &[
    (
        ToolCallParser::Hermes,
        "<tool_call>\n{\"name\": \"weather\", \"arguments\": {\"city\": \"Oslo\", \"days\": 2}}\n</tool_call>",
    ),
    (
        ToolCallParser::Hermes,
        "<tool_call>{\"name\":\"weather\",\"arguments\":\"{\\\"city\\\":\\\"Oslo\\\",\\\"days\\\":2}\"}</tool_call>",
    ),
    (
        ToolCallParser::Hermes,
        "<tool_call>[{\"name\":\"weather\",\"parameters\":{\"city\":\"Oslo\",\"days\":2}}]",
    ),
    (
        ToolCallParser::Qwen3Coder,
        "<tool_call>\n<function=weather>\n<parameter=city>\nOslo\n</parameter>\n<parameter=days>\n2\n</parameter>\n</function>\n</tool_call>",
    ),
    (
        ToolCallParser::Qwen3Coder,
        "<function=weather><parameter=city>Oslo</parameter><parameter=days>2</parameter></function>",
    ),
    (
        ToolCallParser::Qwen3Coder,
        "<tool_call>\n<function=weather>\n<parameter=city>\nOslo\n<parameter=days>\n2\n</parameter>",
    ),
    (
        ToolCallParser::Mistral,
        "[TOOL_CALLS][{\"name\": \"weather\", \"arguments\": {\"city\": \"Oslo\", \"days\": 2}}]",
    ),
    (
        ToolCallParser::Mistral,
        "[TOOL_CALLS] {\"name\":\"weather\",\"arguments\":{\"city\":\"Oslo\",\"days\":2}}",
    ),
    (ToolCallParser::Mistral, "[TOOL_CALLS]weather[ARGS]{\"city\": \"Oslo\", \"days\": 2}"),
    (
        ToolCallParser::Mistral,
        "[TOOL_CALLS]weather[CALL_ID]abcdefghi[ARGS]{\"city\":\"Oslo\",\"days\":2}",
    ),
    (ToolCallParser::Mistral, "[TOOL_CALLS]weather{\"city\":\"Oslo\",\"days\":2}"),
    (
        ToolCallParser::MinimaxM2,
        "<minimax:tool_call>\n<invoke name=\"weather\">\n<parameter name=\"city\">Oslo</parameter>\n<parameter name=\"days\">2</parameter>\n</invoke>\n</minimax:tool_call>",
    ),
    (
        ToolCallParser::KimiK2,
        "<|tool_calls_section_begin|><|tool_call_begin|>functions.weather:0<|tool_call_argument_begin|>{\"city\":\"Oslo\",\"days\":2}<|tool_call_end|><|tool_calls_section_end|>",
    ),
    (
        ToolCallParser::Deepseek,
        "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>weather\n```json\n{\"city\":\"Oslo\",\"days\":2}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
    ),
    (
        ToolCallParser::Deepseek,
        "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>weather<｜tool▁sep｜>{\"city\":\"Oslo\",\"days\":2}<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
    ),
    (
        ToolCallParser::Deepseek,
        "<｜DSML｜function_calls>\n<｜DSML｜invoke name=\"weather\">\n<｜DSML｜parameter name=\"city\" string=\"true\">Oslo</｜DSML｜parameter>\n<｜DSML｜parameter name=\"days\" string=\"false\">2</｜DSML｜parameter>\n</｜DSML｜invoke>\n</｜DSML｜function_calls>",
    ),
    (
        ToolCallParser::Glm45,
        "<tool_call>weather\n<arg_key>city</arg_key>\n<arg_value>Oslo</arg_value>\n<arg_key>days</arg_key>\n<arg_value>2</arg_value>\n</tool_call>",
    ),
    (
        ToolCallParser::FunctionCalls,
        "<function_calls>\n<invoke name=\"weather\">\n<parameter name=\"city\">Oslo</parameter>\n<parameter name=\"days\">2</parameter>\n</invoke>\n</function_calls>",
    ),
    (
        ToolCallParser::FunctionCalls,
        "<invoke name=\"weather\">\n<parameter name=\"city\">Oslo</parameter>\n<parameter name=\"days\">2</parameter>\n</invoke>",
    ),
    (
        ToolCallParser::FunctionCalls,
        "<antml:function_calls>\n<antml:invoke name=\"weather\">\n<antml:parameter name=\"city\">Oslo</antml:parameter>\n<antml:parameter name=\"days\">2</antml:parameter>\n</antml:invoke>\n</antml:function_calls>",
    ),
    (
        ToolCallParser::FunctionCalls,
        "<antml:invoke name=\"weather\">\n<antml:parameter name=\"city\">Oslo</antml:parameter>\n<antml:parameter name=\"days\">2</antml:parameter>\n</antml:invoke>",
    ),
    (ToolCallParser::Olmo3, "<function_calls>\nweather(city=\"Oslo\", days=2)\n</function_calls>"),
    (ToolCallParser::Functionary, "<function=weather>{\"city\": \"Oslo\", \"days\": 2}</function>"),
    (
        ToolCallParser::SeedOss,
        "<seed:tool_call>\n<function=weather>\n<parameter=city>Oslo</parameter>\n<parameter=days>2</parameter>\n</function>\n</seed:tool_call>",
    ),
    (
        ToolCallParser::Llama3Json,
        "<|python_tag|>{\"type\": \"function\", \"name\": \"weather\", \"parameters\": {\"city\": \"Oslo\", \"days\": 2}}",
    ),
    (
        ToolCallParser::Llama3Json,
        "<|python_tag|>{\"name\": \"weather\", \"parameters\": {\"city\": \"Oslo\", \"days\": 2}}<|eom_id|>",
    ),
    (
        ToolCallParser::Llama4Pythonic,
        "<|python_start|>[weather(city='Oslo', days=2)]<|python_end|>",
    ),
    (ToolCallParser::Lfm2, "<|tool_call_start|>[weather(city=\"Oslo\", days=2)]<|tool_call_end|>"),
    (
        ToolCallParser::Lfm2,
        "<|tool_call_start|>[{\"name\": \"weather\", \"arguments\": {\"city\": \"Oslo\", \"days\": 2}}]<|tool_call_end|>",
    ),
    (
        ToolCallParser::Granite,
        "<|tool_call|>[{\"name\": \"weather\", \"arguments\": {\"city\": \"Oslo\", \"days\": 2}}]",
    ),
    (
        ToolCallParser::Granite,
        "<|tool_call|>[{\"name\":\"weather\",\"arguments\":{\"city\":\"Oslo\",\"days\":2}}]<|/tool_call|>",
    ),
    (
        ToolCallParser::Granite20bFc,
        "<function_call> {\"name\": \"weather\", \"arguments\": {\"city\": \"Oslo\", \"days\": 2}}",
    ),
    (
        ToolCallParser::Granite20bFc,
        "<function_call>\n{\"name\": \"weather\", \"arguments\": {\"city\": \"Oslo\", \"days\": 2}}\n</function_call>",
    ),
    (
        ToolCallParser::HunyuanA13b,
        "<tool_calls>[{\"name\": \"weather\", \"arguments\": {\"city\": \"Oslo\", \"days\": 2}}]</tool_calls>",
    ),
    (
        ToolCallParser::HunyuanA13b,
        "<tool_calls>\n{\"name\": \"weather\", \"arguments\": {\"city\": \"Oslo\", \"days\": 2}}\n</tool_calls>",
    ),
    (
        ToolCallParser::Internlm,
        "<|action_start|><|plugin|>\n{\"name\": \"weather\", \"parameters\": {\"city\": \"Oslo\", \"days\": 2}}<|action_end|>",
    ),
    (
        ToolCallParser::NemotronJson,
        "<TOOLCALL>[{\"name\": \"weather\", \"arguments\": {\"city\": \"Oslo\", \"days\": 2}}]</TOOLCALL>",
    ),
    (
        ToolCallParser::CohereCommand3,
        "<|START_ACTION|>[\n    {\"tool_call_id\": \"0\", \"tool_name\": \"weather\", \"parameters\": {\"city\": \"Oslo\", \"days\": 2}}\n]<|END_ACTION|>",
    ),
];

const CALL: &str = "call weather {\"city\":\"Oslo\",\"days\":2}";

#[test]
fn every_grammar_is_read_by_the_profile_that_names_it() {
    for (parser, text) in CALLS {
        assert_eq!(whole(*parser, text), [CALL], "{text}");
        assert_eq!(whole(*parser, &format!("Let me see.\n{text}")), ["text Let me see.\n", CALL]);
    }
}

#[test]
fn any_other_profile_reports_it() {
    for (parser, text) in CALLS {
        let others = ToolCallParser::ALL.into_iter().filter(|other| other != parser).map(Some);
        for chosen in others.chain([None]) {
            let lines = read(chosen, &["Well. ", text], FinishReason::Stop);
            assert_eq!(
                lines.last().map(String::as_str),
                Some("error tool_markup_as_text"),
                "{text}"
            );
            assert!(!lines.concat().contains("Oslo"), "{lines:?}");
        }
    }
    assert_eq!(AS_TEXT, "tool_markup_as_text");
}

/// What an error quotes is cut away before it is shown: the cure must not be.
#[cfg(feature = "fallback")]
#[test]
fn the_setting_that_would_read_it_is_named_where_the_error_is_shown() {
    for parser in ToolCallParser::ALL {
        let error = crate::ProviderError::in_stream(super::stage::as_text(parser));
        let cause = oc_fallback::Problem::from_facts(&error);
        assert!(cause.text().contains(&format!("`{}`", parser.as_str())), "{}", cause.text());
    }
}

const HERMES: &str =
    "<tool_call>{\"name\":\"weather\",\"arguments\":{\"city\":\"Oslo\",\"days\":2}}</tool_call>";

/// What is shown is not done, with a parser and without; cut anywhere.
#[test]
fn a_call_in_code_is_the_answers_subject() {
    for text in [
        format!("So:\n```\n{HERMES}\n```\n"),
        format!("So:\n~~~\n{HERMES}\n~~~\nYes."),
        format!("````\n```\n{HERMES}\n```\n{HERMES}\n````\nYes."),
        format!("So:\n\n    {HERMES}\n    {HERMES}\n\nYes."),
        format!("Models write `{HERMES}` there."),
        format!("Models write ``{HERMES}``."),
        format!("It ends so: `{HERMES}`"),
    ] {
        for chosen in [None, Some(ToolCallParser::Hermes)] {
            assert_eq!(read(chosen, &[&text], FinishReason::Stop), [format!("text {text}")]);
            let pieces: Vec<String> = text.chars().map(String::from).collect();
            let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
            assert_eq!(read(chosen, &pieces, FinishReason::Stop), [format!("text {text}")]);
        }
    }
}

#[test]
fn a_call_of_any_grammar_in_code_is_text() {
    for (parser, call) in CALLS {
        let mut texts = vec![format!("So:\n````\n{call}\n````\nYes.")];
        if !call.contains(['\n', '`']) {
            texts.push(format!("Models write `{call}` there."));
        }
        for text in texts {
            for chosen in [None, Some(*parser)] {
                let lines = read(chosen, &[&text], FinishReason::Stop);
                assert_eq!(lines, [format!("text {text}")]);
            }
        }
    }
}

#[test]
fn ticks_that_are_no_code_hide_no_call() {
    for before in ["Press the ` key.\n\n", "Press the ` key. ", "x ``a ` b`` ", "a``b ", "```a``` "]
    {
        let lines = whole(ToolCallParser::Hermes, &format!("{before}{HERMES}"));
        assert_eq!(lines, [format!("text {before}"), CALL.to_owned()], "{before}");
        let lines = whole(ToolCallParser::Hermes, &format!("{before}{HERMES}\nwith `x`."));
        assert!(lines.contains(&CALL.to_owned()), "{lines:?}");
    }
}

/// An agent would take half a call for its answer.
#[test]
fn a_call_that_cannot_be_read_is_reported_and_never_text() {
    let long = format!(
        "<tool_call>{{\"name\":\"weather\",\"arguments\":{{\"city\":\"{}",
        "a".repeat(1 << 17)
    );
    for text in [
        "<tool_call>{\"name\":\"weather\",\"arguments\":{city:1}}</tool_call>",
        "<tool_call>\n{\"name\":\"weather\",\"arguments\":{\"city\":\"Oslo\"}\n</tool_call>",
        "<tool_call>{\"name\":\"weather\",\"arguments\":\"Oslo\"}</tool_call> Done.",
        "<tool_call>{\"name\":\"weather\",\"arguments\":{\"city\":\"Os",
        long.as_str(),
    ] {
        for (chosen, code) in
            [(None, "tool_markup_as_text"), (Some(ToolCallParser::Hermes), "bad_tool_call")]
        {
            let lines = read(chosen, &["Well. ", text], FinishReason::Stop);
            assert_eq!(lines, ["text Well. ".to_owned(), format!("error {code}")], "{text:.99}");
        }
    }
    // Nobody declared it, or it is not one at all.
    for text in [
        "<tool_call>{\"name\":\"gone\",\"arguments\":{x:1}}</tool_call>",
        "The tag <tool_call> opens a call of weather.",
        "<tool_call>{ is how it begins",
    ] {
        let lines = whole(ToolCallParser::Hermes, text);
        assert_eq!(lines, [format!("text {text}")]);
    }
}

#[test]
fn calls_behind_each_other_in_one_section_are_all_read() {
    let one = "{\"name\":\"weather\",\"arguments\":{\"city\":\"Oslo\",\"days\":2}}";
    let text = format!("<tool_call>\n{one}\n{one}\n</tool_call>");
    assert_eq!(whole(ToolCallParser::Hermes, &text), [CALL, CALL]);
}

/// Each grammar's own way to write two.
#[test]
fn two_calls_in_one_section() {
    let json = "{\"name\":\"weather\",\"arguments\":{\"city\":\"Oslo\",\"days\":2}}";
    let python = "weather(city='Oslo', days=2)";
    let xml = "<function=weather>\n<parameter=city>\nOslo\n</parameter>\n<parameter=days>\n2\n</parameter>\n</function>";
    for (parser, text) in [
        (ToolCallParser::Qwen3Coder, format!("<tool_call>\n{xml}\n{xml}\n</tool_call>")),
        (ToolCallParser::Llama3Json, format!("<|python_tag|>{json}; {json}")),
        (ToolCallParser::Granite, format!("<|tool_call|>[{json}, {json}]")),
        (ToolCallParser::Granite20bFc, format!("<function_call>{json}\n<function_call>{json}")),
        (ToolCallParser::HunyuanA13b, format!("<tool_calls>\n{json}\n{json}\n</tool_calls>")),
        (ToolCallParser::NemotronJson, format!("<TOOLCALL>[{json}, {json}]</TOOLCALL>")),
        (ToolCallParser::Llama4Pythonic, format!("<|python_start|>[{python}, {python}]")),
        (ToolCallParser::Lfm2, format!("<|tool_call_start|>[{python},{python}]<|tool_call_end|>")),
        (ToolCallParser::Olmo3, format!("<function_calls>{python}\n{python}\n</function_calls>")),
    ] {
        assert_eq!(whole(parser, &text), [CALL, CALL], "{text}");
        // One of a tool that nobody declared: then none of them is a call.
        let other = text.replacen("weather", "wether", 1);
        assert!(!whole(parser, &other).concat().contains("call "), "{other}");
    }
}

/// Text went on behind a call that no mark ends.
#[test]
fn what_follows_a_call_without_an_end_mark_is_text() {
    for (parser, mark) in [
        (ToolCallParser::Llama3Json, "<|python_tag|>"),
        (ToolCallParser::Granite, "<|tool_call|>"),
        (ToolCallParser::Granite20bFc, "<function_call>"),
    ] {
        let text = format!("{mark}{{\"name\":\"weather\",\"parameters\":{{}}}} Done.");
        assert_eq!(whole(parser, &text), ["call weather {}", "text Done."], "{text}");
    }
}

#[test]
fn calls_of_tools_that_nobody_declared_are_text() {
    for (parser, text) in CALLS {
        let text = text.replace("weather", "wether");
        assert_eq!(whole(*parser, &text), [format!("text {text}")]);
        assert_eq!(read(None, &[&text], FinishReason::Stop), [format!("text {text}")]);
    }
    // One that the choice forbids is not declared either.
    let mut request = request();
    request.tool_choice =
        Some(ToolChoice::Allowed { required: false, names: vec!["now".to_owned()] });
    assert!(Declared::of(&request).schema("weather").is_none());
    // llmprobe's `tool-choice-none` failed behind the gateway alone: servers leave
    // what is no call for them in the text.
    request.tool_choice = Some(ToolChoice::None);
    assert!(Declared::of(&request).is_empty());
}

#[test]
fn what_speaks_of_marks_is_text() {
    for text in [
        "Use `<tool_call>{\"name\":\"weather\",\"arguments\":{}}</tool_call>` for it.",
        "```\n<tool_call>{\"name\":\"weather\",\"arguments\":{}}</tool_call>\n```\nSo.",
        "The <tool_call> tag opens a call.",
        "a < b, a[0] <tool",
        "<tool_call>",
        "[TOOL_CALLS] is a token",
        "<minimax:tool_call>nothing</minimax:tool_call>",
        "<tool_call>{\"name\":\"wea",
        "<tool_call>[]</tool_call>",
        "[weather(city='Oslo')] would be how it is called in Python.",
        "{\"name\":\"weather\",\"parameters\":{\"city\":\"Oslo\"}}",
        "<|python_start|>[x for x in weather]<|python_end|> is Python.",
        "<|python_start|>[weather, now]<|python_end|>",
        "<|python_start|>print(1)<|python_end|>",
        "<|python_tag|>weather.call(city=\"Oslo\")",
        "<|tool_call_start|>[]<|tool_call_end|>",
        "<function_calls> is how Olmo and Claude begin.",
        "<function_calls>weather is called here</function_calls>",
        "<invoke name=\"weather\"> opens a call, </invoke> ends it.",
        "<function=weather> opens a call, </function> ends it.",
        "<function=weather>and more<b>",
        "<TOOLCALL> is NVIDIA's.",
        "<tool_calls>none</tool_calls>",
        "<|START_ACTION|> and <|action_start|><|plugin|> open others.",
    ] {
        for chosen in ToolCallParser::ALL.map(Some).into_iter().chain([None]) {
            let lines = read(chosen, &[text], FinishReason::Stop);
            assert_eq!(lines, [format!("text {text}")], "{chosen:?}");
        }
    }
}

#[test]
fn several_calls_and_text_around_them() {
    let one = CALLS[0].1;
    let two = one.replace("Oslo", "Rome");
    let rome = CALL.replace("Oslo", "Rome");
    assert_eq!(
        whole(ToolCallParser::Hermes, &format!("First.\n{one}\n{two}\nDone.")),
        ["text First.\n", CALL, &rome, "text Done."]
    );
    // What holds an end mark of its own, and what is broken before a whole one.
    let marked = one.replace("Oslo", "</tool_call>");
    assert_eq!(whole(ToolCallParser::Hermes, &marked), [CALL.replace("Oslo", "</tool_call>")]);
    let broken = format!("<tool_call>{{oops}}</tool_call> then {one}");
    assert_eq!(
        whole(ToolCallParser::Hermes, &broken),
        ["text <tool_call>{oops}</tool_call> then ", CALL]
    );
}

#[test]
fn values_are_what_the_schema_says() {
    let call = |key: &str, value: &str| {
        let text = format!(
            "<tool_call>now<arg_key>{key}</arg_key><arg_value>{value}</arg_value></tool_call>"
        );
        whole(ToolCallParser::Glm45, &text).concat()
    };
    for (key, value, wanted) in [
        ("city", "12", json!("12")),
        ("id", "null", json!("null")),
        ("units", "c", json!("c")),
        ("days", "12", json!(12)),
        ("days", "many", json!("many")),
        ("deep", "{\"a\": [1]}", json!({"a": [1]})),
        ("unknown", "True", json!(true)),
        ("unknown", "None", json!(null)),
    ] {
        assert_eq!(call(key, value), format!("call now {}", json!({key: wanted})), "{value}");
    }
}

#[test]
fn half_a_call_that_the_limit_cut_is_no_text_and_no_error() {
    let half = "Well. <tool_call>{\"name\":\"weather\",\"argum";
    for chosen in [Some(ToolCallParser::Hermes), Some(ToolCallParser::Mistral), None] {
        assert_eq!(read(chosen, &[half], FinishReason::Length), ["text Well. "]);
        // Its item may have ended before the answer says why.
        let ended = |after: &[Delta], reason| {
            let mut stage = ToolText::new(chosen, Declared::of(&request()), 1 << 16);
            stage.push(Delta::Text(TextDelta::new(Slot(0), half)));
            stage.push(Delta::ItemEnd(ItemEnd::new(Slot(0), ItemStatus::Completed)));
            after.iter().cloned().for_each(|delta| stage.push(delta));
            stage.push(Delta::Finish(Finish::new(reason)));
            told(stage)
        };
        let counted = [Delta::Usage(Usage::default())];
        assert_eq!(ended(&counted, FinishReason::Length), ["text Well. "]);
        // No limit cut it: the answer goes on, or ended by itself.
        let more = [Delta::Text(TextDelta::new(Slot(1), "More."))];
        for lines in [ended(&more, FinishReason::Length), ended(&counted, FinishReason::Stop)] {
            assert!(lines.iter().any(|line| line.starts_with("error ")), "{lines:?}");
        }
    }
}

/// A server parsed a call and left what it parsed in the text: the tool ran twice,
/// or, without a parser of ours, a call that could be read was an error.
#[test]
fn a_call_and_the_same_in_markup_were_two() {
    use oc_responses_stream::{ToolCallArguments, ToolCallEnd, ToolCallStart};
    let native = |slot, arguments: &str| {
        [
            Delta::ToolCallStart(ToolCallStart::new(Slot(slot), "c", "weather")),
            Delta::ToolCallArguments(ToolCallArguments::new(Slot(slot), arguments)),
            Delta::ToolCallEnd(ToolCallEnd::new(Slot(slot), None)),
            Delta::ItemEnd(ItemEnd::new(Slot(slot), ItemStatus::Completed)),
        ]
    };
    let text = |text: &str| [Delta::Text(TextDelta::new(Slot(0), text))];
    let run = |chosen, deltas: &[&[Delta]]| {
        let mut stage = ToolText::new(chosen, Declared::of(&request()), 1 << 16);
        deltas.concat().into_iter().for_each(|delta| stage.push(delta));
        stage.push(Delta::Finish(Finish::new(FinishReason::ToolCalls)));
        told(stage)
    };
    let call = "call weather {\"city\":\"Oslo\",\"days\":2}";
    // The same, in other words.
    let same = native(1, "{\"days\": 2, \"city\": \"Oslo\"}");
    let turned = "call weather {\"days\":2,\"city\":\"Oslo\"}";
    let other = native(2, "{\"city\":\"Rome\"}");
    let rome = "call weather {\"city\":\"Rome\"}";
    let hermes = Some(ToolCallParser::Hermes);
    let markup = text(HERMES);
    assert_eq!(run(hermes, &[&markup, &same]), [call]);
    assert_eq!(run(hermes, &[&same, &markup]), [turned]);
    assert_eq!(run(hermes, &[&markup, &same, &other]), [call, rome]);
    assert_eq!(run(hermes, &[&markup, &other]), [call, rome]);
    // Twice is twice.
    assert_eq!(
        run(hermes, &[&same, &native(3, "{\"days\":2,\"city\":\"Oslo\"}")]),
        [turned, turned]
    );
    assert_eq!(run(hermes, &[&markup, &markup]), [call, call]);
    // Markup that no setting names is no call of its own.
    for deltas in [[markup.as_slice(), &same], [&same, &markup]] {
        assert_eq!(run(None, &deltas), [turned]);
    }
    let as_text = "error tool_markup_as_text";
    assert_eq!(run(None, &[&markup, &other]), [rome, as_text]);
    assert_eq!(run(None, &[&markup, &markup, &same]), [turned, as_text]);
    assert_eq!(run(None, &[&markup, &text(" Done."), &same]), [as_text]);
}

#[test]
fn a_name_that_drags_a_channel_along_is_mended() {
    use oc_responses_stream::ToolCallStart;
    let mut stage = ToolText::new(None, Declared::of(&request()), 1 << 10);
    for name in ["weather<|channel|>commentary", "other<|channel|>commentary"] {
        stage.push(Delta::ToolCallStart(ToolCallStart::new(Slot(0), "c", name)));
    }
    let names: Vec<String> = std::iter::from_fn(|| stage.next())
        .filter_map(|delta| match delta {
            Delta::ToolCallStart(start) => Some(start.name),
            _ => None,
        })
        .collect();
    assert_eq!(names, ["weather", "other<|channel|>commentary"]);
}

#[test]
fn ids_are_the_models_own_or_left_to_be_made() {
    let ids = |text: &str, parser| -> Vec<String> {
        let mut stage = ToolText::new(Some(parser), Declared::of(&request()), 1 << 16);
        stage.push(Delta::Text(TextDelta::new(Slot(0), text)));
        stage.push(Delta::Finish(Finish::new(FinishReason::Stop)));
        std::iter::from_fn(|| stage.next())
            .filter_map(|delta| match delta {
                Delta::ToolCallStart(start) => Some(start.call_id.as_str().to_owned()),
                _ => None,
            })
            .collect()
    };
    let kimi = CALLS.iter().find(|(parser, _)| *parser == ToolCallParser::KimiK2).expect("row").1;
    assert_eq!(ids(kimi, ToolCallParser::KimiK2), ["functions.weather:0"]);
    assert_eq!(ids(CALLS[0].1, ToolCallParser::Hermes), [""], "`WholeCalls` makes them");
}

#[test]
fn a_message_that_was_nothing_but_calls_leaves_no_empty_one() {
    use oc_responses_stream::{ItemEnd, ItemStatus};
    let mut stage = ToolText::new(Some(ToolCallParser::Hermes), Declared::of(&request()), 1 << 10);
    stage.push(Delta::Text(TextDelta::new(Slot(0), CALLS[0].1)));
    stage.push(Delta::ItemEnd(ItemEnd::new(Slot(0), ItemStatus::Completed)));
    let ends = std::iter::from_fn(|| stage.next()).filter(|d| matches!(d, Delta::ItemEnd(_)));
    assert_eq!(ends.count(), 1, "the call's own");
}

#[test]
fn a_phase_that_is_told_late_finds_its_message() {
    use oc_responses_stream::{Phase, PhaseDelta, ReasoningDelta};
    let mut stage = ToolText::new(None, Declared::of(&request()), 1 << 10);
    // The upstream's numbers are not those that come out.
    stage.push(Delta::Reasoning(ReasoningDelta::raw(Slot(7), "hm")));
    stage.push(Delta::Text(TextDelta::new(Slot(3), "Let me look. <")));
    stage.push(Delta::Phase(PhaseDelta::new(Slot(3), Phase::Commentary)));
    let deltas: Vec<Delta> = std::iter::from_fn(|| stage.next()).collect();
    let slots: Vec<u32> = deltas
        .iter()
        .filter_map(|delta| match delta {
            Delta::Text(text) => Some(text.slot.0),
            Delta::Phase(phase) => Some(phase.slot.0),
            _ => None,
        })
        .collect();
    assert!(!slots.is_empty() && slots.iter().all(|slot| *slot == 1), "{deltas:?}");
    assert!(matches!(deltas.last(), Some(Delta::Phase(_))), "{deltas:?}");
}

#[test]
fn a_megabyte_of_open_marks_takes_no_time_and_no_memory() {
    let mut stage = ToolText::new(None, Declared::of(&request()), 1 << 14);
    let mut shown = 0;
    let hostile = "<tool_call>{\"a\":</tool_call>[TOOL_CALLS][";
    for _ in 0..40_000 {
        stage.push(Delta::Text(TextDelta::new(Slot(0), hostile)));
        while let Some(delta) = stage.next() {
            if let Delta::Text(delta) = delta {
                shown += delta.text.len();
            }
        }
    }
    assert!(40_000 * hostile.len() - shown <= (1 << 14) + hostile.len());
}

/// Each piece of it was looked at from the mark on, and all of it held back.
#[test]
fn white_space_without_end_behind_a_mark_is_let_go() {
    for mark in ["<tool_call>", "<invoke name=\"weather\">", "<|python_start|>"] {
        let mut stage = ToolText::new(None, Declared::of(&request()), 1 << 24);
        stage.push(Delta::Text(TextDelta::new(Slot(0), mark)));
        for _ in 0..5_000 {
            stage.push(Delta::Text(TextDelta::new(Slot(0), " ")));
        }
        let shown = std::iter::from_fn(|| stage.next());
        let text = shown.filter(|delta| matches!(delta, Delta::Text(_))).count();
        assert!(text > 500, "{mark}");
    }
}

proptest! {
    #[test]
    fn the_cut_changes_nothing(
        row in 0..CALLS.len(),
        named in any::<bool>(),
        cuts in prop::collection::vec(1_usize..12, 0..60),
    ) {
        let (parser, call) = CALLS[row];
        let text = format!("So: a<b `<tool_call>` [x]\n{call}\n{call} end");
        let chosen = named.then_some(parser);
        let mut pieces = Vec::new();
        let mut rest = text.as_str();
        for cut in cuts {
            let at = rest.char_indices().nth(cut).map_or(rest.len(), |(at, _)| at);
            let (piece, after) = rest.split_at(at);
            pieces.push(piece);
            rest = after;
        }
        pieces.push(rest);
        prop_assert_eq!(
            read(chosen, &pieces, FinishReason::Stop),
            read(chosen, &[&text], FinishReason::Stop)
        );
    }

    #[test]
    fn text_without_calls_comes_out_as_it_went_in(text in "[a-z<>\\[\\]{}\"`\n|:_=/ TOLCAS]{0,200}") {
        let lines = read(None, &[&text], FinishReason::Stop);
        prop_assert_eq!(lines.concat(), if text.is_empty() { String::new() } else { format!("text {text}") });
    }
}

/// What was known of text that was held back, token by token, was lost.
#[test]
fn text_that_was_held_keeps_its_log_probabilities() {
    let call = CALLS[0].1;
    let (half, rest) = call.split_at(9);
    for (pieces, wanted) in [
        (&["a ", "<to", "o", " b"][..], "a |<to|o| b"),
        (&["a <", "b"], "a <|b"),
        // What was a call is no text, and what was changed is of other tokens.
        (&["x", call, "c"], "x|c"),
        (&["x", half, rest, " b", "c"], "x|c"),
    ] {
        let declared = Declared::of(&request());
        let mut stage = ToolText::new(Some(ToolCallParser::Hermes), declared, 1 << 16);
        for piece in pieces {
            let mut delta = TextDelta::new(Slot(0), *piece);
            delta.logprobs = Some(json!([{"token": piece, "logprob": -1}]));
            stage.push(Delta::Text(delta));
        }
        stage.push(Delta::Finish(Finish::new(FinishReason::Stop)));
        let mut tokens = Vec::new();
        while let Some(delta) = stage.next() {
            let Delta::Text(TextDelta { logprobs: Some(Value::Array(all)), .. }) = delta else {
                continue;
            };
            tokens
                .extend(all.iter().filter_map(|token| token["token"].as_str().map(str::to_owned)));
        }
        assert_eq!(tokens.join("|"), wanted, "{pieces:?}");
    }
}
