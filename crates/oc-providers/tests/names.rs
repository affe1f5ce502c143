//! The code asks for no vendor by name: names stand in the table of vendors, and
//! in the words that a config has for what a server wants.

use std::path::{Path, PathBuf};

/// Names of vendors, of their models, and of servers.
const NAMES: &[&str] = &[
    "openai",
    "anthropic",
    "claude",
    "azure",
    "xai",
    "x.ai",
    "grok",
    "deepseek",
    "moonshot",
    "kimi",
    "zai",
    "z.ai",
    "bigmodel",
    "glm",
    "mistral",
    "openrouter",
    "minimax",
    "google",
    "gemini",
    "together",
    "alibaba",
    "dashscope",
    "qwen",
    "groq",
    "cerebras",
    "fireworks",
    "perplexity",
    "venice",
    "copilot",
    "bedrock",
    "lmstudio",
    "lm studio",
    "llama",
    "vllm",
    "sglang",
    "ollama",
    "litellm",
    "transformers",
];

/// The names of the wires themselves, and their marks on the wire.
const WIRES: &[&str] = &[
    "openai_responses",
    "openai-responses",
    "openairesponses",
    "openai_completions",
    "openai-completions",
    "openaicompletions",
    "anthropic_messages",
    "anthropic-messages",
    "anthropicmessages",
    "anthropic-version",
];

/// Where a name may stand, and why.
const PLACES: &[(&str, &str)] = &[
    ("vendors.rs", "the table"),
    ("markup/mod.rs", "the list of the files below"),
    ("markup/parser.rs", "the words of settings for grammars"),
    ("markup/grammars.rs", "their marks, a row each"),
    ("markup/deepseek.rs", "a grammar is called after the models that write it"),
    ("markup/glm.rs", "the same"),
    ("markup/kimi.rs", "the same"),
    ("markup/mistral.rs", "the same"),
    ("markup/qwen.rs", "the same"),
];

/// Lines that hold a name for another reason.
const LINES: &[(&str, &str)] = &[
    // The config's words for how a model is told to think, in one table.
    ("wire/openai_completions/compat.rs", "(\""),
    // The config's words for what schemas may hold.
    ("schema.rs", "llamacpp"),
    ("schema.rs", "gemini"),
    // Fields and headers by the names that upstreams give them.
    ("wire/openai_completions/stream/usage.rs", "x_groq"),
    ("wire/error_body.rs", "x-litellm-call-id"),
    ("wire/anthropic_messages/request.rs", "anthropic-beta"),
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ext| ext == "rs") {
            found.push(path);
        }
    }
}

/// Tests beside the code, and the tables of recordings that they read.
fn is_test(file: &str) -> bool {
    file.ends_with("tests.rs") || file.contains("conformance")
}

/// The lines of code: without comments, and without tests.
fn code(text: &str) -> impl Iterator<Item = (usize, String)> + '_ {
    let end = text.find("#[cfg(test)]").unwrap_or(text.len());
    let lines = text.get(..end).expect("whole").lines().enumerate();
    lines.filter_map(|(number, line)| {
        let line = match line.find("//") {
            // A link in a string is no comment.
            Some(at) if !line[..at].ends_with(':') => &line[..at],
            _ => line,
        };
        let mut line = line.to_lowercase();
        for wire in WIRES {
            line = line.replace(wire, "");
        }
        (!line.trim().is_empty()).then_some((number + 1, line))
    })
}

#[test]
fn the_code_names_no_vendor_outside_of_the_table() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    assert!(files.len() > 60, "the sources are where they were");
    let mut named = Vec::new();
    let mut used = vec![false; LINES.len()];
    for path in files {
        let file = path.strip_prefix(&root).expect("below").to_string_lossy().into_owned();
        if PLACES.iter().any(|(place, _)| *place == file) || is_test(&file) {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("a source");
        for (number, line) in code(&text) {
            let Some(name) = NAMES.iter().find(|name| is_named(&line, name)) else { continue };
            let excuse = LINES.iter().position(|(at, part)| *at == file && line.contains(part));
            match excuse {
                Some(excuse) => used[excuse] = true,
                None => named.push(format!("{file}:{number}: `{name}` in `{}`", line.trim())),
            }
        }
    }
    assert!(named.is_empty(), "{}", named.join("\n"));
    let idle: Vec<_> = LINES.iter().zip(&used).filter(|(_, used)| !**used).collect();
    assert!(idle.is_empty(), "excuses that nobody needs: {idle:?}");
}

/// Whether a line has the name as a word: letters before or after it make it
/// another.
fn is_named(line: &str, name: &str) -> bool {
    line.match_indices(name).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + name.len()..].chars().next();
        !before.is_some_and(char::is_alphabetic) && !after.is_some_and(char::is_alphabetic)
    })
}
