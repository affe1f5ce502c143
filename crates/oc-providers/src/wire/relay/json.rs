//! JSON that is looked at where it stands, and changed in a few places: what
//! nobody changes stays as it was, to the byte.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// An object's members, each as it stands in the text. Where a key stands
/// twice, the last counts.
#[derive(Debug)]
pub(in crate::wire) struct Object<'a> {
    text: &'a str,
    members: Vec<(Cow<'a, str>, &'a str)>,
}

impl<'a> Object<'a> {
    /// The object that `text` is; `None` where it is none.
    pub(in crate::wire) fn parse(text: &'a str) -> Option<Self> {
        let Members(members) = serde_json::from_str(text).ok()?;
        Some(Self { text, members })
    }

    /// The member `key` as it stands, which may be `null`.
    pub(in crate::wire) fn raw(&self, key: &str) -> Option<&'a str> {
        self.members.iter().rev().find(|(name, _)| name == key).map(|(_, raw)| *raw)
    }

    /// Whether `key` is missing or `null`.
    pub(in crate::wire) fn lacks(&self, key: &str) -> bool {
        self.raw(key).is_none_or(|raw| raw == "null")
    }

    /// The member `key`, if it is text.
    pub(in crate::wire) fn text(&self, key: &str) -> Option<Cow<'a, str>> {
        text(self.raw(key)?)
    }

    /// Whether the member `key` is this text.
    pub(in crate::wire) fn is(&self, key: &str, wanted: &str) -> bool {
        self.text(key).is_some_and(|text| text == wanted)
    }

    /// The member `key`, if it is a whole number that is not negative.
    pub(in crate::wire) fn count(&self, key: &str) -> Option<u64> {
        self.raw(key)?.parse().ok()
    }

    /// The member `key`, if it is an object.
    pub(in crate::wire) fn object(&self, key: &str) -> Option<Self> {
        Self::parse(self.raw(key)?)
    }

    /// The elements of the member `key`, if it is an array.
    pub(in crate::wire) fn list(&self, key: &str) -> Option<Vec<&'a str>> {
        let list: Vec<&'a RawValue> = serde_json::from_str(self.raw(key)?).ok()?;
        Some(list.into_iter().map(RawValue::get).collect())
    }

    /// The object with other members, each (old key, new key, JSON) in the place
    /// of the one that it has, else at the end.
    pub(in crate::wire) fn with(&self, others: &[(&str, &str, &str)]) -> String {
        let member = |key: &str, json: &str| format!("{}:{json}", quoted(key));
        let mut seen = BTreeSet::new();
        let kept = self.members.iter().rev().filter(|(key, _)| seen.insert(key.as_ref()));
        let mut all: Vec<String> = kept
            .map(|(key, raw)| match others.iter().find(|(old, ..)| old == key) {
                Some((_, new, json)) => member(new, json),
                None => member(key, raw),
            })
            .collect();
        all.reverse();
        let missing = others.iter().filter(|(old, ..)| self.raw(old).is_none());
        all.extend(missing.map(|(_, new, json)| member(new, json)));
        format!("{{{}}}", all.join(","))
    }

    /// All members as they stand.
    pub(in crate::wire) fn members(&self) -> impl Iterator<Item = (&str, &'a str)> {
        self.members.iter().map(|(key, raw)| (key.as_ref(), *raw))
    }

    /// Whether the member `key` is an empty array.
    pub(in crate::wire) fn is_empty_list(&self, key: &str) -> bool {
        self.list(key).is_some_and(|list| list.is_empty())
    }
}

/// `text` as JSON has it.
pub(in crate::wire) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// `json` without the white space around its parts and the needless escapes in its
/// texts: its numbers, keys and their order stay to the letter.
pub(in crate::wire) fn compact(json: &str) -> String {
    let push_bare = |made: &mut String, bare: &str| {
        made.extend(bare.chars().filter(|c| !c.is_ascii_whitespace()));
    };
    let mut made = String::with_capacity(json.len());
    let mut rest = json;
    while let Some((bare, text, after)) = split_text(rest) {
        push_bare(&mut made, bare);
        let plain =
            text.contains('\\').then(|| serde_json::from_str::<String>(text).ok()).flatten();
        match plain {
            Some(plain) => made.push_str(&quoted(&plain)),
            None => made.push_str(text),
        }
        rest = after;
    }
    push_bare(&mut made, rest);
    made
}

