//! Providers that load and cannot be asked: each is told with its place and a
//! fix, and drops nobody else.

use oc_config::{Config, Severity, Usability};

/// What the row of the provider `p` holds besides `api`.
const ROWS: &[(&str, &str)] = &[
    ("baseUrl without a scheme", "baseUrl: '127.0.0.1:8000/v1'"),
    ("baseUrl with a query", "baseUrl: 'http://127.0.0.1:1/v1?key=sk-planted'"),
    ("baseUrl with a fragment", "baseUrl: 'http://127.0.0.1:1/v1#sk-planted'"),
    ("baseUrl with a password", "baseUrl: 'http://u:sk-planted@127.0.0.1:1'"),
    ("a port that is none", "baseUrl: 'http://127.0.0.1:99999/v1'"),
    ("a host that is none", "baseUrl: 'http:///v1'"),
    ("an address in another notation", "baseUrl: 'http://0x7f.1/v1'"),
    ("another protocol", "baseUrl: 'ftp://files.example/v1'"),
    ("spaces", "baseUrl: 'http://127.0.0.1:1/v1 '"),
    ("spaces within", "baseUrl: 'http://my box/v1'"),
    ("a key with a line end", r"baseUrl: 'https://p.example', apiKey: 'sk-planted\nx'"),
    ("a key with a NUL", r"baseUrl: 'https://p.example', apiKey: 'sk-planted\0'"),
    (
        "a key with a quote of a word processor",
        "baseUrl: 'https://p.example', apiKey: '“sk-planted”'",
    ),
    ("a variable with a line end", "baseUrl: 'https://p.example', apiKey: '${BROKEN}'"),
    ("the name of such a variable", "baseUrl: 'https://p.example', apiKey: 'BROKEN'"),
    (
        "a SecretRef to such a variable",
        "baseUrl: 'https://p.example', apiKey: { source: 'env', provider: 'default', id: 'BROKEN' }",
    ),
    (
        "a SecretRef to no variable",
        "baseUrl: 'https://p.example', apiKey: { source: 'env', provider: 'default', id: 'GONE' }",
    ),
    ("a variable that only ends in one", "baseUrl: 'https://p.example', apiKey: '${ENDS}'"),
    (
        "a header with a line end",
        r"baseUrl: 'http://127.0.0.1:1', headers: { 'X-Team': 'a\r\nB: sk-planted' }",
    ),
    (
        "a header of a missing variable",
        "baseUrl: 'http://127.0.0.1:1', headers: { 'X-Team': { source: 'env', provider: 'default', id: 'GONE' } }",
    ),
    (
        "a header of `$NAME` that is not set",
        "baseUrl: 'http://127.0.0.1:1', headers: { 'X-Team': '$GONE' }",
    ),
    (
        "a header that names a known provider's variable, which is not set",
        "baseUrl: 'https://p.example', headers: { Authorization: 'OPENAI_API_KEY' }",
    ),
    (
        "a header with half a variable",
        "baseUrl: 'http://127.0.0.1:1', headers: { 'X-Team': '${gone}' }",
    ),
    (
        "a token with a line end",
        r"baseUrl: 'http://127.0.0.1:1', request: { auth: { mode: 'authorization-bearer', token: 'sk-planted\nx' } }",
    ),
    (
        "a model's header with a line end",
        r"baseUrl: 'http://127.0.0.1:1', models: [{ id: 'm', name: 'M', headers: { 'X-A': 'sk-planted\nx' } }]",
    ),
    (
        "a model's baseUrl without a scheme",
        "baseUrl: 'http://127.0.0.1:1', models: [{ id: 'm', name: 'M', baseUrl: 'localhost:8000' }]",
    ),
];

fn variable(name: &str) -> Option<String> {
    match name {
        "BROKEN" | "XAI_API_KEY" => Some("sk-planted\nX-Evil: 1".to_owned()),
        "ENDS" => Some("sk-planted\r\n".to_owned()),
        _ => None,
    }
}

#[test]
fn a_provider_that_cannot_be_asked_is_told_and_drops_nobody() {
    let mut told = String::new();
    for (name, row) in ROWS {
        let models = match row.contains("models:") {
            true => "",
            false => ", models: [{ id: 'm', name: 'M' }]",
        };
        let text = format!(
            "{{ agents: {{ defaults: {{ model: {{ primary: 'p/m', fallbacks: ['ok/m'] }} }} }}, models: {{ providers: {{
  p: {{ api: 'openai-responses', {row}{models} }},
  ok: {{ baseUrl: 'http://127.0.0.1:2/v1', api: 'openai-responses', models: [{{ id: 'm', name: 'M' }}] }} }} }} }}"
        );
        let loaded = match Config::parse(&text, "c.json5", &variable) {
            Ok(loaded) => loaded,
            Err(error) => panic!("{name}: {:?}", error.diagnostics()),
        };
        told.push_str(&format!("# {name}\n"));
        for problem in &loaded.diagnostics {
            assert_eq!(problem.severity, Severity::Warning, "{name}");
            assert!(problem.fix.is_some(), "{name}: {problem}");
            told.push_str(&format!("{problem}\n"));
        }
        let chain = loaded.value.chain("default").expect("a primary");
        match &chain.candidates[0].usability {
            Usability::Usable => told.push_str("p/m: usable\n"),
            Usability::Unusable { reason, fix } => {
                told.push_str(&format!("p/m: {reason}; {fix}\n"))
            }
            _ => unreachable!("there are two"),
        }
        assert!(chain.candidates[1].usability.is_usable(), "{name}: the others stay");
        assert!(!loaded.masked_source.contains("sk-planted"), "{name}");
        assert!(!format!("{loaded:?}").contains("sk-planted"), "{name}");
    }
    insta::assert_snapshot!("providers_that_cannot_be_asked", told);
}

/// Nobody wrote it in the file, so nothing in the file is wrong: the candidate
/// says it.
#[test]
fn a_usual_variable_that_no_header_can_carry_is_no_key() {
    let text = "{ agents: { defaults: { model: 'xai/grok-4' } } }";
    let config = Config::parse(text, "c.json5", &variable).expect("valid").value;
    let chain = config.chain("default").expect("a primary");
    let Usability::Unusable { reason, .. } = &chain.candidates[0].usability else {
        panic!("a key with a line end was taken");
    };
    assert_eq!(
        reason.to_string(),
        "no key for provider `xai`: variable `XAI_API_KEY` holds characters that no HTTP header can carry"
    );
}
