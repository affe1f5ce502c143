//! Plain serde types read from the tree, all problems in one run.
//!
//! serde stops at the first problem. So the place of the problem is noted,
//! the value there is set aside ("poisoned"), and the read starts again
//! without it, until it succeeds. Types stay ordinary `derive(Deserialize)`;
//! `flatten` and `untagged` are not used, because they buffer values and
//! lose the place.

use std::cell::RefCell;
use std::collections::HashSet;
use std::fmt;
use std::ops::Range;

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{self, DeserializeSeed, Expected, IntoDeserializer, Unexpected, Visitor};

use super::path::{Path, Step};
use super::tree::{Entry, Node, NodeId, Value};

/// After this many problems the file is not read further.
pub(crate) const MAX_PROBLEMS: usize = 100;

/// Of a section so large that finding each one takes long, at least this many.
const FEWEST_PROBLEMS: usize = 10;

/// Bytes that are read for the problems of one section.
const MOST_READ: usize = 4 * 1024 * 1024;

/// One thing that is wrong with the document.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) span: Range<usize>,
    pub(crate) path: Path,
    pub(crate) error: TypeError,
    /// The value came out of the environment and must not be shown.
    pub(crate) substituted: bool,
}

/// What serde says, kept as data so that the nearest word can be found.
#[derive(Debug)]
pub(crate) enum TypeError {
    UnknownKey(String, &'static [&'static str]),
    MissingKey(&'static str),
    UnknownWord(String, &'static [&'static str]),
    WrongType {
        found: String,
        expected: String,
    },
    /// The right kind, but not a value that is allowed: why, in words that do
    /// not repeat it.
    WrongValue {
        reason: String,
        expected: String,
    },
    Other(String),
}

/// Reads `T` from the node at `path`. The value is `None` only when nothing of
/// it can be used; otherwise it lacks just what the problems name.
/// `skip` holds nodes that are not to be read: later ones of a repeated key.
pub(crate) fn read<'a, T: de::Deserialize<'a>>(
    node: &'a Node,
    path: &'a Path,
    skip: &HashSet<NodeId>,
) -> (Option<T>, Vec<Problem>) {
    let state = State {
        poisoned: RefCell::new(skip.clone()),
        note: RefCell::new(None),
        root: path,
        below: RefCell::new(Vec::new()),
    };
    let mut problems: Vec<(Option<NodeId>, Problem)> = Vec::new();
    // Each problem is a reason to read again from the start.
    let most = (MOST_READ / node.span.len().max(1)).clamp(FEWEST_PROBLEMS, MAX_PROBLEMS);
    loop {
        let error = match T::deserialize(Reader { node, state: &state }) {
            Ok(value) => return (Some(value), finish(problems)),
            Err(error) => error,
        };
        state.below.borrow_mut().clear();
        let Some(note) = state.note.take() else {
            return (None, finish(problems));
        };
        if !is_consequence(&error, &note, node, &state, &problems) {
            let substituted = note.substituted;
            let (span, path) = (note.span, note.path);
            let problem = Problem { span, path, error, substituted };
            problems.push((note.container, problem));
        }
        let stuck = note.poison == node.id || !state.poisoned.borrow_mut().insert(note.poison);
        if stuck || problems.len() >= most {
            return (None, finish(problems));
        }
    }
}

fn finish(problems: Vec<(Option<NodeId>, Problem)>) -> Vec<Problem> {
    problems.into_iter().map(|(_, problem)| problem).collect()
}

/// A missing key is no second problem when its value was set aside, or when a
/// misspelling of it in the same object was already reported.
fn is_consequence(
    error: &TypeError,
    note: &Note,
    root: &Node,
    state: &State<'_>,
    problems: &[(Option<NodeId>, Problem)],
) -> bool {
    let TypeError::MissingKey(key) = error else {
        return false;
    };
    let set_aside = find_node(root, note.poison).is_some_and(|object| {
        object.entries().iter().any(|entry| entry.key == *key && state.is_poisoned(&entry.value))
    });
    let misspelt = problems.iter().any(|(container, problem)| {
        *container == Some(note.poison)
            && matches!(&problem.error, TypeError::UnknownKey(wrong, known)
                if crate::nearest::nearest(wrong, known.iter().copied()) == Some(key))
    });
    set_aside || misspelt
}

