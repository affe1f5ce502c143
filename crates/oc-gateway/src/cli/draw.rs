//! Diagnostics as pictures of the file, the way rustc shows them.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use oc_config::{Diagnostic, Severity};

/// Draws `diagnostics` into `masked`: the file's text with every secret covered.
pub(crate) fn draw(diagnostics: &[Diagnostic], masked: &str) -> String {
    if diagnostics.is_empty() {
        return String::new();
    }
    let report: Vec<Group<'_>> = diagnostics.iter().map(|one| group(one, masked)).collect();
    let mut picture = Renderer::styled().render(&report);
    picture.push('\n');
    picture
}

fn group<'a>(diagnostic: &'a Diagnostic, masked: &'a str) -> Group<'a> {
    let level = match diagnostic.severity {
        Severity::Warning => Level::WARNING,
        _ => Level::ERROR,
    };
    let title = match diagnostic.path.as_str() {
        "" => diagnostic.reason.clone(),
        path => format!("{path}: {}", diagnostic.reason),
    };
    // A span that does not fit the text must not cost the report.
    let fits = masked.get(diagnostic.span.clone()).is_some();
    let span = if fits { diagnostic.span.clone() } else { 0..0 };
    let snippet = Snippet::source(masked)
        .path(diagnostic.file.as_str())
        .annotation(AnnotationKind::Primary.span(span));
    let group = level.primary_title(title).element(snippet);
    match &diagnostic.fix {
        Some(fix) => group.element(Level::HELP.message(fix.as_str())),
        None => group,
    }
}
