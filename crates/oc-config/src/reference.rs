//! The reference part of `docs/config.md`, made of the schemas and the catalog.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::Value;

use crate::catalog::Catalog;
use crate::locality::{Endpoint, judge};
use crate::model::Api;
use crate::schema::{config_schema, settings_schema};

/// Every key of the config and of the settings with its type and meaning, and
/// the catalog, as Markdown. What `docs/config.md` holds between its markers.
#[must_use]
pub fn reference_markdown() -> String {
    let mut out = String::from("## Settings: every key\n\n");
    write_objects(&mut out, &settings_schema(), "");
    out.push_str("## Config: every key that is read\n\n");
    let config = config_schema();
    for section in ["models", "agents", "auth", "env", "secrets"] {
        let pointer = format!("/properties/{section}");
        let node = config.pointer(&pointer).cloned().unwrap_or_default();
        Objects { out: &mut out, root: &config, told: BTreeSet::new() }.write(&node, section);
    }
    let reload = config.pointer("/properties/gateway/properties/reload");
    let reload = reload.cloned().unwrap_or_default();
    Objects { out: &mut out, root: &config, told: BTreeSet::new() }
        .write(&reload, "gateway.reload");
    write_catalog(&mut out);
    out
}

fn write_objects(out: &mut String, root: &Value, path: &str) {
    Objects { out, root, told: BTreeSet::new() }.write(root, path);
}

struct Objects<'a> {
    out: &'a mut String,
    root: &'a Value,
    /// Definitions that have their table already.
    told: BTreeSet<String>,
}

impl Objects<'_> {
    /// The table of the object `node`, then those of the objects in it.
    fn write(&mut self, node: &Value, path: &str) {
        let (name, node) = self.follow(node);
        if name.is_some_and(|name| !self.told.insert(name)) {
            return;
        }
        let mut properties = node.get("properties").and_then(Value::as_object).cloned();
        if let Some(properties) = &mut properties {
            // It may stand everywhere, which is told once.
            properties.shift_remove("$include");
            // Keys that are the user's own, some of which editors offer.
            if node.get("patternProperties").is_some() {
                properties.clear();
            }
        }
        let Some(properties) = properties.filter(|properties| !properties.is_empty()) else {
            self.write_below(&node, path);
            return;
        };
        if !path.is_empty() {
            let _ = writeln!(self.out, "### `{path}`\n");
        }
        // A type whose whole description is its path says no more than that.
        let told = description(&node).filter(|text| {
            text.trim_end_matches('.').matches('`').count() != 2 || text.contains(' ')
        });
        if let Some(text) = told {
            let _ = writeln!(self.out, "{text}\n");
        }
        self.out.push_str("| key | type | meaning |\n|---|---|---|\n");
        let (mut unread, mut below) = (Vec::new(), Vec::new());
        for (key, value) in &properties {
            if *value == Value::Bool(true) {
                unread.push(format!("`{key}`"));
                continue;
            }
            let (_, target) = self.follow(value);
            let text = description(value).or_else(|| description(&target)).unwrap_or_default();
            let _ = writeln!(self.out, "| `{key}` | {} | {} |", self.kind(value), cell(&text));
            below.push((key.clone(), value.clone()));
        }
        self.out.push('\n');
        if !unread.is_empty() {
            let _ = writeln!(self.out, "Known and not read: {}.\n", unread.join(", "));
        }
        for (key, value) in below {
            let path = if path.is_empty() { key } else { format!("{path}.{key}") };
            self.write(&value, &path);
        }
        self.write_below(&node, path);
    }

    /// Objects behind keys of the user's own, in arrays, and among forms.
    fn write_below(&mut self, node: &Value, path: &str) {
        if let Some(more @ Value::Object(_)) = node.get("additionalProperties") {
            self.write(&more.clone(), &format!("{path}.<key>"));
        }
        if let Some(items) = node.get("items") {
            self.write(&items.clone(), &format!("{path}[]"));
        }
        for form in ["anyOf", "oneOf"] {
            for form in node.get(form).and_then(Value::as_array).into_iter().flatten() {
                self.write(&form.clone(), path);
            }
        }
    }

    /// A definition, where `node` is a reference to one, with its name.
    fn follow(&self, node: &Value) -> (Option<String>, Value) {
        let reference = node.get("$ref").or_else(|| node.pointer("/allOf/0/$ref"));
        let Some(name) = reference.and_then(Value::as_str).and_then(|r| r.rsplit('/').next())
        else {
            return (None, node.clone());
        };
        let target = self.root.get("definitions").and_then(|all| all.get(name));
        (Some(name.to_owned()), target.cloned().unwrap_or_default())
    }

    fn kind(&self, node: &Value) -> String {
        let (_, node) = self.follow(node);
        if let Some(words) = node.get("enum").and_then(Value::as_array) {
            return self.words(words);
        }
        if let Some(word) = node.get("const") {
            return format!("`{word}`");
        }
        for form in ["anyOf", "oneOf"] {
            if let Some(forms) = node.get(form).and_then(Value::as_array) {
                let mut kinds: Vec<String> = forms.iter().map(|form| self.kind(form)).collect();
                kinds.retain(|kind| kind != "null");
                kinds.dedup();
                return kinds.join(" or ");
            }
        }
        match node.get("type") {
            Some(Value::String(kind)) => self.plain(kind, &node),
            Some(Value::Array(kinds)) => {
                let kinds = kinds.iter().filter_map(Value::as_str).filter(|kind| *kind != "null");
                kinds.map(|kind| self.plain(kind, &node)).collect::<Vec<_>>().join(" or ")
            }
            _ => "anything".to_owned(),
        }
    }

    fn words(&self, words: &[Value]) -> String {
        let words = words.iter().filter(|word| !word.is_null());
        words.map(|word| format!("`{word}`")).collect::<Vec<_>>().join(" \\| ")
    }

    fn plain(&self, kind: &str, node: &Value) -> String {
        match kind {
            "integer" => whole_number(node),
            "array" => {
                let items = node.get("items").map(|items| self.kind(items));
                format!("array of {}", items.unwrap_or_else(|| "anything".to_owned()))
            }
            "object" => match node.get("additionalProperties") {
                Some(more @ Value::Object(_)) => format!("table of {}", self.kind(more)),
                _ => "object".to_owned(),
            },
            kind => kind.to_owned(),
        }
    }
}

