//! A JSON5 text as a tree that remembers where everything stood.

use std::cell::RefCell;
use std::fmt;
use std::ops::Range;

use serde::de::{self, DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::path::{Path, Step};
use super::scan::{MAX_DEPTH, scan};

/// Identity of a node within its document: its place in document order.
pub(crate) type NodeId = u32;

#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) id: NodeId,
    pub(crate) span: Range<usize>,
    pub(crate) value: Value,
}

#[derive(Debug)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Text(Text),
    Array(Vec<Node>),
    Object(Vec<Entry>),
}

/// A string, with the variables that were put into it.
#[derive(Debug, Default)]
pub(crate) struct Text {
    pub(crate) text: String,
    pub(crate) variables: Vec<String>,
    pub(crate) missing: Vec<String>,
}

#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_span: Range<usize>,
    pub(crate) value: Node,
}

impl Node {
    pub(crate) fn find(&self, path: &Path) -> Option<&Node> {
        path.steps().iter().try_fold(self, |node, step| match (step, &node.value) {
            (Step::Key(key), Value::Object(_)) => node.get(key),
            (Step::Index(index), Value::Array(items)) => items.get(*index),
            _ => None,
        })
    }

    /// The first value under `key`; a repeated key is an error of its own.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.entries().iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        match &mut self.value {
            Value::Object(entries) => {
                entries.iter_mut().find(|entry| entry.key == key).map(|entry| &mut entry.value)
            }
            _ => None,
        }
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Object(entries) => entries,
            _ => &[],
        }
    }

    pub(crate) fn text(&self) -> Option<&Text> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// Why a text is no JSON5 document.
#[derive(Debug)]
pub(crate) struct SyntaxError {
    pub(crate) at: usize,
    pub(crate) reason: String,
    pub(crate) fix: Option<String>,
}

/// Where a text stands among the files of its config.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Standing {
    /// The offset of its first byte.
    pub(crate) base: usize,
    /// The id of its first node.
    pub(crate) first_id: NodeId,
    /// Levels of nesting it may have.
    pub(crate) max_depth: usize,
}

impl Default for Standing {
    fn default() -> Self {
        Self { base: 0, first_id: 0, max_depth: MAX_DEPTH }
    }
}

/// Reads `text`, and tells the id that the next text may begin with. Places
/// of errors are within the text.
///
/// `json5` judges and decodes, the walker's spans are handed
/// out to the values in the order in which both meet them.
pub(crate) fn parse(text: &str, standing: Standing) -> Result<(Node, NodeId), SyntaxError> {
    let Standing { base, first_id, max_depth } = standing;
    let spans = scan(text, max_depth).map_err(|at| SyntaxError {
        at,
        reason: format!("nested deeper than {MAX_DEPTH} levels"),
        fix: Some("no config needs this: check the brackets before it".to_owned()),
    })?;
    let total = spans.len();
    let marks = Marks { spans: spans.into_iter(), base, handed_out: first_id };
    let marks = RefCell::new(marks);
    let mut deserializer = json5::Deserializer::from_str(text);
    let root =
        Seed(&marks).deserialize(&mut deserializer).map_err(|error| syntax_error(text, &error))?;
    // The deserializer alone does not look at what follows the first value.
    json5::from_str::<IgnoredAny>(text).map_err(|error| syntax_error(text, &error))?;
    let next_id = marks.borrow().handed_out;
    if next_id.wrapping_sub(first_id) as usize != total {
        return Err(SyntaxError {
            at: 0,
            reason: "the text is valid, but its positions could not be told".to_owned(),
            fix: Some("report this file as a bug; plain JSON avoids it".to_owned()),
        });
    }
    Ok((root, next_id))
}

fn syntax_error(text: &str, error: &json5::Error) -> SyntaxError {
    use json5::ErrorCode as Code;
    let at = match (error.code(), error.position()) {
        // json5 names the object around it; the quote is what was forgotten.
        (Some(Code::EofParsingString), _) => last_quote(text),
        (Some(Code::EofParsingComment), _) => text.rfind("/*").unwrap_or_default(),
        (_, Some(position)) => offset(text, position.line, position.column),
        (_, None) => text.trim_end().len(),
    };
    let reason = error.code().map_or_else(|| error.to_string(), |code| describe(code).to_owned());
    let fix = match error.code() {
        Some(Code::ExpectedComma) => Some("put a comma after the value before this"),
        Some(Code::ExpectedColon) => {
            Some("a key is followed by `:`; a key with a dash or a dot needs quotes")
        }
        Some(Code::EofParsingObject) => Some("add the missing `}`"),
        Some(Code::EofParsingArray) => Some("add the missing `]`"),
        Some(Code::EofParsingString | Code::LineTerminatorInString) => {
            Some("close the string with the quote it began with")
        }
        Some(Code::ExpectedValue) => Some("text values need quotes"),
        Some(Code::ExpectedIdentifier | Code::InvalidKey) => {
            Some("put quotes around a key that is not a plain word")
        }
        Some(Code::TrailingCharacters) => Some("a file holds one value: check the brackets"),
        Some(Code::LeadingZero) => Some("remove the leading zero"),
        Some(Code::EofParsingValue) => Some("write a value; a file that says nothing is `{}`"),
        Some(Code::EofParsingComment) => Some("close the comment with `*/`"),
        Some(Code::EofParsingIdentifier | Code::ExpectedClosingBrace) => Some("close it with `}`"),
        Some(Code::ExpectedClosingBracket) => Some("close it with `]`"),
        Some(Code::InvalidEscapeSequence) => Some("write a backslash as `\\\\`"),
        _ => Some("compare with https://spec.json5.org"),
    };
    SyntaxError { at, reason: format!("not valid JSON5: {reason}"), fix: fix.map(str::to_owned) }
}

