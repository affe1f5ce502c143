//! What is known of one model, as facts that encoders read.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::capabilities::Compat;
use crate::loss::Loss;
use crate::request::Effort;

/// What is known of one model.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ModelFacts {
    /// The most tokens it may write; larger requests are clamped to it.
    pub max_output_tokens: Option<u64>,
    /// How many tokens it can hold, input and output together, as the config
    /// says.
    pub context_window: Option<u64>,
    /// The same as its server says: an answer that ends where it does was cut by
    /// it. [`Prepared::with_served_window`](crate::Prepared::with_served_window)
    /// has what is known at the time of a request.
    pub served_window: Option<u64>,
    /// Whether it thinks, and so takes a reasoning effort.
    pub reasoning: bool,
    /// The efforts that it takes, in its own words; empty: as its host's are.
    pub efforts: Vec<String>,
    /// Its words for ours (`none` to `max`); `None`: the effort is not sent.
    pub effort_words: BTreeMap<String, Option<String>>,
    /// Keywords that the schemas of its tools must not hold.
    pub refused_schema_keywords: Vec<String>,
    /// Types of `reasoning_details` that are text for people.
    pub visible_details: Vec<String>,
    /// Fields put into every request to it, last; they win.
    pub fields: Map<String, Value>,
    /// Fields put into the requests to it that have none of the name.
    pub usual_fields: Map<String, Value>,
}

/// Our words for efforts, from least to most.
const LADDER: &[&str] = &["none", "minimal", "low", "medium", "high", "xhigh", "max"];

impl ModelFacts {
    /// Nothing known.
    pub fn new() -> Self {
        Self::default()
    }

    /// With the most tokens that it may write.
    #[must_use]
    pub fn with_max_output_tokens(mut self, tokens: impl Into<Option<u64>>) -> Self {
        self.max_output_tokens = tokens.into();
        self
    }

    /// With the size of its window in tokens, as it is configured.
    #[must_use]
    pub fn with_context_window(mut self, tokens: impl Into<Option<u64>>) -> Self {
        self.context_window = tokens.into();
        self
    }

    /// With the size of its window in tokens, as its server says.
    #[must_use]
    pub fn with_served_window(mut self, tokens: impl Into<Option<u64>>) -> Self {
        self.served_window = tokens.into();
        self
    }

    /// With whether it thinks.
    #[must_use]
    pub fn with_reasoning(mut self, reasoning: bool) -> Self {
        self.reasoning = reasoning;
        self
    }

    /// With the efforts that it takes, in its own words. One that it does not
    /// take becomes the nearest below, else the nearest above.
    #[must_use]
    pub fn with_efforts(mut self, words: impl IntoIterator<Item = String>) -> Self {
        self.efforts = words.into_iter().collect();
        self
    }

    /// With its word for one of ours; `None`: that effort is not sent.
    ///
    /// ```
    /// use oc_providers::ModelFacts;
    ///
    /// let facts = ModelFacts::new().with_effort_word("xhigh", Some("ultra".into()));
    /// assert_eq!(facts.effort_words["xhigh"].as_deref(), Some("ultra"));
    /// ```
    #[must_use]
    pub fn with_effort_word(mut self, ours: impl Into<String>, its: Option<String>) -> Self {
        self.effort_words.insert(ours.into(), its);
        self
    }

    /// With keywords that the schemas of its tools must not hold.
    #[must_use]
    pub fn with_refused_schema_keywords(
        mut self,
        keywords: impl IntoIterator<Item = String>,
    ) -> Self {
        self.refused_schema_keywords = keywords.into_iter().collect();
        self
    }

    /// With more types of `reasoning_details` that are text for people.
    #[must_use]
    pub fn with_visible_details(mut self, types: impl IntoIterator<Item = String>) -> Self {
        self.visible_details = types.into_iter().collect();
        self
    }

    /// With a field of every request to it. It wins over what the wire would
    /// say under that name; the conversation itself cannot be replaced.
    #[must_use]
    pub fn with_field(mut self, name: impl Into<String>, value: Value) -> Self {
        self.fields.insert(name.into(), value);
        self
    }

