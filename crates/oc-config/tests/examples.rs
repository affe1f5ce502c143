//! The configs of the documentation, unchanged: what they come to.

use std::fmt::Write as _;
use std::path::PathBuf;

use oc_config::{Config, Env, Usability};

/// The chain of `default`, every alias and the merged catalog's size.
fn describe(file: &str, env: &dyn Env) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples/config");
    let loaded = Config::load(&path.join(file), env).expect(file);
    let mut out = String::new();
    for warning in &loaded.diagnostics {
        let _ = writeln!(out, "warning {}:{} {}", warning.line, warning.column, warning.reason);
    }
    let config = loaded.value;
    let chain = config.chain("default").expect("a primary");
    assert!(!chain.explicit);
    for candidate in &chain.candidates {
        let model = candidate.model.as_ref().expect("a known model");
        let provider = config.provider(model.model_ref.provider()).expect("its provider");
        let _ = writeln!(
            out,
            "{}\n  {} {} ({}, {})\n  window {:?} output {:?} reasoning {} input {:?}\n  cost {:?}\n  key {}\n  {}",
            candidate.model_ref,
            model.api,
            model.base_url,
            provider.locality,
            provider.locality_reason,
            model.context_window,
            model.max_tokens,
            model.reasoning,
            model.input,
            model.cost,
            model.key.as_ref().map_or("none".to_owned(), ToString::to_string),
            match &candidate.usability {
                Usability::Unusable { reason, fix } => format!("unusable: {reason}; {fix}"),
                _ => "usable".to_owned(),
            }
        );
    }
    for (alias, model_ref) in config.aliases() {
        let _ = writeln!(out, "alias {alias:?} = {model_ref}");
    }
    let hosted = config.models().filter(|m| m.model_ref.provider() == "anthropic").count();
    assert!(hosted > 5, "merge keeps the hosted catalog");
    out
}

fn no_variables(_: &str) -> Option<String> {
    None
}

fn with_anthropic(name: &str) -> Option<String> {
    (name == "ANTHROPIC_API_KEY").then(|| "sk-planted".to_owned())
}

#[test]
fn recommended() {
    insta::assert_snapshot!(describe("recommended.json5", &no_variables));
}

#[test]
fn hybrid_without_a_key() {
    insta::assert_snapshot!(describe("hybrid.json5", &no_variables));
}

#[test]
fn hybrid_with_a_key() {
    insta::assert_snapshot!(describe("hybrid.json5", &with_anthropic));
}

#[test]
fn local_first() {
    insta::assert_snapshot!(describe("local-first.json5", &with_anthropic));
}

#[test]
fn any_proxy() {
    insta::assert_snapshot!(describe("any-proxy.json5", &no_variables));
}
