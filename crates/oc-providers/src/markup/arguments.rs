//! Arguments that a grammar writes as text, as JSON.

use serde_json::{Map, Value};

/// The value that `text` stands for as the argument `name` of a tool with this
/// schema: what is declared as text stays text, anything else is JSON if it
/// reads as such.
pub(super) fn typed(text: &str, name: &str, schema: &Value) -> Value {
    let declared = schema.get("properties").and_then(|all| all.get(name));
    if declared.is_some_and(may_be_text) {
        return Value::String(text.to_owned());
    }
    let word = text.trim();
    serde_json::from_str(word).unwrap_or_else(|_| match word {
        // Python's words for it, which models write as they are.
        "True" => Value::Bool(true),
        "False" => Value::Bool(false),
        "None" => Value::Null,
        _ => Value::String(text.to_owned()),
    })
}

/// Whether the schema lets a text be.
fn may_be_text(schema: &Value) -> bool {
    match schema.get("type") {
        Some(Value::String(word)) => word == "string",
        Some(Value::Array(words)) => words.iter().any(|word| word == "string"),
        _ => schema
            .get("enum")
            .and_then(Value::as_array)
            .is_some_and(|all| !all.is_empty() && all.iter().all(Value::is_string)),
    }
}

/// The text of a value in a tag, without the line ends that templates put
/// around it.
pub(super) fn unframed(text: &str) -> &str {
    let text = text.strip_prefix("\r\n").or_else(|| text.strip_prefix('\n')).unwrap_or(text);
    text.strip_suffix("\r\n").or_else(|| text.strip_suffix('\n')).unwrap_or(text)
}

/// Arguments in JSON: an object, or one written into a string once more.
pub(super) fn object(json: &Value) -> Option<String> {
    match json {
        Value::Object(_) => Some(json.to_string()),
        Value::Null => Some("{}".to_owned()),
        Value::String(text) => {
            let inner: Map<String, Value> = serde_json::from_str(text).ok()?;
            Some(Value::Object(inner).to_string())
        }
        _ => None,
    }
}

/// The first JSON value of `text`, and how many bytes of it that is, white
/// space before it included.
pub(super) fn first_value(text: &str) -> Option<(Value, usize)> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    let value = values.next()?.ok()?;
    Some((value, values.byte_offset()))
}
