//! From text to value, step by step: parse, include, substitute, read, resolve.

use std::collections::BTreeMap;
use std::path::{Path as FilePath, PathBuf};

use crate::catalog::Catalog;
use crate::command::Permission;
use crate::config::Config;
use crate::diagnostic::{Loaded, MaskedSource, Report};
use crate::document::{
    Document, Node, Path, Source, Sources, Standing, Step, SyntaxError, Value, mask, mask_dot_env,
    mask_unparsed, parse,
};
use crate::env::{Assigned, DotEnv, Env, Layered};
use crate::error::ConfigError;
use crate::exposed::warn_of_exposed_keys;
use crate::files::FileText;
use crate::include::{Flaw, INCLUDE, Inclusion, expand, has_include};
use crate::key::SecretSources;
use crate::profiles;
use crate::raw::{OWNED, Raw, SETTINGS_KEY, SUBSTITUTED, section};
use crate::reading::Reading;
use crate::resolve::{Context, resolve};
use crate::settings::{RawSettings, Settings};
use crate::substitute::substitute;
use crate::{dotenv, source};

/// Larger `.env` files are none.
const LARGEST_DOT_ENV: u64 = 1024 * 1024;

/// Reads the OpenClaw config at `path`.
pub(crate) fn config_file(
    path: &FilePath,
    reading: &Reading<'_>,
) -> Result<Loaded<Config>, ConfigError> {
    let Some(files) = reading.files else {
        let error = std::io::Error::from(std::io::ErrorKind::Unsupported);
        return Err(ConfigError::io(path, error));
    };
    let file =
        files.read(path, source::LARGEST_FILE).map_err(|error| ConfigError::io(path, error))?;
    let name = path.display().to_string();
    config(&file.text, &name, Some(path), file.others_can_read, reading)
}

/// Reads a config that is in no file.
pub(crate) fn config_text(
    text: &str,
    name: &str,
    reading: &Reading<'_>,
) -> Result<Loaded<Config>, ConfigError> {
    config(text, name, None, false, reading)
}

fn config(
    text: &str,
    name: &str,
    path: Option<&FilePath>,
    others_can_read: bool,
    reading: &Reading<'_>,
) -> Result<Loaded<Config>, ConfigError> {
    let folder = path.and_then(FilePath::parent).map(FilePath::to_path_buf);
    let state = reading.env.var("OPENCLAW_STATE_DIR").filter(|state| !state.is_empty());
    let state = match path {
        Some(_) => state.map(PathBuf::from).or_else(|| folder.clone()),
        None => None,
    };
    let mut parsed = parse_all(text, name, path, others_can_read, reading);
    let (dot_env, mut watch) = dot_env(reading, state.as_deref(), &mut parsed.sources);
    let files = reading.files.filter(|_| path.is_some());
    let profiles = profiles::find(reading, state.as_deref(), files, &mut parsed.sources);
    watch.splice(0..0, path.map(FilePath::to_path_buf).into_iter().chain(parsed.included.clone()));
    read(parsed, watch, |document, report| {
        let env = layered(document, reading.env, dot_env, report);
        for section in SUBSTITUTED {
            let mut path = Path::of([section]);
            if let Some(node) = document.root.get_mut(section) {
                substitute(node, &env);
                if lacks_variable(node) {
                    warn_missing(node, &mut path, report);
                }
            }
        }
        let raw = Raw::read(document, report);
        let at = Path::of([SETTINGS_KEY]);
        let settings: Option<RawSettings> = section(document, &at, report);
        let secrets = SecretSources::new(&env, files, reading.home.clone(), &raw.secrets);
        let profiles = profiles.read(reading.now, report).ordered(&raw.auth);
        let sections = SUBSTITUTED.iter().filter_map(|section| document.root.get(section));
        let secrets = secrets.with_profiles(profiles).with_commands(permission(reading), sections);
        let catalog = Catalog::built_in();
        let secrets = &secrets;
        let mut context = {
            let elsewhere = reading.settings;
            Context { document, secrets, catalog, report, elsewhere }
        };
        let settings = settings.map(|raw| raw.resolve(&at, &mut context));
        if settings.as_ref().is_some_and(|settings| settings.secrets.exec) {
            let reason = "not followed here: what names the commands cannot also allow them";
            let fix = Some("write it into the settings file, oc-gateway.json5".to_owned());
            context.warning(&at.key("secrets").key("exec"), reason, fix);
        }
        let config = resolve(&raw, settings, context);
        (config, secrets.asked())
    })
}

