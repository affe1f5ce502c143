//! Citations: this wire nests what the Responses API has flat.

use serde_json::{Map, Value};

/// A `url_citation` of this wire in the canonical shape; `None` for anything else.
pub(super) fn from_chat(annotation: &Value) -> Option<Value> {
    let citation = annotation.get("url_citation")?.as_object()?;
    let mut flat = Map::new();
    flat.insert("type".into(), "url_citation".into());
    flat.extend(citation.clone());
    Some(Value::Object(flat))
}

/// A canonical `url_citation` as this wire has it; `None` for anything else.
pub(super) fn to_chat(annotation: &Value) -> Option<Value> {
    let mut citation = annotation.as_object()?.clone();
    let kind = citation.shift_remove("type")?;
    if kind != "url_citation" {
        return None;
    }
    let mut nested = Map::new();
    nested.insert("type".into(), kind);
    nested.insert("url_citation".into(), Value::Object(citation));
    Some(Value::Object(nested))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn citations_go_both_ways_and_nothing_else_does() {
        let flat = json!({"type": "url_citation", "url": "https://h", "start_index": 1});
        let nested =
            json!({"type": "url_citation", "url_citation": {"url": "https://h", "start_index": 1}});
        assert_eq!(to_chat(&flat), Some(nested.clone()));
        assert_eq!(from_chat(&nested), Some(flat));
        assert_eq!(to_chat(&json!({"type": "file_citation", "file_id": "f"})), None);
        assert_eq!(from_chat(&json!({"type": "file_citation"})), None);
    }
}
