//! Configs in several files, and what stands beside them.

mod support;

use std::path::Path;

use oc_config::{Config, Key, Reading, Usability};
use support::{Texts, load, told};

const LOCAL: &str = "{ baseUrl: 'http://127.0.0.1:1/v1', api: 'openai-responses', models: [{ id: 'm', name: 'M' }] }";

#[test]
fn an_include_replaces_merges_and_is_merged_over() {
    let loaded = load(
        &[
            (
                "/c/openclaw.json",
                "{ models: { mode: 'replace', providers: { $include: ['./p/a.json5', 'p/b.json5'],\n b: { api: 'openai-responses' } } },\n $include: './agents.json5' }",
            ),
            (
                "/c/p/a.json5",
                "{ a: { $include: './deep/a.json5' }, b: { baseUrl: 'http://127.0.0.1:1', api: 'openai-completions',\n models: [{ id: 'one', name: 'One' }] } }",
            ),
            ("/c/p/deep/a.json5", LOCAL),
            (
                "/c/p/b.json5",
                "{ b: { baseUrl: 'http://127.0.0.1:2',\n\n models: [{ id: 'two', name: 'Two' }] } }",
            ),
            ("/c/agents.json5", "{ agents: { defaults: { model: 'b/two' } } }"),
        ],
        &[],
    );
    let loaded = loaded.unwrap_or_else(|error| panic!("{:#?}", error.diagnostics()));
    let config = &loaded.value;
    let refs: Vec<_> = config.models().map(|model| model.model_ref.to_string()).collect();
    assert_eq!(refs, ["a/m", "b/one", "b/two"], "arrays are joined");
    let chain = config.chain("default").expect("included");
    let model = chain.candidates[0].model.as_ref().expect("known");
    assert_eq!(model.base_url, "http://127.0.0.1:2", "the later file wins");
    assert_eq!(model.api.as_str(), "openai-responses", "what stands beside wins");
    let origin = |field| model.origins[field].to_string();
    assert_eq!(origin("name"), "/c/p/b.json5:3");
    assert_eq!(origin("api"), "/c/openclaw.json:2");
    let watched: Vec<_> = loaded.watch.iter().map(|path| path.display().to_string()).collect();
    assert_eq!(
        watched,
        [
            "/c/openclaw.json",
            "/c/p/a.json5",
            "/c/p/deep/a.json5",
            "/c/p/b.json5",
            "/c/agents.json5",
            "/c/.env",
            "/c/agents/main/agent/auth-profiles.json",
        ]
    );
}

#[test]
fn what_is_wrong_is_told_in_its_own_file() {
    let result = load(
        &[
            ("/c/openclaw.json", "{ models: { providers: { $include: './p.json5' } } }"),
            ("/c/p.json5", "{\n  a: { baseURL: 'x', apiKey: 'sk-planted' },\n}"),
        ],
        &[],
    );
    let error = result.as_ref().expect_err("a slip");
    assert_eq!(
        told(&result),
        "/c/p.json5:2:8: error: models.providers.a.baseURL: unknown key `baseURL` (did you mean `baseUrl`?)\n"
    );
    let shown = error.masked_source_of(&error.diagnostics()[0]);
    assert!(shown.starts_with("{\n  a: { baseURL"), "{shown}");
    assert!(!shown.contains("sk-planted") && !format!("{error:?}").contains("sk-planted"));
}

#[test]
fn a_file_that_holds_only_secrets_is_covered() {
    let files = [
        (
            "/c/openclaw.json",
            "{ models: { providers: { a: { baseUrl: 'http://127.0.0.1:1', headers: { $include: 'h.json5' }, modles: 1 } } } }",
        ),
        ("/c/h.json5", "{ 'X-One': 'sk-planted' }"),
    ];
    let error = load(&files, &[]).expect_err("a slip");
    assert!(!format!("{error:?} {}", error.masked_source()).contains("sk-planted"));
    let files =
        [("/c/openclaw.json", files[0].1.replace(", modles: 1", "").leak() as &str), files[1]];
    let loaded = load(&files, &[]).expect("valid");
    assert_eq!(loaded.included[0].text, "{ 'X-One': '**********' }");
}

