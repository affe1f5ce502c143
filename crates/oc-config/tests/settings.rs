//! The gateway's own settings.

use std::time::Duration;

use oc_config::{
    AfterCommit, ColdStart, Commit, Config, ConfigError, ExplicitModels, HedgeAfter, Locality,
    Output, Privacy, ReasoningOnly, Refusal, Settings, StoreKind, ToolCallParser,
};

fn parse(text: &str) -> Result<Settings, ConfigError> {
    let env = |name: &str| (name == "KEY").then(|| "sk-planted".to_owned());
    Settings::parse(text, "s.json5", &env).map(|loaded| loaded.value)
}

#[test]
fn defaults_are_those_of_the_contract() {
    let settings = parse("{}").expect("valid");
    assert_eq!(settings.listen.to_string(), "127.0.0.1:4141");
    let seconds = Duration::from_secs;
    let deadlines = settings.deadlines;
    assert_eq!((deadlines.total, deadlines.connect), (seconds(600), seconds(5)));
    for (class, first, idle) in
        [(Locality::Loopback, 300, 60), (Locality::Private, 300, 60), (Locality::Hosted, 120, 60)]
    {
        assert_eq!(deadlines.first_text.of(class), seconds(first));
        assert_eq!(deadlines.first_byte.of(class), seconds(first));
        assert_eq!(deadlines.idle.of(class), seconds(idle));
    }
    let limits = settings.limits;
    assert_eq!((limits.body_bytes, limits.held_bytes), (20_000_000, 4_000_000));
    assert_eq!((limits.frame_bytes, limits.stream_bytes), (16_000_000, 256_000_000));
    assert_eq!(limits.concurrent, 1024);
    let fallback = settings.fallback;
    assert_eq!(fallback.commit, Commit::FirstText);
    assert_eq!(fallback.hold_reasoning, seconds(10));
    assert_eq!(fallback.explicit_models, ExplicitModels::Strict);
    assert_eq!(fallback.after_commit, AfterCommit::Fail);
    assert_eq!(fallback.refusal, Refusal::Answer);
    assert_eq!(fallback.cold_start, ColdStart::AnswerElsewhere);
    assert_eq!(fallback.hedge, None);
    assert_eq!((fallback.retry.attempts, fallback.retry.budget), (2, 0.2));
    assert_eq!(settings.store.kind, StoreKind::Memory);
    assert!(!settings.telemetry.capture_content && settings.telemetry.otlp.is_none());
}

#[test]
fn every_key_is_read() {
    let settings = parse(
        "{ listen: 'localhost:0',
           clients: [{ name: 'phone', key: '${KEY}', privacy: 'local-only', region: 'eu', output: 'final',
             models: ['Opus'], tools: [], budget: { costUsd: 1.5, tokens: 1000, per: 'month' } }],
           deadlines: { total: '5m', connect: '250ms', firstByte: 1.5, firstText: { hosted: '90s' }, idle: '1h' },
           limits: { bodyBytes: 1, heldBytes: 2, frameBytes: 3, streamBytes: 4, concurrent: 5 },
           fallback: { commit: 'firstToken', holdReasoning: 1, explicitModels: 'chain', afterCommit: 'continue', refusal: 'next',
             coldStart: 'race', hedge: { after: 'p90', maxCostUsd: 0.01 }, retry: { attempts: 3, budget: 0 } },
           modelAliases: { haiku: 'local/m' }, privacy: 'local-only', region: 'us',
           providers: { local: { locality: 'hosted', region: 'us', models: { m: {
             toolCallParser: 'qwen3_coder', thinkingForcedOpen: 65536, reasoningOnly: 'answer' } } } },
           store: { kind: 'redis', url: 'redis://:sk-planted@localhost' },
           telemetry: { captureContent: true, otlp: 'http://127.0.0.1:4318' } }",
    )
    .expect("valid");
    assert_eq!(settings.listen.to_string(), "127.0.0.1:0");
    let client = &settings.clients[0];
    assert_eq!((client.key.expose(), client.output), ("sk-planted", Some(Output::Final)));
    assert_eq!(client.privacy, Some(Privacy::LocalOnly));
    assert_eq!(client.budget.expect("set").cost_usd, Some(1.5));
    assert_eq!(settings.deadlines.total, Duration::from_secs(300));
    assert_eq!(settings.deadlines.connect, Duration::from_millis(250));
    assert_eq!(settings.deadlines.first_byte.hosted, Duration::from_millis(1500));
    assert_eq!(settings.deadlines.first_text.hosted, Duration::from_secs(90));
    assert_eq!(settings.deadlines.first_text.loopback, Duration::from_secs(300));
    assert_eq!(settings.deadlines.idle.private, Duration::from_secs(3600));
    assert_eq!(settings.fallback.refusal, Refusal::Next);
    let declared = &settings.providers["local"].models["m"];
    assert_eq!(declared.tool_call_parser, Some(ToolCallParser::Qwen3Coder));
    assert_eq!(declared.thinking_forced_open, Some(65_536));
    assert_eq!(declared.reasoning_only, Some(ReasoningOnly::Answer));
    let hedge = settings.fallback.hedge.expect("on");
    assert_eq!((hedge.after, hedge.max_cost_usd), (HedgeAfter::Percentile(90.0), Some(0.01)));
    assert_eq!(
        settings.store.url.as_ref().map(|url| url.expose()),
        Some("redis://:sk-planted@localhost")
    );
    assert!(!format!("{settings:?}").contains("sk-planted"));
}