fn find_node(root: &Node, id: NodeId) -> Option<&Node> {
    let mut open = vec![root];
    while let Some(node) = open.pop() {
        if node.id == id {
            return Some(node);
        }
        match &node.value {
            Value::Object(entries) => open.extend(entries.iter().map(|entry| &entry.value)),
            Value::Array(items) => open.extend(items),
            _ => {}
        }
    }
    None
}

struct State<'a> {
    poisoned: RefCell<HashSet<NodeId>>,
    note: RefCell<Option<Note>>,
    root: &'a Path,
    /// Where reading is, below `root`.
    below: RefCell<Vec<Place<'a>>>,
}

/// A step that is only made into one of a [`Path`] where a problem is noted.
#[derive(Clone, Copy)]
enum Place<'a> {
    Key(&'a str),
    Index(usize),
}

/// Where the innermost error of this run happened.
struct Note {
    span: Range<usize>,
    path: Path,
    poison: NodeId,
    container: Option<NodeId>,
    substituted: bool,
}

impl<'a> State<'a> {
    fn is_poisoned(&self, node: &Node) -> bool {
        self.poisoned.borrow().contains(&node.id)
    }

    /// Errors travel outwards; the first to be noted is the innermost.
    fn note(&self, span: Range<usize>, node: &Node, container: Option<NodeId>) {
        let mut note = self.note.borrow_mut();
        if note.is_none() {
            *note = Some(Note {
                span,
                path: self.path(),
                poison: node.id,
                container,
                substituted: node.text().is_some_and(|text| !text.variables.is_empty()),
            });
        }
    }

    fn note_value(&self, node: &Node, error: &TypeError) {
        let span = match error {
            // The object is there, one key is not: point at its bracket.
            TypeError::MissingKey(_) => node.span.start..(node.span.start + 1).min(node.span.end),
            _ => node.span.clone(),
        };
        self.note(span, node, None);
    }

    fn path(&self) -> Path {
        let mut path = self.root.clone();
        for place in self.below.borrow().iter() {
            path.push(match place {
                Place::Key(key) => Step::Key((*key).to_owned()),
                Place::Index(index) => Step::Index(*index),
            });
        }
        path
    }

    fn within<R>(&self, place: Place<'a>, read: impl FnOnce() -> R) -> R {
        self.below.borrow_mut().push(place);
        let result = read();
        self.below.borrow_mut().pop();
        result
    }
}

#[derive(Clone, Copy)]
struct Reader<'a, 's> {
    node: &'a Node,
    state: &'s State<'a>,
}

