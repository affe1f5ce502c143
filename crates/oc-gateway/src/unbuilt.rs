//! Settings that are read and checked, and that this version does not act on.

use oc_config::{AfterCommit, ColdStart, Settings, StoreKind};

/// What the settings ask for and this version does not do, one text per key.
///
/// None of these limits anything: a setting that is meant to protect and is not
/// built is refused by [`State::assemble`](crate::State::assemble) instead.
///
/// ```
/// use oc_config::Settings;
///
/// assert!(oc_gateway::unbuilt(&Settings::default()).is_empty());
/// let text = r#"{ fallback: { afterCommit: "continue" } }"#;
/// let settings = Settings::parse(text, "oc-gateway.json5", &|_: &str| None)?.value;
/// assert!(oc_gateway::unbuilt(&settings)[0].starts_with("fallback.afterCommit"));
/// # Ok::<(), oc_config::ConfigError>(())
/// ```
pub fn unbuilt(settings: &Settings) -> Vec<&'static str> {
    let fallback = &settings.fallback;
    [
        (
            fallback.after_commit != AfterCommit::Fail,
            "fallback.afterCommit: \"continue\" is not built yet; a failure after text is told",
        ),
        (
            fallback.cold_start != ColdStart::AnswerElsewhere,
            "fallback.coldStart: only \"answerElsewhere\" is built yet",
        ),
        (fallback.hedge.is_some(), "fallback.hedge is not built yet; it stays off"),
        (
            settings.store.kind != StoreKind::Memory,
            "store.kind: only \"memory\" is built yet; nothing is kept over a restart",
        ),
        (settings.telemetry.otlp.is_some(), "telemetry.otlp is not built yet; nothing is sent"),
        (
            settings.telemetry.capture_content,
            "telemetry.captureContent is not built yet; no content is logged",
        ),
    ]
    .into_iter()
    .filter_map(|(asked, text)| asked.then_some(text))
    .collect()
}