#[test]
fn the_config_may_hold_them() {
    let text = "{ ocGateway: { listen: '127.0.0.1:9', clients: [] } }";
    let config = Config::parse(text, "c.json5", &|_: &str| None).expect("valid").value;
    assert_eq!(config.settings_in_config().map(|s| s.listen.port()), Some(9));
    let config = Config::parse("{}", "c.json5", &|_: &str| None).expect("valid").value;
    assert!(config.settings_in_config().is_none());
}

#[test]
fn wrong_settings_are_told_with_place_and_fix() {
    let cases = [
        "{ listen: '0.0.0.0:4141' }",
        "{ listen: '[::]:4141', clients: [] }",
        "{ listen: '4141' }",
        "{ listen: 4141 }",
        "{ lisen: '127.0.0.1:1' }",
        "{ clients: [{ name: 'a' }] }",
        "{ clients: [{ name: 'a', key: '' }] }",
        "{ clients: [{ name: 'a', key: '${NOT_SET}' }] }",
        "{ clients: [{ name: 'a', key: 'sk-planted' }, { name: 'b', key: 'sk-planted' }] }",
        "{ clients: [{ name: 'a', key: 'k', privacy: 'local' }] }",
        "{ deadlines: { total: 0 } }",
        "{ deadlines: { total: -1 } }",
        "{ deadlines: { total: Infinity } }",
        "{ deadlines: { total: '5 parsecs' } }",
        "{ deadlines: { total: '1000000h' } }",
        "{ deadlines: { idle: '0s' } }",
        "{ region: '' }",
        "{ providers: { local: { region: ' ' } } }",
        "{ deadlines: { idle: { loopbak: 3 } } }",
        "{ deadlines: { firsttext: 3 } }",
        "{ limits: { bodyBytes: '20MB' } }",
        "{ limits: { concurrent: 0 } }",
        "{ fallback: { commit: 'firstWord' } }",
        "{ fallback: { hedge: true } }",
        "{ fallback: { hedge: { after: 'p100' } } }",
        "{ fallback: { retry: { budget: 2 } } }",
        "{ privacy: 'local-first' }",
        "{ providers: { local: { locality: 'private' } } }",
        "{ store: { kind: 'redis' } }",
        "{ telemetry: { otlp: 'collector' } }",
        "[]",
    ];
    let mut told = String::new();
    for text in cases {
        let error = parse(text).expect_err(text);
        told.push_str(&format!("# {text}\n"));
        for problem in error.diagnostics() {
            assert!(problem.fix.is_some(), "{problem}");
            told.push_str(&format!("{problem}\n"));
        }
    }
    insta::assert_snapshot!("wrong_settings", told);
}

