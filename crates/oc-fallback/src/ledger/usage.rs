//! What an attempt used and cost.

/// What one attempt used and cost, as the caller reports it. What is `None` was
/// not told.
///
/// ```
/// use oc_fallback::Usage;
///
/// let first = Usage::new().with_input_tokens(1_000).with_cost(3_000);
/// let second = Usage::new().with_input_tokens(1_000).with_output_tokens(20);
/// let both: Usage = [first, second].into_iter().sum();
/// assert_eq!((both.input_tokens, both.output_tokens, both.cost), (Some(2_000), Some(20), Some(3_000)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Usage {
    /// Tokens of input, those from a cache included.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub input_tokens: Option<u64>,
    /// Those of the input that came from a cache.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub cached_tokens: Option<u64>,
    /// Tokens of output, reasoning included.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub output_tokens: Option<u64>,
    /// Those of the output that were reasoning.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub reasoning_tokens: Option<u64>,
    /// What it cost, in millionths of the unit that the caller's prices are in
    /// (US dollars in OpenClaw's configs).
    #[cfg_attr(
        feature = "serde",
        serde(rename = "cost_micros", skip_serializing_if = "Option::is_none")
    )]
    pub cost: Option<u64>,
}

impl Usage {
    /// Nothing told yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            input_tokens: None,
            cached_tokens: None,
            output_tokens: None,
            reasoning_tokens: None,
            cost: None,
        }
    }

    /// States the tokens of input.
    #[must_use]
    pub const fn with_input_tokens(mut self, tokens: u64) -> Self {
        self.input_tokens = Some(tokens);
        self
    }

    /// States how many of the input came from a cache.
    #[must_use]
    pub const fn with_cached_tokens(mut self, tokens: u64) -> Self {
        self.cached_tokens = Some(tokens);
        self
    }

    /// States the tokens of output.
    #[must_use]
    pub const fn with_output_tokens(mut self, tokens: u64) -> Self {
        self.output_tokens = Some(tokens);
        self
    }

    /// States how many of the output were reasoning.
    #[must_use]
    pub const fn with_reasoning_tokens(mut self, tokens: u64) -> Self {
        self.reasoning_tokens = Some(tokens);
        self
    }

    /// States the cost, in millionths.
    #[must_use]
    pub const fn with_cost(mut self, micros: u64) -> Self {
        self.cost = Some(micros);
        self
    }
}

impl std::ops::Add for Usage {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        let add = |a: Option<u64>, b: Option<u64>| match (a, b) {
            (Some(a), Some(b)) => Some(a.saturating_add(b)),
            (one, other) => one.or(other),
        };
        Self {
            input_tokens: add(self.input_tokens, other.input_tokens),
            cached_tokens: add(self.cached_tokens, other.cached_tokens),
            output_tokens: add(self.output_tokens, other.output_tokens),
            reasoning_tokens: add(self.reasoning_tokens, other.reasoning_tokens),
            cost: add(self.cost, other.cost),
        }
    }
}

impl std::iter::Sum for Usage {
    fn sum<I: Iterator<Item = Self>>(parts: I) -> Self {
        parts.fold(Self::new(), |sum, part| sum + part)
    }
}
