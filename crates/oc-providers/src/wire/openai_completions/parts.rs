//! Parts of a message in Chat JSON, both ways.

use oc_responses_stream::{FilePart, ImagePart, Part, TextPart};
use serde_json::{Map, Value};

use super::decode::fields::{Fields, Place};
use crate::capabilities::{CACHE_MARK, Compat};
use crate::loss::Loss;
use crate::wire::extra;
use crate::wire::openai_responses::BadRequest;

/// `parts` as the content of a message; `None`: nothing is left of them.
///
/// Text alone is one string, which every server takes; parts of several kinds
/// are an array.
/// `unknown`: the host takes fields that nobody here knows.
pub(super) fn encode(
    parts: &[Part],
    compat: Compat,
    unknown: bool,
    losses: &mut Vec<Loss>,
) -> Option<Content> {
    let media = !compat.chat.string_content;
    let mut content = Content::default();
    for part in parts {
        let extra = |mut json: Map<String, Value>, losses: &mut Vec<Loss>| {
            let Some(extra) = extra::of_part(part) else { return Value::Object(json) };
            if let Some(mark) = extra.get(CACHE_MARK).filter(|_| compat.chat.cache_marks) {
                json.insert(CACHE_MARK.into(), compat.cache_mark(mark));
            }
            // Where content is one string, a part has no fields.
            extra::put(&mut json, extra, unknown && media, losses);
            Value::Object(json)
        };
        match part {
            Part::Text(TextPart { text, .. }) if text.is_empty() => {}
            Part::Text(text) => content.0.push(extra(text_part(&text.text), losses)),
            Part::Refusal(text) if text.is_empty() => {}
            Part::Refusal(text) => content.0.push(Value::Object(text_part(text))),
            Part::Image(image) => match image_part(image).filter(|_| media) {
                Some(json) => content.0.push(extra(json, losses)),
                None => losses.push(Loss::Part("input_image".into())),
            },
            Part::File(file) => match file_part(file).filter(|_| media && compat.vendor_fields) {
                Some(json) => content.0.push(extra(json, losses)),
                None => losses.push(Loss::Part("input_file".into())),
            },
            Part::Other(whole) => match type_of(whole) {
                // The same on both wires that have it.
                "input_audio" if media => content.0.push(whole.clone()),
                other => losses.push(Loss::Part(other.to_owned())),
            },
            _ => losses.push(Loss::Part("unknown".into())),
        }
    }
    (!content.0.is_empty()).then_some(content)
}

/// What a message says, part by part.
#[derive(Clone, Debug, Default)]
pub(super) struct Content(Vec<Value>);

impl Content {
    /// Nothing but this text.
    pub(super) fn text_of(text: &str) -> Self {
        Self(vec![Value::Object(text_part(text))])
    }