#[test]
fn inclusions_that_are_refused() {
    let many = format!("{{ $include: [{}] }}", "'./x.json5', ".repeat(300));
    let deep: Vec<(String, String)> = (0..12)
        .map(|n| (format!("/c/{n}.json5"), format!("{{ $include: './{}.json5' }}", n + 1)))
        .collect();
    let nested = "{ models: { providers: { $include: './nest.json5' } } }";
    let nest = "{a:".repeat(127) + "1" + &"}".repeat(127);
    let huge = format!("{{ a: '{}' }}", "x".repeat(2_200_000));
    let bomb = "{ $include: ['./bomb2.json5', './bomb2.json5', './bomb2.json5', './bomb2.json5'] }";
    let bomb2 =
        "{ $include: ['./bomb3.json5', './bomb3.json5', './bomb3.json5', './bomb3.json5'] }";
    let bomb3 =
        "{ $include: ['./bomb4.json5', './bomb4.json5', './bomb4.json5', './bomb4.json5'] }";
    let bomb4 = "{ $include: ['./big.json5', './big.json5', './big.json5', './big.json5'] }";
    let big = format!("{{ messages: [{}] }}", "1,".repeat(2_000));
    let large = format!("{{ messages: '{}' }}", "x".repeat(2_000_000));
    let cases: [(&str, &str); 18] = [
        ("missing", "{ models: { $include: './none.json5' } }"),
        ("missing below a section of OpenClaw's", "{ channels: { $include: './none.json5' } }"),
        ("outside", "{ models: { $include: '../secret.json5' } }"),
        ("absolute outside", "{ models: { $include: '/elsewhere/secret.json5' } }"),
        ("a link that leads outside", "{ models: { $include: './link.json5' } }"),
        ("itself", "{ $include: './openclaw.json' }"),
        ("a cycle", "{ agents: { $include: './cycle1.json5' } }"),
        ("no path", "{ models: { $include: 5 } }"),
        ("no paths", "{ models: { $include: [] } }"),
        ("an empty path", "{ models: { $include: '' } }"),
        (
            "beside an array",
            "{ models: { providers: { a: { models: { $include: './array.json5', x: 1 } } } } }",
        ),
        ("broken", "{ models: { $include: './broken.json5' } }"),
        ("too many", &many),
        ("too deep", "{ models: { $include: './0.json5' } }"),
        ("nested too deeply", nested),
        ("a bomb", "{ $include: './bomb.json5' }"),
        ("a large file", "{ $include: './huge.json5' }"),
        (
            "large files",
            "{ $include: ['./large.json5', './large.json5', './large.json5', './large.json5'] }",
        ),
    ];
    let mut all = String::new();
    for (name, text) in cases {
        let mut files = vec![
            ("/c/openclaw.json", text),
            ("/elsewhere/secret.json5", "{ mode: 'sk-planted' }"),
            ("/secret.json5", "{ mode: 'sk-planted' }"),
            ("/c/link.json5", "{}"),
            ("/c/cycle1.json5", "{ defaults: { $include: './cycle2.json5' } }"),
            ("/c/cycle2.json5", "{ $include: './cycle1.json5' }"),
            ("/c/array.json5", "[]"),
            ("/c/broken.json5", "{ providers: {\n  apiKey 'sk-planted' } }"),
            ("/c/x.json5", "{}"),
            ("/c/nest.json5", &nest),
            ("/c/huge.json5", &huge),
            ("/c/bomb.json5", bomb),
            ("/c/bomb2.json5", bomb2),
            ("/c/bomb3.json5", bomb3),
            ("/c/bomb4.json5", bomb4),
            ("/c/big.json5", &big),
            ("/c/large.json5", &large),
        ];
        files.extend(deep.iter().map(|(path, text)| (path.as_str(), text.as_str())));
        let result = load(&files, &[]);
        let told = told(&result);
        assert!(!told.contains("sk-planted"), "{told}");
        let lines: Vec<&str> = told.lines().take(4).collect();
        all.push_str(&format!("# {name}\n{}\n", lines.join("\n")));
    }
    insta::assert_snapshot!("refused_inclusions", all);
}