impl<'de> de::Deserializer<'de> for Reader<'de, '_> {
    type Error = TypeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TypeError> {
        let state = self.state;
        let result = match &self.node.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Unsigned(value) => visitor.visit_u64(*value),
            Value::Signed(value) => visitor.visit_i64(*value),
            Value::Float(value) => visitor.visit_f64(*value),
            Value::Text(value) => visitor.visit_borrowed_str(&value.text),
            Value::Array(items) => {
                visitor.visit_seq(Items { items: items.iter().enumerate(), state })
            }
            Value::Object(entries) => visitor.visit_map(Entries {
                entries: entries.iter(),
                current: None,
                object: self.node.id,
                state,
            }),
        };
        result.inspect_err(|error| state.note_value(self.node, error))
    }

    /// `null` is a value like any other, and OpenClaw refuses it wherever it
    /// is not asked for: an absent key is the only "nothing".
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TypeError> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, TypeError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, TypeError> {
        let result = match &self.node.value {
            Value::Text(text) => visitor.visit_enum(text.text.as_str().into_deserializer()),
            other => Err(TypeError::WrongType {
                found: kind(other).to_owned(),
                expected: "a string".to_owned(),
            }),
        };
        result.inspect_err(|error| self.state.note_value(self.node, error))
    }

    /// Derived structs would also read an array, field by field.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, TypeError> {
        match &self.node.value {
            Value::Object(_) => self.deserialize_any(visitor),
            other => {
                let error = TypeError::WrongType {
                    found: kind(other).to_owned(),
                    expected: "an object".to_owned(),
                };
                self.state.note_value(self.node, &error);
                Err(error)
            }
        }
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map identifier ignored_any
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Unsigned(_) | Value::Signed(_) | Value::Float(_) => "a number",
        Value::Text(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

struct Items<'a, 's> {
    items: std::iter::Enumerate<std::slice::Iter<'a, Node>>,
    state: &'s State<'a>,
}

impl<'de> de::SeqAccess<'de> for Items<'de, '_> {
    type Error = TypeError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, TypeError> {
        let state = self.state;
        let Some((index, node)) = self.items.find(|(_, node)| !state.is_poisoned(node)) else {
            return Ok(None);
        };
        let read = || {
            seed.deserialize(Reader { node, state })
                .inspect_err(|error| state.note_value(node, error))
        };
        state.within(Place::Index(index), read).map(Some)
    }
}

struct Entries<'a, 's> {
    entries: std::slice::Iter<'a, Entry>,
    current: Option<&'a Entry>,
    object: NodeId,
    state: &'s State<'a>,
}

impl<'de> de::MapAccess<'de> for Entries<'de, '_> {
    type Error = TypeError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, TypeError> {
        let state = self.state;
        self.current = self.entries.find(|entry| !state.is_poisoned(&entry.value));
        let Some(entry) = self.current else {
            return Ok(None);
        };
        state
            .within(Place::Key(&entry.key), || {
                seed.deserialize(BorrowedStrDeserializer::<TypeError>::new(&entry.key)).inspect_err(
                    |_| {
                        state.note(entry.key_span.clone(), &entry.value, Some(self.object));
                    },
                )
            })
            .map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, TypeError> {
        let state = self.state;
        let Some(entry) = self.current.take() else {
            return Err(TypeError::Other("value read before its key".to_owned()));
        };
        state.within(Place::Key(&entry.key), || {
            // Checks of a `deserialize_with` fail after the value was read.
            let node = &entry.value;
            seed.deserialize(Reader { node, state })
                .inspect_err(|error| state.note_value(node, error))
        })
    }
}

impl fmt::Display for TypeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownKey(key, _) => write!(f, "unknown key `{key}`"),
            Self::MissingKey(key) => write!(f, "`{key}` is missing"),
            Self::UnknownWord(word, _) => write!(f, "unknown value \"{word}\""),
            Self::WrongType { found, .. } => write!(f, "cannot be {found}"),
            Self::WrongValue { reason, .. } => f.write_str(reason),
            Self::Other(reason) => f.write_str(reason),
        }
    }
}

impl std::error::Error for TypeError {}

impl de::Error for TypeError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Other(message.to_string())
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::UnknownKey(field.to_owned(), expected)
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self::UnknownWord(variant.to_owned(), expected)
    }

    fn missing_field(field: &'static str) -> Self {
        Self::MissingKey(field)
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::WrongType { found: describe(&found), expected: plain_words(expected) }
    }

    fn invalid_length(length: usize, expected: &dyn Expected) -> Self {
        let reason = if length == 0 { "empty" } else { "too many" }.to_owned();
        Self::WrongValue { reason, expected: plain_words(expected) }
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let expected = plain_words(expected);
        match found {
            // Its text may be a key, and its kind is not what is wrong.
            Unexpected::Str(_) => {
                let reason = "not a value that is allowed here".to_owned();
                Self::WrongValue { reason, expected }
            }
            Unexpected::Other(reason) => Self::WrongValue { reason: reason.to_owned(), expected },
            found => Self::WrongType { found: describe(&found), expected },
        }
    }
}

/// serde's names for Rust types, in the words of the file.
fn plain_words(expected: &dyn Expected) -> String {
    match expected.to_string().as_str() {
        "a sequence" => "an array".to_owned(),
        "a map" => "an object".to_owned(),
        "u32" | "u64" | "usize" => "a whole number".to_owned(),
        "f64" => "a number".to_owned(),
        other => other.to_owned(),
    }
}

/// The kind of what was found. Never the text of a string: it may be a key.
fn describe(found: &Unexpected<'_>) -> String {
    match found {
        Unexpected::Bool(value) => format!("`{value}`"),
        Unexpected::Unsigned(value) => format!("`{value}`"),
        Unexpected::Signed(value) => format!("`{value}`"),
        Unexpected::Float(value) if value.is_infinite() => "`Infinity`".to_owned(),
        Unexpected::Float(value) => format!("`{value}`"),
        Unexpected::Unit => "null".to_owned(),
        Unexpected::Seq => "an array".to_owned(),
        Unexpected::Map => "an object".to_owned(),
        _ => "a string".to_owned(),
    }
}
