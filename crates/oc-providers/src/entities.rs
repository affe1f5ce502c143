//! HTML entities in the texts of JSON, which some hosts write into arguments.

use serde_json::Value;

const NAMED: &[(&str, char)] =
    &[("amp", '&'), ("lt", '<'), ("gt", '>'), ("quot", '"'), ("apos", '\''), ("nbsp", '\u{a0}')];
/// The longest entity that is read, without `&` and `;`.
const LONGEST: usize = 10;

/// `json` with the entities in its texts decoded, names of fields excepted; as it
/// is, where it is no JSON.
pub(crate) fn decoded(json: &str) -> String {
    if !json.contains('&') {
        return json.to_owned();
    }
    let Ok(mut value) = serde_json::from_str::<Value>(json) else { return json.to_owned() };
    walk(&mut value);
    value.to_string()
}

fn walk(value: &mut Value) {
    match value {
        Value::String(text) => *text = plain(text),
        Value::Array(list) => list.iter_mut().for_each(walk),
        Value::Object(fields) => fields.values_mut().for_each(walk),
        _ => {}
    }
}

/// Once: `&amp;lt;` is `&lt;`.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let end = after.bytes().take(LONGEST + 1).position(|byte| byte == b';');
        let entity = end.and_then(|end| Some((read(after.get(..end)?)?, after.get(end + 1..)?)));
        match entity {
            Some((char, after)) => {
                out.push(char);
                rest = after;
            }
            None => {
                out.push('&');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

fn read(entity: &str) -> Option<char> {
    if let Some(number) = entity.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16),
            None => number.parse(),
        };
        return char::from_u32(code.ok()?);
    }
    NAMED.iter().find(|(name, _)| *name == entity).map(|(_, char)| *char)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn entities_are_decoded_once_and_only_in_texts() {
        for (json, wanted) in [
            (json!({"a": "x &lt; y &amp;&amp; z"}), json!({"a": "x < y && z"})),
            (json!({"a": ["&#39;&#x27;&quot;", 1]}), json!({"a": ["''\"", 1]})),
            (json!({"a": "&amp;lt;"}), json!({"a": "&lt;"})),
            (json!({"&lt;": "&nosuch; & &#xd800; &"}), json!({"&lt;": "&nosuch; & &#xd800; &"})),
            (json!({"a": "&üü;"}), json!({"a": "&üü;"})),
        ] {
            let read: Value = serde_json::from_str(&decoded(&json.to_string())).expect("json");
            assert_eq!(read, wanted);
        }
        assert_eq!(decoded("{\"a\": &"), "{\"a\": &");
    }
}
