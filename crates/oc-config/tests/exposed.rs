//! Keys in plain text in files that other users can read: one warning for each
//! such file, whatever file it is and wherever in it the key stands.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use oc_config::{Config, FileText, Files, Loaded, Reading, Settings};

/// Files that everybody can read, but for those below `/private`.
struct Open(BTreeMap<PathBuf, String>);

impl Files for Open {
    fn real_path(&self, path: &Path) -> io::Result<PathBuf> {
        Ok(path.to_owned())
    }

    fn read(&self, path: &Path, _: u64) -> io::Result<FileText> {
        let text = self.0.get(path).ok_or(io::ErrorKind::NotFound)?;
        let mut file = FileText::new(text.clone());
        file.others_can_read = !path.starts_with("/private");
        Ok(file)
    }
}

fn load(files: &[(&str, &str)]) -> Loaded<Config> {
    let files = files.iter().map(|(path, text)| (PathBuf::from(path), (*text).to_owned()));
    let files = Open(files.collect());
    let env = |name: &str| match name {
        "OPENCLAW_INCLUDE_ROOTS" => Some("/".to_owned()),
        "SET" => Some("sk-planted-set".to_owned()),
        _ => None,
    };
    let reading = Reading::new(&env).files(&files).working_dot_env(Path::new("/w/.env"));
    let main = files.0.keys().find(|path| path.ends_with("openclaw.json")).expect("a config");
    match reading.config(main) {
        Ok(loaded) => loaded,
        Err(error) => panic!("{:?}", error.diagnostics()),
    }
}

/// The warnings of open files, and nothing secret in them or in their pictures.
fn told(loaded: &Loaded<Config>) -> String {
    let exposed = loaded.diagnostics.iter().filter(|one| one.reason.contains("can read"));
    let told: String = exposed
        .map(|one| {
            assert!(one.fix.is_some() && one.line > 0 && one.column > 0, "{one}");
            let source = loaded.masked_source_of(one);
            assert!(source.get(one.span.clone()).is_some(), "{one}");
            assert!(!source.contains("planted"), "{source}");
            format!("{one}\n")
        })
        .collect();
    assert!(!told.contains("planted"), "{told}");
    told
}

fn config(row: &str) -> String {
    format!("{{ models: {{ providers: {{ {row} }} }} }}")
}

/// What the row of a provider holds, and whether that is a key in plain text.
const ROWS: &[(&str, bool)] = &[
    ("p: { baseUrl: 'https://h.example/v1', apiKey: 'sk-planted' }", true),
    ("p: { baseUrl: 'https://h.example/v1', apiKey: 'plain word' }", true),
    ("p: { baseUrl: 'https://h.example/v1', apiKey: '${SET}' }", false),
    ("p: { baseUrl: 'https://h.example/v1', apiKey: '$SET' }", false),
    ("p: { baseUrl: 'https://h.example/v1', apiKey: 'SET' }", false),
    ("p: { baseUrl: 'https://h.example/v1', apiKey: 'OPENAI_API_KEY' }", false),
    (
        "p: { baseUrl: 'https://h.example/v1', apiKey: { source: 'env', provider: 'default', id: 'SET' } }",
        false,
    ),
    (
        "p: { baseUrl: 'https://h.example/v1', headers: { Authorization: 'Bearer sk-planted' } }",
        true,
    ),
    ("p: { baseUrl: 'https://h.example/v1', headers: { 'x-api-key': 'word' } }", true),
    ("p: { baseUrl: 'https://h.example/v1', headers: { 'X-Auth-Token': 'word' } }", true),
    ("p: { baseUrl: 'https://h.example/v1', headers: { 'X-Team': 'sk-planted' } }", true),
    ("p: { baseUrl: 'https://h.example/v1', headers: { 'X-Team': 'red' } }", false),
    ("p: { baseUrl: 'https://h.example/v1', headers: { Authorization: 'Bearer ${SET}' } }", false),
    (
        "p: { baseUrl: 'https://h.example/v1', request: { headers: { Authorization: 'Basic word' } } }",
        true,
    ),
    (
        "p: { baseUrl: 'https://h.example/v1', request: { auth: { mode: 'authorization-bearer', token: 'word' } } }",
        true,
    ),
    (
        "p: { baseUrl: 'https://h.example/v1', request: { auth: { mode: 'header', headerName: 'X-A', value: 'word' } } }",
        true,
    ),
    (
        "p: { baseUrl: 'https://h.example/v1', models: [{ id: 'm', name: 'M', headers: { 'api-key': 'word' } }] }",
        true,
    ),
    ("p: { baseUrl: 'https://h.example/sk-planted/v1' }", true),
    (
        "p: { baseUrl: 'https://h.example/v1', params: { extra_body: { note: 'sk-planted' } } }",
        true,
    ),
    // A word that OpenClaw wants there is none; what looks like a key is one.
    ("lmstudio: { baseUrl: 'http://127.0.0.1:1234/v1', apiKey: 'lmstudio' }", false),
    ("p: { baseUrl: 'http://192.168.1.5:8000/v1', apiKey: 'local' }", false),
    ("p: { baseUrl: 'http://127.0.0.1:8000/v1', apiKey: 'sk-planted' }", true),
    ("p: { baseUrl: 'http://127.0.0.1:8000/v1', apiKey: '0123456789abcdefplanted0' }", true),
];

