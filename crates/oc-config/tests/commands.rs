//! SecretRefs of commands: asked once, only where the settings allow it, and
//! told without a word of what the command wrote.

mod support;

use std::cell::RefCell;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use oc_config::{
    CommandFailure, Commands, Config, Key, Loaded, Reading, Secret, SecretCommand, Settings,
};
use support::Texts;

/// Notes what it is asked, and answers with one text.
struct Vault {
    answer: Result<String, CommandFailure>,
    asked: RefCell<Vec<SecretCommand>>,
}

impl Vault {
    fn answering(answer: impl Into<String>) -> Self {
        Self { answer: Ok(answer.into()), asked: RefCell::default() }
    }
}

impl Commands for Vault {
    fn run(&self, command: &SecretCommand) -> Result<Secret, CommandFailure> {
        self.asked.borrow_mut().push(command.clone());
        self.answer.clone().map(Secret::new)
    }
}

fn load(text: &str, settings: &str, vault: Option<&Vault>) -> Loaded<Config> {
    let files = Texts::new(&[("/c/openclaw.json", text)]);
    let env = |name: &str| match name {
        "HOME" => Some("/h".to_owned()),
        "PASSED" => Some("sk-planted-passed".to_owned()),
        "NOT_PASSED" => Some("sk-planted-other".to_owned()),
        _ => None,
    };
    let settings = Settings::parse(settings, "s", &env).expect("settings").value;
    let mut reading = Reading::new(&env).files(&files).settings(&settings);
    if let Some(vault) = vault {
        reading = reading.commands(vault);
    }
    match reading.config(Path::new("/c/openclaw.json")) {
        Ok(loaded) => loaded,
        Err(error) => panic!("{:?}", error.diagnostics()),
    }
}

const ALLOWED: &str = "{ secrets: { exec: true } }";

/// Two providers and a header with secrets of the store `vault`, which `store`
/// describes further.
fn config(store: &str) -> String {
    format!(
        "{{ secrets: {{ defaults: {{ exec: 'vault' }}, providers: {{ vault: {{ source: 'exec', {store} }} }} }},
  models: {{ providers: {{
    a: {{ baseUrl: 'https://a.example/v1', api: 'openai-responses',
      apiKey: {{ source: 'exec', provider: 'vault', id: 'a/key' }}, models: [{{ id: 'm', name: 'M' }}] }},
    b: {{ baseUrl: 'https://b.example/v1', api: 'openai-responses',
      apiKey: {{ source: 'exec', provider: 'default', id: 'b/key' }}, models: [{{ id: 'm', name: 'M',
        headers: {{ 'X-Team': {{ source: 'exec', provider: 'vault', id: 'team' }} }} }}] }} }} }} }}"
    )
}

fn key(loaded: &Loaded<Config>, provider: &str) -> String {
    match &loaded.value.provider(provider).expect("configured").key {
        Key::Ready { secret, source } => format!("{} [{source}]", secret.expose()),
        Key::Missing { reason, fix } => format!("missing: {reason} ({fix})"),
        other => format!("{other:?}"),
    }
}

#[test]
fn a_command_is_asked_once_for_all_its_secrets() {
    let vault = Vault::answering(
        r#"{"protocolVersion":1,"values":{"a/key":"sk-a","b/key":"sk-b","team":"t"}}"#,
    );
    let store = "command: '~/bin/vault', args: ['get', '$(rm -rf /)'], passEnv: ['PASSED', 'GONE'],
      env: { MODE: 'quiet' }, timeoutMs: 700, maxOutputBytes: 4096, trustedDirs: ['~/bin']";
    let loaded = load(&config(store), ALLOWED, Some(&vault));
    assert_eq!(key(&loaded, "a"), "sk-a [exec:vault#a/key]");
    assert_eq!(key(&loaded, "b"), "sk-b [exec:vault#b/key]");
    let model = loaded.value.models().find(|m| m.model_ref.to_string() == "b/m").expect("listed");
    assert_eq!(model.headers["x-team"].expose(), "t");

    let asked = vault.asked.borrow();
    let [command] = asked.as_slice() else { panic!("asked {} times", asked.len()) };
    assert_eq!(command.program, Path::new("/h/bin/vault"));
    assert_eq!(command.args, ["get", "$(rm -rf /)"]);
    assert_eq!(
        command.input,
        r#"{"protocolVersion":1,"provider":"vault","ids":["a/key","b/key","team"]}"#
    );
    let env: Vec<_> = command.env.iter().map(|(n, v)| (n.as_str(), v.expose())).collect();
    assert_eq!(env, [("MODE", "quiet"), ("PASSED", "sk-planted-passed")]);
    assert_eq!((command.timeout, command.quiet), (Duration::from_millis(700), command.timeout));
    assert_eq!(command.output_bytes, 4096);
    assert_eq!(command.trusted_folders, [Path::new("/h/bin")]);
    assert!(!format!("{command:?}").contains("planted"));
}

