//! `<minimax:tool_call>` around `<invoke name="f">…</invoke>`.

use super::invoke::{self, Tags};
use super::{Declared, Section};

const OPEN: &str = "<minimax:tool_call>";
const CLOSE: &str = "</minimax:tool_call>";
const TAGS: Tags = Tags { invoke: "invoke", parameter: "parameter" };

pub(super) fn read(text: &str, declared: &Declared) -> Option<Section> {
    let (calls, rest) = invoke::calls(text.strip_prefix(OPEN)?, TAGS, declared)?;
    let rest = match rest.strip_prefix(CLOSE) {
        Some(rest) => rest,
        None if rest.is_empty() => rest,
        None => return None,
    };
    Some(Section { calls, len: text.len() - rest.len() })
}
