//! `explain`: where each value came from, and nothing that is secret.

mod support;

use std::collections::BTreeMap;
use std::path::Path;

use oc_config::{Config, Loaded, Reading, Settings};
use support::Texts;

const CONFIG: &str = r#"{
  env: { vars: { BLOCK: "from-the-block", HOST: "http://127.0.0.1:9" } },
  agents: {
    defaults: { model: { primary: "box/m", fallbacks: ["p/m", "anthropic/claude-opus-4-6", "ollama/x:cloud"] } },
    entries: { main: {}, work: { model: "p/m" } },
  },
  models: { providers: {
    box: { baseUrl: "${HOST}/v1", api: "openai-completions", timeoutSeconds: 30, region: "${REGION}",
      headers: { "X-Team": "${TEAM}", "X-Plain": "a", "X-Named": "TEAM",
        "X-Ref": { source: "env", provider: "default", id: "TEAM" } },
      models: [{ id: "m", name: "M", contextWindow: 65536, contextTokens: 40000,
        params: { temperature: 0.2, extra_body: { note: "sk-planted-note", kind: "${BLOCK}" }, foo: "sk-planted" } }] },
    p: { baseUrl: "${PROTOCOL}://relay.example/sk-planted-path/v1", api: "openai-completions", apiKey: "${KEY}",
      models: [{ id: "m", name: "sk-planted-name" }] },
    ollama: { baseUrl: "http://127.0.0.1:11434", api: "ollama",
      models: [
        { id: "x:cloud", name: "X" }] },
  } },
}
"#;

fn read() -> Loaded<Config> {
    let files = Texts::new(&[
        ("/c/openclaw.json", CONFIG),
        ("/c/.env", "# comment\nTEAM=red\nPROTOCOL=http\n"),
        ("/w/.env", "REGION=eu\n\nPROTOCOL=https\n"),
    ]);
    let env: BTreeMap<String, String> =
        [("KEY", "sk-planted"), ("ANTHROPIC_API_KEY", "sk-planted")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
    let reading = Reading::new(&env).files(&files).working_dot_env(Path::new("/w/.env"));
    reading.config(Path::new("/c/openclaw.json")).expect("valid")
}

/// Break reports: no variable was named behind a value, nor the file that set
/// it; a locality was a default; keys in a path and in `params` were shown.
#[test]
fn each_value_names_its_line_its_variables_and_what_set_them() {
    let loaded = read();
    let explained = loaded.value.explain("default").expect("a primary");
    let text = explained.to_string();
    let json = serde_json::to_string_pretty(&explained).expect("JSON");
    for told in [&text, &json, &format!("{explained:?}"), &format!("{loaded:?}")] {
        assert!(!told.contains("planted"), "{told}");
    }
    insta::assert_snapshot!("explained", text);
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let first = &json["candidates"][0];
    assert_eq!(
        first["values"]["baseUrl"],
        serde_json::json!({
            "origin": "/c/openclaw.json:8",
            "value": "http://127.0.0.1:9/v1",
            "variables": [{ "name": "HOST", "setBy": "/c/openclaw.json:2" }],
        })
    );
    assert_eq!(first["headers"]["x-team"]["variables"][0]["setBy"], "/c/.env:2");
    assert_eq!(first["headers"]["x-plain"].to_string(), r#"{"origin":"/c/openclaw.json:9"}"#);
    let key = &json["candidates"][1]["values"]["apiKey"];
    assert_eq!(key["variables"][0]["setBy"], "the environment");
}

#[test]
fn a_declared_locality_names_the_line_of_the_settings() {
    let settings = "{\n providers: {\n  ollama: { region: 'eu',\n   locality: 'local' } } }";
    let settings = Settings::parse(settings, "s.json5", &|_: &str| None).expect("valid").value;
    let config = read().value.with_settings(&settings).value;
    let told = config.explain("ollama/x:cloud").expect("known").to_string();
    assert!(
        told.contains("locality: loopback: declared `local` in the settings  [s.json5:4]"),
        "{told}"
    );
    assert!(told.contains("region: eu  [s.json5:3]"), "{told}");
}

/// A break report: it was told as an unknown model.
#[test]
fn an_unknown_agent_is_told_with_those_there_are() {
    let config = read().value;
    let told =
        |agent: &str| config.explain_agent(agent, "default").expect_err("unknown").to_string();
    assert_eq!(told("nobody"), "no agent `nobody`; the config describes main, work");
    assert_eq!(told("wrok"), "no agent `wrok`; did you mean `work`?");
    let none = Config::parse("{}", "c.json5", &|_: &str| None).expect("valid").value;
    assert_eq!(
        none.explain_agent("main", "default").expect_err("unknown").to_string(),
        "no agent `main`; the config describes none: add `agents.entries`, or ask without one"
    );
}

/// A key where a name is expected is not repeated.
#[test]
fn messages_repeat_no_key() {
    for text in [
        "{ agents: { defaults: { model: 'sk-planted' } } }",
        "{ agents: { defaults: { models: { 'sk-planted': {} } } } }",
        "{ models: { mode: 'sk-planted' } }",
        "{ models: { 'sk-planted': 1 } }",
        "{ models: { providers: { p: { baseUrl: 'http://127.0.0.1:1', api: 'sk-planted', models: [] } } } }",
        "{ models: { providers: { p: { baseUrl: 'https://h/sk-planted', apikey: 1, models: [] } } } }",
        "{ models: { providers: { p: { baseUrl: 'https://sk-planted@h/', models: [] } } } }",
        "{ models: { providers: { p: { baseUrl: 'http://h/', params: { a: 'sk-planted' }, models: 1 } } } }",
    ] {
        let (told, shown) = match Config::parse(text, "c.json5", &|_: &str| None) {
            Ok(loaded) => (format!("{:?}", loaded.diagnostics), loaded.masked_source),
            Err(error) => (format!("{error} {error:?}"), error.masked_source().to_owned()),
        };
        assert!(!told.contains("planted"), "{told}");
        let outside_of_keys = shown.replace("'sk-planted':", "");
        assert!(!outside_of_keys.contains("planted"), "{shown}");
    }
}