#[test]
fn no_command_is_run_unless_the_settings_file_says_so() {
    let vault = Vault::answering("{}");
    for settings in ["{}", "{ secrets: { exec: false } }"] {
        let loaded = load(&config("command: '/v'"), settings, Some(&vault));
        assert!(key(&loaded, "a").contains("not allowed by the settings"), "{}", key(&loaded, "a"));
    }
    // What names the commands cannot also allow them.
    let own = config("command: '/v'").replacen('{', "{ ocGateway: { secrets: { exec: true } },", 1);
    let loaded = load(&own, "{}", Some(&vault));
    assert!(key(&loaded, "a").contains("not allowed by the settings"));
    let told: Vec<_> = loaded.diagnostics.iter().map(|d| d.path.as_str()).collect();
    assert!(told.contains(&"ocGateway.secrets.exec"), "{told:?}");
    assert!(vault.asked.borrow().is_empty(), "nothing was run");
    // Nor does anything run by itself.
    let loaded = load(&config("command: '/v'"), ALLOWED, None);
    assert!(key(&loaded, "a").contains("no command is run"), "{}", key(&loaded, "a"));
    // A command that nobody needs is not run.
    let idle = "{ secrets: { providers: { vault: { source: 'exec', command: '/v' } } } }";
    load(idle, ALLOWED, Some(&vault));
    assert!(vault.asked.borrow().is_empty());
}

#[test]
fn what_goes_wrong_is_told_without_what_the_command_wrote() {
    let good =
        r#"{"protocolVersion":1,"values":{"a/key":"sk-planted","b/key":"sk-planted","team":"t"}}"#;
    let long = "x".repeat(5000);
    let answers: [(&str, &str, Result<&str, CommandFailure>); 17] = [
        ("good", "command: '/v'", Ok(good)),
        ("nothing", "command: '/v'", Ok(" \n")),
        ("plain text", "command: '/v'", Ok("sk-planted")),
        ("plain text for several", "command: '/v', jsonOnly: false", Ok("sk-planted")),
        ("no version", "command: '/v'", Ok(r#"{"values":{"a/key":"sk-planted"}}"#)),
        ("another version", "command: '/v'", Ok(r#"{"protocolVersion":2,"values":{}}"#)),
        ("no values", "command: '/v'", Ok(r#"{"protocolVersion":1,"values":["sk-planted"]}"#)),
        (
            "one is missing",
            "command: '/v'",
            Ok(r#"{"protocolVersion":1,"values":{"b/key":"sk-planted"}}"#),
        ),
        (
            "one failed",
            "command: '/v'",
            Ok(
                r#"{"protocolVersion":1,"values":{"a/key":"sk-planted"},"errors":{"a/key":{"message":"sk-planted"}}}"#,
            ),
        ),
        ("no text", "command: '/v'", Ok(r#"{"protocolVersion":1,"values":{"a/key":5}}"#)),
        (
            "a line end",
            "command: '/v'",
            Ok(r#"{"protocolVersion":1,"values":{"a/key":"sk-planted\nx"}}"#),
        ),
        ("relative", "command: 'vault'", Ok(good)),
        ("a plugin", "pluginIntegration: { pluginId: 'p', integrationId: 'i' }", Ok(good)),
        (
            "not trusted",
            "command: '/v'",
            Err(CommandFailure::NotTrusted("others can change it".into())),
        ),
        ("too slow", "command: '/v'", Err(CommandFailure::TimedOut(Duration::from_secs(5)))),
        ("failed", "command: '/v'", Err(CommandFailure::Failed(Some(3)))),
        ("too long", "command: '/v'", Ok(&long)),
    ];
    let mut told = String::new();
    for (name, store, answer) in answers {
        let vault = Vault { answer: answer.map(str::to_owned), asked: RefCell::default() };
        let loaded = load(&config(store), ALLOWED, Some(&vault));
        assert!(vault.asked.borrow().len() <= 1, "{name}: a failure is not asked for again");
        assert!(!format!("{loaded:?}").contains("planted"), "{name}");
        let _ = writeln!(told, "# {name}\n{}", key(&loaded, "a").replace("sk-planted", "sk"));
        for problem in loaded.diagnostics.iter().filter(|d| d.path.ends_with("a.apiKey")) {
            let _ = writeln!(told, "{problem}");
        }
    }
    assert!(!told.contains("planted"), "{told}");
    insta::assert_snapshot!("answers_of_commands", told);
}

#[test]
fn a_plain_answer_is_taken_for_a_single_secret_where_the_store_says_so() {
    let text =
        "{ secrets: { providers: { vault: { source: 'exec', command: '/v', jsonOnly: false } } },
      models: { providers: { xai: { apiKey: { source: 'exec', provider: 'vault', id: 'k' } } } } }";
    for answer in ["sk-a\n", "\"sk-a\"", r#"{"protocolVersion":1,"values":{"k":"sk-a"}}"#] {
        let loaded = load(text, ALLOWED, Some(&Vault::answering(answer)));
        assert_eq!(key(&loaded, "xai"), "sk-a [exec:vault#k]", "{answer}");
    }
    for id in ["", "-k", "a/../b", "./a", "a b", "ä", &"k".repeat(257)] {
        let text = text.replace("id: 'k'", &format!("id: '{id}'"));
        let error = Config::parse(&text, "c", &|_: &str| None).expect_err("no id");
        assert!(error.diagnostics()[0].reason.contains("none that a command is asked for"), "{id}");
    }
}
