//! Citations: this wire ties them to a block of text, the Responses API to a
//! stretch of it.
//!
//! | of this wire | canonical |
//! |---|---|
//! | `web_search_result_location` | `url_citation`, and back |
//! | `search_result_location` whose source is a URL | `url_citation` |
//! | `char_location`, `page_location`, `content_block_location` of a document with a file id | `file_citation` |
//! | of a document that stood in the request | nothing: no other wire has a name for it |
//!
//! A client of this wire gets all of them as they are, where the answer is
//! relayed.

use serde_json::{Map, Value, json};

const PAGE: &str = "web_search_result_location";
/// What this wire wants back when the citation is replayed.
const KEPT: [&str; 2] = ["cited_text", "encrypted_index"];

/// A citation, over a block of `chars` characters, in the canonical shape;
/// `None` where that has none for it.
pub(super) fn from_messages(citation: &Value, chars: usize) -> Option<Value> {
    let citation = citation.as_object()?;
    let text = |key: &str| citation.get(key).and_then(Value::as_str);
    match text("type")? {
        PAGE => Some(page(citation, text("url")?, chars)),
        "search_result_location" => {
            let source = text("source")?;
            let is_url = ["http://", "https://"].iter().any(|scheme| source.starts_with(scheme));
            is_url.then(|| page(citation, source, chars))
        }
        "char_location" | "page_location" | "content_block_location" => Some(json!({
            "type": "file_citation",
            "file_id": text("file_id").filter(|id| !id.is_empty())?,
            "filename": text("document_title").unwrap_or_default(),
            "index": chars,
        })),
        _ => None,
    }
}

fn page(citation: &Map<String, Value>, url: &str, chars: usize) -> Value {
    let mut flat = Map::new();
    flat.insert("type".into(), "url_citation".into());
    flat.insert("url".into(), url.into());
    flat.insert("title".into(), citation.get("title").and_then(Value::as_str).unwrap_or("").into());
    flat.insert("start_index".into(), 0.into());
    flat.insert("end_index".into(), chars.into());
    let kept = KEPT.iter().filter_map(|key| Some(((*key).to_owned(), citation.get(*key)?.clone())));
    flat.extend(kept);
    Value::Object(flat)
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
    fn what_a_file_or_a_search_result_says_is_cited_as_such() {
        let file = json!({"type": "page_location", "cited_text": "x", "document_index": 0,
            "document_title": "contract.pdf", "start_page_number": 1, "end_page_number": 2,
            "file_id": "file_1"});
        assert_eq!(
            from_messages(&file, 7),
            Some(json!({"type": "file_citation", "file_id": "file_1",
                "filename": "contract.pdf", "index": 7}))
        );
        let found = json!({"type": "search_result_location", "source": "https://h/1", "title": "H",
            "cited_text": "x", "search_result_index": 0});
        let flat = from_messages(&found, 7).expect("a page");
        assert_eq!((&flat["type"], &flat["url"]), (&json!("url_citation"), &json!("https://h/1")));
        assert_eq!(flat["cited_text"], "x");
    }

    #[test]
    fn a_page_goes_both_ways_and_nothing_else_does() {
        let ours = json!({"type": PAGE, "url": "https://h", "title": "H",
            "cited_text": "said", "encrypted_index": "Eo8="});
        let flat = from_messages(&ours, 7).expect("a page");
        assert_eq!((&flat["start_index"], &flat["end_index"]), (&json!(0), &json!(7)));
        assert_eq!(to_messages(&flat), Some(ours));
        assert_eq!(from_messages(&json!({"type": "char_location", "url": "https://h"}), 1), None);
        assert_eq!(to_messages(&json!({"type": "file_citation", "file_id": "f"})), None);
        for odd in [
            json!({"type": "char_location", "document_index": 0, "file_id": null}),
            json!({"type": "page_location", "document_title": "D"}),
            json!({"type": "search_result_location", "source": "doc-17"}),
            json!({"type": "tomorrow_location", "url": "https://h"}),
        ] {
            assert_eq!(from_messages(&odd, 1), None, "{odd}");
        }
        for odd in [json!(null), json!([]), json!({"type": PAGE}), json!({"type": PAGE, "url": 7})]
        {
            assert_eq!(from_messages(&odd, 0), None);
        }
    }
}
