//! Custom tools, whose input is free text: this wire's words and the canonical
//! form, which is the Responses API's.
//!
//! | here | there |
//! |---|---|
//! | a tool `{type: custom, custom: {name, description, format: {type: grammar, grammar: {…}}}}` | `{type: custom, name, description, format: {type: grammar, …}}` |
//! | a call `{id, type: custom, custom: {name, input}}` | an item `custom_tool_call` |
//! | a `tool` message that answers one | an item `custom_tool_call_output` |

use oc_responses_stream::{FunctionCallOutput, Item, OtherItem};
use serde_json::{Map, Value, json};

use crate::wire::carried::CUSTOM_CALL;
use crate::wire::openai_responses::result_json;

/// The word for all of it.
pub(super) const CUSTOM: &str = "custom";

/// A client's tool, or its choice of one.
pub(super) fn flat(object: &Map<String, Value>) -> Map<String, Value> {
    let mut flat = object.clone();
    if let Some(Value::Object(nested)) = flat.shift_remove(CUSTOM) {
        flat.extend(nested);
    }
    if let Some(Value::Object(format)) = flat.get_mut("format")
        && let Some(Value::Object(grammar)) = format.shift_remove("grammar")
    {
        format.extend(grammar);
    }
    flat
}

/// A tool, or a choice of one, for a host.
pub(super) fn nested(flat: &Map<String, Value>) -> Value {
    let mut nested = flat.clone();
    nested.shift_remove("type");
    if let Some(Value::Object(format)) = nested.get_mut("format")
        && format.get("type").is_some_and(|kind| kind == "grammar")
    {
        format.shift_remove("type");
        let grammar = std::mem::take(format);
        *format = Map::from_iter([
            ("type".to_owned(), "grammar".into()),
            ("grammar".to_owned(), Value::Object(grammar)),
        ]);
    }
    json!({"type": CUSTOM, CUSTOM: nested})
}

/// A call as an item.
pub(super) fn call(id: &str, name: &str, input: &str) -> Item {
    item(
        json!({"type": CUSTOM_CALL, "call_id": id, "name": name, "input": input, "status": "completed"}),
    )
}

/// What such a tool returned, as an item.
pub(super) fn result(result: &FunctionCallOutput) -> Item {
    let id = result.call_id.as_str();
    // Nothing can be lost here: the form is that of the canonical request.
    let output = result_json(result, &mut Vec::new());
    item(json!({"type": "custom_tool_call_output", "call_id": id, "output": output}))
}

/// The call that `item` is: its id, name and input.
pub(super) fn of(item: &OtherItem) -> Option<(&str, &str, &str)> {
    let word = |key: &str| item.json.get(key).and_then(Value::as_str);
    (item.item_type() == CUSTOM_CALL).then_some(())?;
    Some((word("call_id")?, word("name")?, word("input").unwrap_or_default()))
}

fn item(json: Value) -> Item {
    let fields = if let Value::Object(fields) = json { fields } else { Map::new() };
    Item::Other(OtherItem::new(fields))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_reads_as_it_was_written() {
        let grammar = json!({"type": "custom", "custom": {"name": "sql", "description": "Asks.",
            "format": {"type": "grammar", "grammar": {"syntax": "lark", "definition": "start: X"}}}});
        let text = json!({"type": "custom", "custom": {"name": "sh", "format": {"type": "text"}}});
        for tool in [grammar, text, json!({"type": "custom", "custom": {"name": "x"}})] {
            let canonical = flat(tool.as_object().expect("an object"));
            assert_eq!(canonical["name"], tool["custom"]["name"]);
            assert_eq!(nested(&canonical), tool);
        }
    }
}
