//! The faults, as data: what the primary does, where the answer may come from
//! then, and what the ledger calls it.

use crate::verdict::Class::{self, Err, Fallback, Incomplete, Primary};
use crate::wires::Say::{
    self, Call, Cut, Decline, Done, End, Error, Failed, Hold, Huge, Length, Loads, Open, Pings,
    Raw, Reset, Stuck, Text, Texts, Think, Thoughts, Wait,
};

/// One thing that can go wrong.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) name: &'static str,
    pub(crate) primary: Upstream,
    /// The classes that are on target, for a client that streams.
    pub(crate) stream: &'static [Class],
    /// The same for a client that wants one document.
    pub(crate) whole: &'static [Class],
    /// The ledger's words for the primary's failure; empty where it need not fail.
    pub(crate) reasons: &'static [&'static str],
    /// The limit that ends it, or that it outlives. Where there is none, limits
    /// are too long to matter, and nobody waits.
    pub(crate) waits: Option<Limit>,
    /// The fallback is dead too.
    pub(crate) alone: bool,
    /// What the settings say under `fallback`.
    pub(crate) policy: &'static str,
}

/// A limit, set to tens of milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limit {
    FirstByte,
    FirstText,
    Idle,
    /// `FirstText` for a model that loads and says how far it is, and is not to
    /// end at it: long enough for a busy machine's pace.
    Loading,
    /// `Idle`, the same, for an answer in drops.
    Dripping,
}

/// What the primary is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Upstream {
    /// A port where nobody listens.
    Refused,
    /// A name that nobody knows.
    Unresolvable,
    /// A TLS server that shows this certificate.
    Tls(Certificate),
    /// A server that speaks plain HTTP behind an `https` URL.
    PlainHttp,
    /// It takes the request and says nothing.
    Silent,
    /// Status 200, a stream, and these words.
    Says(&'static [Say]),
    /// The same under another content type.
    SaysAs(&'static str, &'static [Say]),
    /// An HTTP error.
    Status(Refusal),
    /// Status 200, this content type, this body.
    Body(&'static str, &'static str),
    /// Status 200 and an error body.
    ErrorBody,
    /// A whole answer as one JSON document.
    Document,
    /// The first half of that, and then.
    HalfDocument(Say),
    /// A whole answer, broken off in this way at bytes spread over all of it.
    BrokenAt(Say),
}

/// An HTTP error: what is in its head and body.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) kind: &'static str,
    pub(crate) code: &'static str,
    pub(crate) message: &'static str,
    pub(crate) retry_after: Option<&'static str>,
}

/// A certificate in `certificates/`. The test's own authority signed all but
/// the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Certificate {
    Good,
    Expired,
    WrongName,
    SelfSigned,
}

/// The primary's text, where it gets to say it.
pub(crate) const PIECES: [&str; 3] = ["Über Kyōto: ", "☀️ 21 °C, ", "kein Regen."];

/// A whole answer with reasoning.
pub(crate) const WHOLE: &[Say] =
    &[Open, Think(THOUGHT), Text(PIECES[0]), Text(PIECES[1]), Text(PIECES[2]), Done];

/// Never to be seen as text.
pub(crate) const THOUGHT: &str = "⟦Gedanke⟧ weather … ";

const OVERFLOW: &str = "request (22811 tokens) exceeds the available context size (2048 tokens), \
                        try increasing it";
const FILTERED: &str = "The response was filtered due to the prompt triggering Azure OpenAI's \
                        content management policy.";
const HTML: &str = "<!doctype html><html><body><h1>It works!</h1></body></html>";