#[test]
fn what_is_declared_of_a_model_reaches_it_and_a_stranger_is_told() {
    let config = r#"{ models: { providers: { Local: { baseUrl: "http://127.0.0.1:1/v1",
        apiKey: "x", api: "openai-completions", models: [{ id: "org/m", name: "M" }] } } } }"#;
    let config = Config::parse(config, "openclaw.json", &|_: &str| None).expect("valid").value;
    let settings = parse(
        "{ providers: { local: { models: {
             'org/m': { toolCallParser: 'hermes' }, gone: { reasoningOnly: 'answer' } } } } }",
    )
    .expect("valid");
    let loaded = config.with_settings(&settings);
    let model = loaded.value.models().find(|model| model.model_ref.model() == "org/m");
    let declared = &model.expect("listed").declared;
    assert_eq!(declared.tool_call_parser, Some(ToolCallParser::Hermes));
    let told: Vec<String> = loaded.diagnostics.iter().map(|d| d.to_string()).collect();
    assert!(told.iter().any(|text| text.contains("has no model `gone`")), "{told:?}");
}

#[test]
fn a_grammar_that_nobody_knows_is_answered_with_the_known_ones() {
    let error = parse("{ providers: { local: { models: { m: { toolCallParser: 'soap' } } } } }");
    let text = error.expect_err("unknown").to_string();
    assert!(text.contains("soap") && text.contains("hermes"), "{text}");
}

/// Break reports: an empty name, and one that hides a model, were accepted in
/// silence; what a target meant depended on the names before it.
#[test]
fn names_that_clients_send_are_checked() {
    let config = r#"{ agents: { defaults: { models: { "local/m": { alias: "Quick" } } } },
      models: { mode: "replace", providers: { local: { baseUrl: "http://127.0.0.1:1/v1",
        apiKey: "x", api: "openai-completions", models: [{ id: "m", name: "M" }] } } } }"#;
    let config = Config::parse(config, "openclaw.json", &|_: &str| None).expect("valid").value;
    let cases = [
        "{ modelAliases: { haiku: 'local/m', small: 'quick', 'claude-haiku-4-5': 'm' } }",
        "{ modelAliases: { '': 'local/m' } }",
        "{ modelAliases: { ' ': 'local/m' } }",
        "{ modelAliases: { 'local/m': 'local/m' } }",
        "{ modelAliases: { Default: 'local/m' } }",
        "{ modelAliases: { quick: 'local/m' } }",
        "{ modelAliases: { Haiku: 'local/m', haiku: 'local/m' } }",
        "{ modelAliases: { haiku: 'lokal/m' } }",
        "{ modelAliases: { haiku: '' } }",
        "{ modelAliases: { haiku: 'openai/gpt-5' } }",
        "{ modelAliases: { a: 'b', b: 'local/m', c: 'b' } }",
        "{\n  providers: { lokal: { locality: 'local' } } }",
        "{ providers: { local: {\n  models: { n: {}, zzzzzz: {} } } } }",
        "{ clients: [{ name: 'a', key: 'k', models: ['quick',\n  'quack'] }] }",
    ];
    let mut told = String::new();
    for text in cases {
        told.push_str(&format!("# {text}\n"));
        let loaded = config.clone().with_settings(&parse(text).expect(text));
        for problem in loaded.diagnostics {
            assert!(problem.fix.is_some() && problem.column > 1, "{problem}");
            told.push_str(&format!("{problem}\n"));
        }
    }
    insta::assert_snapshot!("settings_that_do_not_fit_the_config", told);
}

/// Thousands of names that mean nothing, in one line.
#[test]
fn settings_of_nothing_but_mistakes_are_told_in_part() {
    let config = Config::parse("{}", "openclaw.json", &|_: &str| None).expect("valid").value;
    let names: String = (0..20_000).map(|n| format!("a{n}: 'openai/no{n}',")).collect();
    let models: String = (0..20_000).map(|n| format!("'openai/no{n}',")).collect();
    let text = format!(
        "{{ modelAliases: {{ {names} }}, clients: [{{ name: 'a', key: 'k', models: [{models}] }}] }}"
    );
    let loaded = config.with_settings(&parse(&text).expect("valid"));
    assert!(loaded.diagnostics.len() <= 201, "{}", loaded.diagnostics.len());
    assert!(loaded.diagnostics.iter().any(|told| told.reason.contains("more problems")));
    assert!(loaded.diagnostics.iter().any(|told| told.severity == oc_config::Severity::Error));
}
