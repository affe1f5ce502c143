//! Citations: this wire ties them to a block of text, the Responses API to a
//! stretch of it. Those of a page on the web have a form in both.

use serde_json::{Map, Value, json};

const PAGE: &str = "web_search_result_location";
/// What this wire wants back when the citation is replayed.
const KEPT: [&str; 2] = ["cited_text", "encrypted_index"];

/// A citation of a page, over a block of `chars` characters, in the canonical
/// shape; `None` for anything else.
pub(super) fn from_messages(citation: &Value, chars: usize) -> Option<Value> {
    let citation = citation.as_object()?;
    if citation.get("type")? != PAGE {
        return None;
    }
    let mut flat = Map::new();
    flat.insert("type".into(), "url_citation".into());
    flat.insert("url".into(), citation.get("url")?.as_str()?.into());
    flat.insert("title".into(), citation.get("title").and_then(Value::as_str).unwrap_or("").into());
    flat.insert("start_index".into(), 0.into());
    flat.insert("end_index".into(), chars.into());
    let kept = KEPT.iter().filter_map(|key| Some(((*key).to_owned(), citation.get(*key)?.clone())));
    flat.extend(kept);
    Some(Value::Object(flat))
}

/// A canonical `url_citation` in the one shape of this wire that has a URL;
/// `None` for anything else.
pub(super) fn to_messages(annotation: &Value) -> Option<Value> {
    if annotation.get("type")?.as_str()? != "url_citation" {
        return None;
    }
    let [cited_text, encrypted_index] =
        KEPT.map(|key| annotation.get(key).and_then(Value::as_str).unwrap_or(""));
    Some(json!({
        "type": PAGE,
        "url": annotation.get("url")?.as_str()?,
        "title": annotation.get("title").and_then(Value::as_str),
        "cited_text": cited_text,
        "encrypted_index": encrypted_index,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_goes_both_ways_and_nothing_else_does() {
        let ours = json!({"type": PAGE, "url": "https://h", "title": "H",
            "cited_text": "said", "encrypted_index": "Eo8="});
        let flat = from_messages(&ours, 7).expect("a page");
        assert_eq!((&flat["start_index"], &flat["end_index"]), (&json!(0), &json!(7)));
        assert_eq!(to_messages(&flat), Some(ours));
        assert_eq!(from_messages(&json!({"type": "char_location", "url": "https://h"}), 1), None);
        assert_eq!(to_messages(&json!({"type": "file_citation", "file_id": "f"})), None);
        for odd in [json!(null), json!([]), json!({"type": PAGE}), json!({"type": PAGE, "url": 7})]
        {
            assert_eq!(from_messages(&odd, 0), None);
        }
    }
}
