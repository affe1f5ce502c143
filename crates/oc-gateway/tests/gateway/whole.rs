//! Answers in one piece: nobody has seen the text before the end, so a failure
//! after it falls back like any other.

use oc_gateway::lookalike::{Lookalike, Step, responses, responses::Writer};

use crate::support::{Gateway, HOSTED, hosted, local_first, question};

/// A primary that sends reasoning and text, and then this.
async fn primary(after_text: Vec<Step>) -> Lookalike {
    Lookalike::start(move |_| {
        let mut writer = Writer::new("local-model");
        let mut script = vec![
            Step::sse_head(),
            Step::send(writer.opening()),
            Step::send(writer.reasoning("Six times seven.")),
            Step::send(writer.text("Half an ")),
        ];
        script.extend(after_text.iter().cloned());
        script
    })
    .await
    .expect("a free port")
}

fn event(json: &str) -> Step {
    Step::send(format!("data: {json}\n\n"))
}

#[tokio::test]
async fn a_failure_after_text_falls_back_where_the_answer_is_whole() {
    for (after_text, reason) in [
        (vec![], "cut"),
        (vec![Step::Reset], "reset"),
        (vec![Step::Hold], "timeout"),
        (
            vec![event(r#"{"type":"error","code":"server_error","message":"out of memory"}"#)],
            "server_error",
        ),
        (
            vec![event(
                r#"{"type":"response.failed","response":{"id":"r","object":"response","status":"failed","output":[],"error":{"code":"rate_limit_exceeded","message":"slow"}}}"#,
            )],
            "rate_limit",
        ),
        (vec![event("{\"type\":")], "protocol"),
    ] {
        let (local, hosted) = (primary(after_text).await, hosted().await);
        let config = local_first(&local.base_url(), &format!("http://{}", hosted.address()));
        let gateway = Gateway::start(&config, "{ deadlines: { idle: 0.3 } }").await;
        let answer = gateway.ask(&question(false)).await;
        assert_eq!(answer.status, 200, "{reason}: {}", answer.message());
        assert_eq!(answer.header("x-oc-served-by"), Some("anthropic/claude-sonnet-4-5"));
        assert_eq!(answer.header("x-oc-fallback-reason"), Some(reason));
        let body = answer.json();
        assert_eq!(body["status"], "completed", "{body}");
        let text = body.to_string();
        assert!(text.contains(HOSTED) && !text.contains("Half an"), "{reason}: {text}");
        assert!(!text.contains("Six times seven"), "{reason}: {text}");
    }
}

#[tokio::test]
async fn a_long_whole_answer_is_not_bounded_by_what_a_stream_may_hold() {
    let text = "Seven words make a good long sentence. ".repeat(400);
    let whole = responses::whole("local-model", "Hm.", &text);
    let local =
        Lookalike::start(move |_| vec![Step::sse_head(), Step::send(whole.clone())]).await.unwrap();
    let hosted = hosted().await;
    let config = local_first(&local.base_url(), &format!("http://{}", hosted.address()));
    let gateway = Gateway::start(&config, "{ limits: { heldBytes: 2000 } }").await;
    let answer = gateway.ask(&question(false)).await;
    assert_eq!(answer.header("x-oc-served-by"), Some("lmstudio/local-model"));
    assert!(answer.json().to_string().contains(text.trim_end()));
}

#[tokio::test]
async fn a_tool_call_whose_arguments_do_not_parse_is_replaced() {
    let call = concat!(
        r#"data: {"type":"response.output_item.added","output_index":0,"item":{"type":"function_call","id":"fc_1","call_id":"c1","name":"look","arguments":""}}"#,
        "\n\n",
        r#"data: {"type":"response.function_call_arguments.done","output_index":0,"item_id":"fc_1","arguments":"{\"city\": \"Par"}"#,
        "\n\n",
        r#"data: {"type":"response.output_item.done","output_index":0,"item":{"type":"function_call","id":"fc_1","call_id":"c1","name":"look","arguments":"{\"city\": \"Par"}}"#,
        "\n\n",
        r#"data: {"type":"response.completed","response":{"id":"r","object":"response","status":"completed","output":[]}}"#,
        "\n\n",
    );
    for stream in [true, false] {
        let local =
            Lookalike::start(move |_| vec![Step::sse_head(), Step::send(call)]).await.unwrap();
        let hosted = hosted().await;
        let gateway = Gateway::over(&local, &hosted).await;
        let answer = gateway.ask(&question(stream)).await;
        assert_eq!(
            answer.header("x-oc-fallback-reason"),
            Some("bad_tool_call"),
            "{}",
            answer.message()
        );
        assert!(String::from_utf8_lossy(&answer.body).contains("gehosteten"));
    }
}
