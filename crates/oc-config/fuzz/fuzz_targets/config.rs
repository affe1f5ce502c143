//! Any bytes as a config, with any bytes as the files it includes, its `.env`,
//! its stored profiles, its settings and the answer of its commands: reading
//! ends, says where everything is, and says the same the second time.
//!
//! Files are divided by NUL bytes. The first four bytes take a piece of the
//! config and repeat it up to 65 535 times, so that ten thousand levels and
//! numbers without end are a few bytes away.
#![no_main]

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use libfuzzer_sys::fuzz_target;
use oc_config::{
    CommandFailure, Config, ConfigError, Diagnostic, FileText, Files, Loaded, Reading, Secret,
    SecretCommand, Settings,
};

/// A config is multiplied to this size at most.
const LARGEST: usize = 1 << 17;

const MAIN: &str = "/c/openclaw.json";

/// The files behind the config, in this order, then the settings and what a
/// command answers.
const BESIDE: [&str; 5] =
    ["/c/a", "/c/b", "/c/.env", "/c/agents/main/agent/auth-profiles.json", "/k"];

fuzz_target!(|input: &[u8]| {
    let Some((header, rest)) = input.split_first_chunk::<4>() else { return };
    let mut parts = rest.split(|byte| *byte == 0).map(String::from_utf8_lossy);
    let text = multiplied(&parts.next().unwrap_or_default(), *header);
    #[cfg(feature = "planted")]
    assert!(!text.contains("models"), "planted");
    let mut files = Texts(BTreeMap::from([(PathBuf::from(MAIN), text)]));
    for (path, part) in BESIDE.iter().zip(&mut parts) {
        files.0.insert(path.into(), part.into_owned());
    }
    let settings = parts.next().unwrap_or_default();
    let answer = parts.next().unwrap_or_default().into_owned();
    let settings = match Settings::parse(&settings, "settings", &variable) {
        Ok(loaded) => loaded.value,
        Err(error) => {
            held(error.diagnostics(), &[(error.masked_source(), &settings)]);
            Settings::parse("{ secrets: { exec: true } }", "settings", &variable)
                .expect("these are settings")
                .value
        }
    };
    let vault = |_: &SecretCommand| -> Result<Secret, CommandFailure> {
        Ok(Secret::new(answer.clone()))
    };
    let reading = Reading::new(&variable).files(&files).settings(&settings).commands(&vault);
    let first = reading.config(Path::new(MAIN));
    let told = looked_at(&first, &files);
    assert_eq!(told, looked_at(&reading.config(Path::new(MAIN)), &files));
    if let Ok(loaded) = first {
        asked(&loaded.value.with_settings(&settings).value);
    }
});

/// What the header takes of the text, many times over.
fn multiplied(text: &str, [low, high, at, length]: [u8; 4]) -> String {
    let times = usize::from(u16::from_le_bytes([low, high]));
    let at = usize::from(at).min(text.len());
    let end = at.saturating_add(usize::from(length)).min(text.len());
    let (Some(before), Some(piece), Some(after)) =
        (text.get(..at), text.get(at..end), text.get(end..))
    else {
        return text.to_owned();
    };
    let times = times.min(LARGEST / piece.len().max(1)).max(1);
    format!("{before}{}{after}", piece.repeat(times))
}

/// Everything that is said of a reading; it must fit the files.
fn looked_at(read: &Result<Loaded<Config>, ConfigError>, files: &Texts) -> Vec<String> {
    let (diagnostics, masked, included) = match read {
        Ok(loaded) => (&loaded.diagnostics[..], &loaded.masked_source[..], &loaded.included[..]),
        Err(error) => (error.diagnostics(), error.masked_source(), &[][..]),
    };
    let of = |path: &str| files.0.get(Path::new(path)).map(String::as_str).unwrap_or_default();
    let mut pairs = vec![(masked, of(MAIN))];
    pairs.extend(included.iter().map(|source| (&source.text[..], of(&source.file))));
    assert!(pairs.len() <= 300, "{} files", pairs.len());
    held(diagnostics, &pairs);
    for one in diagnostics {
        let masked = match read {
            Ok(loaded) => loaded.masked_source_of(one),
            Err(error) => error.masked_source_of(one),
        };
        assert!(masked.get(one.span.clone()).is_some(), "{one}: a span that fits nothing");
    }
    assert!(!format!("{read:?}").is_empty());
    diagnostics.iter().map(ToString::to_string).collect()
}

/// Bounded, placed, and drawn into copies that fit.
fn held(diagnostics: &[Diagnostic], pairs: &[(&str, &str)]) {
    assert!(diagnostics.len() <= 101, "{}", diagnostics.len());
    for (masked, text) in pairs {
        assert_eq!(masked.len(), text.len());
        assert_eq!(masked.chars().count(), text.chars().count());
    }
    for one in diagnostics {
        assert!(one.line >= 1 && one.column >= 1, "{one}");
    }
}

/// Everything that a program asks of a config.
fn asked(config: &Config) {
    let names: Vec<String> = config.models().map(|model| model.model_ref.to_string()).collect();
    let agents: Vec<String> = config.agents().map(str::to_owned).collect();
    for name in names.iter().map(String::as_str).take(20).chain(["default", "opus", "a", "", "/"]) {
        if let Ok(explained) = config.explain(name) {
            assert!(!explained.chain.candidates.is_empty());
            assert!(serde_json::to_string(&explained).is_ok());
            assert!(!explained.to_string().is_empty());
        }
        for agent in agents.iter().take(5) {
            drop(config.agent_chain_for(agent, name));
        }
    }
    drop(config.image_chain());
    for model in config.models().take(100) {
        drop(model.request_defaults());
        drop(config.usability(&model.model_ref));
    }
}

/// Names that begin with `N` are not set, others hold something.
fn variable(name: &str) -> Option<String> {
    match name {
        "HOME" => Some("/c".to_owned()),
        "OPENCLAW_STATE_DIR" | "OPENCLAW_AGENT_DIR" | "OPENCLAW_INCLUDE_ROOTS" => None,
        name if name.starts_with('N') => None,
        name => Some(format!("value of {name}")),
    }
}

/// A disk with these files and no links.
struct Texts(BTreeMap<PathBuf, String>);

impl Files for Texts {
    fn real_path(&self, path: &Path) -> io::Result<PathBuf> {
        match self.0.keys().any(|file| file.starts_with(path)) {
            true => Ok(path.to_owned()),
            false => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn read(&self, path: &Path, limit: u64) -> io::Result<FileText> {
        let text = self.0.get(path).ok_or(io::ErrorKind::NotFound)?;
        match text.len() as u64 > limit {
            true => Err(io::Error::new(io::ErrorKind::InvalidData, "larger than the limit")),
            false => Ok(FileText::new(text.clone())),
        }
    }
}
