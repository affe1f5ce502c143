//! Laws of the tree: its places are right, and nothing a file holds panics.

use jsonc_parser::ast::Value as Other;
use jsonc_parser::common::Ranged as _;
use proptest::prelude::*;

use super::{Document, Node, Sources, Value};
use crate::{Config, Settings};

/// A JSON5 value, written out with space and comments in between. Without the
/// forms in which jsonc-parser is known to be wrong: a comment or line end
/// between a bare key and its colon, escapes in bare keys.
fn json5() -> impl Strategy<Value = String> {
    let space = prop::sample::select(vec!["", " ", "\n", "/* { */", "// ]\n", "\t", "\u{a0}"]);
    let leaf = prop::sample::select(vec![
        "1",
        "-2",
        "0xFF",
        "+3",
        ".5",
        "5.",
        "1e3",
        "Infinity",
        "NaN",
        "null",
        "true",
        "'it\\'s // x'",
        "\"a\\\nb\\\"c}\"",
        "\"Ωé😀\"",
        "''",
    ])
    .prop_map(str::to_owned);
    let key = prop::sample::select(vec!["a", "$b_1", "'c d'", "\"e\\\"f\"", "ünï", "null"]);
    leaf.prop_recursive(4, 24, 4, move |inner| {
        let item = (space.clone(), inner.clone(), space.clone())
            .prop_map(|(before, value, after)| format!("{before}{value}{after}"));
        let entry = (space.clone(), key.clone(), item.clone())
            .prop_map(|(before, key, value)| format!("{before}{key}:{value}"));
        prop_oneof![
            (prop::collection::vec(item, 0..4), any::<bool>()).prop_map(|(items, comma)| {
                let comma = if comma && !items.is_empty() { "," } else { "" };
                format!("[{}{comma}]", items.join(","))
            }),
            prop::collection::vec(entry, 0..4).prop_map(|e| format!("{{{}}}", e.join(","))),
        ]
    })
}

fn same_places(node: &Node, other: &Other<'_>) -> bool {
    let range = other.range();
    if (range.start, range.end) != (node.span.start, node.span.end) {
        return false;
    }
    match (&node.value, other) {
        (Value::Array(ours), Other::Array(theirs)) => {
            ours.len() == theirs.elements.len()
                && ours.iter().zip(&theirs.elements).all(|(a, b)| same_places(a, b))
        }
        (Value::Object(ours), Other::Object(theirs)) => {
            ours.len() == theirs.properties.len()
                && ours.iter().zip(&theirs.properties).all(|(a, b)| {
                    let name = b.name.range();
                    a.key == b.name.as_str()
                        && (name.start, name.end) == (a.key_span.start, a.key_span.end)
                        && same_places(&a.value, &b.value)
                })
        }
        (Value::Text(ours), Other::StringLit(theirs)) => ours.text == theirs.value,
        (Value::Array(_) | Value::Object(_) | Value::Text(_), _) => false,
        _ => true,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1500) })]

    #[test]
    fn places_agree_with_jsonc_parser(text in json5()) {
        let ours = Document::parse(&text).map_err(|e| TestCaseError::fail(e.reason))?;
        let options = jsonc_parser::ParseOptions { allow_missing_commas: false, ..Default::default() };
        let theirs = jsonc_parser::parse_to_ast(&text, &jsonc_parser::CollectOptions::default(), &options);
        if let Ok(theirs) = theirs {
            let theirs = theirs.value.expect("a value");
            prop_assert!(same_places(&ours.root, &theirs), "{text:?}");
        }
    }

    #[test]
    fn no_text_panics(text in any::<String>()) {
        let _ = Config::parse(&text, "c", &|_: &str| None);
        let _ = Settings::parse(&text, "s", &|_: &str| None);
    }

    #[test]
    fn no_mutation_of_a_config_panics(edits in prop::collection::vec((any::<prop::sample::Index>(), 0u8..3, 0usize..15), 1..5)) {
        let mut bytes = include_bytes!("../../../../examples/config/hybrid.json5").to_vec();
        for (at, what, which) in edits {
            let at = at.index(bytes.len());
            let byte = b"{}[]'\",:/\\*x1$\n"[which];
            match what {
                0 => { bytes.remove(at); }
                1 => bytes[at] = byte,
                _ => bytes.insert(at, byte),
            }
        }
        let text = String::from_utf8_lossy(&bytes);
        match Config::parse(&text, "c", &|_: &str| None) {
            Ok(loaded) => {
                prop_assert_eq!(loaded.masked_source.len(), text.len());
                let _ = loaded.value.explain("default").map(|e| e.to_string());
            }
            Err(error) => {
                prop_assert_eq!(error.masked_source().len(), text.len());
                prop_assert!(!error.diagnostics().is_empty());
                for problem in error.diagnostics() {
                    prop_assert!(text.get(problem.span.clone()).is_some(), "{}", problem);
                }
            }
        }
    }
}

#[test]
fn columns_count_what_an_editor_counts() {
    let text = "\u{feff}{a\r\nü😀x\rb\nc\u{2028}d";
    let sources = Sources::new("f", text);
    for (needle, want) in
        [("{", (1, 1)), ("a", (1, 2)), ("x", (2, 3)), ("b", (3, 1)), ("d", (4, 3))]
    {
        let at = text.find(needle).expect(needle);
        let place = sources.place(&(at..at));
        assert_eq!((place.line, place.column), want, "{needle}");
    }
    assert_eq!(sources.place(&(usize::MAX..usize::MAX)).line, 4);
}

#[test]
fn what_cannot_be_parsed_shows_no_value() {
    let text = "{ apiKey: sk-planted-1, /* sk-planted-0123456789 */ b: 'sk-planted-2', token: \"sk-planted-3\n}";
    let masked = super::mask_unparsed(text);
    assert_eq!(masked.len(), text.len());
    assert!(!masked.contains("planted"), "{masked}");
    assert!(masked.starts_with("{ apiKey:"), "{masked}");
}
