//! Whether a request can be answered by a candidate at all, judged before it is
//! asked: a 190,000-token history does not go to a 32,000-token model.
//!
//! Only what is surely wrong is skipped. An unknown capability is asked; an
//! estimate counts with its lower bound; only tags have to be vouched for,
//! because they stand for privacy and region.

mod estimate;

use std::sync::Arc;

pub use self::estimate::Estimate;
use crate::{reason::Reason, target::Skip};

/// What a request needs of whoever answers it. Nothing, by default.
///
/// ```
/// use oc_fallback::{Capabilities, Estimate, Needs, fit};
///
/// let needs = Needs::new()
///     .with_input(Estimate::exact(190_000))
///     .with_images(true)
///     .with_any_tag(["region:eu", "region:ch"]);
/// let small = Capabilities::new().with_window(32_768).with_tag("region:eu");
/// let skip = fit(&needs, &small).expect_err("it is too small");
/// assert_eq!(skip.text, "needs a window of 190001 tokens, has 32768");
///
/// let large = Capabilities::new().with_window(200_000).with_tag("region:eu");
/// assert!(fit(&needs, &large).is_ok());
/// assert!(fit(&needs, &large.with_images(false)).is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Needs {
    /// The size of the input, in tokens.
    pub input: Option<Estimate>,
    /// How many tokens of output must be possible, reasoning included. A
    /// client's cap that the adapter may lower is no need: leave it out.
    pub output_tokens: Option<u64>,
    /// The input holds images.
    pub images: bool,
    /// The request offers tools.
    pub tools: bool,
    /// The answer must follow a JSON schema.
    pub json_schema: bool,
    /// Several answers are wanted at once.
    pub choices: bool,
    /// From each of these groups the candidate must bear at least one tag.
    pub tags: Vec<Vec<Arc<str>>>,
}

impl Needs {
    /// A request that anyone can answer.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            input: None,
            output_tokens: None,
            images: false,
            tools: false,
            json_schema: false,
            choices: false,
            tags: Vec::new(),
        }
    }

    /// States the size of the input.
    #[must_use]
    pub const fn with_input(mut self, input: Estimate) -> Self {
        self.input = Some(input);
        self
    }

    /// States how many tokens of output must be possible.
    #[must_use]
    pub const fn with_output_tokens(mut self, tokens: u64) -> Self {
        self.output_tokens = Some(tokens);
        self
    }

    /// States whether the input holds images.
    #[must_use]
    pub const fn with_images(mut self, images: bool) -> Self {
        self.images = images;
        self
    }

    /// States whether tools are offered.
    #[must_use]
    pub const fn with_tools(mut self, tools: bool) -> Self {
        self.tools = tools;
        self
    }

    /// States whether the answer must follow a JSON schema.
    #[must_use]
    pub const fn with_json_schema(mut self, schema: bool) -> Self {
        self.json_schema = schema;
        self
    }

    /// States whether several answers are wanted at once.
    #[must_use]
    pub const fn with_choices(mut self, several: bool) -> Self {
        self.choices = several;
        self
    }

    /// Demands this tag: `local`, `region:eu`. What a tag means is the
    /// caller's business; it is compared whole.
    #[must_use]
    pub fn with_tag(self, tag: impl Into<Arc<str>>) -> Self {
        self.with_any_tag([tag])
    }

    /// Demands one of these tags. None at all is a demand that nobody meets.
    #[must_use]
    pub fn with_any_tag<G: Into<Arc<str>>>(mut self, tags: impl IntoIterator<Item = G>) -> Self {
        self.tags.push(tags.into_iter().map(Into::into).collect());
        self
    }
}

/// What a candidate can do; what is not stated is unknown, and asked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Capabilities {
    /// The context window in tokens: the one that is loaded, where that is known.
    pub window: Option<u64>,
    /// The most tokens of output.
    pub output_tokens: Option<u64>,
    /// Whether it takes images.
    pub images: Option<bool>,
    /// Whether it calls tools.
    pub tools: Option<bool>,
    /// Whether it can be held to a JSON schema.
    pub json_schema: Option<bool>,
    /// Whether it gives several answers at once.
    pub choices: Option<bool>,
    /// The tags that it bears.
    pub tags: Vec<Arc<str>>,
}