/// Where the string begins that runs to the end of the text.
fn last_quote(text: &str) -> usize {
    let tokens = scan(text, MAX_DEPTH).unwrap_or_default();
    let quoted = |span: &&Range<usize>| {
        let token = text.get((*span).clone()).unwrap_or_default();
        token.starts_with(['"', '\''])
    };
    tokens.iter().rev().find(quoted).map_or(0, |span| span.start)
}

fn describe(code: json5::ErrorCode) -> &'static str {
    use json5::ErrorCode as Code;
    match code {
        Code::EofParsingArray => "the text ends inside an array",
        Code::EofParsingObject => "the text ends inside an object",
        Code::EofParsingString => "the text ends inside a string",
        Code::EofParsingComment => "the text ends inside a comment",
        Code::EofParsingValue => "the text ends where a value should be",
        Code::ExpectedClosingBrace => "expected `}`",
        Code::ExpectedClosingBracket => "expected `]`",
        Code::ExpectedColon => "expected `:`",
        Code::ExpectedComma => "expected `,`",
        Code::ExpectedIdentifier | Code::InvalidKey => "expected a key",
        Code::ExpectedValue => "expected a value",
        Code::InvalidEscapeSequence => "unknown escape sequence",
        Code::LeadingZero => "a number starts with a superfluous zero",
        Code::LineTerminatorInString => "a line ends inside a string",
        Code::OverflowParsingNumber => "the number is too large",
        Code::TrailingCharacters => "something follows the end of the document",
        Code::ExpectedNumber => "expected a number",
        Code::ExpectedString => "expected a string",
        _ => "unexpected text",
    }
}

/// Byte offset of json5's 0-based line and column. It counts columns in
/// chars, and ends lines at the Unicode separators too, as JSON5 says.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let mut start = 0;
    for _ in 0..line {
        let rest = text.get(start..).unwrap_or_default();
        let Some(found) = rest.find(['\n', '\r', '\u{2028}', '\u{2029}']) else {
            break;
        };
        let ending = rest.get(found..).unwrap_or_default();
        let width = if ending.starts_with("\r\n") {
            2
        } else {
            ending.chars().next().map_or(0, char::len_utf8)
        };
        start += found + width;
    }
    let rest = text.get(start..).unwrap_or_default();
    start + rest.chars().take(column).map(char::len_utf8).sum::<usize>()
}

struct Marks {
    spans: std::vec::IntoIter<Range<usize>>,
    base: usize,
    handed_out: NodeId,
}

#[derive(Clone, Copy)]
struct Seed<'a>(&'a RefCell<Marks>);

impl Seed<'_> {
    fn mark(self) -> (NodeId, Range<usize>) {
        let mut marks = self.0.borrow_mut();
        let id = marks.handed_out;
        marks.handed_out = id.saturating_add(1);
        let span = marks.spans.next().unwrap_or(0..0);
        (id, marks.base + span.start..marks.base + span.end)
    }

    fn leaf(self, value: Value) -> Node {
        let (id, span) = self.mark();
        Node { id, span, value }
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Node;

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(self.leaf(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(self.leaf(Value::Bool(value)))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(self.leaf(Value::Unsigned(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(self.leaf(Value::Signed(value)))
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "no setting is this large; the type that reads it says so"
    )]
    fn visit_u128<E>(self, value: u128) -> Result<Node, E> {
        Ok(self.leaf(Value::Float(value as f64)))
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "no setting is this large; the type that reads it says so"
    )]
    fn visit_i128<E>(self, value: i128) -> Result<Node, E> {
        Ok(self.leaf(Value::Float(value as f64)))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(self.leaf(Value::Float(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(self.leaf(Value::Text(Text { text: value.to_owned(), ..Text::default() })))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let (id, span) = self.mark();
        let mut items = Vec::new();
        while let Some(item) = access.next_element_seed(self)? {
            items.push(item);
        }
        let value = Value::Array(items);
        Ok(Node { id, span, value })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let (id, span) = self.mark();
        let mut entries = Vec::new();
        while let Some(key) = access.next_key::<String>()? {
            let (_, key_span) = self.mark();
            let value = access.next_value_seed(self)?;
            entries.push(Entry { key, key_span, value });
        }
        let value = Value::Object(entries);
        Ok(Node { id, span, value })
    }
}
