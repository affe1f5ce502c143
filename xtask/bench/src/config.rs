//! `bench config`: a config of 2,000 lines, read whole.

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::Duration;

use anyhow::{Context, ensure};
use oc_config::Config;

use crate::count::{Allocations, allocations};
use crate::measure::{median, timed};

/// What was typed after `config`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Measured rounds, after one to warm up
    #[arg(long, default_value_t = 50)]
    rounds: usize,
}

/// Reads a config's text, and fails if it is not read as meant.
type Read = fn(&str) -> anyhow::Result<()>;

const LINES: usize = 2_000;
const PROVIDERS: usize = 10;
const MODELS: usize = 14;

/// Measures and prints a table as Markdown on standard output.
///
/// # Errors
/// If the generated config is refused, or read with a warning.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let text = generate();
    let rows: [(&str, Read); 2] = [
        ("json5 → serde_json::Value (no checks, no places)", value),
        ("**oc-config** Config::parse", config),
    ];
    println!(
        "{} lines, {} bytes, {PROVIDERS} providers with {MODELS} models each; thread CPU time, \
         median of {} rounds.\n\n| reader | ms | allocations | KiB allocated |\n|---|--:|--:|--:|",
        text.lines().count(),
        text.len(),
        options.rounds,
    );
    for (name, read) in rows {
        let (time, allocated) = measure(|| read(&text), options.rounds)?;
        println!(
            "| {name} | {:.2} | {} | {} |",
            time.as_secs_f64() * 1e3,
            allocated.calls,
            allocated.bytes / 1024,
        );
    }
    Ok(())
}

fn measure(
    read: impl Fn() -> anyhow::Result<()>,
    rounds: usize,
) -> anyhow::Result<(Duration, Allocations)> {
    let (warm, allocated) = allocations(&read);
    warm?;
    let mut times = Vec::with_capacity(rounds);
    for _ in 0..rounds {
        let (ended, time) = timed(&read);
        ended?;
        times.push(time);
    }
    Ok((median(times), allocated))
}

fn value(text: &str) -> anyhow::Result<()> {
    black_box(json5::from_str::<serde_json::Value>(text)?);
    Ok(())
}

fn config(text: &str) -> anyhow::Result<()> {
    let env = |name: &str| name.starts_with("PROVIDER_").then(|| "sk-of-the-benchmark".to_owned());
    let loaded = Config::parse(text, "openclaw.json", &env).context("the generated config")?;
    ensure!(loaded.diagnostics.is_empty(), "the generated config is read with warnings");
    let chain = loaded.value.chain("provider-0/model-0").context("the first model")?;
    ensure!(!chain.candidates.is_empty(), "the first model has no candidate");
    black_box(loaded);
    Ok(())
}

/// As a person writes it: one key per line, comments, trailing commas, keys
/// from variables, and a section that is not about models.
fn generate() -> String {
    let mut text = String::from(
        "{\n  // who answers\n  agents: {\n    defaults: {\n      model: {\n        \
         primary: \"provider-0/model-0\",\n        \
         fallbacks: [\"provider-1/model-1\", \"provider-2/model-2\"],\n      },\n      \
         models: {\n",
    );
    for provider in 0..PROVIDERS {
        for model in 0..MODELS {
            let _ = writeln!(
                text,
                "        \"provider-{provider}/model-{model}\": \
                 {{ alias: \"Model {provider} {model}\" }},",
            );
        }
    }
    text += "      },\n    },\n  },\n  models: {\n    mode: \"merge\",\n    providers: {\n";
    for provider in 0..PROVIDERS {
        let _ = write!(
            text,
            "      \"provider-{provider}\": {{\n        \
             baseUrl: \"https://provider-{provider}.example/v1\",\n        \
             apiKey: \"${{PROVIDER_{provider}_API_KEY}}\",\n        \
             api: \"openai-responses\",\n        models: [\n",
        );
        for model in 0..MODELS {
            let _ = write!(
                text,
                "          {{\n            id: \"model-{model}\",\n            \
                 name: \"Model {model} of provider {provider}\",\n            \
                 reasoning: {},\n            input: [\"text\", 'image'],\n            \
                 cost: {{ input: 0.25, output: 1.5, cacheRead: 0, cacheWrite: 0 }},\n            \
                 /* as its card says */\n            contextWindow: 131072,\n            \
                 maxTokens: 8192,\n          }},\n",
                model % 2 == 0,
            );
        }
        text += "        ],\n      },\n";
    }
    text += "    },\n  },\n  channels: {\n    whatsapp: {\n      allowFrom: [\n";
    let closing = "      ],\n    },\n  },\n}\n";
    for number in 0.. {
        if text.lines().count() + closing.lines().count() >= LINES {
            break;
        }
        let _ = writeln!(text, "        \"+4915{number:09}\", // a friend");
    }
    text + closing
}

#[cfg(test)]
mod tests {
    use super::{LINES, config, generate, value};

    #[test]
    fn the_generated_config_is_long_and_right() {
        let text = generate();
        assert_eq!(text.lines().count(), LINES);
        config(&text).unwrap();
        value(&text).unwrap();
    }
}
