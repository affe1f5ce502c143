//! The decision table: reason × phase → what happens next.
//!
//! `docs/fallback.md` shows the same table with its reasons; the test below
//! holds the two together.

use crate::{facts::Limit, reason::Reason};

/// Where a request stands when an attempt fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Nothing final has reached the caller: the attempt can be replaced.
    Uncommitted,
    /// A meaningful event was delivered: the failure has to be told.
    Committed,
}

/// What a failure leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Decision {
    /// The next candidate; this target is not asked again.
    Next,
    /// The next candidate; where none is left, this target once more.
    NextOrRetry,
    /// Only a candidate with a larger context window.
    NextLarger,
    /// Nobody else is asked.
    Stop,
    /// The failure is told in-band, and the stream ends.
    Tell,
}

impl Decision {
    /// The word that the table in `docs/fallback.md` uses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Next => "next",
            Self::NextOrRetry => "next, last: retry",
            Self::NextLarger => "next larger",
            Self::Stop => "stop",
            Self::Tell => "tell",
        }
    }
}

/// What follows when an attempt fails for `reason` in `phase`.
///
/// ```
/// use oc_fallback::{decide, Decision, Phase, Reason};
///
/// assert_eq!(decide(Reason::ContextOverflow, Phase::Uncommitted), Decision::NextLarger);
/// assert_eq!(decide(Reason::Reset, Phase::Committed), Decision::Tell);
/// ```
#[must_use]
pub const fn decide(reason: Reason, phase: Phase) -> Decision {
    match phase {
        Phase::Committed => Decision::Tell,
        Phase::Uncommitted => before_commit(reason),
    }
}

const fn before_commit(reason: Reason) -> Decision {
    match reason {
        // A restart, a blip, bad luck in sampling: the same may work in a second.
        Reason::Refused
        | Reason::Dns
        | Reason::Timeout(
            Limit::Connect | Limit::FirstByte | Limit::FirstText | Limit::Idle | Limit::Upstream,
        )
        | Reason::RateLimit
        | Reason::Overloaded
        | Reason::ServerError
        | Reason::ModelNotReady
        | Reason::Cut
        | Reason::Reset
        | Reason::Protocol
        | Reason::Empty
        | Reason::ReasoningOnly
        | Reason::BadToolCall => Decision::NextOrRetry,

        // The same request fails the same way there, but perhaps not elsewhere:
        // a cap cuts the same place, a missing parser is missing again.
        // `Format` too: what one server refuses is often its dialect, not the
        // caller's mistake (docs/adr/0004).
        Reason::Tls
        | Reason::Timeout(Limit::Share)
        | Reason::Auth
        | Reason::AuthPermanent
        | Reason::Billing
        | Reason::ModelNotFound
        | Reason::Format
        | Reason::TooLarge
        | Reason::Oversized
        | Reason::Incomplete
        | Reason::ToolMarkup
        | Reason::ReasoningInText
        | Reason::Declined
        | Reason::Unsupported
        | Reason::Policy
        | Reason::Unclassified => Decision::Next,

        Reason::ContextOverflow => Decision::NextLarger,

        // Nobody waits any more; or a provider refused the content, and
        // carrying it to another company is not a default.
        Reason::Timeout(Limit::Total) | Reason::Cancelled | Reason::ContentFilter => Decision::Stop,
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::*;

    /// The table as docs/fallback.md shows it.
    fn table() -> String {
        let mut out =
            String::from("| reason | before the commit | after it | cools |\n|---|---|---|---|\n");
        for &reason in Reason::ALL {
            let name = match reason {
                Reason::Timeout(limit) => format!("{reason} ({limit})"),
                _ => reason.to_string(),
            };
            let _ = writeln!(
                out,
                "| {name} | {} | {} | {} |",
                decide(reason, Phase::Uncommitted).as_str(),
                decide(reason, Phase::Committed).as_str(),
                crate::cooldown::describe(reason),
            );
        }
        out
    }

    #[test]
    fn every_reason_has_its_row() {
        insta::assert_snapshot!(table());
    }

    #[test]
    fn the_document_shows_this_table() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/fallback.md");
        let doc = std::fs::read_to_string(path).expect("docs/fallback.md is in the repository");
        assert!(doc.contains(&table()), "docs/fallback.md is behind; it should hold:\n{}", table());
    }

    #[test]
    fn nothing_replaces_a_committed_answer() {
        for &reason in Reason::ALL {
            assert_eq!(decide(reason, Phase::Committed), Decision::Tell);
        }
    }
}