/// What stands before the first text of `json`, that text in its quotes, and what
/// follows.
fn split_text(json: &str) -> Option<(&str, &str, &str)> {
    let (bare, text) = json.split_at(json.find('"')?);
    let mut escaped = false;
    let end = text.char_indices().skip(1).find(|(_, c)| {
        let is_end = *c == '"' && !escaped;
        escaped = *c == '\\' && !escaped;
        is_end
    });
    let (text, after) = text.split_at(end?.0 + 1);
    Some((bare, text, after))
}

/// `json`, if it is text that can be written in UTF-8: half a surrogate pair
/// is none.
fn text(json: &str) -> Option<Cow<'_, str>> {
    #[derive(serde::Deserialize)]
    struct Text<'a>(#[serde(borrow)] Cow<'a, str>);
    serde_json::from_str::<Text<'_>>(json).ok().map(|Text(text)| text)
}

/// Changes to a text, all of which are made at once.
#[derive(Debug)]
pub(in crate::wire) struct Edits<'a> {
    text: &'a str,
    edits: Vec<Edit>,
}

#[derive(Debug)]
struct Edit {
    from: usize,
    to: usize,
    with: String,
}

impl<'a> Edits<'a> {
    /// None yet.
    pub(in crate::wire) fn of(text: &'a str) -> Self {
        Self { text, edits: Vec::new() }
    }

    /// Gives `object` the member `key`, in the place of the one it has. `object`
    /// must have been read from this very text.
    pub(in crate::wire) fn set(&mut self, object: &Object<'a>, key: &str, json: &str) {
        if let Some(old) = object.raw(key) {
            if old != json {
                let from = self.place(old);
                self.edits.push(Edit { from, to: from + old.len(), with: json.to_owned() });
            }
            return;
        }
        let at = self.place(object.text) + object.text.trim_end().len().saturating_sub(1);
        let is_gone = |raw: &str| {
            let gone = |edit: &Edit| edit.with.is_empty() && edit.from < self.place(raw);
            self.edits.iter().any(|edit| gone(edit) && self.place(raw) < edit.to)
        };
        let is_first = object.members.iter().all(|(_, raw)| is_gone(raw))
            && !self.edits.iter().any(|edit| edit.from == at);
        let comma = if is_first { "" } else { "," };
        let key = quoted(key);
        self.edits.push(Edit { from: at, to: at, with: format!("{comma}{key}:{json}") });
    }

    /// Takes the member `key` from `object`. What else `object` is given comes
    /// after that, and of two neighbours one goes.
    pub(in crate::wire) fn remove(&mut self, object: &Object<'a>, key: &str) {
        let Some(at) = object.members.iter().rposition(|(name, _)| name == key) else { return };
        let Some((_, raw)) = object.members.get(at) else { return };
        let to = self.place(raw) + raw.len();
        let before = at.checked_sub(1).and_then(|before| object.members.get(before));
        let (from, to) = match before {
            Some((_, before)) => (self.place(before) + before.len(), to),
            // The first takes the comma behind it along.
            None => {
                let rest = self.text.get(to..).unwrap_or_default();
                let comma = rest.trim_start().starts_with(',');
                let comma = rest.find(',').filter(|_| comma).map_or(0, |comma| comma + 1);
                (
                    self.place(object.text) + object.text.find('{').map_or(0, |open| open + 1),
                    to + comma,
                )
            }
        };
        self.edits.push(Edit { from, to, with: String::new() });
    }

    /// The same as [`set`](Self::set) where `object` has no such member, or `null`.
    pub(in crate::wire) fn supply(&mut self, object: &Object<'a>, key: &str, json: &str) {
        if object.lacks(key) {
            self.set(object, key, json);
        }
    }

    /// The text with the changes, on one line: a line break in JSON that is
    /// valid stands between tokens.
    pub(in crate::wire) fn made(mut self) -> String {
        self.edits.sort_by_key(|edit| edit.from);
        let mut made = String::with_capacity(self.text.len() + 64);
        let mut at = 0;
        for edit in &self.edits {
            made.push_str(self.text.get(at..edit.from).unwrap_or_default());
            made.push_str(&edit.with);
            at = edit.to.max(at);
        }
        made.push_str(self.text.get(at..).unwrap_or_default());
        if made.contains(['\n', '\r']) {
            made = made.replace(['\n', '\r'], " ");
        }
        made
    }

