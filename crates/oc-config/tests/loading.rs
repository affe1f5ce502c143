//! Every config of `configs/`: what it comes to, and where from.

mod support;

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use oc_config::{Listed, Locality};
use support::load;

/// Files that stand beside each config.
const BESIDE: &[(&str, &str)] = &[
    (
        "/c/agents.json5",
        "{ defaults: {\n  model: { primary: 'lmstudio/qwen3', fallbacks: ['openai/gpt-5'] } } }",
    ),
    (
        "/c/local.json5",
        "{ lmstudio: { baseUrl: 'http://127.0.0.1:1234/v1', api: 'openai-responses',\n  models: [{ id: 'qwen3', name: 'Qwen 3' }] } }",
    ),
    ("/c/hosted.json5", "{ openai: { apiKey: 'sk-planted-included' } }"),
    ("/k/keys.json", r#"{ "k": "sk-planted-file" }"#),
    (
        "/c/agents/main/agent/auth-profiles.json",
        r#"{ "profiles": { "openai:work": { "type": "api_key", "provider": "openai", "key": "sk-planted-profile" } } }"#,
    ),
];

const VARS: &[(&str, &str)] = &[
    ("ANTHROPIC_API_KEY", "sk-planted-anthropic"),
    ("OPENROUTER_API_KEY", "sk-planted-openrouter"),
    ("SET_KEY", "sk-planted-set"),
    ("HOST", "gpu-box"),
];

fn configs() -> Vec<(String, String)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/configs");
    let mut found: Vec<_> = fs::read_dir(folder)
        .expect("the folder")
        .map(|entry| {
            let path = entry.expect("a file").path();
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            (name, fs::read_to_string(&path).expect("a text"))
        })
        .collect();
    found.sort();
    found
}

fn describe(text: &str) -> String {
    let mut files = vec![("/c/openclaw.json", text)];
    files.extend(BESIDE);
    let loaded = match load(&files, VARS) {
        Ok(loaded) => loaded,
        Err(error) => panic!("{:#?}", error.diagnostics()),
    };
    let mut out = String::new();
    for warning in &loaded.diagnostics {
        assert!(warning.fix.is_some(), "{warning}");
        let _ = writeln!(out, "{warning}");
    }
    let config = &loaded.value;
    match config.explain("default") {
        Ok(explanation) => {
            let _ = write!(out, "{explanation}");
            let json = serde_json::to_string(&explanation).expect("JSON");
            assert!(!json.contains("sk-planted"), "{json}");
            for candidate in &explanation.chain.candidates {
                if let Some(profile) = &candidate.profile {
                    let key = candidate.profile_key.is_some();
                    let _ =
                        writeln!(out, "{} profile {profile}, stored: {key}", candidate.model_ref);
                }
            }
        }
        Err(error) => {
            let _ = writeln!(out, "{error}");
        }
    }
    let agents: Vec<&str> = config.agents().collect();
    for agent in agents {
        let chain = config.agent_chain(agent).expect("an agent");
        let refs: Vec<_> = chain.candidates.iter().map(|c| c.model_ref.to_string()).collect();
        let _ = writeln!(out, "agent {agent}: {}", refs.join(", "));
    }
    if let Some(chain) = config.image_chain() {
        let refs: Vec<_> = chain.candidates.iter().map(|c| c.model_ref.to_string()).collect();
        let _ = writeln!(out, "images: {}", refs.join(", "));
    }
    for (alias, model_ref) in config.aliases() {
        let _ = writeln!(out, "alias {alias:?} = {model_ref}");
    }
    for name in ["openai/gpt-5", "anthropic/claude-opus-4-6", "openrouter/moonshotai/kimi-k2.5"] {
        if let Err(error) = config.chain(name) {
            let _ = writeln!(out, "{error}");
        }
    }
    let catalogued = config.models().filter(|model| model.listed == Listed::Catalog).count();
    let hosted = config.models().filter(|model| model.locality == Locality::Hosted).count();
    let _ = writeln!(out, "{catalogued} models of the catalog, {hosted} hosted");
    for model in config.models().filter(|model| model.listed != Listed::Catalog) {
        let _ = write!(out, "{:?} {}", model.listed, model.model_ref);
        if !model.params.values().is_empty() {
            let _ = write!(out, " params {}", serde_json::json!(model.params.values()));
        }
        if !model.thinking_levels.is_empty() {
            let _ = write!(out, " levels {}", serde_json::json!(model.thinking_levels));
        }
        let _ = writeln!(out);
    }
    for (section, line) in &loaded.passed_over {
        let _ = writeln!(out, "passed over: {section} (line {line})");
    }
    let _ = writeln!(out, "reload {:?}", config.reload_mode());
    let everything = format!(
        "{out}{loaded:?}{:?}{:?}",
        config.providers().collect::<Vec<_>>(),
        config.models().collect::<Vec<_>>()
    );
    for shown in
        std::iter::once(&loaded.masked_source).chain(loaded.included.iter().map(|i| &i.text))
    {
        assert!(!shown.contains("sk-planted"), "{shown}");
    }
    assert!(!everything.contains("sk-planted"), "{everything}");
    out
}

#[test]
fn every_config_comes_to_what_its_snapshot_says() {
    let configs = configs();
    assert!(configs.len() >= 44, "{}", configs.len());
    for (name, text) in configs {
        insta::assert_snapshot!(name, describe(&text));
    }
}