#[test]
fn roots_of_the_environment_allow_other_folders() {
    let files = [
        ("/c/openclaw.json", "{ models: { providers: { a: { $include: '/parts/oc/a.json5' } } } }"),
        ("/parts/oc/a.json5", LOCAL),
    ];
    assert!(load(&files, &[]).is_err());
    assert!(load(&files, &[("OPENCLAW_INCLUDE_ROOTS", "/nowhere:/parts/oc")]).is_ok());
    assert!(
        load(&files, &[("OPENCLAW_INCLUDE_ROOTS", "/parts/o")]).is_err(),
        "no prefix of a name"
    );
}

#[test]
fn a_text_without_a_file_includes_nothing() {
    let error = Config::parse("{ models: { $include: './a' } }", "c", &|_: &str| None);
    let error = error.expect_err("no folder");
    assert!(error.to_string().contains("followed only from a file"), "{error}");
}

/// Process above the working folder's `.env`, above the state folder's, above
/// the config's own block.
#[test]
fn variables_come_in_layers() {
    let text = "{ env: { vars: { A: 'config', B: 'config', C: 'config', D: 'config', E: '${A}' } }, models: { providers: {
      p: { baseUrl: 'http://${A}.local/${B}/${C}/${D}/${E}', api: 'openai-responses', models: [{ id: 'm', name: 'M' }] } } } }";
    let files = Texts::new(&[
        ("/c/openclaw.json", text),
        ("/c/.env", "A=state\nB=state\nC=state\nANTHROPIC_API_KEY=sk-state"),
        ("/work/.env", "A=work\nB=work\nOPENAI_API_KEY=sk-planted\nOPENCLAW_AGENT_DIR=/planted"),
    ]);
    let env = |name: &str| (name == "A").then(|| "process".to_owned());
    let reading = Reading::new(&env).files(&files).working_dot_env(Path::new("/work/.env"));
    let loaded = reading.config(Path::new("/c/openclaw.json")).expect("valid");
    let provider = loaded.value.provider("p").expect("configured");
    let url = provider.base_url.as_deref();
    assert_eq!(url, Some("http://process.local/work/state/config/process"));
    let key = |id: &str| {
        loaded.value.provider(id).and_then(|p| p.secret()).map(|s| s.expose().to_owned())
    };
    assert_eq!(key("anthropic").as_deref(), Some("sk-state"));
    assert_eq!(key("openai"), None, "a folder one stands in gives no keys");
    assert!(loaded.watch.contains(&"/work/.env".into()));
    // The state folder may be elsewhere.
    let files = Texts::new(&[("/c/openclaw.json", text), ("/s/.env", "B=there")]);
    let env = |name: &str| match name {
        "OPENCLAW_STATE_DIR" => Some("/s".to_owned()),
        "A" => Some("process".to_owned()),
        _ => None,
    };
    let loaded =
        Reading::new(&env).files(&files).config(Path::new("/c/openclaw.json")).expect("valid");
    let url = loaded.value.provider("p").and_then(|p| p.base_url.clone());
    assert_eq!(url.as_deref(), Some("http://process.local/there/config/config/process"));
}

