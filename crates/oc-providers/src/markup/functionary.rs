//! `<function=f>{…}</function>`: Functionary v3.1, and Llama 3.1 where it is asked so.

use super::{Declared, Section, Written, arguments};

const FUNCTION: (&str, &str) = ("<function=", "</function>");

pub(super) fn read(text: &str, declared: &Declared) -> Option<Section> {
    let (name, body) = text.strip_prefix(FUNCTION.0)?.split_once('>')?;
    let (json, end) = arguments::first_value(body)?;
    let rest = body.get(end..)?.trim_start();
    let rest = match rest.strip_prefix(FUNCTION.1) {
        Some(rest) => rest,
        None if rest.is_empty() => rest,
        None => return None,
    };
    let arguments = arguments::object(&json)?;
    let call = Written { id: None, name: name.to_owned(), arguments };
    declared.has(name).then(|| Section { calls: vec![call], len: text.len() - rest.len() })
}
