//! Files that mean harm: they end in a diagnostic, soon, and use little memory.

mod support;

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use oc_config::{Config, Usability};
use support::load;

/// Far from any measure: a debug build on a machine that others load. What is
/// quadratic takes much longer.
const SOON: Duration = Duration::from_secs(60);

fn read(name: &str, text: &str) {
    #[expect(clippy::disallowed_methods, reason = "the time it takes is what is tested")]
    let begin = Instant::now();
    match Config::parse(text, "c", &|_: &str| None) {
        Ok(loaded) => assert!(loaded.diagnostics.len() <= 101, "{name}"),
        Err(error) => assert!(error.diagnostics().len() <= 101, "{name}"),
    }
    assert!(begin.elapsed() < SOON, "{name} took {:?}", begin.elapsed());
}

fn repeated(count: usize, part: impl Fn(usize) -> String) -> String {
    (0..count).map(part).collect()
}

/// Each misspelt name was compared with every model's, and each unknown key
/// read the whole file again.
#[test]
fn mistakes_in_large_files_are_told_in_time() {
    let models = repeated(2000, |n| format!("{{ id: 'model-number-{n}', name: 'M' }},"));
    let fallbacks = repeated(2000, |n| format!("'a/modle-nubmer-{n}z',"));
    let row = "baseUrl: 'http://127.0.0.1:9/v1', api: 'openai-completions'";
    let text = format!(
        "{{ models: {{ mode: 'replace', providers: {{ a: {{ {row}, models: [{models}] }} }} }}, \
         agents: {{ defaults: {{ model: {{ primary: 'a/x', fallbacks: [{fallbacks}] }} }} }} }}"
    );
    read("misspelt fallbacks", &text);
    let config = Config::parse(&text, "c", &|_: &str| None).expect("warnings only").value;
    let chain = config.chain("default").expect("a primary");
    let suggested = chain.candidates.iter().filter(|candidate| {
        matches!(&candidate.usability, Usability::Unusable { fix, .. } if fix.contains("did you"))
    });
    assert!(suggested.count() <= 3, "a request searches no more");

    let bogus = repeated(20_000, |n| {
        format!("{{ id: 'm{n}', name: 'M', contextWindow: 64000, bogus{n}: 1 }},")
    });
    read(
        "unknown keys of models",
        &format!("{{ models: {{ providers: {{ a: {{ {row}, models: [{bogus}] }} }} }} }}"),
    );
    let roots = repeated(20_000, |n| format!("bogus{n}: 1,"));
    read("unknown sections", &format!("{{ {roots} }}"));
}

#[test]
fn large_files_are_read_in_time() {
    let providers = repeated(2000, |n| {
        format!(
            "p{n}: {{ baseUrl: 'http://127.0.0.1:1/v1', api: 'openai-responses', models: [{{ id: 'm', name: 'M' }}] }},"
        )
    });
    read("many providers", &format!("{{ models: {{ providers: {{ {providers} }} }} }}"));
    let models = repeated(3000, |n| format!("{{ id: 'm{n}', name: 'M', contextWindow: 100 }},"));
    read(
        "many models",
        &format!(
            "{{ models: {{ providers: {{ a: {{ baseUrl: 'http://127.0.0.1:1', api: 'openai-responses', models: [{models}] }} }} }} }}"
        ),
    );
    let fallbacks = repeated(2000, |n| format!("'nobody/m{n}',"));
    read(
        "many fallbacks",
        &format!(
            "{{ agents: {{ defaults: {{ model: {{ primary: 'openai/gpt-5', fallbacks: [{fallbacks}] }} }} }} }}"
        ),
    );
    let aliases = repeated(2000, |n| format!("'openai/m{n}': {{ alias: 'same' }},"));
    read("many aliases", &format!("{{ agents: {{ defaults: {{ models: {{ {aliases} }} }} }} }}"));
    let agents = repeated(1000, |n| format!("a{n}: {{ model: 'openai/gpt-5' }},"));
    read("many agents", &format!("{{ agents: {{ entries: {{ {agents} }} }} }}"));
    let allow = repeated(2000, |n| format!("'no{n}',"));
    read(
        "a long policy",
        &format!("{{ agents: {{ defaults: {{ modelPolicy: {{ allow: [{allow}] }} }} }} }}"),
    );
    read("a long string", &format!("{{ env: {{ A: '{}' }} }}", "${A}".repeat(200_000)));
    read("halves of variables", &format!("{{ env: {{ A: '{}' }} }}", "${".repeat(1_000_000)));
    read("a long number", &format!("{{ a: {} }}", "9".repeat(1_000_000)));
    read("a long key", &format!("{{ {}: 1 }}", "k".repeat(1_000_000)));
}

/// Found by the fuzz target: each key that names a secret cost its whole line.
#[test]
fn one_long_line_of_secrets_is_covered_in_time() {
    for count in [2_000, 100_000] {
        read("secrets", &repeated(count, |_| "apiKey: 'x' ".to_owned()));
        let fields = repeated(count, |n| format!("k{n}: {{ apiKey: 'x' }},"));
        read("fields", &format!("{{ channels: {{ {fields} }}, models: 1 }}"));
    }
}

#[test]
fn deep_and_broken_files_are_refused_in_time() {
    for opening in ["[", "{a:", "{a:[", "/*", "'", "\\", "{\"a\":{\"$include\":["] {
        for depth in [100, 10_000, 300_000] {
            read(opening, &opening.repeat(depth));
        }
    }
}

/// Objects that are merged over each other many times.
#[test]
fn includes_do_not_multiply() {
    let mut keys = String::new();
    for n in 0..20_000 {
        let _ = write!(keys, "k{n}: {{ a: [1] }},");
    }
    let part = format!("{{ {keys} }}");
    let all = "'./part.json5',".repeat(50);
    let config = format!("{{ channels: {{ $include: [{all}] }} }}");
    #[expect(clippy::disallowed_methods, reason = "the time it takes is what is tested")]
    let begin = Instant::now();
    let result = load(&[("/c/openclaw.json", &config), ("/c/part.json5", &part)], &[]);
    assert!(begin.elapsed() < SOON, "{:?}", begin.elapsed());
    let loaded = result.expect("a section of OpenClaw's refuses nothing");
    assert!(loaded.diagnostics.iter().any(|d| d.reason.contains("more than")), "bounded");
}
