//! Parts as content blocks of this wire.

use oc_responses_stream::{FilePart, ImagePart, Part};
use serde_json::{Map, Value, json};

use super::turns::Home;
use crate::loss::Loss;
use crate::wire::extra;

/// The blocks of `parts`. Blank text is left out: the wire refuses it.
pub(super) fn encode(parts: &[Part], home: &Home<'_>, losses: &mut Vec<Loss>) -> Vec<Value> {
    let mut blocks = Vec::new();
    for part in parts {
        let whole = |mut block: Value, losses: &mut Vec<Loss>| {
            if let (Value::Object(block), Some(extra)) = (&mut block, extra::of_part(part)) {
                put_settled(block, part, home);
                home.put_extra(block, extra, losses);
            }
            block
        };
        match part {
            Part::Text(text) => {
                blocks.extend(text_block(&text.text).map(|block| whole(block, losses)));
            }
            Part::Refusal(text) => blocks.extend(text_block(text)),
            Part::Image(image) => {
                match image_block(image, home).map(|block| whole(block, losses)) {
                    Some(block) => {
                        if image.detail.as_deref().is_some_and(|detail| detail != "auto") {
                            losses.push(Loss::Field("detail"));
                        }
                        blocks.push(block);
                    }
                    None => losses.push(Loss::Part("input_image".into())),
                }
            }
            Part::File(file) => match file_block(file, home).map(|block| whole(block, losses)) {
                Some(block) => blocks.push(block),
                None => losses.push(Loss::Part("input_file".into())),
            },
            Part::Other(whole) if home.own_blocks => blocks.push(whole.clone()),
            Part::Other(whole) => {
                let kind = whole.get("type").and_then(Value::as_str).unwrap_or("unknown");
                losses.push(Loss::Part(kind.to_owned()));
            }
            _ => losses.push(Loss::Part("unknown".into())),
        }
    }
    blocks
}

/// What the host that defines this wire knows of a part without a beta header: the
/// wish for citations of a document.
fn put_settled(block: &mut Map<String, Value>, part: &Part, home: &Home<'_>) {
    const CITATIONS: &str = "citations";
    if let Part::File(file) = part
        && let Some(wish) = file.extra.get(CITATIONS).filter(|_| home.own_blocks)
    {
        block.insert(CITATIONS.into(), wish.clone());
    }
}

pub(super) fn text_block(text: &str) -> Option<Value> {
    (!text.trim().is_empty()).then(|| json!({"type": "text", "text": text}))
}

fn image_block(image: &ImagePart, home: &Home<'_>) -> Option<Value> {
    let source = match (image.image_url.as_deref(), image.file_id.as_deref()) {
        (Some(url), _) => match DataUrl::read(url) {
            Some(data) => data.base64_source()?,
            None => url_source(url)?,
        },
        (None, id) => id_source(id?, home)?,
    };
    Some(json!({"type": "image", "source": source}))
}

fn file_block(file: &FilePart, home: &Home<'_>) -> Option<Value> {
    let source = match (&file.file_data, &file.file_url) {
        (Some(data), _) => {
            let data = DataUrl::read(data)?;
            if data.media_type == "application/pdf" { data.base64_source()? } else { return None }
        }
        (None, Some(url)) => url_source(url)?,
        (None, None) => id_source(file.file_id.as_deref()?, home)?,
    };
    let mut block = json!({"type": "document", "source": source});
    if let (Some(name), Value::Object(fields)) = (&file.filename, &mut block) {
        fields.insert("title".into(), name.clone().into());
    }
    Some(block)
}

fn url_source(url: &str) -> Option<Value> {
    url.starts_with("http").then(|| json!({"type": "url", "url": url}))
}

/// A file that the client uploaded to this very host.
fn id_source(id: &str, home: &Home<'_>) -> Option<Value> {
    home.own_blocks.then(|| json!({"type": "file", "file_id": id}))
}

/// `data:image/png;base64,…`.
struct DataUrl<'a> {
    media_type: &'a str,
    data: Option<&'a str>,
}

impl<'a> DataUrl<'a> {
    fn read(url: &'a str) -> Option<Self> {
        let (scheme, rest) = url.split_once(':')?;
        let (head, body) = rest.split_once(',').filter(|_| scheme.eq_ignore_ascii_case("data"))?;
        // A word that browsers know and no host takes.
        let media_type = match head.split(';').next().unwrap_or_default() {
            "image/jpg" => "image/jpeg",
            other => other,
        };
        Some(Self { media_type, data: head.ends_with(";base64").then_some(body) })
    }

    fn base64_source(&self) -> Option<Value> {
        // Without a type nobody knows what it is.
        let data = self.data.filter(|_| self.media_type.contains('/'))?;
        Some(json!({"type": "base64", "media_type": self.media_type, "data": data}))
    }
}
