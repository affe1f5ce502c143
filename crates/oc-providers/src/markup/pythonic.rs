//! Calls in Python, `[f(a=1, b='x'), g()]` or one in each line, between marks.

use serde_json::{Map, Number, Value};

use super::grammars::Mark;
use super::{Declared, Section, Written};

/// How deep a value may be: as deep as JSON.
const DEEPEST: u32 = 128;

/// The section that `text` is.
pub(super) fn read(text: &str, mark: &Mark, declared: &Declared) -> Option<Section> {
    let mut python = Python(text.strip_prefix(mark.open)?.trim_start());
    let close = mark.close.unwrap_or_default();
    let is_list = python.eat("[");
    let mut calls = Vec::new();
    let is_over = |python: &Python<'_>| match is_list {
        true => python.0.starts_with(']'),
        false => python.0.is_empty() || python.0.starts_with(close),
    };
    while !is_over(&python) {
        calls.push(python.call(declared)?);
        let is_next = python.eat(",");
        if is_list && !is_next && !is_over(&python) {
            return None;
        }
    }
    if is_list {
        python.eat("]");
    }
    let rest = match python.0.strip_prefix(close) {
        Some(rest) => rest,
        None if python.0.is_empty() => "",
        None => return None,
    };
    (!calls.is_empty()).then_some(Section { calls, len: text.len() - rest.len() })
}

/// What is left of a text in Python; white space before it was skipped.
struct Python<'a>(&'a str);

impl Python<'_> {
    /// `f(a=1, b='x')`, of a declared tool.
    fn call(&mut self, declared: &Declared) -> Option<Written> {
        let (name, rest) = self.0.split_once('(')?;
        let name = name.trim_end();
        declared.has(name).then_some(())?;
        self.0 = rest.trim_start();
        let mut arguments = Map::new();
        while !self.eat(")") {
            let (key, rest) = self.0.split_once('=')?;
            let key = key.trim_end();
            let in_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
            (!key.is_empty() && key.chars().all(in_word)).then_some(())?;
            self.0 = rest.trim_start();
            arguments.insert(key.to_owned(), self.value(DEEPEST)?);
            if !self.eat(",") && !self.0.starts_with(')') {
                return None;
            }
        }
        let arguments = Value::Object(arguments).to_string();
        Some(Written { id: None, name: name.to_owned(), arguments })
    }

    /// A literal. Models that were shown JSON write its words, too.
    fn value(&mut self, depth: u32) -> Option<Value> {
        let depth = depth.checked_sub(1)?;
        match self.0.chars().next()? {
            '\'' | '"' => self.string().map(Value::String),
            '[' => self.list(depth),
            '{' => self.dict(depth),
            'a'..='z' | 'A'..='Z' => self.word(),
            _ => self.number(),
        }
    }

    fn list(&mut self, depth: u32) -> Option<Value> {
        self.eat("[");
        let mut all = Vec::new();
        while !self.eat("]") {
            all.push(self.value(depth)?);
            if !self.eat(",") && !self.0.starts_with(']') {
                return None;
            }
        }
        Some(Value::Array(all))
    }

    fn dict(&mut self, depth: u32) -> Option<Value> {
        self.eat("{");
        let mut all = Map::new();
        while !self.eat("}") {
            let key = self.string()?;
            self.eat(":").then_some(())?;
            all.insert(key, self.value(depth)?);
            if !self.eat(",") && !self.0.starts_with('}') {
                return None;
            }
        }
        Some(Value::Object(all))
    }

    fn word(&mut self) -> Option<Value> {
        let end = self.0.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(self.0.len());
        let value = match self.0.get(..end)? {
            "True" | "true" => Value::Bool(true),
            "False" | "false" => Value::Bool(false),
            "None" | "null" => Value::Null,
            _ => return None,
        };
        self.skip(end);
        Some(value)
    }

    fn number(&mut self) -> Option<Value> {
        let in_number = |c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.' | 'e' | 'E');
        let end = self.0.find(|c| !in_number(c)).unwrap_or(self.0.len());
        let digits = self.0.get(..end)?;
        let json = serde_json::from_str(digits).ok();
        // `.5`, `1.`, `007` and `+1` are numbers in Python or to those who write it.
        let other = || Number::from_f64(digits.parse().ok()?).map(Value::Number);
        let value = match digits.parse::<i64>() {
            Ok(whole) => Value::from(whole),
            Err(_) => json.or_else(other)?,
        };
        self.skip(end);
        Some(value)
    }

    /// In one or three quotation marks of either kind. A line may end in it, which
    /// Python forbids and models do not know.
    fn string(&mut self) -> Option<String> {
        let quotes = ["'''", "\"\"\"", "'", "\""];
        let quote = quotes.into_iter().find(|quote| self.0.starts_with(quote))?;
        let mut rest = self.0.get(quote.len()..)?;
        let mut said = String::new();
        loop {
            let at = rest.find(['\\', '\'', '"'])?;
            said.push_str(rest.get(..at)?);
            rest = rest.get(at..)?;
            if let Some(after) = rest.strip_prefix(quote) {
                self.0 = after.trim_start();
                return Some(said);
            }
            let mut chars = rest.chars();
            match chars.next()? {
                '\\' => rest = escape(chars.as_str(), &mut said)?,
                mark => {
                    said.push(mark);
                    rest = chars.as_str();
                }
            }
        }
    }

    /// Whether `mark` comes next; then it is behind us.
    fn eat(&mut self, mark: &str) -> bool {
        let after = self.0.strip_prefix(mark);
        if let Some(after) = after {
            self.0 = after.trim_start();
        }
        after.is_some()
    }

    fn skip(&mut self, len: usize) {
        self.0 = self.0.get(len..).unwrap_or_default().trim_start();
    }
}

