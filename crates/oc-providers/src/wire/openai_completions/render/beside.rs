//! What a host says beside an answer, and where it goes when the answer is
//! written anew.
//!
//! | a field of | in a document | in a stream |
//! |---|---|---|
//! | the completion, the counts | where it stood | the last chunk; counts only where the client asked for them |
//! | a choice | where it stood | the chunk with the finish reason |
//! | its message or deltas | the message | the `delta` of that chunk |

use serde_json::{Map, Value};

use crate::wire::relay::{Fields, supply, supply_of};

pub(in crate::wire::openai_completions) const COMPLETION: &str = "completion";
pub(in crate::wire::openai_completions) const CHOICE: &str = "choice";
pub(in crate::wire::openai_completions) const MESSAGE: &str = "message";

/// What of a chunk is no field of the completion: padding of chunks, for one.
pub(in crate::wire::openai_completions) const NOT_OF_COMPLETION: &[&str] =
    &["choices", "obfuscation"];

/// What of a choice is written from what it means.
pub(in crate::wire::openai_completions) const KNOWN_OF_CHOICE: &[&str] =
    &["index", "delta", "message", "logprobs", "finish_reason"];

/// The same of a message. Reasoning has many names, and must not come back as
/// one that was read.
pub(in crate::wire::openai_completions) const KNOWN_OF_MESSAGE: &[&str] = &[
    "role",
    "content",
    "refusal",
    "tool_calls",
    "function_call",
    "annotations",
    "images",
    "extra_content",
    "reasoning_content",
    "reasoning",
    "reasoning_text",
    "reasoning_details",
    "obfuscation",
];

/// Puts what was said beside the answer into its choice and its document.
pub(super) fn into_document(document: &mut Value, fields: &Fields) {
    into_choice(&mut document["choices"][0], "message", fields);
    supply_of(document, fields, COMPLETION);
}

/// The same of a choice, whose message is called so.
pub(super) fn into_choice(choice: &mut Value, message: &str, fields: &Fields) {
    supply_of(&mut choice[message], fields, MESSAGE);
    supply_of(choice, fields, CHOICE);
}

/// The same of the last chunk. A client that did not ask for counts gets none.
pub(super) fn into_last_chunk(chunk: &mut Map<String, Value>, fields: &Fields, counts: bool) {
    let mut of_it = fields.get(COMPLETION).cloned().unwrap_or_default();
    if !counts {
        of_it.shift_remove("usage");
    }
    supply(chunk, &of_it);
}
