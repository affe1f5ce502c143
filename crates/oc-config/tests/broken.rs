//! Broken configs: every problem with line, column, path, reason and fix.
//!
//! Each case is a config; the snapshot holds what its reader is told. A case
//! must be refused, and each error must offer a fix.

use oc_config::{Config, ConfigErrorKind, Severity};

const CASES: &[(&str, &str)] = &[
    // the text
    ("empty file", ""),
    ("only a comment", "// nothing\n"),
    ("a list", "[]"),
    ("a string", "'models'"),
    ("no closing brace", "{\n  models: {\n"),
    ("no comma", "{\n  models: {}\n  agents: {}\n}"),
    ("no colon", "{ models {} }"),
    ("no quotes", "{ models: { mode: merge } }"),
    ("two documents", "{} {}"),
    ("open string", "{ models: { mode: \"merge } }"),
    ("open comment", "{ models: {} /* }"),
    ("a dash in a bare key", "{ models: { providers: { my-box: {} } } }"),
    ("line end in a string", "{ models: { mode: 'mer\nge' } }"),
    // the root
    ("unknown root key", "{ modles: {} }"),
    (
        "root keys of before 2026",
        "{ agent: { model: 'openai/gpt-5' }, identity: { name: 'X' }, routing: {}, telegram: {} }",
    ),
    ("root key nobody knows", "{ zzzzzzzzzz: 1 }"),
    ("root key twice", "{ models: {}, agents: {}, models: {} }"),
    ("include at the root", "{ $include: './base.json5' }"),
    ("include below", "{ models: { providers: { $include: './p.json5' } } }"),
    // models
    ("models is a list", "{ models: [] }"),
    ("wrong mode", "{ models: { mode: 'merg' } }"),
    ("mode is a boolean", "{ models: { mode: true } }"),
    ("unknown key in models", "{ models: { provider: {} } }"),
    ("providers is null", "{ models: { providers: null } }"),
    ("provider is a string", "{ models: { providers: { local: 'http://127.0.0.1:1/v1' } } }"),
    (
        "misspelt baseUrl",
        "{ models: { providers: { local: { baseURL: 'http://127.0.0.1:1', models: [] } } } }",
    ),
    (
        "no baseUrl",
        "{ models: { providers: { local: { api: 'openai-responses', models: [{ id: 'm', name: 'M' }] } } } }",
    ),
    ("an empty primary", "{ agents: { defaults: { model: { primary: '' } } } }"),
    (
        "an empty fallback",
        "{ agents: { defaults: { model: { primary: 'anthropic/claude-opus-4-6', fallbacks: [''] } } } }",
    ),
    (
        "an id that two providers have",
        "{ agents: { defaults: { model: 'm' } }, models: { providers: { a: { baseUrl: 'http://127.0.0.1:1', api: 'openai-responses', models: [{ id: 'm', name: 'M' }] }, b: { baseUrl: 'http://127.0.0.1:2', api: 'openai-responses', models: [{ id: 'm', name: 'M' }] } } } }",
    ),
    (
        "baseUrl is a number",
        "{ models: { providers: { local: { baseUrl: 8000, api: 'openai-responses', models: [] } } } }",
    ),
    (
        "wrong api",
        "{ models: { providers: { local: { baseUrl: 'http://127.0.0.1:1', api: 'openai-response', models: [] } } } }",
    ),
    (
        "key from a command",
        "{ models: { providers: { local: { baseUrl: 'http://127.0.0.1:1', apiKey: '!pass show sk-planted', api: 'openai-responses', models: [] } } } }",
    ),
    (
        "headers from a command",
        "{ models: { providers: { local: { baseUrl: 'http://127.0.0.1:1', headers: { 'X-Team': '!pass show sk-planted' }, api: 'openai-responses', models: [{ id: 'm', name: 'M', headers: { 'X-A': '!x' } }] } } } }",
    ),
    (
        "key is a number",
        "{ models: { providers: { local: { baseUrl: 'http://127.0.0.1:1', apiKey: 1234567, api: 'openai-responses', models: [] } } } }",
    ),
    (
        "SecretRef without id",
        "{ models: { providers: { local: { baseUrl: 'http://127.0.0.1:1', apiKey: { source: 'env', provider: 'default' }, api: 'openai-responses', models: [] } } } }",
    ),
    (
        "SecretRef of an unknown source",
        "{ models: { providers: { local: { baseUrl: 'http://127.0.0.1:1', apiKey: { source: 'evn', provider: 'default', id: 'K' }, api: 'openai-responses', models: [] } } } }",
    ),
    (
        "header name",
        "{ models: { providers: { local: { baseUrl: 'http://127.0.0.1:1', headers: { 'X Team': 'a' }, api: 'openai-responses', models: [] } } } }",
    ),
    (
        "timeout of nothing",
        "{ models: { providers: { local: { baseUrl: 'http://127.0.0.1:1', timeoutSeconds: 0, api: 'openai-responses', models: [] } } } }",
    ),
    (
        "models is an object",
        "{ models: { providers: { local: { baseUrl: 'http://127.0.0.1:1', api: 'openai-responses', models: { m: {} } } } } }",
    ),
    (
        "model without id",
        "{ models: { providers: { local: { baseUrl: 'http://127.0.0.1:1', api: 'openai-responses', models: [\n  { name: 'M' } ] } } } }",
    ),
    (
        "misspelt id",
        "{ models: { providers: { local: { baseUrl: 'http://127.0.0.1:1', api: 'openai-responses', models: [\n  { Id: 'm' } ] } } } }",
    ),
    (
        "model is a string",
        "{ models: { providers: { local: { baseUrl: 'http://127.0.0.1:1', api: 'openai-responses', models: ['m'] } } } }",
    ),
    (
        "model is a list",
        "{ models: { providers: { local: { baseUrl: 'http://127.0.0.1:1', api: 'openai-responses', models: [['m', 'M']] } } } }",
    ),
    ("windows that are none", WINDOWS),
    (
        "wrong input",
        "{ models: { providers: { local: { baseUrl: 'http://127.0.0.1:1', api: 'openai-responses', models: [{ id: 'm', input: ['text', 'imag'] }] } } } }",
    ),
    (
        "costs",
        "{ models: { providers: { local: { baseUrl: 'http://127.0.0.1:1', api: 'openai-responses', models: [{ id: 'm', cost: { input: '0', output: -1, cached: 0, cacheRead: NaN } }] } } } }",
    ),
    (
        "compat",
        "{ models: { providers: { local: { baseUrl: 'http://127.0.0.1:1', api: 'openai-responses', models: [{ id: 'm', compat: { supportStore: false } }] } } } }",
    ),
    (
        "provider id with a slash",
        "{ models: { providers: { 'a/b': { baseUrl: 'http://127.0.0.1:1', api: 'openai-responses', models: [] } } } }",
    ),
    (
        "key twice",
        "{ models: { providers: { local: {\n  baseUrl: 'http://127.0.0.1:1', api: 'openai-responses', models: [],\n  baseUrl: 'http://127.0.0.1:2' } } } }",
    ),
    // agents
    ("misspelt model", "{ agents: { defaults: { modle: { primary: 'openai/gpt-5' } } } }"),
    ("model is a list", "{ agents: { defaults: { model: ['openai/gpt-5'] } } }"),
    (
        "fallback for fallbacks",
        "{ agents: { defaults: { model: { primary: 'openai/gpt-5', fallback: [] } } } }",
    ),
    (
        "fallbacks is a string",
        "{ agents: { defaults: { model: { primary: 'openai/gpt-5', fallbacks: 'openai/gpt-5.1' } } } }",
    ),
    (
        "primary that is nothing",
        "{ agents: { defaults: { model: { primary: 'claude-opus-46' } } } }",
    ),
    ("primary of a variable", "{ agents: { defaults: { model: { primary: '${MODEL}' } } } }"),
    ("alias is a number", "{ agents: { defaults: { models: { 'openai/gpt-5': { alias: 5 } } } } }"),
    ("misspelt alias", "{ agents: { defaults: { models: { 'openai/gpt-5': { alas: 'G' } } } } }"),
    ("agent's model", "{ agents: { list: [{ id: 'main', modle: 'openai/gpt-5' }] } }"),
    // the rest
    ("auth mode", "{ auth: { profiles: { 'a:b': { provider: 'anthropic', mode: 'apikey' } } } }"),
    ("env value", "{ env: { vars: { PORT: 8080 } } }"),
    ("secrets", "{ secrets: { provider: {} } }"),
    ("reload mode", "{ gateway: { port: 18789, reload: { mode: 'hybird' } } }"),
    ("settings in the config", "{ ocGateway: { listen: '0.0.0.0:4141', limit: {} } }"),
    // September's and February's further fields
    (
        "compat words",
        r#"{ models: { providers: { local: { baseUrl: 'http://127.0.0.1:1', api: 'openai-responses', models: [{ id: 'm', name: 'M', compat: { thinkingFormat: 'qwn', maxTokensField: 'max_output_tokens', codeMode: 'on', cacheControlFormat: 'openai' } }] } } } }"#,
    ),
    (
        "OpenRouter routing",
        r#"{ models: { providers: { local: { baseUrl: 'http://127.0.0.1:1', api: 'openai-responses', models: [{ id: 'm', name: 'M', compat: { openRouterRouting: { onyl: ['a'], data_collection: 'denied', sort: 5, max_price: { prompt: true }, preferred_max_latency: { p95: 1 } } } }] } } } }"#,
    ),
    (
        "Vercel routing",
        r#"{ models: { providers: { local: { baseUrl: 'http://127.0.0.1:1', api: 'openai-responses', models: [{ id: 'm', name: 'M', compat: { vercelGatewayRouting: { order: 'a' } } }] } } } }"#,
    ),
    (
        "thinking levels",
        r#"{ models: { providers: { local: { baseUrl: 'http://127.0.0.1:1', api: 'openai-responses', models: [{ id: 'm', name: 'M', thinkingLevelMap: { hgih: 'high', low: 5 } }] } } } }"#,
    ),
    (
        "tiers",
        r#"{ models: { providers: { local: { baseUrl: 'http://127.0.0.1:1', api: 'openai-responses', models: [{ id: 'm', name: 'M', cost: { tieredPricing: [{ input: 1 }] } }] } } } }"#,
    ),
    (
        "media input",
        r#"{ models: { providers: { local: { baseUrl: 'http://127.0.0.1:1', api: 'openai-responses', models: [{ id: 'm', name: 'M', mediaInput: { image: { maxByte: 1, tokenMode: 'tiles' } } }] } } } }"#,
    ),
    (
        "runtime",
        r#"{ models: { providers: { local: { baseUrl: 'http://127.0.0.1:1', api: 'openai-responses', models: [{ id: 'm', name: 'M', agentRuntime: 'x' }] } } } }"#,
    ),
    (
        "request auth without its parts",
        r#"{ models: { providers: { local: { baseUrl: 'http://127.0.0.1:1', api: 'openai-responses', request: { auth: { mode: 'authorization-bearer' } } } } } }"#,
    ),
    (
        "request auth header",
        r#"{ models: { providers: { local: { baseUrl: 'http://127.0.0.1:1', api: 'openai-responses', request: { auth: { mode: 'header', headerName: 'X Y', value: 'sk-planted' } } } } } }"#,
    ),
    (
        "request auth mode",
        r#"{ models: { providers: { local: { baseUrl: 'http://127.0.0.1:1', api: 'openai-responses', request: { auth: { mode: 'bearer' } } } } } }"#,
    ),
    (
        "request proxy",
        r#"{ models: { providers: { local: { baseUrl: 'http://127.0.0.1:1', api: 'openai-responses', request: { proxy: { mode: 'explicit-proxy' } } } } } }"#,
    ),
    (
        "request key",
        r#"{ models: { providers: { local: { baseUrl: 'http://127.0.0.1:1', api: 'openai-responses', request: { header: {} } } } } }"#,
    ),
    (
        "local service",
        r#"{ models: { providers: { local: { baseUrl: 'http://127.0.0.1:1', api: 'openai-responses', localService: { cmd: '/bin/x' } } } } }"#,
    ),
    (
        "auth word",
        r#"{ models: { providers: { local: { baseUrl: 'http://127.0.0.1:1', api: 'openai-responses', auth: 'apikey' } } } }"#,
    ),
    (
        "region",
        r#"{ models: { providers: { local: { baseUrl: 'http://127.0.0.1:1', api: 'openai-responses', region: ['eu'] } } } }"#,
    ),
    (
        "bedrock discovery",
        r#"{ models: { bedrockDiscovery: { enable: true, refreshInterval: -1 } } }"#,
    ),
    ("catalog refresh", r#"{ models: { catalogRefresh: { urls: [] } } }"#),
    ("image model", r#"{ agents: { defaults: { imageModel: { primry: 'openai/gpt-5' } } } }"#),
    ("image model that is nothing", r#"{ agents: { defaults: { imageModel: 'gpt-four' } } }"#),
    ("policy", r#"{ agents: { defaults: { modelPolicy: { alow: [] } } } }"#),
    ("policy is a string", r#"{ agents: { defaults: { modelPolicy: { allow: 'openai/*' } } } }"#),
    ("selection scope", r#"{ agents: { defaults: { modelSelectionScope: 'sesion' } } }"#),
    ("thinking default", r#"{ agents: { defaults: { thinkingDefault: 'hihg' } } }"#),
    ("timeout below zero", r#"{ agents: { defaults: { timeoutSeconds: -1 } } }"#),
    (
        "compaction",
        r#"{ agents: { defaults: { compaction: { mode: 'safe', keepRecentToken: 1 } } } }"#,
    ),
    (
        "an agent's fallback",
        r#"{ agents: { entries: { main: { model: { primary: 'openai/gpt-5', fallbacks: ['nothing'] } } } } }"#,
    ),
    ("agents are a list", r#"{ agents: { entries: [] } }"#),
    ("auth order", r#"{ auth: { order: { openai: 'openai:work' } } }"#),
    ("cooldowns", r#"{ auth: { cooldowns: { billingBackoffHour: 1, billingMaxHours: '1h' } } }"#),
    (
        "a secret store without its file",
        r#"{ secrets: { providers: { f: { source: 'file', mode: 'jsn' }, g: { source: 'file' }, h: { source: 'exec' } } } }"#,
    ),
    ("a secret store of nothing", r#"{ secrets: { providers: { f: { path: '/k' } } } }"#),
    (
        "keys of another source of secrets",
        r#"{ secrets: { providers: { e: { source: 'env', path: '/k' }, f: { source: 'file', path: '/k', passEnv: [] }, s: { source: 'store', args: [] }, x: { source: 'exec', pluginIntegration: { pluginId: 'p', integrationId: 'i' }, args: [] } } } }"#,
    ),
    (
        "bounds of a source of secrets",
        r#"{ secrets: { providers: { f: { source: 'file', path: '/k', maxBytes: 20971521 }, x: { source: 'exec', command: '/x', timeoutMs: 120001, noOutputTimeoutMs: 1e9, maxOutputBytes: 0 } } } }"#,
    ),
    ("shell env", r#"{ env: { shellEnv: { enable: true } } }"#),
    ("debounce", r#"{ gateway: { reload: { debounceMs: -5 } } }"#),
    // several
    ("several at once", SEVERAL),
    (
        "windows line ends, tabs, umlauts",
        "\u{feff}{\r\n\tagents: { defaults: { models: { 'ä/ö': { alias: 'Ü', äöü: 1 } } } },\r\n\tmodles: 1\r\n}",
    ),
    ("old mac line ends", "{\r  modles: 1,\r  agnets: 1\r}"),
];

const WINDOWS: &str = "{ models: { providers: { local: { baseUrl: 'http://127.0.0.1:1', api: 'openai-responses', models: [
  { id: 'a', contextWindow: 0 },
  { id: 'b', contextWindow: -5 },
  { id: 'c', contextWindow: 1.5 },
  { id: 'd', contextWindow: '128k' },
  { id: 'e', contextWindow: Infinity, maxTokens: true },
] } } } }";

const SEVERAL: &str = r#"{
  // comment
  agents: { defaults: {
    modle: { primary: "x/y" },
    models: { "a/b": { alias: 5 }, "c/d": { alas: "Opus" } },
  } },
  models: { mode: "merg", providers: { lmstudio: {
    baseUrl: 'http://127.0.0.1:1234/v1', apiKey: null, api: "openai-response",
    models: [ { id: "m", name: "M", reasoning: "no", contextWindow: -5, maxTokens: 1.5,
      cost: { input: 0, output: "0", cacheRead: 0 } }, { name: "ü" }, ],
  }, local: 7 } },
}
"#;

#[test]
fn every_problem_is_told_with_place_and_fix() {
    let mut told = String::new();
    for (name, text) in CASES {
        let error = Config::parse(text, "c.json5", &|_: &str| None).expect_err(name);
        assert_eq!(error.kind(), ConfigErrorKind::Invalid, "{name}");
        told.push_str(&format!("# {name}\n"));
        let mut errors = 0;
        for problem in error.diagnostics() {
            told.push_str(&format!("{problem}\n"));
            assert!(problem.span.end <= text.len(), "{name}: {problem}");
            assert!(text.get(problem.span.clone()).is_some(), "{name}: {problem}");
            assert!(problem.fix.is_some(), "{name}: no fix for {problem}");
            assert!(problem.line > 0 && problem.column > 0, "{name}: no place for {problem}");
            assert_eq!(problem.file, "c.json5", "{name}");
            errors += usize::from(problem.severity == Severity::Error);
        }
        assert!(errors > 0, "{name}");
        let masked = error.masked_source();
        assert_eq!(masked.len(), text.len(), "{name}: spans fit the masked text");
        assert!(!masked.contains("sk-planted"), "{name}: {masked}");
        assert!(!format!("{error} {error:?}").contains("sk-planted"), "{name}");
    }
    assert!(CASES.len() >= 90, "{}", CASES.len());
    insta::assert_snapshot!("broken_configs", told);
}

#[test]
fn a_file_of_brackets_is_refused_and_not_followed() {
    for depth in [128, 129, 10_000, 1_000_000] {
        let text = "[".repeat(depth) + &"]".repeat(depth);
        let error = Config::parse(&text, "c.json5", &|_: &str| None).expect_err("no config");
        let told = error.to_string();
        assert_eq!(told.contains("nested deeper than 128"), depth > 128, "{told}");
    }
}

#[test]
fn thousands_of_problems_are_cut_off() {
    let keys: Vec<String> = (0..5000).map(|n| format!("k{n}: 1")).collect();
    let keys = keys.join(", ");
    let below = format!("{{ models: {{ providers: {{ a: {{ {keys} }} }} }} }}");
    for text in [below, format!("{{ {keys} }}")] {
        let error = Config::parse(&text, "c.json5", &|_: &str| None).expect_err("broken");
        assert!(error.diagnostics().len() <= 101);
        assert!(error.diagnostics().iter().all(|d| d.severity == Severity::Error));
    }
    // A flood of warnings refuses nothing, and hides no error.
    let vars: Vec<String> = (0..3000).map(|n| format!("V{n}: '${{NOT_SET}}'")).collect();
    let vars = vars.join(", ");
    let flood = format!("{{ env: {{ vars: {{ {vars} }} }} }}");
    let loaded = Config::parse(&flood, "c.json5", &|_: &str| None).expect("only warnings");
    assert_eq!(loaded.diagnostics.len(), 101);
    assert!(loaded.diagnostics.iter().all(|d| d.severity == Severity::Warning));
    let flood = format!("{{ env: {{ vars: {{ {vars} }} }}, secrets: [] }}");
    let error = Config::parse(&flood, "c.json5", &|_: &str| None).expect_err("an error");
    assert!(error.diagnostics()[0].to_string().contains("secrets"), "{error:?}");
}
