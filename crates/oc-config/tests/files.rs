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
    assert!(error.diagnostics().is_empty());

    assert_eq!(load(folder).kind(), ConfigErrorKind::Unreadable);

    let error = load(&file("latin1.json", b"{ // \xe4\n}"));
    assert_eq!(error.kind(), ConfigErrorKind::Unreadable);
    let cause = error.source().expect("a cause").to_string();
    assert_eq!(cause, "not UTF-8 at byte 5");

    let error = load(&file("large.json", &vec![b' '; 9 * 1024 * 1024]));
    assert_eq!(error.kind(), ConfigErrorKind::Unreadable);
}

#[test]
fn a_file_is_named_as_it_was_given() {
    let path = file("typo.json5", b"{\n  lisen: 1\n}\n");
    let error = Settings::load(&path, &|_: &str| None).expect_err("a typo");
    let told = error.diagnostics()[0].to_string();
    assert!(told.starts_with(&format!("{}:2:3: error: lisen", path.display())), "{told}");
}