/// What stands behind a backslash, as Python reads it; returns what follows.
fn escape<'a>(text: &'a str, said: &mut String) -> Option<&'a str> {
    let mut chars = text.chars();
    let kind = chars.next()?;
    let digits = match kind {
        'x' => 2,
        'u' => 4,
        'U' => 8,
        _ => 0,
    };
    if digits > 0 {
        let (code, rest) = chars.as_str().split_at_checked(digits)?;
        said.push(char::from_u32(u32::from_str_radix(code, 16).ok()?)?);
        return Some(rest);
    }
    match kind {
        'n' => said.push('\n'),
        't' => said.push('\t'),
        'r' => said.push('\r'),
        '\\' | '\'' | '"' => said.push(kind),
        // The line goes on.
        '\n' => {}
        other => said.extend(['\\', other]),
    }
    Some(chars.as_str())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{DEEPEST, Python};

    #[test]
    fn literals() {
        for (python, wanted) in [
            ("1", json!(1)),
            ("-1.5e3", json!(-1500.0)),
            (".5", json!(0.5)),
            ("007", json!(7)),
            ("True", json!(true)),
            ("null", json!(null)),
            ("'it''s'", json!("it")),
            ("\"it's\"", json!("it's")),
            (r"'it\'s\n\x41\u00e9\U0001F980\d'", json!("it's\nAé🦀\\d")),
            ("'''a'b\n\"c'''", json!("a'b\n\"c")),
            ("''", json!("")),
            ("[1, 'a', [], ]", json!([1, "a", []])),
            ("{'a': {\"b\": None}, 'c': [1]}", json!({"a": {"b": null}, "c": [1]})),
        ] {
            assert_eq!(Python(python).value(DEEPEST), Some(wanted), "{python}");
        }
    }

    #[test]
    fn what_is_no_literal() {
        let deep = "[".repeat(100_000);
        for python in [
            "",
            "x",
            "f(1)",
            "'a",
            "[1",
            "[1 2]",
            "{1: 2}",
            "{'a'}",
            "r'a'",
            r"'\uD800'",
            "--",
            &deep,
        ] {
            assert_eq!(Python(python).value(DEEPEST), None, "{python:.20}");
        }
    }
}