#[test]
fn secrets_are_followed_to_where_they_are_kept() {
    let secrets = "secrets: { defaults: { file: 'keys' }, providers: {
      keys: { source: 'file', path: '~/keys.json' }, one: { source: 'file', path: '/k/one', mode: 'singleValue' },
      gone: { source: 'file', path: '/k/gone' }, relative: { source: 'file', path: 'keys.json' },
      some: { source: 'env', allowlist: ['ALLOWED'] } } }";
    let mut all = String::new();
    for key in [
        "{ source: 'file', provider: 'keys', id: '/a/b~1c' }",
        "{ source: 'file', provider: 'default', id: '/a/b~1c' }",
        "{ source: 'file', provider: 'keys', id: '/a/none' }",
        "{ source: 'file', provider: 'one', id: 'value' }",
        "{ source: 'file', provider: 'gone', id: '/x' }",
        "{ source: 'file', provider: 'relative', id: '/x' }",
        "{ source: 'file', provider: 'nobody', id: '/x' }",
        "{ source: 'env', provider: 'some', id: 'ALLOWED' }",
        "{ source: 'env', provider: 'some', id: 'OTHER' }",
        "{ source: 'exec', provider: 'vault', id: 'openai/key' }",
        "{ source: 'store', provider: 'default', id: 'OPENAI_API_KEY' }",
        "'$ALLOWED'",
        "'$NOT_SET'",
    ] {
        let text = format!(
            "{{ {secrets}, models: {{ providers: {{ p: {{ baseUrl: 'https://p.example/v1', api: 'openai-responses', apiKey: {key}, models: [{{ id: 'm', name: 'M' }}] }} }} }} }}"
        );
        let files = [
            ("/c/openclaw.json", text.as_str()),
            ("/h/keys.json", r#"{ "a": { "b/c": "sk-planted-json", "n": 5 } }"#),
            ("/k/one", "sk-planted-one\n"),
        ];
        let vars = [("HOME", "/h"), ("ALLOWED", "sk-planted-env"), ("OTHER", "sk-planted-env")];
        let result = load(&files, &vars);
        assert!(!told(&result).contains("sk-planted"));
        let loaded = result.unwrap_or_else(|error| panic!("{key}: {:?}", error.diagnostics()));
        let line = match &loaded.value.provider("p").expect("configured").key {
            Key::Ready { secret, source } => {
                assert!(secret.expose().starts_with("sk-planted"), "{key}");
                assert!(!secret.expose().ends_with('\n'), "{key}");
                source.to_string()
            }
            Key::Missing { reason, fix } => format!("missing: {reason} ({fix})"),
            other => format!("{other:?}"),
        };
        all.push_str(&format!("{key}\n  {line}\n"));
    }
    insta::assert_snapshot!("secret_refs", all);
}

#[test]
fn stored_profiles_are_read_last() {
    let profiles = r#"{ "version": 1, "profiles": {
      "openai:work": { "type": "api_key", "provider": "OpenAI", "key": "sk-work" },
      "openai:token": { "type": "token", "provider": "openai", "token": "tok" },
      "anthropic:claude": { "type": "oauth", "provider": "anthropic", "access": "a", "refresh": "r" },
      "xai:x": { "type": "api_key", "provider": "xai" } } }"#;
    let file = ("/c/agents/main/agent/auth-profiles.json", profiles);
    let source = |text: &str, vars: &[(&str, &str)]| {
        let loaded = load(&[("/c/openclaw.json", text), file], vars).expect("valid");
        match &loaded.value.provider("openai").expect("catalogued").key {
            Key::Ready { source, .. } => source.to_string(),
            other => format!("{other:?}"),
        }
    };
    assert_eq!(source("{}", &[]), "profile:openai:token", "tokens before keys");
    let order = "{ auth: { order: { openai: ['openai:gone', 'openai:work'] } } }";
    assert_eq!(source(order, &[]), "profile:openai:work");
    assert_eq!(source("{}", &[("OPENAI_API_KEY", "sk")]), "env:OPENAI_API_KEY");
    let stated = "{ models: { providers: { openai: { apiKey: 'mine' } } } }";
    assert_eq!(source(stated, &[("OPENAI_API_KEY", "sk")]), "config");
    // A login is OpenClaw's alone, and is said to be there.
    let loaded = load(
        &[
            (
                "/c/openclaw.json",
                "{ agents: { defaults: { model: 'anthropic/claude-opus-4-6' } } }",
            ),
            file,
        ],
        &[],
    );
    let loaded = loaded.expect("valid");
    let chain = loaded.value.chain("default").expect("a primary");
    match &chain.candidates[0].usability {
        Usability::Unusable { reason, fix } => assert_eq!(
            format!("{reason}; {fix}"),
            "no key for provider `anthropic`: OpenClaw's login to it cannot be used here; set ANTHROPIC_API_KEY"
        ),
        other => panic!("{other:?}"),
    }
    // A file that is no profile store holds nothing, and stops nothing.
    for broken in ["", "[]", "{", "{\"profiles\": 5}"] {
        let file = ("/c/agents/main/agent/auth-profiles.json", broken);
        assert!(load(&[("/c/openclaw.json", "{}"), file], &[]).is_ok(), "{broken}");
    }
}