/// Reads the gateway's settings.
pub(crate) fn settings(
    text: &FileText,
    file: &str,
    env: &dyn Env,
) -> Result<Loaded<Settings>, ConfigError> {
    let reading = Reading::new(env).without_files();
    let parsed = parse_one(&text.text, file, text.others_can_read);
    read(parsed, Vec::new(), |document, report| {
        let env = Layered { process: reading.env, files: Vec::new(), config: BTreeMap::new() };
        substitute(&mut document.root, &env);
        if lacks_variable(&document.root) {
            warn_missing(&document.root, &mut Path::default(), report);
        }
        let at = Path::default();
        let raw: RawSettings = section(document, &at, report).unwrap_or_default();
        let secrets = SecretSources::variables_only(&env);
        let catalog = Catalog::built_in();
        let secrets = &secrets;
        let mut context = Context { document, secrets, catalog, report, elsewhere: None };
        let settings = raw.resolve(&at, &mut context);
        warn_of_exposed_keys(None, &mut context);
        (settings, Vec::new())
    })
}

/// What came of the text and of the files it includes.
struct Parsed {
    name: String,
    sources: Sources,
    document: Result<Document, SyntaxError>,
    flaws: Vec<Flaw>,
    included: Vec<PathBuf>,
}

fn parse_one(text: &str, name: &str, others_can_read: bool) -> Parsed {
    let mut sources = Sources::new(name, text);
    sources.expose_last(others_can_read);
    let document = parse(text, Standing::default()).map(|(root, _)| Document { root });
    sources.mask_last(match &document {
        Ok(document) => mask(text, &document.root, 0, false),
        Err(_) => mask_unparsed(text),
    });
    Parsed { name: name.to_owned(), sources, document, flaws: Vec::new(), included: Vec::new() }
}

fn parse_all(
    text: &str,
    name: &str,
    path: Option<&FilePath>,
    others_can_read: bool,
    reading: &Reading<'_>,
) -> Parsed {
    let mut parsed = parse_one(text, name, others_can_read);
    let (Ok(document), Some(files), Some(path)) = (&mut parsed.document, reading.files, path)
    else {
        return parsed;
    };
    if !has_include(&document.root) {
        return parsed;
    }
    let roots = reading.env.var("OPENCLAW_INCLUDE_ROOTS").unwrap_or_default();
    let roots = std::env::split_paths(&roots).filter(|root| root.is_absolute()).collect();
    let inclusion = Inclusion { files, main: path.to_path_buf(), roots };
    let nothing = Node { id: 0, span: 0..0, value: Value::Null };
    let root = std::mem::replace(&mut document.root, nothing);
    let next_id = u32::try_from(text.len()).unwrap_or(u32::MAX / 2);
    let (root, flaws, included) = expand(root, next_id, &inclusion, &mut parsed.sources);
    document.root = root;
    Parsed { flaws, included, ..parsed }
}

fn read<T>(
    parsed: Parsed,
    mut watch: Vec<PathBuf>,
    meaning: impl FnOnce(&mut Document, &mut Report<'_>) -> (T, Vec<PathBuf>),
) -> Result<Loaded<T>, ConfigError> {
    let Parsed { name, sources, document, flaws, .. } = parsed;
    let mut report = Report::new(&sources);
    let outcome = match document {
        Err(error) => {
            report.syntax(error.at, error.reason, error.fix);
            None
        }
        Ok(mut document) => {
            for Flaw { span, path, reason, fix } in flaws {
                match concerns_us(&path) {
                    true => report.error(span, &path, reason, Some(fix)),
                    false => report.warning(span, &path, reason, Some(fix)),
                }
            }
            let (value, asked) = meaning(&mut document, &mut report);
            watch.extend(asked);
            Some((value, passed_over(&document, &report)))
        }
    };
    let refused = report.has_errors();
    let diagnostics = report.finish();
    let mut files = sources.into_files().into_iter();
    let masked_source = files.next().map(|first| first.masked).unwrap_or_default();
    let included: Vec<MaskedSource> = files.map(shown).collect();
    match outcome.filter(|_| !refused) {
        None => {
            let error = ConfigError::invalid(&name, diagnostics, masked_source);
            Err(error.with_files(included, watch))
        }
        Some((value, passed_over)) => {
            Ok(Loaded { value, diagnostics, masked_source, included, watch, passed_over })
        }
    }
}

fn shown(source: Source) -> MaskedSource {
    MaskedSource { file: source.file, text: source.masked }
}

/// Whether what is at `path` can change anything that is read here.
fn concerns_us(path: &Path) -> bool {
    let section = path.first_key();
    section.is_none_or(|section| {
        OWNED.contains(&section) || section == SETTINGS_KEY || section == INCLUDE
    }) || path.to_string().starts_with("gateway.reload")
}

/// OpenClaw's sections that are not read here, with their lines.
fn passed_over(document: &Document, report: &Report<'_>) -> Vec<(String, usize)> {
    let theirs = |key: &str| !OWNED.contains(&key) && key != SETTINGS_KEY && key != "$schema";
    let entries = document.root.entries().iter().filter(|entry| theirs(&entry.key));
    entries.map(|entry| (entry.key.clone(), report.place(&entry.key_span).line)).collect()
}

/// Commands are run where the settings say so. The config's own `ocGateway`
/// does not count: what names the commands cannot also allow them.
fn permission<'a>(reading: &Reading<'a>) -> Permission<'a> {
    match (reading.settings.is_some_and(|settings| settings.secrets.exec), reading.commands) {
        (false, _) => Permission::NotGiven,
        (true, None) => Permission::NoRunner,
        (true, Some(commands)) => Permission::Given(commands),
    }
}

