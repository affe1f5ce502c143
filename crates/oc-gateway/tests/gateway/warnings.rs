//! What loads and will hurt, as `check` draws it: one small config for each.

use std::fmt::Write as _;

use crate::commands::{Scratch, run};

/// Name and config. The first line of each is where its primary stands.
const CASES: &[(&str, &str)] = &[
    ("a window below 16 000", "{ id: 'm', name: 'M', contextWindow: 8192 }"),
    ("a window below 32 000", "{ id: 'm', name: 'M', contextWindow: 16384 }"),
    (
        "a fifth of the window",
        "{ id: 'm', name: 'M', contextWindow: 262144, contextTokens: 40000 }",
    ),
    (
        "maxTokens above the window",
        "{ id: 'm', name: 'M', contextWindow: 65536, maxTokens: 131072 }",
    ),
    ("negative cost", "{ id: 'm', name: 'M', cost: { input: -1, output: 2 } }"),
];

/// Name and whole config.
const WHOLE: &[(&str, &str)] = &[
    (
        "reasoning on a server that hangs on it",
        "{ agents: { defaults: { model: 'lmstudio/m' } }, models: { providers: { lmstudio: {
  baseUrl: 'http://127.0.0.1:1234/v1', api: 'openai-responses',
  models: [{ id: 'm', name: 'M', reasoning: true }] } } } }",
    ),
    (
        "a fallback smaller than the primary",
        "{ agents: { defaults: { model: { primary: 'box/large',
  fallbacks: ['box/small'] } } },
  models: { providers: { box: { baseUrl: 'http://127.0.0.1:8000/v1', api: 'openai-responses', models: [
    { id: 'large', name: 'L', contextWindow: 200000 }, { id: 'small', name: 'S', contextWindow: 65536 }] } } } }",
    ),
    (
        "a plaintext key in a file that others can read",
        "{ agents: { defaults: { model: 'p/m' } }, models: { providers: { p: { baseUrl: 'https://p.example/v1',
  apiKey: 'sk-planted', api: 'openai-responses', models: [{ id: 'm', name: 'M' }] } } } }",
    ),
    (
        "plain HTTP to a public host",
        "{ agents: { defaults: { model: 'p/m' } }, models: { providers: { p: {
  baseUrl: 'http://p.example/v1', apiKey: 'NOBODY_KEY', api: 'openai-responses', models: [{ id: 'm', name: 'M' }] } } } }",
    ),
    (
        "api omitted",
        "{ agents: { defaults: { model: 'p/m' } }, models: { providers: {
  p: { baseUrl: 'http://127.0.0.1:8000/v1', models: [{ id: 'm', name: 'M' }] } } } }",
    ),
    (
        "a baseUrl that is no URL",
        "{ agents: { defaults: { model: 'p/m' } }, models: { providers: { p: {
  baseUrl: '127.0.0.1:8000/v1', api: 'openai-responses', models: [{ id: 'm', name: 'M' }] } } } }",
    ),
    (
        "a relay on loopback",
        "{ agents: { defaults: { model: 'litellm/m' } }, models: { providers: { litellm: {
  baseUrl: 'http://127.0.0.1:4000/v1', api: 'openai-responses', models: [{ id: 'm', name: 'M' }] } } } }",
    ),
    (
        "a variable that is not set",
        "{ agents: { defaults: { model: 'p/m' } }, models: { providers: { p: { baseUrl: 'https://p.example/v1',
  apiKey: '${NOT_SET}', api: 'openai-responses', models: [{ id: 'm', name: 'M' }] } } } }",
    ),
    (
        "an api that is not spoken",
        "{ agents: { defaults: { model: 'p/m' } }, models: { providers: { p: { baseUrl: 'https://p.example/v1',
  apiKey: 'NOBODY_KEY', api: 'bedrock-converse-stream', models: [{ id: 'm', name: 'M' }] } } } }",
    ),
    (
        "an alias given twice",
        "{ agents: { defaults: { model: 'box/a', models: { 'box/a': { alias: 'Quick' },
  'box/b': { alias: 'quick' } } } },
  models: { providers: { box: { baseUrl: 'http://127.0.0.1:8000/v1', api: 'openai-responses',
    models: [{ id: 'a', name: 'A' }, { id: 'b', name: 'B' }] } } } }",
    ),
];

/// Whatever the machine's umask says.
fn others_may_read(file: &str) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o644)).unwrap();
    }
    #[cfg(not(unix))]
    let _ = file;
}

#[test]
fn each_warning_is_drawn_with_its_line_its_caret_and_its_fix() {
    let mut drawn = String::new();
    let row = |row: &str| {
        format!(
            "{{ agents: {{ defaults: {{ model: 'box/m' }} }}, models: {{ providers: {{ box: {{
  baseUrl: 'http://127.0.0.1:8000/v1', api: 'openai-responses', models: [
    {row}] }} }} }} }}"
        )
    };
    let cases = CASES.iter().map(|(name, model)| (*name, row(model)));
    let whole = WHOLE.iter().map(|(name, text)| (*name, (*text).to_owned()));
    for (name, text) in cases.chain(whole) {
        let (_scratch, file) = Scratch::file("check-warnings", &text);
        others_may_read(&file);
        let (code, out, err) = run(&["check", "--config", &file]);
        assert_eq!((code, err.as_str()), (Some(0), ""), "{name}: {out}");
        assert!(!out.contains("planted"), "{name}: {out}");
        // The chain that follows is other tests' business.
        let warnings = out.split("\n0 errors and ").next().unwrap_or_default();
        assert!(warnings.contains("warning: ") && warnings.contains('^'), "{name}: {out}");
        assert!(warnings.contains("help: "), "{name}: {out}");
        let _ = writeln!(drawn, "# {name}\n{}", warnings.replace(&file, "openclaw.json"));
        assert_eq!(run(&["check", "--strict", "--config", &file]).0, Some(1), "{name}");
    }
    insta::assert_snapshot!("warnings", drawn);
}
