//! `provider/model`.

use std::fmt;

/// A model of a provider, written `provider/model`.
///
/// The text is split at the **first** `/`, so a model id may hold more of
/// them. Both sides are trimmed, the provider is lower-cased, the model's case
/// is kept.
///
/// ```
/// use oc_config::ModelRef;
///
/// let r = ModelRef::parse(" OpenRouter/moonshotai/kimi-k2 ").expect("a ref");
/// assert_eq!((r.provider(), r.model()), ("openrouter", "moonshotai/kimi-k2"));
/// assert_eq!(r.to_string(), "openrouter/moonshotai/kimi-k2");
/// assert_eq!(ModelRef::parse("no-slash"), None);
/// assert_eq!(ModelRef::parse("/model"), None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModelRef {
    provider: String,
    model: String,
}

impl ModelRef {
    /// The ref that `text` writes; `None` without a `/` or with an empty side.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (provider, model) = text.split_once('/')?;
        Self::new(provider, model)
    }

    /// The ref of the two sides; `None` when one is blank.
    #[must_use]
    pub fn new(provider: &str, model: &str) -> Option<Self> {
        let (provider, model) = (provider.trim(), model.trim());
        (!provider.is_empty() && !model.is_empty())
            .then(|| Self { provider: provider.to_lowercase(), model: model.to_owned() })
    }

    /// The provider's id, in lower case.
    #[must_use]
    pub fn provider(&self) -> &str {
        &self.provider
    }

    /// The id the provider knows the model by.
    #[must_use]
    pub fn model(&self) -> &str {
        &self.model
    }
}

impl fmt::Display for ModelRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.provider, self.model)
    }
}