/// Every fault, in the order of an answer's life.
pub(crate) static FAULTS: &[Fault] = &[
    fault("none", Upstream::Says(WHOLE)).both(OK),
    fault("none, over TLS", Upstream::Tls(Certificate::Good)).both(OK),
    fault("none, as one document", Upstream::Document).both(OK),
    // No answer at all.
    fault("refused", Upstream::Refused).is(&["refused"]),
    fault("no such name", Upstream::Unresolvable).is(&["dns"]),
    fault("TLS: self-signed", Upstream::Tls(Certificate::SelfSigned)).is(&["tls_certificate"]),
    fault("TLS: expired", Upstream::Tls(Certificate::Expired)).is(&["tls_certificate"]),
    fault("TLS: wrong name", Upstream::Tls(Certificate::WrongName)).is(&["tls_certificate"]),
    fault("plain HTTP where TLS is due", Upstream::PlainHttp).is(&["tls_certificate"]),
    fault("hang before the head", Upstream::Silent).ends_at(Limit::FirstByte),
    fault("hang after the head", Upstream::Says(&[Hold])).ends_at(Limit::Idle),
    fault("reset after the head", Upstream::Says(&[Wait(40), Reset])).is(RESET),
    fault("empty body", Upstream::Says(&[End])).is(&["cut"]),
    // HTTP says no.
    fault("400", http(400, "invalid_request_error", "", "Unknown parameter: 'foo'"))
        .both(FB_OR_ERR)
        .is(&["format"]),
    fault("401", http(401, "authentication_error", "invalid_api_key", "Invalid API Key"))
        .is(&["auth"]),
    fault("402", http(402, "billing_error", "insufficient_quota", "Insufficient credits"))
        .is(&["billing"]),
    fault("403", http(403, "permission_error", "", "forbidden")).is(&["auth"]),
    fault("404", http(404, "not_found_error", "model_not_found", "model not found"))
        .is(&["model_not_found"]),
    fault("408", http(408, "timeout_error", "", "request timed out")).is(&["timeout"]),
    fault("413", http(413, "request_too_large", "", "request too large"))
        .both(FB_OR_ERR)
        .is(&["too_large"]),
    fault("422", http(422, "invalid_request_error", "", "body.tools.0: field required"))
        .both(FB_OR_ERR)
        .is(&["format"]),
    fault("429", http(429, "rate_limit_error", "rate_limit_exceeded", "Rate limit reached"))
        .is(&["rate_limit"]),
    fault("429, Retry-After: 2", limited("2")).is(&["rate_limit"]),
    fault("429, Retry-After: 300", limited("300")).is(&["rate_limit"]),
    fault("500", http(500, "server_error", "", "boom")).is(&["server_error"]),
    fault("502", http(502, "server_error", "", "bad gateway")).is(&["server_error"]),
    fault("503, loading", http(503, "unavailable_error", "", "Loading model"))
        .is(&["model_not_ready"]),
    fault("504", http(504, "server_error", "", "gateway timeout")).is(&["timeout"]),
    fault("529", http(529, "overloaded_error", "", "Overloaded")).is(&["overloaded"]),
    fault("context overflow", http(400, "exceed_context_size_error", "", OVERFLOW))
        .both(FB_OR_ERR)
        .is(&["context_overflow"]),
    // 200 that is no answer.
    fault("web page, 200", Upstream::Body("text/html", HTML)).is(&["protocol"]),
    fault("web page as a stream", Upstream::Body("text/event-stream", HTML)).is(&["protocol"]),
    fault("error, 200", Upstream::ErrorBody).is(&["server_error"]),
    fault("error as a stream", Upstream::Says(&[Error])).is(&["server_error"]),
    fault("wrong content type", Upstream::SaysAs("text/plain", WHOLE)).both(FB_OR_OK),
    fault("half a document, ended", Upstream::HalfDocument(End)).is(&["cut", "protocol"]),
    fault("half a document, cut", Upstream::HalfDocument(Cut)).is(&["cut"]),
    fault("half a document, reset", Upstream::HalfDocument(Reset)).is(RESET),
    fault("half a document, stall", Upstream::HalfDocument(Hold)).ends_at(Limit::Idle),
    // The stream has begun, the answer has not.
    fault("hang before the first text", Upstream::Says(&[Open, Hold])).ends_at(Limit::Idle),
    fault("pings for ever", Upstream::Says(&[Open, Pings(200), Hold])).ends_at(Limit::FirstText),
    fault("loading, and getting on", Upstream::Says(LOADS)).both(OK).outlives(Limit::Loading),
    fault("loading for ever", Upstream::Says(&[Open, Stuck(200), Hold])).ends_at(Limit::FirstText),
    fault("created, then error", Upstream::Says(&[Open, Error])).is(&["server_error"]),
    fault("created, then failed", Upstream::Says(&[Open, Failed])).is(&["server_error"]),
    fault("created, then cut", Upstream::Says(&[Open, Cut])).is(&["cut"]),
    fault("oversized frame", Upstream::Says(&[Open, Huge(20), Hold])).is(&["oversized"]),
    fault("reasoning for ever", Upstream::Says(&[Open, Thoughts(100), Hold])).is(&["oversized"]),
    fault("stall while reasoning", Upstream::Says(&[Open, Think(THOUGHT), Hold]))
        .ends_at(Limit::Idle),
    fault("cut while reasoning", Upstream::Says(&[Open, Think(THOUGHT), End])).is(&["cut"]),
    fault("reset while reasoning", Upstream::Says(&[Open, Think(THOUGHT), Wait(40), Reset]))
        .is(RESET),
    fault("error while reasoning", Upstream::Says(&[Open, Think(THOUGHT), Error]))
        .is(&["server_error"]),
    // It ends as it should, and is no answer.
    fault("empty", Upstream::Says(&[Open, Done])).is(&["empty_response"]),
    fault("blank text", Upstream::Says(&[Open, Text(" \n"), Done])).is(&["empty_response"]),
    fault("reasoning only", Upstream::Says(&[Open, Think(THOUGHT), Done])).is(&["reasoning_only"]),
    fault("reasoning cut by length", Upstream::Says(&[Open, Think(THOUGHT), Length]))
        .is(&["incomplete"]),
    fault("the same, and the fallback is dead", Upstream::Says(&[Open, Think(THOUGHT), Length]))
        .both(INC)
        .is(&["incomplete"])
        .alone(),
    fault("bad tool JSON", Upstream::Says(&[Open, Call(HALF_CALL), Done])).is(&["bad_tool_call"]),
    fault("a tool call as text", Upstream::Says(&[Open, Text(MARKUP), Done]))
        .is(&["tool_markup_as_text"]),
    fault("a content filter", http(400, "", "content_filter", FILTERED))
        .both(ERR)
        .is(&["content_filter"]),
    fault("declined, and the policy asks on", Upstream::Says(&[Open, Decline("No."), End]))
        .is(&["declined"])
        .policy(r#"refusal: "next""#),
    fault("a filter, and the policy asks on", http(400, "", "content_filter", FILTERED))
        .is(&["content_filter"])
        .policy(r#"refusal: "next""#),
    // After text.
    fault("stall after text", Upstream::Says(&[Open, Text(PIECES[0]), Hold]))
        .streaming(AFTER_TEXT)
        .ends_at(Limit::Idle),
    fault("reset after text", Upstream::Says(&[Open, Text(PIECES[0]), Wait(40), Reset]))
        .streaming(AFTER_TEXT)
        .is(RESET),
    fault("clean cut after text", Upstream::Says(&[Open, Text(PIECES[0]), End]))
        .streaming(AFTER_TEXT)
        .is(&["cut"]),
    fault("broken off after text", Upstream::Says(&[Open, Text(PIECES[0]), Cut]))
        .streaming(AFTER_TEXT)
        .is(&["cut"]),
    fault("late error", Upstream::Says(&[Open, Text(PIECES[0]), Error]))
        .streaming(AFTER_TEXT)
        .is(&["server_error"]),
    fault("late failure", Upstream::Says(&[Open, Text(PIECES[0]), Failed]))
        .streaming(AFTER_TEXT)
        .is(&["server_error"]),
    fault("garbage frame", Upstream::Says(GARBAGE)).streaming(ANY_END).whole(FB_OR_OK),
    fault(
        "bad tool JSON after text",
        Upstream::Says(&[Open, Text(PIECES[0]), Call(HALF_CALL), Done]),
    )
    .streaming(AFTER_TEXT)
    .is(&["bad_tool_call"]),
    fault(
        "reasoning as text",
        Upstream::Says(&[Open, Text("Erst denken. </think>"), Text(PIECES[0]), Done]),
    )
    .streaming(AFTER_TEXT)
    .is(&["reasoning_in_text"]),
    fault("endless stream", Upstream::Says(&[Open, Texts(100), Hold]))
        .streaming(AFTER_TEXT)
        .is(&["oversized"]),
    fault("text cut by length", Upstream::Says(&[Open, Text(PIECES[0]), Length])).both(OK),
    fault("slow drip", Upstream::Says(DRIP)).both(FB_OR_OK).outlives(Limit::Dripping),
    fault("ended at 25 places", Upstream::BrokenAt(End)).streaming(ANY_END).whole(FB_OR_OK),
    fault("broken off at 25 places", Upstream::BrokenAt(Cut)).streaming(ANY_END).whole(FB_OR_OK),
];

/// The text cannot be taken back where it went out.
const AFTER_TEXT: &[Class] = &[Err, Fallback];
/// The request may be at fault: to say so is as good.
const FB_OR_ERR: &[Class] = &[Fallback, Err];
/// The damage may be survived.
const FB_OR_OK: &[Class] = &[Fallback, Primary];
const ANY_END: &[Class] = &[Fallback, Primary, Err];
const OK: &[Class] = &[Primary];
const ERR: &[Class] = &[Err];
const INC: &[Class] = &[Incomplete];

/// A reset can look like a close within the body.
const RESET: &[&str] = &["reset", "cut"];

/// A call in the model's own markup: no server parser took it out.
const MARKUP: &str = r#"<tool_call>{"name": "lookup", "arguments": {"city": "Kyoto"}}</tool_call>"#;
/// Longer than the limit on the first text, and always further.
const LOADS: &[Say] = &[Open, Loads(100), Text(PIECES[0]), Text(PIECES[1]), Text(PIECES[2]), Done];
const HALF_CALL: &str = "{\"city\": \"Ky";
const GARBAGE: &[Say] = &[
    Open,
    Text(PIECES[0]),
    Raw("data: {\"type\": %%%\n\n"),
    Text(PIECES[1]),
    Text(PIECES[2]),
    Done,
];
/// Longer than the limit on silence, in gaps that are shorter.
const DRIP: &[Say] = &[
    Open,
    Text(PIECES[0]),
    Wait(750),
    Text(PIECES[1]),
    Wait(750),
    Text(PIECES[2]),
    Wait(750),
    Done,
];

/// A fault after which only the fallback's answer will do.
const fn fault(name: &'static str, primary: Upstream) -> Fault {
    let target = &[Fallback];
    Fault {
        name,
        primary,
        stream: target,
        whole: target,
        reasons: &[],
        waits: None,
        alone: false,
        policy: "",
    }
}

const fn http(
    status: u16,
    kind: &'static str,
    code: &'static str,
    message: &'static str,
) -> Upstream {
    Upstream::Status(Refusal { status, kind, code, message, retry_after: None })
}

const fn limited(retry_after: &'static str) -> Upstream {
    Upstream::Status(Refusal {
        status: 429,
        kind: "rate_limit_error",
        code: "rate_limit_exceeded",
        message: "Rate limit reached",
        retry_after: Some(retry_after),
    })
}

impl Fault {
    const fn both(mut self, target: &'static [Class]) -> Self {
        self.stream = target;
        self.whole = target;
        self
    }

    const fn streaming(mut self, target: &'static [Class]) -> Self {
        self.stream = target;
        self
    }

    const fn whole(mut self, target: &'static [Class]) -> Self {
        self.whole = target;
        self
    }

    const fn is(mut self, reasons: &'static [&'static str]) -> Self {
        self.reasons = reasons;
        self
    }

    const fn alone(mut self) -> Self {
        self.alone = true;
        self
    }

    const fn policy(mut self, policy: &'static str) -> Self {
        self.policy = policy;
        self
    }

    const fn outlives(mut self, limit: Limit) -> Self {
        self.waits = Some(limit);
        self
    }

    const fn ends_at(mut self, limit: Limit) -> Self {
        self.waits = Some(limit);
        self.is(&["timeout"])
    }
}