#[test]
fn a_key_is_told_wherever_it_stands_in_an_open_config() {
    for (row, is_key) in ROWS {
        let loaded = load(&[("/c/openclaw.json", &config(row))]);
        assert_eq!(told(&loaded).contains("the key in it"), *is_key, "{row}: {}", told(&loaded));
        let private = load(&[("/private/openclaw.json", &config(row))]);
        assert_eq!(told(&private), "", "{row}");
    }
}

#[test]
fn each_open_file_is_told_once() {
    let main = "{ env: { vars: { MY_TOKEN: 'word', LMSTUDIO_API_KEY: 'lmstudio', K: 'sk-planted' } },
  models: { $include: './models.json5' }, auth: { $include: '/private/auth.json5' },
  agents: { defaults: { models: { 'a/*': { params: { api_key: 'word' } } } } },
  secrets: { providers: { f: { source: 'file', path: '/c/secrets.json' }, x: { source: 'exec', command: '/x', env: { A: 'sk-planted' } } } } }";
    let models = "{ providers: {
    a: { baseUrl: 'https://a/v1', apiKey: 'sk-planted' },
    b: { baseUrl: 'https://b/v1', apiKey: { source: 'file', provider: 'f', id: '/k' } },
    c: { baseUrl: 'https://c/v1', apiKey: '${WORKING}' },
} }";
    let loaded = load(&[
        ("/c/openclaw.json", main),
        ("/c/models.json5", models),
        ("/private/auth.json5", "{ profiles: {} }"),
        ("/c/secrets.json", r#"{ "k": "sk-planted" }"#),
        ("/c/.env", "# sk-planted\nNAME=me\nDISCORD_TOKEN=planted\nOPENAI_API_KEY=sk-planted\n"),
        ("/w/.env", "DATABASE_PASSWORD=planted\nOPENAI_API_KEY=sk-planted\nWORKING=sk-planted\n"),
    ]);
    insta::assert_snapshot!("open_files", told(&loaded));
}

#[test]
fn an_open_file_of_profiles_is_told() {
    let stored = r#"{ "profiles": { "openai:work":
        { "type": "api_key", "provider": "openai", "key": "sk-planted" } } }"#;
    let told = |folder: &str, profiles: &str| {
        told(&load(&[
            (&format!("{folder}/openclaw.json"), "{}"),
            (&format!("{folder}/agents/main/agent/auth-profiles.json"), profiles),
        ]))
    };
    assert_eq!(
        told("/c", stored),
        "/c/agents/main/agent/auth-profiles.json:1:1: warning: other users of this machine can \
         read this file, and the keys in it (run `chmod 600` on it)\n"
    );
    for (folder, profiles) in [("/private", stored), ("/c", r#"{ "profiles": {} }"#)] {
        assert_eq!(told(folder, profiles), "");
    }
}

#[cfg(unix)]
#[test]
fn an_open_settings_file_is_told() {
    use std::os::unix::fs::PermissionsExt as _;
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("exposed-settings.json5");
    let text = "{ clients: [{ name: 'a', key: 'sk-planted' },\n { name: 'b', key: 'word' }, { name: 'c', key: '${SET}' }] }";
    std::fs::write(&file, text).expect("written");
    let read = |mode| {
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).expect("set");
        let env = |name: &str| (name == "SET").then(|| "x".to_owned());
        Settings::load(&file, &env).expect("valid")
    };
    assert!(read(0o600).diagnostics.is_empty());
    let told = read(0o644).diagnostics;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!((told[0].line, told[0].column, told[0].path.as_str()), (1, 31, "clients[0].key"));
    assert!(told[0].reason.ends_with("and the 2 keys in it"), "{told:?}");
    std::fs::remove_file(&file).expect("removed");
}
