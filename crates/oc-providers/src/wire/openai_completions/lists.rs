//! What a delta lists beside its calls. SDKs put the lists of a stream together
//! by the `index` of their entries, as they do calls: openai-python fails at the
//! second entry that has none.

/// A list of a delta.
#[derive(Clone, Copy, Debug)]
pub(super) enum List {
    Annotations,
    Images,
    ReasoningDetails,
    /// LiteLLM's.
    ThinkingBlocks,
}

impl List {
    pub(super) const ALL: [Self; 4] =
        [Self::Annotations, Self::Images, Self::ReasoningDetails, Self::ThinkingBlocks];

    /// The member of the delta that it is.
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::Annotations => "annotations",
            Self::Images => "images",
            Self::ReasoningDetails => "reasoning_details",
            Self::ThinkingBlocks => "thinking_blocks",
        }
    }
}

/// The numbers that the next entries of a stream's lists get.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Numbers {
    annotations: u64,
    images: u64,
    reasoning_details: u64,
    thinking_blocks: u64,
}

impl Numbers {
    /// The number of an entry that has none.
    pub(super) fn next(&mut self, list: List) -> u64 {
        let number = *self.of(list);
        self.saw(list, number);
        number
    }

    /// An entry came with its number.
    pub(super) fn saw(&mut self, list: List, number: u64) {
        let next = self.of(list);
        *next = number.saturating_add(1).max(*next);
    }

    fn of(&mut self, list: List) -> &mut u64 {
        match list {
            List::Annotations => &mut self.annotations,
            List::Images => &mut self.images,
            List::ReasoningDetails => &mut self.reasoning_details,
            List::ThinkingBlocks => &mut self.thinking_blocks,
        }
    }
}
