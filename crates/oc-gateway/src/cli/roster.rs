//! The default chain as a short list: who is asked, in which order, and what
//! would make the others usable.

use std::io::{self, Write};

use oc_gateway::State;

/// Writes the chain that a request for `model` gets.
pub(crate) fn show(state: &State, model: &str, out: &mut impl Write) -> io::Result<()> {
    let chain = match state.config().chain(model) {
        Ok(chain) => chain,
        Err(unknown) => return writeln!(out, "no default chain: {unknown}"),
    };
    for (n, candidate) in chain.candidates.iter().enumerate() {
        write!(out, "  {}. {}", n + 1, candidate.model_ref)?;
        if let Some(model) = &candidate.model {
            write!(out, "  {}  {}  {}", model.api, model.shown_base_url(), model.locality)?;
            if let Some(window) = model.context_window {
                write!(out, "  {window} tokens")?;
            }
            if let Some(key) = candidate.key_source() {
                write!(out, "  key: {key}")?;
            }
        }
        writeln!(out)?;
        if let Some((reason, fix)) = state.obstacle(&candidate.model_ref) {
            writeln!(out, "     not usable: {reason}; {fix}")?;
        }
    }
    Ok(())
}
