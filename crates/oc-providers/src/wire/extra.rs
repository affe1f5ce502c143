//! Fields in the middle of a request that have no canonical form.
//!
//! A decoder keeps them with what they stand in: a message, a part, a call, a
//! result, a tool (`extra`). A host of the client's own wire that puts up with
//! fields it may not know gets them back; to any other they are listed as lost.
//! What stands in an object that is read into something else ([`unread`]) is
//! listed for every host.

use std::collections::BTreeSet;

use oc_responses_stream::Part;
use serde_json::{Map, Value};

use crate::capabilities::CACHE_MARK;
use crate::loss::Loss;

type Object = Map<String, Value>;

/// Objects that a canonical form is spread over: in `extra` stands under their
/// names what of them was not read.
const SPREAD: &[&str] = &["function", "image_url", "file", "source"];

/// Puts what `extra` holds into `json` where the host takes it, and lists it
/// where not. Nothing canonical is overwritten, nor a cache mark that is there.
pub(crate) fn put(json: &mut Object, extra: &Object, takes: bool, losses: &mut Vec<Loss>) {
    for (key, value) in extra {
        match (json.get_mut(key), value) {
            // Put by the encoder, as this host takes it.
            (Some(there), value) if there == value || key == CACHE_MARK => {}
            _ if !takes => lose(key, value, losses),
            (None, value) if !SPREAD.contains(&key.as_str()) => {
                json.insert(key.clone(), value.clone());
            }
            (Some(Value::Object(there)), Value::Object(more)) => put(there, more, true, losses),
            _ => lose(key, value, losses),
        }
    }
}

/// Lists all of `extra`.
pub(crate) fn lose_all(extra: &Object, losses: &mut Vec<Loss>) {
    put(&mut Map::new(), extra, false, losses);
}

fn lose(key: &str, value: &Value, losses: &mut Vec<Loss>) {
    let names: Vec<String> = match value {
        Value::Object(more) if SPREAD.contains(&key) => {
            more.keys().map(|inner| format!("{key}.{inner}")).collect()
        }
        _ => vec![key.to_owned()],
    };
    losses.extend(names.into_iter().map(Loss::UnknownField));
}

/// What of a part has no canonical form, where it has one itself.
pub(crate) fn of_part(part: &Part) -> Option<&Object> {
    match part {
        Part::Text(text) => Some(&text.extra),
        Part::Image(image) => Some(&image.extra),
        Part::File(file) => Some(&file.extra),
        _ => None,
    }
}

/// The same, to be changed.
pub(crate) fn of_part_mut(part: &mut Part) -> Option<&mut Object> {
    match part {
        Part::Text(text) => Some(&mut text.extra),
        Part::Image(image) => Some(&mut image.extra),
        Part::File(file) => Some(&mut file.extra),
        _ => None,
    }
}

/// `inner` as part of an `extra`, under the name of the object that it is of.
pub(crate) fn spread(extra: &mut Object, name: &str, inner: Object) {
    if !inner.is_empty() {
        extra.insert(name.to_owned(), Value::Object(inner));
    }
}

/// Objects that are read into something else: where they stand, and what of them
/// is read. `a.b`: a field of a field; `a[]`: each in a list; `a[kind]`: each of
/// that `type`.
pub(crate) type Shapes = &'static [(&'static str, &'static [&'static str])];

/// The fields of `json` in objects of these `shapes` that nobody read, each once:
/// `response_format.json_schema.x`.
pub(crate) fn unread(json: &Object, shapes: Shapes) -> Vec<String> {
    let mut found = BTreeSet::new();
    for (place, known) in shapes {
        let mut path = String::new();
        let steps: Vec<&str> = place.split('.').collect();
        walk(json, &steps, known, &mut path, &mut found);
    }
    found.into_iter().collect()
}

fn walk(
    json: &Object,
    steps: &[&str],
    known: &[&str],
    path: &mut String,
    found: &mut BTreeSet<String>,
) {
    let Some((step, rest)) = steps.split_first() else {
        let names = json.iter().filter(|(_, value)| !value.is_null()).map(|(key, _)| key.as_str());
        found
            .extend(names.filter(|name| !known.contains(name)).map(|name| format!("{path}{name}")));
        return;
    };
    let (name, kind) = match step.split_once('[') {
        Some((name, kind)) => (name, Some(kind.trim_end_matches(']'))),
        None => (*step, None),
    };
    let length = path.len();
    path.push_str(name);
    path.push_str(if kind.is_some() { "[]." } else { "." });
    match (json.get(name), kind) {
        (Some(Value::Object(inner)), None) => walk(inner, rest, known, path, found),
        (Some(Value::Array(list)), Some(kind)) => {
            let of_kind = |inner: &&Object| {
                kind.is_empty() || inner.get("type").and_then(Value::as_str) == Some(kind)
            };
            for inner in list.iter().filter_map(Value::as_object).filter(of_kind) {
                walk(inner, rest, known, path, found);
            }
        }
        _ => {}
    }
    path.truncate(length);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(json: Value) -> Object {
        json.as_object().cloned().unwrap_or_default()
    }

    #[test]
    fn what_a_host_takes_goes_back_into_its_place() {
        let extra = object(json!({"x": 1, "function": {"y": 2}, "cache_control": 1}));
        let host = json!({"function": {"name": "f"}, "cache_control": 2});
        let (mut json, mut losses) = (object(host), Vec::new());
        put(&mut json, &extra, true, &mut losses);
        let wanted = json!({"function": {"name": "f", "y": 2}, "cache_control": 2, "x": 1});
        assert_eq!(Value::Object(json), wanted);
        assert_eq!(losses, []);
    }

    #[test]
    fn what_it_does_not_take_is_listed_and_nothing_is_overwritten() {
        let extra = object(json!({"x": 1, "function": {"y": 2, "name": "g"}, "id": "b"}));
        let names = |losses: &[Loss]| losses.iter().map(Loss::name).collect::<Vec<_>>().join(", ");
        let mut losses = Vec::new();
        lose_all(&extra, &mut losses);
        assert_eq!(names(&losses), "x, function.y, function.name, id");

        let (mut json, mut losses) = (object(json!({"id": "a"})), Vec::new());
        put(&mut json, &extra, true, &mut losses);
        assert_eq!(Value::Object(json), json!({"id": "a", "x": 1}));
        assert_eq!(names(&losses), "function.y, function.name, id");
    }

    #[test]
    fn unread_fields_are_found_by_place_and_type() {
        let json = object(json!({
            "a": {"b": {"known": 1, "x": 1, "null": null}},
            "list": [
                {"type": "k", "in": {"y": 1}},
                {"type": "k", "in": {"y": 1, "z": 1}},
                {"type": "other", "in": {"w": 1}},
                "bare",
            ],
        }));
        let shapes: Shapes = &[("a.b", &["known"]), ("list[k].in", &[]), ("none[].in", &[])];
        assert_eq!(unread(&json, shapes), ["a.b.x", "list[].in.y", "list[].in.z"]);
        assert_eq!(unread(&json, &[("list[]", &["type", "in"]), ("a", &["b"])]), [""; 0]);
    }
}