/// With its range, where that is more than "not below zero" or "above zero".
fn whole_number(node: &Value) -> String {
    let bound = |key: &str| node.get(key).and_then(Value::as_u64);
    match (bound("minimum"), bound("maximum")) {
        (Some(least), Some(most)) if most < u64::from(u32::MAX) => {
            format!("whole number from {least} to {most}")
        }
        _ => "whole number".to_owned(),
    }
}

fn description(node: &Value) -> Option<String> {
    let text = node.get("description").and_then(Value::as_str)?;
    Some(text.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn write_catalog(out: &mut String) {
    let catalog = Catalog::built_in();
    out.push_str("## Catalog: providers\n\n");
    out.push_str("An entry under `models.providers` with one of these ids, or a ref, may leave out what stands here. The first variable that is set gives the key.\n\n");
    out.push_str(
        "| id | base URL | api | variables | where | models |\n|---|---|---|---|---|---|\n",
    );
    for (id, provider) in &catalog.providers {
        let endpoint = Endpoint::parse(&provider.base_url).ok();
        let locality = endpoint.map(|endpoint| judge(id, &endpoint).0.to_string());
        let api = Api::from(provider.api);
        let spoken = if api.is_foreign() { " (not spoken)" } else { "" };
        let vars: Vec<String> = provider.key_vars.iter().map(|var| format!("`{var}`")).collect();
        let _ = writeln!(
            out,
            "| `{id}` | {} | `{api}`{spoken} | {} | {} | {} |",
            if provider.base_url.is_empty() { "the config's" } else { &provider.base_url },
            vars.join(", "),
            locality.unwrap_or_else(|| "hosted".to_owned()),
            provider.models.len(),
        );
    }
    let pairs = |all: &std::collections::BTreeMap<String, String>| {
        let pairs = all.iter().map(|(alias, target)| format!("`{alias}` = `{target}`"));
        pairs.collect::<Vec<_>>().join(", ")
    };
    let _ = writeln!(out, "\nOther spellings of ids: {}.\n", pairs(&catalog.provider_aliases));
    let _ = writeln!(out, "Default aliases: {}.\n", pairs(&catalog.default_aliases));
    out.push_str("## Catalog: models\n\n");
    out.push_str("Tokens, and US dollars per million tokens (prompt / answer / cache read / cache write). A dash is not known; it is never guessed.\n\n");
    out.push_str("| ref | window | output | reasons | input | cost |\n|---|---|---|---|---|---|\n");
    for (id, provider) in &catalog.providers {
        for model in &provider.models {
            let number = |value: Option<u64>| value.map_or("–".to_owned(), |n| n.to_string());
            let input: Vec<&str> = model.input.iter().map(|kind| kind.as_str()).collect();
            let cost = model.cost.map_or("–".to_owned(), |cost| {
                let all = [cost.input, cost.output, cost.cache_read, cost.cache_write];
                let all = all.map(|amount| amount.map_or("–".to_owned(), |a| a.0.to_string()));
                all.join(" / ")
            });
            let _ = writeln!(
                out,
                "| `{id}/{}` | {} | {} | {} | {} | {cost} |",
                model.id,
                number(model.context_window),
                number(model.max_tokens),
                if model.reasoning { "yes" } else { "no" },
                input.join(", "),
            );
        }
    }
}
