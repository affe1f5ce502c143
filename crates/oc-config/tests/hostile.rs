//! Files that mean harm: they end in a diagnostic, soon, and use little memory.

mod support;

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use oc_config::{Config, ConfigError, Loaded, Usability};
use support::load;

/// What four times the text may cost, times over: 4 is in proportion, and what
/// grows with the square costs 16. Both are measured in one run, so neither the
/// machine nor its load is in it.
const IN_PROPORTION: u32 = 9;

/// Less than this is not told apart from nothing.
const GRAIN: Duration = Duration::from_millis(20);

/// Reads the text that `make` gives for `count` things, and for four times as
/// many.
fn in_proportion(name: &str, count: usize, make: impl Fn(usize) -> String) {
    let read = |text: &String| Config::parse(text, "c", &|_: &str| None);
    let (few, many) = (make(count), make(4 * count));
    let (first, then) = (cost(|| read(&few)), cost(|| read(&many)));
    bounded(name, many.len(), &read(&many));
    let most = first.max(GRAIN) * IN_PROPORTION;
    assert!(then < most, "{name}: {count} cost {first:?}, four times as many {then:?}");
}

/// What is told of a file does not grow with it.
fn bounded(name: &str, length: usize, result: &Result<Loaded<Config>, ConfigError>) {
    let (problems, masked) = match result {
        Ok(loaded) => (loaded.diagnostics.as_slice(), loaded.masked_source.len()),
        Err(error) => (error.diagnostics(), error.masked_source().len()),
    };
    assert!(problems.len() <= 101, "{name}");
    assert_eq!(masked, length, "{name}");
}

/// The time of the processor that `work` takes: the lesser of two runs.
fn cost<T>(work: impl Fn() -> T) -> Duration {
    once(&work).min(once(&work))
}

fn once<T>(work: impl Fn() -> T) -> Duration {
    let begin = spent();
    drop(work());
    spent() - begin
}

/// The time of the processor that this thread has had, where the system tells
/// it; elsewhere the time that has passed.
fn spent() -> Duration {
    // What is told was counted when the thread was last stopped.
    std::thread::yield_now();
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let had = told.as_deref().and_then(|told| told.split(' ').next()?.parse().ok());
    if let Some(had) = had {
        return Duration::from_nanos(had);
    }
    thread_local! {
        #[expect(clippy::disallowed_methods, reason = "what is tested is a ratio of two times")]
        static BEGIN: Instant = Instant::now();
    }
    BEGIN.with(Instant::elapsed)
}

fn repeated(count: usize, part: impl Fn(usize) -> String) -> String {
    (0..count).map(part).collect()
}

/// Each misspelt name was compared with every model's, and each unknown key
/// read the whole file again.
#[test]
fn mistakes_in_large_files_cost_in_proportion() {
    let row = "baseUrl: 'http://127.0.0.1:9/v1', api: 'openai-completions'";
    let misspelt = |count| {
        let models = repeated(count, |n| format!("{{ id: 'model-number-{n}', name: 'M' }},"));
        let fallbacks = repeated(count, |n| format!("'a/modle-nubmer-{n}z',"));
        format!(
            "{{ models: {{ mode: 'replace', providers: {{ a: {{ {row}, models: [{models}] }} }} }}, \
             agents: {{ defaults: {{ model: {{ primary: 'a/x', fallbacks: [{fallbacks}] }} }} }} }}"
        )
    };
    in_proportion("misspelt fallbacks", 100, misspelt);
    let config = Config::parse(&misspelt(500), "c", &|_: &str| None).expect("warnings only").value;
    let chain = config.chain("default").expect("a primary");
    let suggested = chain.candidates.iter().filter(|candidate| {
        matches!(&candidate.usability, Usability::Unusable { fix, .. } if fix.contains("did you"))
    });
    assert!(suggested.count() <= 3, "a request searches no more");

    in_proportion("unknown keys of models", 750, |count| {
        let bogus = repeated(count, |n| {
            format!("{{ id: 'm{n}', name: 'M', contextWindow: 64000, bogus{n}: 1 }},")
        });
        format!("{{ models: {{ providers: {{ a: {{ {row}, models: [{bogus}] }} }} }} }}")
    });
    in_proportion("unknown sections", 1_250, |count| {
        format!("{{ {} }}", repeated(count, |n| format!("bogus{n}: 1,")))
    });
}

