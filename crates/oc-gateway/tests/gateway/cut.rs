//! Every-byte cut: the primary's stream is cut at each byte, in each way, and
//! the client sees the fallback's whole answer, or a prefix of the primary's
//! text and one failure. Never anything else, never a hang.

use std::time::Duration;

use oc_gateway::lookalike::{Lookalike, Step};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::support::{Gateway, HOSTED, hosted, question};

const THOUGHT: &str = "⟦Gedanke⟧ weather … ";
const ARGUMENTS: &str = r#"{"city":"Kyōto"}"#;
const TEXT: [&str; 2] = ["Über Kyōto: ", "☀️ 21 °C."];

/// The primary's whole body, and where its first text is complete on the wire.
/// As terse as servers get, so that every byte can be cut in seconds.
fn primary() -> (Vec<u8>, usize) {
    let text = |piece: &str| json!({ "type": "response.output_text.delta", "output_index": 1, "delta": piece });
    let call = json!({ "type": "function_call", "call_id": "call_1", "name": "umbrella",
        "arguments": ARGUMENTS });
    let events = [
        json!({ "type": "response.created", "response": { "id": "r" } }),
        json!({ "type": "response.reasoning_text.delta", "output_index": 0, "delta": THOUGHT }),
        text(TEXT[0]),
        text(TEXT[1]),
        json!({ "type": "response.output_item.done", "output_index": 2, "item": call }),
        json!({ "type": "response.completed", "response": { "status": "completed" } }),
    ];
    let frame =
        |event: &Value| format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap());
    let body: String = events.iter().map(frame).collect();
    let first_text = events.iter().take(3).map(|event| frame(event).len()).sum();
    (body.into_bytes(), first_text)
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    /// A TCP reset: bytes that were under way may be lost.
    Reset,
    /// The socket closes within the chunked body.
    Cut,
    /// HTTP ends as it should, the answer does not.
    End,
}

impl Way {
    fn step(self) -> Step {
        match self {
            Self::Reset => Step::Reset,
            Self::Cut => Step::Cut,
            Self::End => Step::End,
        }
    }
}

/// What the client may see for one cut.
async fn at(gateway: &Gateway, local: &Lookalike, body: &[u8], first: usize, cut: usize, way: Way) {
    let sent = body[..cut].to_vec();
    local.rewrite(move |_| vec![Step::sse_head(), Step::send(sent.clone()), way.step()]);
    gateway.state.reset_cooldowns();
    let asked = question(true);
    let answer = timeout(Duration::from_secs(10), gateway.ask(&asked)).await;
    let answer = answer.unwrap_or_else(|_| panic!("hangs: cut at {cut}, {way:?}"));
    let told = answer.told();
    let place = format!("cut at {cut} of {} ({first}), {way:?}: {told:?}", body.len());

    assert!(!told.text.contains('⟦'), "reasoning as text: {place}");
    let fallback = told.text == HOSTED;
    if fallback {
        assert_eq!(
            (told.ending.as_str(), told.reasoning.as_str()),
            ("response.completed", ""),
            "{place}"
        );
        assert_eq!(answer.header("x-oc-served-by"), Some("anthropic/claude-sonnet-4-5"));
    } else {
        assert!(!told.text.is_empty() && TEXT.concat().starts_with(&told.text), "{place}");
        // Two bytes before the end, everything but the last blank line is there.
        let whole = cut + 2 >= body.len();
        let ending = told.ending.as_str();
        assert!(
            ending == "response.failed" || (whole && ending == "response.completed"),
            "{place}"
        );
    }
    // An event may count as whole without its blank line, not without its JSON.
    if cut + 2 < first {
        assert!(fallback, "{place}");
    }
    if cut >= first && way != Way::Reset {
        assert!(!fallback, "{place}");
    }
    if cut == body.len() && way == Way::End {
        assert_eq!(told.ending, "response.completed", "{place}");
        assert_eq!(told.response["output"][2]["arguments"], ARGUMENTS, "{place}");
    }
}

async fn everywhere(way: Way) {
    let (body, first) = primary();
    let local = Lookalike::start(|_| Vec::new()).await.unwrap();
    let hosted = hosted().await;
    let gateway = Gateway::over(&local, &hosted).await;
    for cut in 0..=body.len() {
        at(&gateway, &local, &body, first, cut, way).await;
    }
    local.until(|progress| progress.open == 0).await;
}

#[tokio::test]
async fn every_byte_reset() {
    everywhere(Way::Reset).await;
}

#[tokio::test]
async fn every_byte_closed() {
    everywhere(Way::Cut).await;
}

#[tokio::test]
async fn every_byte_ended() {
    everywhere(Way::End).await;
}

#[tokio::test]
async fn one_document_is_whole_wherever_the_primary_was_cut() {
    let (body, _) = primary();
    let local = Lookalike::start(|_| Vec::new()).await.unwrap();
    let hosted = hosted().await;
    let gateway = Gateway::over(&local, &hosted).await;
    for cut in (0..=body.len()).step_by(3) {
        let sent = body[..cut].to_vec();
        local.rewrite(move |_| vec![Step::sse_head(), Step::send(sent.clone()), Step::End]);
        gateway.state.reset_cooldowns();
        let answer = gateway.ask(&question(false)).await;
        let document = answer.json();
        assert_eq!((answer.status, document["status"].as_str()), (200, Some("completed")), "{cut}");
        // After text too: nobody has seen it.
        if cut + 2 < body.len() {
            assert_eq!(document["output"][0]["content"][0]["text"], HOSTED, "cut at {cut}");
        }
    }
}
