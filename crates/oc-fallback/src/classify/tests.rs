//! Every row is a body that was recorded or is stated by the specification,
//! with the reason it must give, and a near miss with the reason that must
//! give. Deleting any phrase of the text table fails a row.

mod rows;

use proptest::prelude::*;
use serde_json::Value;

use self::rows::{Row, rows};
use super::{message, words, *};
use crate::facts::{FactSheet, Limit};

/// A body as an adapter would read it: its code, type and message.
fn facts(status: u16, body: &str) -> FactSheet {
    let fault = if status == 200 { Fault::InStream } else { Fault::Http };
    let sheet = FactSheet::new(fault).with_status(status);
    let Ok(json) = serde_json::from_str::<Value>(body) else {
        return sheet.with_message(body);
    };
    let error = json.get("error").or_else(|| json.get("detail")).unwrap_or(&json);
    if let Some(text) = error.as_str() {
        return sheet.with_message(text);
    }
    let field = |name: &str| match error.get(name) {
        Some(Value::String(text)) => Some(text.clone()),
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    let sheet = match field("code") {
        Some(code) => sheet.with_code(code),
        None => sheet,
    };
    let sheet = match field("type") {
        Some(error_type) => sheet.with_error_type(error_type),
        None => sheet,
    };
    match field("message") {
        Some(text) => sheet.with_message(text),
        None => sheet,
    }
}

#[test]
fn every_row_gives_its_reason_and_its_near_miss_another() {
    let mut wrong = Vec::new();
    for row in rows() {
        let is = classify(&facts(row.status, row.body));
        if is != row.reason {
            wrong.push(format!("{}: {:?}, not {:?}", row.source, is, row.reason));
        }
        let near = classify(&facts(row.near.0, row.near.1));
        if near != row.near.2 {
            wrong.push(format!("{} (near miss): {:?}, not {:?}", row.source, near, row.near.2));
        }
        if row.near.2 == row.reason {
            wrong.push(format!("{}: the near miss means the same", row.source));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(rows().count() >= 120, "only {} rows", rows().count());
}

/// All rules but one, and the name of the one.
fn without_one() -> Vec<(String, RulesBut)> {
    let mut all = Vec::new();
    let mut push = |name: String, change: &dyn Fn(&mut RulesBut)| {
        let mut rules = RulesBut::all();
        change(&mut rules);
        all.push((name, rules));
    };
    for (at, (code, _)) in words::CODES.iter().enumerate() {
        push(format!("code {code}"), &|rules| {
            rules.codes.remove(at);
        });
    }
    for (at, (error_type, _)) in words::TYPES.iter().enumerate() {
        push(format!("type {error_type}"), &|rules| {
            rules.types.remove(at);
        });
    }
    for (at, (_, phrase)) in message::TABLE.iter().enumerate() {
        push(format!("phrase {phrase}"), &|rules| {
            rules.phrases.remove(at);
        });
    }
    for (at, echo) in quote::ECHOES.iter().enumerate() {
        push(format!("echo {echo}"), &|rules| {
            rules.echoes.remove(at);
        });
    }
    for (at, rule) in status::RULES.iter().enumerate() {
        push(format!("status {:?}", rule.when), &|rules| {
            rules.statuses.remove(at);
        });
        if rule.open_to.len() == Reason::ALL.len() {
            continue;
        }
        for &closed in rule.open_to {
            push(format!("status {:?} to {closed}", rule.when), &|rules| {
                let open: Vec<_> =
                    rule.open_to.iter().copied().filter(|&reason| reason != closed).collect();
                rules.statuses[at].open_to = open.leak();
            });
        }
    }
    all
}

struct RulesBut {
    codes: Vec<(&'static str, Reason)>,
    statuses: Vec<StatusRule>,
    types: Vec<(&'static str, Reason)>,
    phrases: Vec<(Reason, &'static str)>,
    echoes: Vec<&'static str>,
}

impl RulesBut {
    fn all() -> Self {
        Self {
            codes: words::CODES.to_vec(),
            statuses: status::RULES.to_vec(),
            types: words::TYPES.to_vec(),
            phrases: message::TABLE.to_vec(),
            echoes: quote::ECHOES.to_vec(),
        }
    }

    fn judge(&self, row: &Row) -> Reason {
        let rules = Rules {
            codes: &self.codes,
            statuses: &self.statuses,
            types: &self.types,
            phrases: &self.phrases,
            echoes: &self.echoes,
        };
        rules.judge(&facts(row.status, row.body))
    }
}

#[test]
fn deleting_any_rule_fails_a_row() {
    let idle: Vec<_> = without_one()
        .into_iter()
        .filter(|(_, rules)| rows().all(|row| rules.judge(row) == row.reason))
        .map(|(name, _)| name)
        .collect();
    assert!(idle.is_empty(), "no row needs {idle:#?}");
}

#[test]
fn no_two_rows_of_one_provider_say_the_same() {
    // Alike are two rows of one provider, status and code that need the same rules.
    let reduced = without_one();
    let (mut seen, mut repeats) = (std::collections::HashMap::new(), Vec::new());
    for row in rows() {
        let sheet = facts(row.status, row.body);
        let needs: Vec<_> = reduced
            .iter()
            .filter(|(_, rules)| rules.judge(row) != row.reason)
            .map(|(name, _)| name.as_str())
            .collect();
        let key = (row.provider(), row.status, sheet.code().map(str::to_owned), needs);
        if let (Some(other), None) = (seen.insert(key, row.source), row.again) {
            repeats.push(format!("{} repeats {other}", row.source));
        }
    }
    assert!(repeats.is_empty(), "{repeats:#?}");
}

#[test]
fn phrases_are_lower_case_and_no_single_everyday_word() {
    for (_, phrase) in message::TABLE {
        assert_eq!(*phrase, phrase.to_lowercase());
        assert!(phrase.len() >= 10, "{phrase} is too short to mean anything");
        assert!(!phrase.split('*').any(|piece| piece.trim().is_empty()), "{phrase}");
    }
}

#[test]
fn numbers_ids_and_single_words_mean_nothing() {
    for text in [
        "req_429_abc failed",
        "connect 127.0.0.1:4290",
        "session expired_at 402",
        "timeout=60 in worker 529",
        "job 401 ended",
        "model_overloaded_counter=3",
        "operate limitless",
    ] {
        let facts = FactSheet::new(Fault::Http).with_status(500).with_message(text);
        assert_eq!(classify(&facts), Reason::ServerError, "{text}");
    }
}

#[test]
fn what_quotes_the_request_is_not_read() {
    // vLLM's validation errors quote the input: the user's words.
    let body = "1 validation error:\n {'type': 'missing', 'loc': 'body', 'msg': 'Field required', \
                'input': 'why is my API key invalid? rate limit exceeded, prompt is too long'}";
    let facts = FactSheet::new(Fault::Http).with_status(400).with_message(body);
    assert_eq!(classify(&facts), Reason::Format);
}

#[test]
fn an_answer_that_a_server_quotes_is_neither_judged_nor_kept() {
    // Each stopped the chain: the words of the user or of the model were read as
    // the server's own, and the model's thought was shown to the client.
    let words = "my app says that the prompt is too long; rate limit, overloaded";
    for (fault, status, text, reason) in [
        (
            Fault::Http,
            500,
            format!(
                "Failed to parse messages: Missing 'content'; messages = [{{\"content\": \"{words}\"}}]"
            ),
            Reason::Format,
        ),
        (
            Fault::Http,
            400,
            format!("Failed to parse tools: bad; tools = [{{\"description\": \"{words}\"}}]"),
            Reason::Format,
        ),
        (
            Fault::InStream,
            200,
            format!("Failed to parse input at pos 13: <|channel>thought {words}<channel|>"),
            Reason::ServerError,
        ),
        (
            Fault::InStream,
            200,
            format!("Invalid diff: 'it's {words}' not found at start of 'it's'"),
            Reason::ServerError,
        ),
        (
            Fault::Http,
            400,
            format!("Invalid value: '{words}'. Supported values are: 'a', 'b'."),
            Reason::Format,
        ),
        (
            Fault::Http,
            400,
            format!("invalid type: string \"{words}\", expected a sequence at line 1"),
            Reason::Format,
        ),
    ] {
        let facts = FactSheet::new(fault).with_status(status).with_message(&text);
        let problem = crate::Problem::from_facts(&facts);
        assert_eq!(problem.reason, reason, "{text}");
        assert!(!problem.text().contains("too long"), "{}", problem.text());
        // The same words outside of a quotation are the server's.
        let own = FactSheet::new(fault).with_status(status).with_message("the prompt is too long");
        assert_eq!(classify(&own), Reason::ContextOverflow);
    }
}

#[test]
fn a_server_error_that_says_when_to_come_back_is_overload() {
    // A bare 503 with Retry-After cooled 30 s, and ended as 502 without one.
    for (status, reason) in [
        (500, Reason::Overloaded),
        (502, Reason::Overloaded),
        (503, Reason::Overloaded),
        (504, Reason::Timeout(Limit::Upstream)),
        (401, Reason::Auth),
    ] {
        let wait = std::time::Duration::from_secs(120);
        let facts = FactSheet::new(Fault::Http).with_status(status).with_retry_after(wait);
        assert_eq!(classify(&facts), reason, "{status}");
    }
    let loading = FactSheet::new(Fault::Http)
        .with_status(503)
        .with_message("Loading model")
        .with_retry_after(std::time::Duration::from_secs(5));
    assert_eq!(classify(&loading), Reason::ModelNotReady);
}

#[test]
fn a_web_page_is_judged_by_its_status() {
    let page = "<!DOCTYPE html><html><body>Rate limit, overloaded, invalid api key</body></html>";
    for (status, reason) in [
        (502, Reason::ServerError),
        (504, Reason::Timeout(Limit::Upstream)),
        (403, Reason::Auth),
        (404, Reason::ModelNotFound),
    ] {
        let facts = FactSheet::new(Fault::Http).with_status(status).with_message(page);
        assert_eq!(classify(&facts), reason);
    }
}

#[test]
fn a_status_alone() {
    for (status, reason) in [
        (307, Reason::Protocol),
        (400, Reason::Unclassified),
        (401, Reason::Auth),
        (402, Reason::Billing),
        (403, Reason::Auth),
        (404, Reason::ModelNotFound),
        (405, Reason::Format),
        (408, Reason::Timeout(Limit::Upstream)),
        (410, Reason::ModelNotFound),
        (413, Reason::TooLarge),
        (422, Reason::Unclassified),
        (429, Reason::RateLimit),
        (499, Reason::Timeout(Limit::Upstream)),
        (500, Reason::ServerError),
        (502, Reason::ServerError),
        (503, Reason::ServerError),
        (504, Reason::Timeout(Limit::Upstream)),
        (520, Reason::ServerError),
        (522, Reason::Timeout(Limit::Upstream)),
        (524, Reason::Timeout(Limit::Upstream)),
        (529, Reason::Overloaded),
    ] {
        let facts = FactSheet::new(Fault::Http).with_status(status);
        assert_eq!(classify(&facts), reason, "{status}");
    }
}

#[test]
fn an_error_event_without_a_word_is_the_providers_failure() {
    let facts = FactSheet::new(Fault::InStream).with_status(200);
    assert_eq!(classify(&facts), Reason::ServerError);
    assert_eq!(classify(&FactSheet::new(Fault::Http)), Reason::Unclassified);
}

#[test]
fn where_it_broke_needs_no_words() {
    for (fault, reason) in [
        (Fault::Refused, Reason::Refused),
        (Fault::Dns, Reason::Dns),
        (Fault::Tls, Reason::Tls),
        (Fault::Limit(Limit::Connect), Reason::Timeout(Limit::Connect)),
        (Fault::Limit(Limit::Idle), Reason::Timeout(Limit::Idle)),
        (Fault::Reset, Reason::Reset),
        (Fault::Cut, Reason::Cut),
        (Fault::Protocol, Reason::Protocol),
        (Fault::Oversized, Reason::Oversized),
        (Fault::Cancelled, Reason::Cancelled),
        (Fault::Policy, Reason::Policy),
        (Fault::Unsupported, Reason::Unsupported),
    ] {
        let facts = FactSheet::new(fault).with_status(429).with_message("rate limit");
        assert_eq!(classify(&facts), reason);
    }
}

#[test]
fn a_code_decides_whatever_the_status() {
    for &(code, reason) in words::CODES {
        for status in [200, 400, 403, 429, 500] {
            let facts = facts(status, &format!(r#"{{"error":{{"code":"{code}"}}}}"#));
            assert_eq!(classify(&facts), reason, "{code} under {status}");
        }
        let near = format!("x{code}");
        assert_eq!(words::look_up(words::CODES, &near), None, "{near}");
    }
}

#[test]
fn a_type_refines_a_status_that_leaves_room() {
    for &(error_type, reason) in words::TYPES {
        let facts = facts(200, &format!(r#"{{"error":{{"type":"{error_type}"}}}}"#));
        assert_eq!(classify(&facts), reason, "{error_type}");
    }
    // 401 is about the key, whatever a proxy in between calls it.
    let facts = FactSheet::new(Fault::Http).with_status(401).with_error_type("not_found_error");
    assert_eq!(classify(&facts), Reason::Auth);
}

#[cfg(feature = "serde")]
#[test]
fn the_problem_keeps_the_facts() {
    let sheet = FactSheet::new(Fault::Http)
        .with_status(429)
        .with_message("Rate limit for key sk-proj-0123456789abcdef")
        .with_retry_after(std::time::Duration::from_secs(3))
        .with_request_id("req_1")
        .with_window(2048);
    let problem = crate::Problem::from_facts(&&sheet);
    insta::assert_json_snapshot!(problem, @r#"
    {
      "reason": "rate_limit",
      "status": 429,
      "message": "Rate limit for key [redacted]",
      "retry_after_ms": 3000,
      "request_id": "req_1",
      "window": 2048
    }
    "#);
}

proptest! {
    #[test]
    fn any_text_is_judged_without_panic(status in 0_u16..1000, code: String, text: String) {
        let sheet = FactSheet::new(Fault::Http).with_status(status).with_code(code).with_message(text);
        let _ = classify(&sheet);
    }

    #[test]
    fn what_follows_an_echo_never_counts(user in "[a-z ]{0,40}(rate limit|prompt is too long|overloaded)[a-z ]{0,40}") {
        let text = format!("Field required 'input': '{user}'");
        let sheet = FactSheet::new(Fault::Http).with_status(400).with_message(text);
        prop_assert_eq!(classify(&sheet), Reason::Format);
    }
}
