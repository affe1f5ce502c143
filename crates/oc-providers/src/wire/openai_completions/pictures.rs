//! Pictures that a model draws: OpenRouter's `images` beside `content`, and the
//! canonical item, which is the Responses API's.
//!
//! | here | there |
//! |---|---|
//! | `{type: image_url, image_url: {url: "data:image/png;base64,…"}}` | `{type: image_generation_call, status, output_format, result: "…"}` |
//! | the same with another URL | the same with `result: null` and `image_url` |

use oc_responses_stream::{Item, OtherItem};
use serde_json::{Map, Value, json};

const CALL: &str = "image_generation_call";

/// The picture at `url` as an item.
pub(super) fn item(url: &str) -> Item {
    let fields = match data_of(url) {
        Some((format, data)) => {
            json!({"type": CALL, "status": "completed", "output_format": format, "result": data})
        }
        None => json!({"type": CALL, "status": "completed", "result": null, "image_url": url}),
    };
    let fields = if let Value::Object(fields) = fields { fields } else { Map::new() };
    Item::Other(OtherItem::new(fields))
}

/// The picture that `item` is, as this wire has it.
pub(super) fn of(item: &OtherItem) -> Option<Value> {
    let word = |key: &str| item.json.get(key).and_then(Value::as_str).filter(|it| !it.is_empty());
    (item.item_type() == CALL).then_some(())?;
    let url = match word("result") {
        Some(data) => {
            format!("data:image/{};base64,{data}", word("output_format").unwrap_or("png"))
        }
        None => word("image_url")?.to_owned(),
    };
    Some(json!({"type": "image_url", "image_url": {"url": url}}))
}

/// The format and the base64 of a `data:` URL of a picture.
fn data_of(url: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = url.split_once(':')?;
    let (head, data) = rest.split_once(',').filter(|_| scheme.eq_ignore_ascii_case("data"))?;
    let format = head.strip_prefix("image/")?.strip_suffix(";base64")?;
    (!format.contains(';') && !data.is_empty()).then_some((format, data))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_reads_as_it_was_written() {
        for (url, result) in [
            ("data:image/png;base64,iVBO", json!("iVBO")),
            ("data:image/webp;base64,UklG", json!("UklG")),
            ("https://h/1.png", Value::Null),
            ("data:image/svg+xml,%3Csvg%2F%3E", Value::Null),
            ("data:image/png;base64,", Value::Null),
        ] {
            let Item::Other(item) = item(url) else { panic!("an item") };
            assert_eq!(item.json["result"], result, "{url}");
            assert_eq!(of(&item).expect("a picture")["image_url"]["url"], url);
        }
    }
}
