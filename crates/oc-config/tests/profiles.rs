//! OpenClaw's `auth-profiles.json` of February: what is no key, and what is
//! wrong with the file.

mod support;

use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use oc_config::{Config, Key, Loaded, Reading, Severity};
use support::Texts;

const CONFIG: &str = "{ agents: { defaults: { model: 'anthropic/claude-opus-4-6' } } }";
const PLACE: &str = "/c/agents/main/agent/auth-profiles.json";

/// Reads a config beside `profiles`, ten seconds after 1970 began.
fn read(profiles: &str) -> Loaded<Config> {
    let files = Texts::new(&[("/c/openclaw.json", CONFIG), (PLACE, profiles)]);
    let now = UNIX_EPOCH + Duration::from_secs(10);
    let env = |_: &str| None;
    let reading = Reading::new(&env).files(&files).now(now);
    reading.config(Path::new("/c/openclaw.json")).expect("a broken store refuses no config")
}

fn key(loaded: &Loaded<Config>, provider: &str) -> String {
    match &loaded.value.provider(provider).expect("catalogued").key {
        Key::Ready { source, .. } => source.to_string(),
        Key::Missing { reason, fix } => format!("{reason}; {fix}"),
        other => format!("{other:?}"),
    }
}

#[test]
fn a_token_counts_until_it_expires() {
    let stored = |expires: &str| {
        read(&format!(
            r#"{{ "profiles": {{
              "anthropic:t": {{ "type": "token", "provider": "anthropic", "token": "sk-planted"{expires} }},
              "openai:t": {{ "type": "token", "provider": "openai", "token": "sk-planted"{expires} }},
              "openai:k": {{ "type": "api_key", "provider": "openai", "key": "sk-planted", "expires": 1 }} }} }}"#
        ))
    };
    for valid in ["", r#", "expires": 10001"#, r#", "expires": 1e13"#] {
        assert_eq!(key(&stored(valid), "anthropic"), "profile:anthropic:t", "{valid}");
    }
    for past in [r#", "expires": 1"#, r#", "expires": 10000"#, r#", "expires": 0"#] {
        let loaded = stored(past);
        let told =
            "the token of the stored profile `anthropic:t` has expired; set ANTHROPIC_API_KEY";
        assert_eq!(key(&loaded, "anthropic"), told, "{past}");
        // The next profile is tried, and keys do not expire.
        assert_eq!(key(&loaded, "openai"), "profile:openai:k", "{past}");
        assert!(loaded.diagnostics.is_empty(), "{:?}", loaded.diagnostics);
    }
}

#[test]
fn a_broken_store_is_told_with_place_and_fix() {
    let cases = [
        ("{bad", 1, 1, "no stored profile is used: "),
        ("", 1, 1, "no stored profile is used: "),
        ("{\n  \"profiles\": []\n}", 2, 15, "cannot be an array"),
        ("[]", 1, 1, "cannot be an array"),
        ("{ \"profiles\": 5 }", 1, 15, "cannot be `5`"),
        ("{ \"order\": { \"openai\": \"openai:a\" } }", 1, 24, "cannot be a string"),
        ("{ \"profiles\": { \"a\": \"sk-planted\" } }", 1, 22, "cannot be a string"),
        ("{ \"profiles\": { \"a\": { \"key\": 5 } } }", 1, 31, "not the right kind of value"),
        ("{ \"profiles\": { \"a\": { \"expires\": \"soon\" } } }", 1, 35, "cannot be a string"),
    ];
    for (text, line, column, reason) in cases {
        let loaded = read(text);
        let [problem] = loaded.diagnostics.as_slice() else {
            panic!("{text}: {:?}", loaded.diagnostics);
        };
        assert_eq!(problem.severity, Severity::Warning, "{text}");
        assert_eq!((problem.line, problem.column), (line, column), "{text}: {problem}");
        assert_eq!(problem.file, PLACE, "{text}");
        assert!(problem.reason.contains(reason), "{text}: {problem}");
        assert!(problem.fix.is_some(), "{text}: {problem}");
        let shown = loaded.masked_source_of(problem);
        assert_eq!(shown.len(), text.len(), "drawn into its own text");
        assert!(!format!("{problem} {shown}").contains("planted"), "{shown}");
    }
}

/// What is right beside what is wrong still counts, and all of it is told.
#[test]
fn the_rest_of_a_broken_store_counts() {
    let loaded = read(
        r#"{ "version": 1, "usageStats": {}, "profiles": {
          "a": { "type": "api_key", "provider": "openai", "key": ["x"] },
          "b": { "type": "api_key", "provider": "openai", "key": "sk-planted" },
          "c": 7 } }"#,
    );
    assert_eq!(loaded.diagnostics.len(), 2, "{:?}", loaded.diagnostics);
    assert_eq!(key(&loaded, "openai"), "profile:b");
}

/// Most have none, and nothing is said of that.
#[test]
fn no_store_is_no_problem() {
    let files = Texts::new(&[("/c/openclaw.json", CONFIG)]);
    let env = |_: &str| None;
    let loaded = Reading::new(&env).files(&files).config(Path::new("/c/openclaw.json"));
    assert!(loaded.expect("valid").diagnostics.is_empty());
}

#[cfg(unix)]
#[test]
fn a_store_that_cannot_be_read_is_told() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("profiles");
    let agent = folder.join("agents/main/agent");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&agent).expect("a writable folder");
    std::fs::write(folder.join("openclaw.json"), CONFIG).expect("writable");
    std::fs::write(agent.join("auth-profiles.json"), b"{\n \"profiles\xff").expect("writable");
    let loaded = Config::load(&folder.join("openclaw.json"), &|_: &str| None).expect("valid");
    let [problem] = loaded.diagnostics.as_slice() else { panic!("{:?}", loaded.diagnostics) };
    assert_eq!((problem.line, problem.column), (2, 11));
    assert!(problem.reason.contains("not UTF-8 at byte 12"), "{problem}");

    std::fs::remove_file(agent.join("auth-profiles.json")).expect("ours");
    std::fs::create_dir(agent.join("auth-profiles.json")).expect("writable");
    let loaded = Config::load(&folder.join("openclaw.json"), &|_: &str| None).expect("valid");
    assert!(loaded.diagnostics[0].reason.contains("it is a folder"), "{:?}", loaded.diagnostics);
}
