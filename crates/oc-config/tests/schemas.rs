//! The schemas say what loads, and documents show what does. That the committed
//! schemas and references are current is held by `cargo xtask`.

mod support;

use std::fs;
use std::path::PathBuf;

use oc_config::schema;
use serde_json::Value;
use support::json_schema::refusals;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
fn the_schemas_accept_what_loads_and_refuse_slips() {
    let config = schema::config_schema();
    let mut checked = 0;
    for folder in ["examples/config", "crates/oc-config/tests/configs"] {
        for entry in fs::read_dir(root().join(folder)).expect("the folder") {
            let path = entry.expect("a file").path();
            let text = fs::read_to_string(&path).expect("a text");
            let value: Value = json5::from_str(&text).expect("JSON5");
            let refused = refusals(&config, &config, &value, "");
            // A word of February's that loads, but should not be written today.
            if path.ends_with("foreign_apis.json5") {
                assert_eq!(refused.len(), 1, "{refused:?}");
                continue;
            }
            assert!(refused.is_empty(), "{}: {refused:#?}", path.display());
            checked += 1;
        }
    }
    assert!(checked > 50, "{checked}");
    for slip in [
        r#"{ "modles": {} }"#,
        r#"{ "models": { "mode": "merg" } }"#,
        r#"{ "models": { "providers": { "a": { "baseURL": "x" } } } }"#,
        r#"{ "models": { "providers": { "a": { "models": [{ "name": "M" }] } } } }"#,
        r#"{ "models": { "providers": { "a": { "models": [{ "id": "m", "contextWindow": 0 }] } } } }"#,
        r#"{ "agents": { "defaults": { "model": 5 } } }"#,
        r#"{ "ocGateway": { "listen": 5 } }"#,
        r#"{ "gateway": { "reload": { "mode": "hybird" } } }"#,
    ] {
        let value: Value = serde_json::from_str(slip).expect("JSON");
        assert!(!refusals(&config, &config, &value, "").is_empty(), "{slip}");
    }
    let settings = schema::settings_schema();
    let good = serde_json::json!({ "listen": "127.0.0.1:1", "deadlines": { "total": "5m", "idle": { "loopback": 3 } } });
    assert!(refusals(&settings, &settings, &good, "").is_empty());
    let bad = serde_json::json!({ "deadlines": { "totl": 5 } });
    assert!(!refusals(&settings, &settings, &bad, "").is_empty());
}

/// The configs that documents show are configs.
#[test]
fn documents_show_what_loads() {
    let mut shown = 0;
    for file in ["docs/migrating-from-openclaw.md", "docs/config.md"] {
        let text = fs::read_to_string(root().join(file)).expect(file);
        for block in text.split("```json5\n").skip(1) {
            let block = block.split("```").next().unwrap_or_default();
            let loaded = oc_config::Config::parse(block, file, &|_: &str| None).expect(file);
            assert!(loaded.value.chain("default").is_ok(), "{block}");
            shown += 1;
        }
    }
    assert!(shown > 0);
}