#[test]
fn large_files_cost_in_proportion() {
    in_proportion("many providers", 75, |count| {
        let providers = repeated(count, |n| {
            format!(
                "p{n}: {{ baseUrl: 'http://127.0.0.1:1/v1', api: 'openai-responses', models: [{{ id: 'm', name: 'M' }}] }},"
            )
        });
        format!("{{ models: {{ providers: {{ {providers} }} }} }}")
    });
    in_proportion("many models", 125, |count| {
        let models =
            repeated(count, |n| format!("{{ id: 'm{n}', name: 'M', contextWindow: 100 }},"));
        format!(
            "{{ models: {{ providers: {{ a: {{ baseUrl: 'http://127.0.0.1:1', api: 'openai-responses', models: [{models}] }} }} }} }}"
        )
    });
    let defaults = |inside: String| format!("{{ agents: {{ defaults: {{ {inside} }} }} }}");
    in_proportion("many fallbacks", 100, |count| {
        let fallbacks = repeated(count, |n| format!("'nobody/m{n}',"));
        defaults(format!("model: {{ primary: 'openai/gpt-5', fallbacks: [{fallbacks}] }}"))
    });
    in_proportion("many aliases", 125, |count| {
        let aliases = repeated(count, |n| format!("'openai/m{n}': {{ alias: 'same' }},"));
        defaults(format!("models: {{ {aliases} }}"))
    });
    in_proportion("many agents", 30, |count| {
        let agents = repeated(count, |n| format!("a{n}: {{ model: 'openai/gpt-5' }},"));
        format!("{{ agents: {{ entries: {{ {agents} }} }} }}")
    });
    in_proportion("a long policy", 100, |count| {
        let allow = repeated(count, |n| format!("'no{n}',"));
        defaults(format!("modelPolicy: {{ allow: [{allow}] }}"))
    });
    in_proportion("a long string", 6_000, |count| {
        format!("{{ env: {{ A: '{}' }} }}", "${A}".repeat(count))
    });
    in_proportion("halves of variables", 30_000, |count| {
        format!("{{ env: {{ A: '{}' }} }}", "${".repeat(count))
    });
    in_proportion("a long number", 30_000, |count| format!("{{ a: {} }}", "9".repeat(count)));
    in_proportion("a long key", 30_000, |count| format!("{{ {}: 1 }}", "k".repeat(count)));
}

/// Found by the fuzz target: each key that names a secret cost its whole line.
#[test]
fn one_long_line_of_secrets_is_covered_in_proportion() {
    in_proportion("secrets", 4_000, |count| repeated(count, |_| "apiKey: 'x' ".to_owned()));
    in_proportion("fields", 4_000, |count| {
        let fields = repeated(count, |n| format!("k{n}: {{ apiKey: 'x' }},"));
        format!("{{ channels: {{ {fields} }}, models: 1 }}")
    });
}

/// 10,000 levels and more: refused, and the depth costs nothing.
#[test]
fn deep_and_broken_files_are_refused_in_proportion() {
    for opening in ["[", "{a:", "{a:[", "/*", "'", "\\", "{\"a\":{\"$include\":["] {
        for depth in [100, 10_000] {
            let text = opening.repeat(depth);
            let result = Config::parse(&text, "c", &|_: &str| None);
            assert!(result.is_err(), "{opening} {depth}");
            bounded(opening, text.len(), &result);
        }
        in_proportion(opening, 12_500, |depth| opening.repeat(depth));
    }
}

/// Objects that are merged over each other many times: what is merged has a
/// bound, so that four times the includes are hardly more work.
#[test]
fn includes_do_not_multiply() {
    let mut keys = String::new();
    for n in 0..5_000 {
        let _ = write!(keys, "k{n}: {{ a: [1] }},");
    }
    let part = format!("{{ {keys} }}");
    let bomb = |count| {
        let all = "'./part.json5',".repeat(count);
        let config = format!("{{ channels: {{ $include: [{all}] }} }}");
        load(&[("/c/openclaw.json", &config), ("/c/part.json5", &part)], &[])
    };
    let (some, many) = (once(|| bomb(60)), once(|| bomb(240)));
    assert!(many < some.max(GRAIN) * 3, "60 cost {some:?}, 240 {many:?}");
    let loaded = bomb(240).expect("a section of OpenClaw's refuses nothing");
    assert!(loaded.diagnostics.iter().any(|d| d.reason.contains("more than")), "bounded");
    let sum: usize = loaded.included.iter().map(|file| file.text.len()).sum();
    assert!(sum <= 4 * 1024 * 1024 + part.len(), "{sum} bytes were taken in");
}
