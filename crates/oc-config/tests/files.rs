//! Files that are no configs.

use std::error::Error as _;
use std::fs;
use std::path::{Path, PathBuf};

use oc_config::{Config, ConfigError, ConfigErrorKind, Settings};

fn load(path: &Path) -> ConfigError {
    Config::load(path, &|_: &str| None).expect_err("no config")
}

fn file(name: &str, content: &[u8]) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, content).expect("a writable folder");
    path
}

#[test]
fn a_missing_file_is_told_apart_from_an_unreadable_one() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let error = load(&folder.join("nowhere.json"));
    assert_eq!((error.kind(), error.is_not_found()), (ConfigErrorKind::NotFound, true));
    assert!(error.to_string().ends_with("nowhere.json: no such file"));
    assert!(only(&error).ends_with(
        "nowhere.json:1:1: error: there is no such file (correct the path, or put the file there)"
    ));

    let error = load(folder);
    assert_eq!(error.kind(), ConfigErrorKind::Unreadable);
    assert!(only(&error).contains(":1:1: error: it is a folder, not a file (name the file in it"));

    let error = load(&file("latin1.json", b"{ // \xe4\n}"));
    assert_eq!(error.kind(), ConfigErrorKind::Unreadable);
    let cause = error.source().expect("a cause").to_string();
    assert_eq!(cause, "not UTF-8 at byte 5");

    // The line and the column are those of the byte, and nothing else is shown.
    let error = load(&file("latin1-below.json", b"{\n  apiKey: 'sk-planted\xe4'\n}"));
    assert!(
        only(&error).contains(":2:22: error: not UTF-8 at byte 23 (save it as UTF-8"),
        "{error:?}"
    );
    let masked = error.masked_source();
    assert_eq!(masked.get(error.diagnostics()[0].span.clone()), Some("•"), "{masked}");
    assert!(!masked.contains("planted") && !format!("{error:?}").contains("planted"), "{masked}");

    let error = load(&file("large.json", &vec![b' '; 9 * 1024 * 1024]));
    assert_eq!(error.kind(), ConfigErrorKind::Unreadable);
    assert!(only(&error).contains("larger than 8 MiB ("), "{error:?}");

    let error = Settings::load(&folder.join("none.json5"), &|_: &str| None).expect_err("none");
    assert!(only(&error).contains("none.json5:1:1: error: there is no such file"));
}

/// The one problem of a file that could not be read.
fn only(error: &ConfigError) -> String {
    let [problem] = error.diagnostics() else { panic!("{:?}", error.diagnostics()) };
    problem.to_string()
}

/// Files of others that the config leads to are told like the config itself.
#[cfg(unix)]
#[test]
fn a_file_that_may_not_be_read_is_told_with_its_fix() {
    use std::os::unix::fs::PermissionsExt as _;

    let path = file("locked.json5", b"{}");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).expect("our own file");
    // Whoever is root reads it all the same.
    if fs::read(&path).is_err() {
        let error = load(&path);
        assert!(only(&error).contains("it may not be read (let its reader own it"), "{error:?}");
    }
}

#[test]
fn a_file_is_named_as_it_was_given() {
    let path = file("typo.json5", b"{\n  lisen: 1\n}\n");
    let error = Settings::load(&path, &|_: &str| None).expect_err("a typo");
    let told = error.diagnostics()[0].to_string();
    assert!(told.starts_with(&format!("{}:2:3: error: lisen", path.display())), "{told}");
}

/// A key in a file that others can read is a key of theirs.
#[cfg(unix)]
#[test]
fn a_key_that_others_can_read_is_told() {
    use std::os::unix::fs::PermissionsExt as _;

    let text = b"{ models: { providers: {
      hosted: { baseUrl: 'https://h.example/v1', apiKey: 'sk-planted', api: 'openai-responses', models: [{ id: 'm', name: 'M' }] },
      local: { baseUrl: 'http://127.0.0.1:1/v1', apiKey: 'sk-planted', api: 'openai-responses', models: [{ id: 'm', name: 'M' }] } } },
      agents: { defaults: { model: 'hosted/m' } } }";
    let path = file("readable.json5", text);
    let told = |mode| {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("our own file");
        let loaded = Config::load(&path, &|_: &str| None).expect("valid");
        let warnings: Vec<_> = loaded.diagnostics.iter().map(|d| d.path.clone()).collect();
        assert!(!format!("{:?}", loaded.diagnostics).contains("sk-planted"));
        warnings
    };
    assert_eq!(told(0o644), ["models.providers.hosted.apiKey"]);
    assert_eq!(told(0o640), ["models.providers.hosted.apiKey"]);
    assert!(told(0o600).is_empty());
}

/// Includes, `.env` and links, on a real disk.
#[cfg(unix)]
#[test]
fn includes_are_followed_on_the_disk_and_links_do_not_lead_out() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("including");
    let outside = Path::new(env!("CARGO_TARGET_TMPDIR")).join("outside.json5");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(folder.join("parts")).expect("a writable folder");
    let write = |name: &str, text: &str| fs::write(folder.join(name), text).expect("writable");
    write("openclaw.json", "{ models: { providers: { $include: './parts/vllm.json5' } } }");
    write("parts/vllm.json5", "{ vllm: { apiKey: '${FROM_DOT_ENV}' } }");
    write(".env", "FROM_DOT_ENV=sk-planted");
    fs::write(&outside, "{ vllm: {} }").expect("writable");
    let config = folder.join("openclaw.json");
    let loaded = Config::load(&config, &|_: &str| None).expect("valid");
    let key = loaded.value.provider("vllm").and_then(|provider| provider.secret());
    assert_eq!(key.map(|key| key.expose()), Some("sk-planted"));
    assert!(loaded.watch.iter().any(|path| path.ends_with("parts/vllm.json5")));

    fs::remove_file(folder.join("parts/vllm.json5")).expect("ours");
    std::os::unix::fs::symlink(&outside, folder.join("parts/vllm.json5")).expect("a link");
    let error = Config::load(&config, &|_: &str| None).expect_err("a link that leads out");
    assert!(error.diagnostics()[0].reason.contains("outside the config's folder"), "{error}");
    assert!(!error.watch().is_empty());
}
