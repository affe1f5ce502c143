//! Content blocks as parts.

use oc_responses_stream::{FilePart, ImagePart, Part, TextPart};
use serde_json::Value;

use crate::wire::fields::{Fields, Place};
use crate::wire::openai_responses::BadRequest;

/// Parts, and the place of the block that each was.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) parts: Vec<Part>,
    pub(super) places: Vec<Place>,
}

/// A client's `content` or `system`: a string or an array of blocks.
pub(super) fn content(content: &Value, place: &Place) -> Result<Said, BadRequest> {
    let mut said = Said::default();
    match content {
        Value::String(text) => said.push(Part::text(text.as_str()), place),
        Value::Array(list) => {
            for (at, json) in list.iter().enumerate() {
                let place = place.element(at);
                let object = json.as_object().ok_or_else(|| place.wrong_type("an object"))?;
                said.block(&Fields::new(object, &place), json, &place)?;
            }
        }
        _ => return Err(place.wrong_type("a string or an array of blocks")),
    }
    Ok(said)
}

/// Whether a block of this type has a canonical part.
pub(super) fn is_part(kind: &str) -> bool {
    matches!(kind, "text" | "image" | "document")
}

impl Said {
    /// One part more, of the block at `place`.
    pub(super) fn push(&mut self, part: Part, place: &Place) {
        self.parts.push(part);
        self.places.push(place.clone());
    }

    /// One block more. What is said of a document for the model alone stands before it:
    /// no other wire has a field for it.
    pub(super) fn block(
        &mut self,
        fields: &Fields<'_>,
        json: &Value,
        place: &Place,
    ) -> Result<(), BadRequest> {
        let part = part(fields, json)?;
        if fields.text("type")?.as_deref() == Some("document")
            && !matches!(part, Part::Other(_))
            && let Some(context) = fields.text("context")?.filter(|text| !text.trim().is_empty())
        {
            self.push(Part::text(context), place);
        }
        self.push(part, place);
        Ok(())
    }
}

fn part(fields: &Fields<'_>, json: &Value) -> Result<Part, BadRequest> {
    let part = match fields.text("type")?.as_deref() {
        Some("text") => {
            let mut part = TextPart::new(fields.required("text")?);
            // Citations hang on an answer that another turn gave.
            part.extra = fields.rest(&["type", "text", "citations"]);
            Part::Text(part)
        }
        Some("image") => Part::Image(image(fields)?),
        Some("document") => document(fields, json)?,
        Some(_) => Part::Other(json.clone()),
        None => return Err(fields.missing("type")),
    };
    Ok(part)
}

fn image(fields: &Fields<'_>) -> Result<ImagePart, BadRequest> {
    let mut image = ImagePart::default();
    image.extra = fields.rest(&["type", "source"]);
    match source(fields)? {
        Source::Url(url) => image.image_url = Some(url),
        Source::File(id) => image.file_id = Some(id),
        Source::Said | Source::Unknown => {
            let place = fields.place("source").field("type");
            return Err(place.wrong_type("base64, url or file"));
        }
    }
    Ok(image)
}

/// A file, unless it is text: that is kept whole for the host that cites from it, and
/// told to others as what it says ([`as_text`](super::super::as_text)).
fn document(fields: &Fields<'_>, json: &Value) -> Result<Part, BadRequest> {
    let mut file = FilePart::default();
    file.filename = fields.text("title")?;
    file.extra = fields.rest(&["type", "source", "title", "context"]);
    match source(fields)? {
        Source::Url(url) if url.starts_with("data:") => file.file_data = Some(url),
        Source::Url(url) => file.file_url = Some(url),
        Source::File(id) => file.file_id = Some(id),
        Source::Said | Source::Unknown => return Ok(Part::Other(json.clone())),
    }
    Ok(Part::File(file))
}

enum Source {
    /// `https:` or `data:`.
    Url(String),
    File(String),
    /// Text, or blocks.
    Said,
    Unknown,
}

fn source(fields: &Fields<'_>) -> Result<Source, BadRequest> {
    let Some(source) = fields.object("source")? else { return Err(fields.missing("source")) };
    Ok(match source.required("type")?.as_str() {
        "base64" => {
            let (media_type, data) = (source.required("media_type")?, source.required("data")?);
            Source::Url(format!("data:{media_type};base64,{data}"))
        }
        "url" => Source::Url(source.required("url")?),
        "file" => Source::File(source.required("file_id")?),
        "text" => {
            source.required("data")?;
            Source::Said
        }
        "content" => {
            if let Some(json) = source.present("content") {
                content(json, &source.place("content"))?;
            }
            Source::Said
        }
        _ => Source::Unknown,
    })
}
