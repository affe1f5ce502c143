//! `cargo xtask docs [--check]`: the references that are made from the code.
//!
//! | document | what is made | from |
//! |---|---|---|
//! | `docs/config.md` | every key of config and settings, the catalog's tables | the types of `oc-config`, its catalog |
//!
//! The tables of `docs/fallback.md` and `docs/providers.md` come out of test runs
//! and are held by those tests; the documents say how to write them anew.

use anyhow::Context;

use crate::generated::{self, File, Options};

const BEGIN: &str = "<!-- generated: begin -->\n";
const END: &str = "<!-- generated: end -->\n";

/// Writes the references, or checks that they are current.
///
/// # Errors
/// If a document lacks its markers, cannot be written, or is stale.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    generated::hold(&files()?, options, "docs")
}

fn files() -> anyhow::Result<Vec<File>> {
    let path = "docs/config.md";
    let document = generated::read(path).with_context(|| format!("there is no {path}"))?;
    let text = between_markers(&document, &oc_config::reference_markdown())
        .with_context(|| format!("{path} has lost its markers"))?;
    Ok(vec![File { path, text }])
}

/// The document with `made` in place of what stands between its markers.
fn between_markers(document: &str, made: &str) -> Option<String> {
    let (before, rest) = document.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n{made}{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_references_are_current() {
        run(&Options::check()).unwrap();
    }

    #[test]
    fn only_what_stands_between_the_markers_is_made() {
        let document = format!("a\n{BEGIN}old\n{END}b\n");
        let made = between_markers(&document, "new\n").unwrap();
        assert_eq!(made, format!("a\n{BEGIN}\nnew\n{END}b\n"));
        assert_eq!(between_markers(&made, "new\n").as_deref(), Some(made.as_str()));
        assert_eq!(between_markers("no markers", "new\n"), None);
    }
}
