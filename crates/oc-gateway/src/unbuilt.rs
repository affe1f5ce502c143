//! Settings that are read and checked, and that this version does not act on.

use oc_config::{AfterCommit, ColdStart, Diagnostic, Settings, Severity, StoreKind};

/// What the settings ask for and this version does not do, each with its place,
/// what holds instead and how to be rid of it.
///
/// What only adds something is a warning, and its default holds. What is meant
/// to protect (`clients[].tools`, `clients[].budget`) is an error: a limit that
/// does not hold is worse than none, and [`State::assemble`](crate::State::assemble)
/// refuses it too.
///
/// ```
/// use oc_config::Settings;
///
/// assert!(oc_gateway::unbuilt(&Settings::default()).is_empty());
/// let text = r#"{ fallback: { afterCommit: "continue" } }"#;
/// let settings = Settings::parse(text, "oc-gateway.json5", &|_: &str| None)?.value;
/// let told = &oc_gateway::unbuilt(&settings)[0];
/// assert_eq!((told.path.as_str(), told.line, told.column), ("fallback.afterCommit", 1, 28));
/// # Ok::<(), oc_config::ConfigError>(())
/// ```
pub fn unbuilt(settings: &Settings) -> Vec<Diagnostic> {
    let fallback = &settings.fallback;
    let extras: [(bool, &[&str], &str, &str); 6] = [
        (
            fallback.after_commit != AfterCommit::Fail,
            &["fallback", "afterCommit"],
            "not built yet: a failure after text is told, and nothing is continued",
            "write \"fail\", or leave it out",
        ),
        (
            fallback.cold_start != ColdStart::AnswerElsewhere,
            &["fallback", "coldStart"],
            "not built yet: while a model loads, the next candidate answers",
            "write \"answerElsewhere\", or leave it out",
        ),
        (
            fallback.hedge.is_some(),
            &["fallback", "hedge"],
            "not built yet: no second attempt is started",
            "write \"off\", or leave it out",
        ),
        (
            settings.store.kind != StoreKind::Memory,
            &["store", "kind"],
            "not built yet: responses are kept in memory, and gone after a restart",
            "write \"memory\", or leave it out",
        ),
        (
            settings.telemetry.otlp.is_some(),
            &["telemetry", "otlp"],
            "not built yet: no trace is sent",
            "write \"off\", or leave it out",
        ),
        (
            settings.telemetry.capture_content,
            &["telemetry", "captureContent"],
            "not built yet: no content is logged",
            "write false, or leave it out",
        ),
    ];
    let asked = extras.into_iter().filter(|(asked, ..)| *asked);
    let warned =
        asked.map(|(_, path, reason, fix)| settings.problem(Severity::Warning, path, reason, fix));
    let limits = settings.clients.iter().enumerate().flat_map(|(index, client)| {
        let index = index.to_string();
        let stated = [("tools", client.tools.is_some()), ("budget", client.budget.is_some())];
        let stated = stated.into_iter().filter(|(_, stated)| *stated);
        let refused = stated.map(move |(limit, _)| {
            let reason = "not built yet, and a limit that does not hold is worse than none";
            let fix = "remove it; `models`, `privacy`, `region` and `output` hold";
            settings.problem(Severity::Error, &["clients", &index, limit], reason, fix)
        });
        refused.collect::<Vec<_>>()
    });
    warned.chain(limits).collect()
}