    /// Where `part`, which is a piece of the text, begins in it.
    fn place(&self, part: &str) -> usize {
        part.as_ptr().addr().saturating_sub(self.text.as_ptr().addr()).min(self.text.len())
    }
}

#[derive(Default)]
struct Members<'a>(Vec<(Cow<'a, str>, &'a str)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some((key, raw)) = map.next_entry::<Key<'de>, &'de RawValue>()? {
                    members.push((key.0, raw.get()));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Reader)
    }
}

#[derive(serde::Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_changed_changes() {
        let text = r#" { "id" : "a", "n": 1.50, "in": { "x" :null}, "e":{} ,"big":123456789012345678901234567890 } "#;
        let object = Object::parse(text).unwrap();
        let mut edits = Edits::of(text);
        edits.set(&object, "id", "\"b\"");
        edits.set(&object, "new", "7");
        edits.set(&object, "newer", "8");
        let inner = object.object("in").unwrap();
        edits.supply(&inner, "x", "true");
        let empty = object.object("e").unwrap();
        edits.set(&empty, "p", "1");
        edits.set(&empty, "q", "2");
        edits.remove(&object, "n");
        edits.remove(&object, "missing");
        assert_eq!(
            edits.made(),
            r#" { "id" : "b", "in": { "x" :true}, "e":{"p":1,"q":2} ,"big":123456789012345678901234567890 ,"new":7,"newer":8} "#
        );
    }

    #[test]
    fn any_member_can_be_taken_out() {
        for (text, key, wanted) in [
            (r#"{"a":1,"b":2}"#, "a", r#"{"b":2,"n":0}"#),
            (r#" { "a" : "," , "b":2}"#, "a", r#" { "b":2,"n":0}"#),
            (r#"{"a":1,"b":2}"#, "b", r#"{"a":1,"n":0}"#),
            (r#"{ "a":{"x":1} }"#, "a", r#"{ "n":0}"#),
            (r#"{"a":1}"#, "c", r#"{"a":1,"n":0}"#),
        ] {
            let object = Object::parse(text).unwrap();
            let mut edits = Edits::of(text);
            edits.remove(&object, key);
            edits.set(&object, "n", "0");
            let made = edits.made();
            let same = |text| serde_json::from_str::<serde_json::Value>(text).unwrap();
            assert_eq!(same(&made), same(wanted), "{text}: {made}");
        }
    }

    #[test]
    fn nothing_changed_is_the_same_bytes_on_one_line() {
        assert_eq!(Edits::of(r#"{"a": "\n"}"#).made(), r#"{"a": "\n"}"#);
        assert_eq!(Edits::of("{\"a\":\r\n1}").made(), "{\"a\":  1}");
    }

    #[test]
    fn what_is_compact_is_the_same_to_the_letter() {
        for (json, wanted) in [
            (r#" { "a" : [ 1.50 , -0.0 ] , "a" : 1e400 } "#, r#"{"a":[1.50,-0.0],"a":1e400}"#),
            (r#"{"t":"a \"b\" : \\","u":"\u00e9\n"}"#, r#"{"t":"a \"b\" : \\","u":"é\n"}"#),
            (r#"{"half":"\ud83d"}"#, r#"{"half":"\ud83d"}"#),
            ("{\"open", "{\"open"),
            ("", ""),
        ] {
            assert_eq!(compact(json), wanted, "{json}");
        }
    }

    #[test]
    fn members_are_what_they_are() {
        let object =
            Object::parse(r#"{"a":1,"a":"x","n":null,"half":"\ud83d","o":{},"l":[1,{}],"e":[]}"#)
                .unwrap();
        assert!(object.is("a", "x") && !object.is("a", "y"));
        assert!(object.lacks("n") && object.lacks("missing") && !object.lacks("o"));
        assert_eq!(object.text("half"), None);
        assert_eq!(object.count("a"), None);
        assert_eq!(object.list("l"), Some(vec!["1", "{}"]));
        assert!(object.is_empty_list("e") && !object.is_empty_list("l"));
        assert!(Object::parse("[]").is_none() && Object::parse("{").is_none());
    }
}