    /// With a field of every request to it that has none of that name.
    #[must_use]
    pub fn with_usual_field(mut self, name: impl Into<String>, value: Value) -> Self {
        self.usual_fields.insert(name.into(), value);
        self
    }

    /// The output tokens `asked`, not above what the model can write and not below
    /// `least`; another number than the client's is listed.
    pub(crate) fn output_tokens(&self, asked: u64, least: u64, losses: &mut Vec<Loss>) -> u64 {
        let within = self.max_output_tokens.map_or(asked, |most| asked.min(most)).max(least);
        if within != asked {
            losses.push(Loss::Clamped("max_output_tokens"));
        }
        within
    }

    /// The word for an effort at this model of a host; `None`: it is not sent.
    pub(crate) fn effort_word(&self, effort: &Effort, compat: &Compat) -> Option<String> {
        let ours = effort.as_str();
        if let Some(its) = self.effort_words.get(ours) {
            return its.clone();
        }
        if !self.efforts.is_empty() {
            return self.nearest(ours).map(str::to_owned);
        }
        let words = compat.effort_words.unwrap_or_else(|| compat.chat.thinking.effort_words());
        match words.iter().find(|(known, _)| *known == ours) {
            Some((_, its)) => its.map(str::to_owned),
            // Hosts that know few words refuse one that nobody knows.
            None if !words.is_empty() && matches!(effort, Effort::Other(_)) => None,
            None => Some(ours.to_owned()),
        }
    }

    fn nearest(&self, ours: &str) -> Option<&str> {
        let taken = |word: &&&str| self.efforts.iter().any(|known| known == **word);
        let Some(at) = LADDER.iter().position(|word| *word == ours) else {
            return self.efforts.iter().find(|known| *known == ours).map(String::as_str);
        };
        // Nothing but silence says "not at all" to a model without the word.
        let least = if at == 0 { 0 } else { 1 };
        let below = LADDER.get(least..=at).into_iter().flatten().rev().find(taken);
        if at == 0 {
            return below.copied();
        }
        below.or_else(|| LADDER.get(at..).into_iter().flatten().find(taken)).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(facts: &ModelFacts, compat: &Compat, ours: &str) -> Option<String> {
        facts.effort_word(&Effort::from(ours), compat)
    }

    #[test]
    fn the_config_knows_an_effort_before_the_host_does() {
        let plain = Compat::plain();
        let nothing = ModelFacts::new();
        for (ours, its) in [
            ("none", None),
            ("minimal", Some("low")),
            ("medium", Some("medium")),
            ("max", Some("high")),
            ("turbo", None),
        ] {
            assert_eq!(word(&nothing, &plain, ours).as_deref(), its, "{ours}");
        }
        let mapped = ModelFacts::new()
            .with_effort_word("none", Some("off".into()))
            .with_effort_word("low", None);
        assert_eq!(word(&mapped, &plain, "none").as_deref(), Some("off"));
        assert_eq!(word(&mapped, &plain, "low"), None);
        assert_eq!(word(&mapped, &plain, "max").as_deref(), Some("high"));
    }

    #[test]
    fn an_effort_that_is_not_taken_becomes_the_nearest() {
        let plain = Compat::plain();
        let facts = ModelFacts::new().with_efforts(["low".into(), "high".into(), "max".into()]);
        for (ours, its) in [
            ("none", None),
            ("minimal", Some("low")),
            ("medium", Some("low")),
            ("xhigh", Some("high")),
            ("max", Some("max")),
            ("turbo", None),
        ] {
            assert_eq!(word(&facts, &plain, ours).as_deref(), its, "{ours}");
        }
        let off = ModelFacts::new().with_efforts(["none".into(), "high".into()]);
        assert_eq!(word(&off, &plain, "none").as_deref(), Some("none"));
        assert_eq!(word(&off, &plain, "low").as_deref(), Some("high"));
    }
}
