//! Agents: their models, aliases, params and policies, and where params are from.

mod support;

use oc_config::{Chain, Config, ExplicitModels, Settings};
use serde_json::{Value, json};
use support::load;

const TEXT: &str = r#"{
  agents: {
    defaults: {
      model: { primary: 'box/a', fallbacks: ['box/b'] },
      params: { temperature: 0.1, x: 'all', top_p: 0.5 },
      models: {
        'box/*': { params: { x: 'box', topP: 0.6 } },
        'box/a': { alias: 'Quick', params: { x: 'a' } },
      },
      modelPolicy: { allow: ['box/a', 'box/b'] },
    },
    entries: {
      main: {},
      coder: {
        model: { primary: 'Deep', fallbacks: ['quick', 'box/b'] },
        models: {
          'box/c': { alias: 'Deep', params: { x: 'coder c', thinking: 'high' } },
          'box/*': { params: { x: 'coder', max_tokens: 50 } },
          'nobody': { alias: 'N' },
        },
        params: { temperature: 0.9 },
        modelPolicy: { allow: ['Deep', 'Quick'] },
      },
      open: { model: 'box/b', modelPolicy: { allow: [] } },
    },
  },
  models: { providers: { box: { baseUrl: 'http://127.0.0.1:1/v1', api: 'openai-completions',
    params: { x: 'provider', preload: false },
    models: [{ id: 'a', name: 'A', params: { y: 1 } }, { id: 'b', name: 'B' }, { id: 'c', name: 'C' }] } } },
}"#;

fn config() -> Config {
    load(&[("/c/openclaw.json", TEXT)], &[]).expect("valid").value
}

fn refs(chain: &Chain) -> String {
    let refs: Vec<_> = chain.candidates.iter().map(|one| one.model_ref.to_string()).collect();
    refs.join(" ")
}

fn params(chain: &Chain) -> Vec<Value> {
    let models = chain.candidates.iter().filter_map(|one| one.model.as_ref());
    models.map(|model| json!(model.params.values())).collect()
}

#[test]
fn the_nearer_says_what_a_request_gets() {
    let config = config();
    assert_eq!(
        params(&config.chain("default").expect("a primary")),
        [
            json!({ "preload": false, "temperature": 0.1, "topP": 0.6, "x": "a", "y": 1 }),
            json!({ "preload": false, "temperature": 0.1, "topP": 0.6, "x": "box" }),
        ]
    );
    let coder = config.agent_chain("Coder").expect("an agent");
    assert_eq!(refs(&coder), "box/c box/a box/b");
    assert_eq!(
        params(&coder),
        [
            json!({ "maxTokens": 50, "preload": false, "temperature": 0.9, "thinking": "high", "topP": 0.6, "x": "coder c" }),
            json!({ "maxTokens": 50, "preload": false, "temperature": 0.9, "topP": 0.6, "x": "coder", "y": 1 }),
            json!({ "maxTokens": 50, "preload": false, "temperature": 0.9, "topP": 0.6, "x": "coder" }),
        ]
    );
    // What an agent says of a model is its own affair.
    let main = config.agent_chain("main").expect("an agent");
    assert_eq!(params(&main), params(&config.chain("default").expect("a primary")));
}

#[test]
fn an_agent_has_its_own_aliases_and_its_own_policy() {
    let config = config();
    let asks = |agent: &str, model: &str| match config.agent_chain_for(agent, model) {
        Ok(chain) => refs(&chain),
        Err(error) => error.to_string(),
    };
    assert_eq!(asks("coder", "deep"), "box/c box/a box/b");
    assert_eq!(asks("coder", "default"), "box/c box/a box/b");
    assert_eq!(asks("coder", "QUICK"), "box/a");
    assert_eq!(
        asks("coder", "box/b"),
        "model `box/b` is not allowed by modelPolicy.allow of the agent"
    );
    assert_eq!(asks("main", "box/b"), "box/b");
    assert_eq!(
        asks("main", "box/c"),
        "model `box/c` is not allowed by agents.defaults.modelPolicy.allow"
    );
    assert!(asks("main", "deep").starts_with("unknown model `deep`"), "{}", asks("main", "deep"));
    assert_eq!(asks("open", "box/c"), "box/c", "an empty list allows any");
    assert!(asks("codr", "box/a").contains("coder"), "{}", asks("codr", "box/a"));

    let settings =
        Settings::parse("{ fallback: { explicitModels: 'chain' } }", "s", &|_: &str| None);
    let config = config.clone().with_settings(&settings.expect("valid").value).value;
    let chain = config.agent_chain_for("coder", "quick").expect("allowed");
    assert_eq!(refs(&chain), "box/a box/b");
    let strict = config.chain_with("box/b", ExplicitModels::Strict).expect("allowed");
    assert_eq!(refs(&strict), "box/b");
}

#[test]
fn a_model_of_an_agent_that_names_nothing_is_told() {
    let loaded = load(&[("/c/openclaw.json", TEXT)], &[]).expect("valid");
    let told: Vec<String> = loaded.diagnostics.iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].contains("agents.entries.coder.models.nobody: `nobody` names no model"),
        "{told:?}"
    );
}

#[test]
fn explain_says_where_params_came_from_and_which_are_not_used() {
    let explained = config().explain_agent("coder", "default").expect("an agent").to_string();
    for line in [
        "params.maxTokens: 50  [/c/openclaw.json:18]",
        "params.preload: false (not used)  [/c/openclaw.json:28]",
        "params.temperature: 0.9  [/c/openclaw.json:21]",
        "params.thinking: \"high\"  [/c/openclaw.json:17]",
        "params.topP: 0.6  [/c/openclaw.json:7]",
        "params.x: \"coder c\" (not used)  [/c/openclaw.json:17]",
    ] {
        assert!(explained.contains(line), "{line} is missing in:\n{explained}");
    }
    let json = serde_json::to_value(config().explain("default").expect("a primary")).expect("JSON");
    assert_eq!(json["candidates"][0]["params"]["x"]["origin"], "/c/openclaw.json:8", "{json:#}");
    assert_eq!(json["candidates"][0]["unusedParams"], json!(["preload", "x", "y"]));
}

/// Params are free, so keys may stand in them.
#[test]
fn a_key_among_params_is_not_shown() {
    let text = "{ agents: { defaults: { model: 'box/a', params: { token: 'sk-planted', a: 'x ${KEY}', list: ['${KEY}'], n: 5 } } },
      models: { providers: { box: { baseUrl: 'http://127.0.0.1:1/v1', api: 'openai-completions',
        params: { extra_body: { api_key: 'sk-planted', deep: { headers: { h: 'sk-planted' } }, min_p: 0.1 } },
        models: [{ id: 'a', name: 'A' }] } } } }";
    let loaded = load(&[("/c/openclaw.json", text)], &[("KEY", "sk-planted")]).expect("valid");
    let explained = loaded.value.explain("default").expect("a primary");
    let model = explained.chain.candidates[0].model.clone().expect("listed");
    let json = serde_json::to_string(&explained).expect("JSON");
    let defaults = model.request_defaults();
    assert_eq!(defaults.extra_body["api_key"], "sk-planted", "it is sent all the same");
    let everything = format!("{explained}{explained:?}{json}{loaded:?}{model:?}{defaults:?}");
    assert!(!everything.contains("sk-planted"), "{everything}");
    assert!(json.contains("0.1") && json.contains("\"…\""), "{json}");
}
