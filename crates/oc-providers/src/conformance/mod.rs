//! Conformance: the same scenarios over every wire, and over every path from
//! an upstream wire to a client's dialect.
//!
//! | file | |
//! |---|---|
//! | `scenarios.rs` | what is said, stated once |
//! | `wire/<api>/conformance.rs` | the bytes in which that wire says it, or why it cannot |
//! | `reading.rs` | bytes to what they say, to be compared |
//! | `wires.rs` | each wire: every scenario, in pieces of any size, broken off anywhere |
//! | `turns.rs` | questions in the words of each dialect, and what becomes of them on each wire |
//! | `matrix.rs` | each dialect over each wire, streaming and not |
//! | `goldens.rs` | the files that other programs read |
//! | `twins.rs` | recorded streams against their recorded documents |

mod goldens;
mod matrix;
mod reading;
mod scenarios;
mod turns;
mod twins;
mod wires;

use std::path::{Path, PathBuf};

pub(crate) use scenarios::Rows;
use scenarios::SCENARIOS;
use turns::Turn;

use crate::endpoint::Api;
use crate::error::ProviderErrorKind;

/// A wire's table: for every scenario its evidence, file by file.
///
/// `recorded[…]` are bytes that a real server sent (below `tests/fixtures`),
/// `synthetic[…]` are written after the wire's documentation (in
/// `tests/fixtures/conformance/<api>`), `made[…]` are functions for what is too
/// large for a file, and `skip[…]` says why the wire cannot have the scenario.
macro_rules! conformance {
    ($api:ident { $($scenario:ident: $($kind:ident [$($what:expr),* $(,)?])+;)* }) => {
        /// This wire's evidence.
        pub(crate) const TABLE: $crate::conformance::Table = $crate::conformance::Table {
            api: $crate::endpoint::Api::$api,
            rows: $crate::conformance::Rows {
                $($scenario: &[$(&[$($crate::conformance::$kind($what)),*]),+],)*
            },
        };
    };
}
pub(crate) use conformance;

/// The tables of all wires.
static TABLES: [&Table; 3] = [
    &crate::wire::openai_responses::conformance::TABLE,
    &crate::wire::openai_completions::conformance::TABLE,
    &crate::wire::anthropic_messages::conformance::TABLE,
];

/// A wire's evidence for every scenario.
pub(crate) struct Table {
    pub(crate) api: Api,
    pub(crate) rows: Rows,
}

/// The evidence of one wire for one scenario.
type Row = &'static [&'static [Evidence]];

/// How a wire says something.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Evidence {
    /// What a real server sent.
    Recorded(&'static str),
    /// Written after the documentation.
    Synthetic(&'static str),
    /// Too large for a file.
    Made(fn() -> Vec<u8>),
    /// It cannot, for this reason.
    Skip(&'static str),
}

pub(crate) const fn recorded(path: &'static str) -> Evidence {
    Evidence::Recorded(path)
}

pub(crate) const fn synthetic(name: &'static str) -> Evidence {
    Evidence::Synthetic(name)
}

pub(crate) const fn made(make: fn() -> Vec<u8>) -> Evidence {
    Evidence::Made(make)
}

pub(crate) const fn skip(reason: &'static str) -> Evidence {
    Evidence::Skip(reason)
}

impl Table {
    /// Where this wire's synthetic files are.
    fn folder(&self) -> PathBuf {
        fixtures().join("conformance").join(self.api.as_str().replace('-', "_"))
    }

    /// Every piece of evidence there is, with its scenario.
    fn evidence(&self) -> impl Iterator<Item = (&'static Scenario, Bytes)> {
        self.rows.each().flat_map(move |(scenario, row)| {
            let all = row.iter().copied().flatten().filter_map(|it| self.bytes(*it));
            all.map(move |bytes| (scenario, bytes))
        })
    }

    /// What this wire sends for the scenario called `name`.
    fn bytes_of(&self, scenario: &Scenario) -> Vec<Bytes> {
        self.evidence().filter(|(it, _)| it.name == scenario.name).map(|(_, it)| it).collect()
    }

    fn bytes(&self, evidence: Evidence) -> Option<Bytes> {
        let (path, is_recorded) = match evidence {
            Evidence::Skip(_) => return None,
            Evidence::Made(make) => {
                let name = format!("{}/made.sse", self.api.as_str());
                return Some(Bytes { name, body: make(), is_recorded: false, is_made: true });
            }
            Evidence::Recorded(path) => (fixtures().join(path), true),
            Evidence::Synthetic(name) => (self.folder().join(name), false),
        };
        let body =
            std::fs::read(&path).unwrap_or_else(|fault| panic!("{}: {fault}", path.display()));
        let name = path.strip_prefix(fixtures()).unwrap_or(&path).display().to_string();
        Some(Bytes { name, body, is_recorded, is_made: false })
    }
}

/// What an upstream sends.
struct Bytes {
    name: String,
    body: Vec<u8>,
    is_recorded: bool,
    is_made: bool,
}

impl Bytes {
    /// A stream, rather than a document.
    fn is_stream(&self) -> bool {
        self.name.ends_with(".sse")
    }
}

/// `tests/fixtures`.
fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// An answer, whichever wire says it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scenario {
    name: &'static str,
    said: &'static [Said],
    ending: Ending,
    /// Tokens: input, of it cached, of it written to a cache; output, of it
    /// reasoning.
    usage: Option<[u64; 5]>,
    /// The calls' ids are not the upstream's.
    ids_of_ours: bool,
    /// What was asked.
    turn: Turn,
}

/// One thing that is said.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Said {
    Thought(&'static str),
    Text(&'static str),
    /// A text so many times.
    Times(usize, &'static str),
    Refusal(&'static str),
    /// Id, name, arguments.
    Call(&'static str, &'static str, &'static str),
    /// Address and title of a source of the text before.
    Cites(&'static str, &'static str),
    /// The tokens of the text before.
    Tokens(&'static [&'static str]),
}

/// How an answer ends, as far as all wires have a word for it: that a model
/// wants tools run is shown by its calls, that it declines by its refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Whole,
    Length,
    Filtered,
    Fails(ProviderErrorKind),
}

impl Scenario {
    const fn new(said: &'static [Said]) -> Self {
        let usage = Some([21, 5, 0, 13, 0]);
        let (ending, turn) = (Ending::Whole, Turn::Plain);
        Self { name: "", said, ending, usage, ids_of_ours: false, turn }
    }

    const fn named(self, name: &'static str) -> Self {
        Self { name, ..self }
    }

    const fn asked(self, turn: Turn) -> Self {
        Self { turn, ..self }
    }

    const fn fails(self, kind: ProviderErrorKind) -> Self {
        Self { ending: Ending::Fails(kind), usage: None, ..self }
    }

    const fn cut_by_the_limit(self) -> Self {
        Self { ending: Ending::Length, ..self }
    }

    const fn filtered(self) -> Self {
        Self { ending: Ending::Filtered, ..self }
    }

    const fn costs(self, tokens: [u64; 5]) -> Self {
        Self { usage: Some(tokens), ..self }
    }

    const fn costs_nobody_knows(self) -> Self {
        Self { usage: None, ..self }
    }

    const fn with_ids_of_ours(self) -> Self {
        Self { ids_of_ours: true, ..self }
    }

    /// How many output tokens were allowed: the recorded servers wrote that
    /// many where the limit cut them, and some say nothing of it.
    fn limit(&self) -> Option<u64> {
        (self.ending == Ending::Length).then_some(24)
    }

    fn is_failure(&self) -> bool {
        matches!(self.ending, Ending::Fails(_))
    }
}