impl Capabilities {
    /// A candidate of which nothing is known.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            window: None,
            output_tokens: None,
            images: None,
            tools: None,
            json_schema: None,
            choices: None,
            tags: Vec::new(),
        }
    }

    /// States the context window in tokens.
    #[must_use]
    pub const fn with_window(mut self, tokens: u64) -> Self {
        self.window = Some(tokens);
        self
    }

    /// States the most tokens of output.
    #[must_use]
    pub const fn with_output_tokens(mut self, tokens: u64) -> Self {
        self.output_tokens = Some(tokens);
        self
    }

    /// States whether it takes images.
    #[must_use]
    pub const fn with_images(mut self, images: bool) -> Self {
        self.images = Some(images);
        self
    }

    /// States whether it calls tools.
    #[must_use]
    pub const fn with_tools(mut self, tools: bool) -> Self {
        self.tools = Some(tools);
        self
    }

    /// States whether it can be held to a JSON schema.
    #[must_use]
    pub const fn with_json_schema(mut self, schema: bool) -> Self {
        self.json_schema = Some(schema);
        self
    }

    /// States whether it gives several answers at once.
    #[must_use]
    pub const fn with_choices(mut self, several: bool) -> Self {
        self.choices = Some(several);
        self
    }

    /// Adds a tag.
    #[must_use]
    pub fn with_tag(mut self, tag: impl Into<Arc<str>>) -> Self {
        self.tags.push(tag.into());
        self
    }
}

/// Whether a candidate can answer, as far as anyone knows.
///
/// Judged in this order: tags, abilities, output, window. A window is too
/// small when the estimate's lower bound and the output (at least one token)
/// go over it together.
///
/// # Errors
///
/// The reason to pass it over: [`Reason::Policy`] for a tag,
/// [`Reason::ContextOverflow`] for the window, [`Reason::Unsupported`] for the
/// rest, with what is needed and what there is.
pub fn fit(needs: &Needs, can: &Capabilities) -> Result<(), Skip> {
    fit_window(needs, can, can.window)
}

/// [`fit`], with the window that counts for this candidate.
pub(crate) fn fit_window(
    needs: &Needs,
    can: &Capabilities,
    window: Option<u64>,
) -> Result<(), Skip> {
    if let Some(group) = needs.tags.iter().find(|group| !group.iter().any(|t| can.tags.contains(t)))
    {
        let text = format!("does not bear the tag {}", group.join(" or "));
        return Err(Skip::new(Reason::Policy, text, Reason::Policy.advice()));
    }
    let unable = |text: String, fix: &str| Err(Skip::new(Reason::Unsupported, text, fix));
    for (needed, able, what, without) in [
        (needs.images, can.images, "take images", "images"),
        (needs.tools, can.tools, "call tools", "tools"),
        (needs.json_schema, can.json_schema, "follow a JSON schema", "a schema"),
        (needs.choices, can.choices, "give more than one answer (`n`)", "`n`"),
    ] {
        if needed && able == Some(false) {
            let fix = format!("add a fallback that can {what}, or ask without {without}");
            return unable(format!("cannot {what}"), &fix);
        }
    }
    if let (Some(wanted), Some(most)) = (needs.output_tokens, can.output_tokens)
        && wanted > most
    {
        let text = format!("needs {wanted} tokens of output, gives at most {most}");
        return unable(text, "ask for less output, or add a fallback that gives more");
    }
    let output = needs.output_tokens.unwrap_or_default().max(1);
    if let (Some(input), Some(window)) = (needs.input, window)
        && input.low().saturating_add(output) > window
    {
        let total = input.low().saturating_add(output);
        let least = if input.is_exact() { "" } else { "at least " };
        let text = format!("needs a window of {least}{total} tokens, has {window}");
        return Err(Skip::new(Reason::ContextOverflow, text, Reason::ContextOverflow.advice()));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