/// The `.env` files, the strongest first, and where they were looked for.
fn dot_env(
    reading: &Reading<'_>,
    state: Option<&FilePath>,
    sources: &mut Sources,
) -> (Vec<DotEnv>, Vec<PathBuf>) {
    let mut layers = Vec::new();
    let mut asked = Vec::new();
    let Some(files) = reading.files else {
        return (layers, asked);
    };
    let state_env = state.map(|state| state.join(".env"));
    let working = reading.dot_env.iter().map(|path| (path.clone(), true));
    for (path, restricted) in working.chain(state_env.map(|path| (path, false))) {
        if let Ok(file) = files.read(&path, LARGEST_DOT_ENV) {
            let mut vars = dotenv::parse(&file.text);
            if restricted {
                vars.retain(|name, _| {
                    !Catalog::built_in().is_key_var(name)
                        && !name.starts_with("OPENCLAW_")
                        && !name.starts_with("OC_GATEWAY_")
                });
            }
            let name = path.display().to_string();
            // Only what is wrong with it is ever shown, and that it is open.
            let exposed_at = file.others_can_read.then(|| {
                let at = sources.add(&name, &file.text);
                sources.mask_last(mask_dot_env(&file.text));
                sources.expose_last(true);
                at
            });
            let of_working_folder = restricted;
            layers.push(DotEnv { file: name, vars, exposed_at, of_working_folder });
        }
        asked.push(path);
    }
    (layers, asked)
}

/// The config's own variables stand below the process's and those of `.env`.
/// Only what is plainly a string is taken; what is wrong with the block is
/// reported when it is read.
fn layered<'a>(
    document: &Document,
    process: &'a dyn Env,
    files: Vec<DotEnv>,
    report: &Report<'_>,
) -> Layered<'a> {
    // A variable may be made of the process's; not of its neighbours.
    let below = Layered { process, files, config: BTreeMap::new() };
    let mut config = BTreeMap::new();
    let env = document.find(&Path::of(["env"]));
    let vars = document.find(&Path::of(["env", "vars"]));
    for entry in env.into_iter().chain(vars).flat_map(Node::entries) {
        let Some(text) = entry.value.text() else {
            continue;
        };
        let replaced = crate::substitute::replace(&text.text, &below);
        if replaced.missing.is_empty() {
            let (file, line) = report.line(entry.value.span.start);
            let one = Assigned { value: replaced.text, file: file.to_owned(), line };
            config.insert(entry.key.clone(), one);
        }
    }
    Layered { config, ..below }
}

/// Whether a string at or below `node` lacks a variable: most configs have none.
fn lacks_variable(node: &Node) -> bool {
    match &node.value {
        Value::Text(text) => !text.missing.is_empty(),
        Value::Array(items) => items.iter().any(lacks_variable),
        Value::Object(entries) => entries.iter().any(|entry| lacks_variable(&entry.value)),
        _ => false,
    }
}

fn warn_missing(node: &Node, path: &mut Path, report: &mut Report<'_>) {
    match &node.value {
        Value::Text(text) => {
            for name in &text.missing {
                let fix = format!("set {name} in the environment");
                let reason = format!("variable `{name}` is not set");
                report.warning(node.span.clone(), path, reason, Some(fix));
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                path.push(Step::Index(index));
                warn_missing(item, path, report);
                path.pop();
            }
        }
        Value::Object(entries) => {
            for entry in entries {
                path.push(Step::Key(entry.key.clone()));
                warn_missing(&entry.value, path, report);
                path.pop();
            }
        }
        _ => {}
    }
}
