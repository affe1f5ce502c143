//! The readers, held to what this project's renderers write and to damage.

use oc_providers::wire::{AnswerName, Dialect as Spoken, Render};
use oc_responses_stream::{Delta, Finish, FinishReason, Slot, TextDelta};

use super::*;
use crate::verdict::Class;

const TEXT: &str = "Whole.";

/// The answer in this dialect, ended by `end`.
fn rendered(dialect: &Dialect, stream: bool, end: impl Fn(&mut dyn Render)) -> Answer {
    let spoken = Spoken::ALL.into_iter().find(|spoken| spoken.path() == dialect.path).unwrap();
    let question = (dialect.question)(stream).to_string();
    let asked = spoken.decode_request(question.as_bytes()).unwrap();
    assert_eq!(asked.stream, stream);
    let mut renderer = asked.renderer(AnswerName::new("1", "m", 1_700_000_000));
    renderer.push(&Delta::Text(TextDelta::new(Slot(0), TEXT)));
    end(&mut *renderer);
    let (mut body, mut kind) = (Vec::new(), "text/event-stream");
    if stream {
        while let Some(bytes) = renderer.next_bytes() {
            body.extend(bytes);
        }
        body.extend(renderer.end_mark());
    } else {
        (body, kind) = (renderer.document().to_string().into_bytes(), "application/json");
    }
    Answer::new(200, kind, body)
}

fn finished(reason: FinishReason) -> impl Fn(&mut dyn Render) {
    move |renderer| renderer.push(&Delta::Finish(Finish::new(reason.clone())))
}

fn class(dialect: &Dialect, answer: &Answer, stream: bool) -> Class {
    dialect.seen(answer, stream).class((TEXT, End::Complete), "The fallback's.")
}

#[test]
fn what_renderers_write_is_read() {
    for dialect in DIALECTS {
        for stream in [true, false] {
            let whole = rendered(dialect, stream, finished(FinishReason::Stop));
            let seen = dialect.seen(&whole, stream);
            assert_eq!(class(dialect, &whole, stream), Class::Primary, "{seen:?}");
            let cut = rendered(dialect, stream, finished(FinishReason::Length));
            assert_eq!(dialect.seen(&cut, stream).end, End::Length, "{}", dialect.name);
            assert_eq!(class(dialect, &cut, stream), Class::Silent, "{}", dialect.name);
        }
        let failed = rendered(dialect, true, |renderer| renderer.fail("upstream_failed", "died"));
        let seen = dialect.seen(&failed, true);
        assert_eq!((seen.end, seen.message.as_str()), (End::Failed, "died"), "{seen:?}");
        assert_eq!(class(dialect, &failed, true), Class::Err);
    }
}

/// A stream that lost an event anywhere is no whole answer.
#[test]
fn no_event_can_be_missing() {
    for dialect in DIALECTS {
        let whole = rendered(dialect, true, finished(FinishReason::Stop));
        let body = String::from_utf8(whole.body).unwrap();
        let events: Vec<&str> = body.split_inclusive("\n\n").collect();
        // Chat's first chunk only says who speaks, and needs not be there.
        let first = usize::from(dialect.name == "chat");
        for lost in first..events.len() {
            let mut rest = events.clone();
            let lost = rest.remove(lost);
            let answer = Answer::new(200, "text/event-stream", rest.concat().into_bytes());
            let class = class(dialect, &answer, true);
            assert!(!matches!(class, Class::Primary | Class::Fallback), "{class:?} without {lost}");
        }
    }
}

#[test]
fn an_upstreams_status_is_no_clear_failure() {
    let body = br#"{"type":"error","error":{"type":"x","code":"y","message":"z"}}"#;
    for dialect in DIALECTS {
        for (status, wanted) in [(502, Class::Err), (401, Class::Raw), (429, Class::Raw)] {
            let answer = Answer::new(status, "application/json", body.to_vec());
            assert_eq!(class(dialect, &answer, true), wanted, "{status}");
        }
        let page = Answer::new(502, "text/html", b"<html>".to_vec());
        assert_eq!(class(dialect, &page, true), Class::Raw);
    }
}
