//! What frames say beside the answer: no delta says it, and where the answer is
//! written anew it is put back.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::json::Object;

/// Fields that we do not know, by what they are fields of, in the wire's own words.
pub(in crate::wire) type Fields = BTreeMap<&'static str, Map<String, Value>>;

/// What was said beside the answer by frames that did not pass.
#[derive(Debug, Default)]
pub(in crate::wire) struct Beside {
    /// Fields, which come back with what they were fields of: at the answer's end,
    /// but for those of its head.
    pub(in crate::wire) fields: Fields,
    /// Whole parts of the answer that we do not know, for where they stood.
    pub(in crate::wire) parts: Vec<Value>,
    /// The part that is being told, and its number.
    pub(in crate::wire) open: Option<(u64, Map<String, Value>)>,
}

impl Beside {
    /// The fields of `what`.
    pub(in crate::wire) fn of(&mut self, what: &'static str) -> &mut Map<String, Value> {
        self.fields.entry(what).or_default()
    }
}

/// The members of an object but those called `others`, read.
pub(in crate::wire) fn members(object: &Object<'_>, others: &[&str]) -> Map<String, Value> {
    let kept = object.members().filter(|(key, _)| !others.contains(key));
    kept.filter_map(|(key, raw)| Some((key.to_owned(), serde_json::from_str(raw).ok()?))).collect()
}

/// Lets later members count, those of objects each for itself.
pub(in crate::wire) fn update(all: &mut Map<String, Value>, more: Map<String, Value>) {
    for (key, new) in more {
        match (all.get_mut(&key), new) {
            (Some(_), Value::Null) => {}
            (Some(Value::Object(old)), Value::Object(new)) => update(old, new),
            (_, new) => {
                all.insert(key, new);
            }
        }
    }
}

/// Gives `object` the members of `more` that it lacks, and so on within them.
pub(in crate::wire) fn supply(object: &mut Map<String, Value>, more: &Map<String, Value>) {
    for (key, theirs) in more {
        match (object.get_mut(key), theirs) {
            (None, theirs) => {
                object.insert(key.clone(), theirs.clone());
            }
            (Some(Value::Object(ours)), Value::Object(theirs)) => supply(ours, theirs),
            (Some(_), _) => {}
        }
    }
}

/// The same, if it is one, with the fields of `what`.
pub(in crate::wire) fn supply_of(object: &mut Value, fields: &Fields, what: &str) {
    if let (Value::Object(object), Some(more)) = (object, fields.get(what)) {
        supply(object, more);
    }
}