    /// Adds what another message of the same turn says.
    pub(super) fn append(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// The text of it.
    pub(super) fn text(&self) -> String {
        let texts: Vec<&str> =
            self.0.iter().filter_map(|part| part.get("text").and_then(Value::as_str)).collect();
        texts.join("\n\n")
    }

    /// The parts that are no text, taken out.
    pub(super) fn take_media(&mut self) -> Option<Self> {
        let (text, media) =
            std::mem::take(&mut self.0).into_iter().partition(|part| type_of(part) == "text");
        self.0 = text;
        let media = Self(media);
        (!media.0.is_empty()).then_some(media)
    }

    pub(super) fn into_json(self) -> Value {
        // Its type and its text, and nothing else.
        let is_bare = |part: &Value| {
            type_of(part) == "text" && part.as_object().is_some_and(|part| part.len() == 2)
        };
        if self.0.iter().all(is_bare) { Value::String(self.text()) } else { Value::Array(self.0) }
    }
}

fn text_part(text: &str) -> Map<String, Value> {
    Map::from_iter([("type".to_owned(), "text".into()), ("text".to_owned(), text.into())])
}

fn image_part(image: &ImagePart) -> Option<Map<String, Value>> {
    let mut json = Map::new();
    json.insert("url".into(), image.image_url.clone()?.into());
    if let Some(detail) = &image.detail {
        json.insert("detail".into(), detail.clone().into());
    }
    Some(typed("image_url", json))
}

fn typed(kind: &str, json: Map<String, Value>) -> Map<String, Value> {
    Map::from_iter([("type".to_owned(), kind.into()), (kind.to_owned(), Value::Object(json))])
}

fn file_part(file: &FilePart) -> Option<Map<String, Value>> {
    let mut json = Map::new();
    for (key, value) in
        [("file_data", &file.file_data), ("file_id", &file.file_id), ("filename", &file.filename)]
    {
        if let Some(value) = value {
            json.insert(key.into(), value.clone().into());
        }
    }
    let has_source = file.file_data.is_some() || file.file_id.is_some();
    has_source.then(|| typed("file", json))
}

/// A client's `content`: a string or an array of parts.
pub(super) fn decode(content: &Value, place: &Place) -> Result<Vec<Part>, BadRequest> {
    match content {
        Value::String(text) => Ok(vec![Part::text(text.as_str())]),
        Value::Array(list) => list
            .iter()
            .enumerate()
            .map(|(at, json)| decode_part(json, &place.element(at)))
            .collect(),
        _ => Err(place.wrong_type("a string or an array of parts")),
    }
}

fn decode_part(json: &Value, place: &Place) -> Result<Part, BadRequest> {
    let Value::Object(object) = json else {
        // Some clients put bare strings into the array.
        return match json {
            Value::String(text) => Ok(Part::text(text.as_str())),
            _ => Err(place.wrong_type("an object")),
        };
    };
    let fields = Fields::new(object, place);
    let part = match type_of(json) {
        "text" | "input_text" | "output_text" => {
            let mut part = TextPart::new(fields.required("text")?);
            part.extra = fields.rest(&["type", "text"]);
            Part::Text(part)
        }
        "refusal" => Part::Refusal(fields.required("refusal")?),
        "image_url" | "input_image" => Part::Image(decode_image(&fields)?),
        "file" | "input_file" => Part::File(decode_file(&fields)?),
        _ => Part::Other(json.clone()),
    };
    Ok(part)
}

fn decode_image(fields: &Fields<'_>) -> Result<ImagePart, BadRequest> {
    let mut image = ImagePart::default();
    // The Responses API's shape has a string here; some clients send it.
    if let Some(url) = fields.present("image_url").and_then(Value::as_str) {
        image.image_url = Some(url.to_owned());
        image.detail = fields.text("detail")?;
        image.extra = fields.rest(&["type", "image_url", "detail"]);
    } else if let Some(nested) = fields.object("image_url")? {
        image.image_url = Some(nested.required("url")?);
        image.detail = nested.text("detail")?;
        image.extra = fields.rest(&["type", "image_url"]);
        extra::spread(&mut image.extra, "image_url", nested.rest(&["url", "detail"]));
    } else {
        return Err(fields.missing("image_url"));
    }
    Ok(image)
}

fn decode_file(fields: &Fields<'_>) -> Result<FilePart, BadRequest> {
    let read = |fields: &Fields<'_>| {
        let mut file = FilePart::default();
        file.file_data = fields.text("file_data")?;
        file.file_id = fields.text("file_id")?;
        file.file_url = fields.text("file_url")?;
        file.filename = fields.text("filename")?;
        file.extra = fields.rest(&["type", "file_data", "file_id", "file_url", "filename"]);
        Ok(file)
    };
    // Flat, as the Responses API has it, is sent here, too.
    let Some(nested) = fields.object("file")? else { return read(fields) };
    let mut file = read(&nested)?;
    let inner = std::mem::replace(&mut file.extra, fields.rest(&["type", "file"]));
    extra::spread(&mut file.extra, "file", inner);
    Ok(file)
}

pub(super) fn type_of(json: &Value) -> &str {
    json.get("type").and_then(Value::as_str).unwrap_or_default()
}
