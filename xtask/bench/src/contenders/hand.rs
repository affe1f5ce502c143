//! Loops written by hand. They are bounds, not parsers: the framing knows only
//! LF, single `data` lines and no end without a blank line, and no row here
//! reads `done` events, ids or indexes.

use std::borrow::Cow;

use bytes::Bytes;
use memchr::memmem::Finder;
use memchr::{memchr, memchr2};
use serde::Deserialize;

use super::Tally;

pub(super) fn frames(chunks: &[Bytes], tally: &mut Tally) -> anyhow::Result<()> {
    each_data(chunks, |data| {
        tally.frame(std::str::from_utf8(data)?);
        Ok(())
    })
}

pub(super) fn serde_borrowed(chunks: &[Bytes], tally: &mut Tally) -> anyhow::Result<()> {
    each_data(chunks, |data| {
        let head: Head<'_> = serde_json::from_slice(data)?;
        tally.delta(&head.event_type, head.delta.as_bytes());
        Ok(())
    })
}

pub(super) fn sonic_borrowed(chunks: &[Bytes], tally: &mut Tally) -> anyhow::Result<()> {
    each_data(chunks, |data| {
        let head: Head<'_> = sonic_rs::from_slice(data)?;
        tally.delta(&head.event_type, head.delta.as_bytes());
        Ok(())
    })
}

/// Trusts that a delta looks as OpenAI writes it today. Broken JSON after the
/// delta, or before it, goes unseen: the upper bound, and not to be shipped.
pub(super) fn known_prefix(chunks: &[Bytes], tally: &mut Tally) -> anyhow::Result<()> {
    const TYPE: &[u8] = b"{\"type\":\"";
    let delta_key = Finder::new(b",\"delta\":\"");
    each_data(chunks, |data| {
        let Some(rest) = data.strip_prefix(TYPE) else { return Ok(()) };
        let Some(end) = memchr(b'"', rest) else { return Ok(()) };
        let (event_type, rest) = rest.split_at(end);
        if !event_type.ends_with(b".delta") {
            return Ok(());
        }
        let Some(at) = delta_key.find(rest) else { return Ok(()) };
        let delta = &rest[at + delta_key.needle().len()..];
        let event_type = std::str::from_utf8(event_type)?;
        match memchr2(b'"', b'\\', delta) {
            Some(end) if delta[end] == b'"' => tally.delta(event_type, &delta[..end]),
            _ => {
                let head: Head<'_> = serde_json::from_slice(data)?;
                tally.delta(event_type, head.delta.as_bytes());
            }
        }
        Ok(())
    })
}

#[derive(Deserialize)]
struct Head<'a> {
    #[serde(rename = "type", borrow)]
    event_type: Cow<'a, str>,
    #[serde(borrow, default)]
    delta: Cow<'a, str>,
}

/// Calls `each` with every `data` field; copies only what a chunk's end cuts.
fn each_data(
    chunks: &[Bytes],
    mut each: impl FnMut(&[u8]) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let blank = Finder::new(b"\n\n");
    let mut held = Vec::new();
    for chunk in chunks {
        let mut rest = &chunk[..];
        if !held.is_empty() {
            let end = match (held.last(), rest.first()) {
                (Some(b'\n'), Some(b'\n')) => Some(0),
                _ => blank.find(rest).map(|at| at + 1),
            };
            let Some(end) = end else {
                held.extend_from_slice(rest);
                continue;
            };
            held.extend_from_slice(&rest[..end]);
            data_of(&held, &mut each)?;
            held.clear();
            rest = &rest[end + 1..];
        }
        while let Some(at) = blank.find(rest) {
            data_of(&rest[..at], &mut each)?;
            rest = &rest[at + 2..];
        }
        held.extend_from_slice(rest);
    }
    Ok(())
}

fn data_of(
    mut event: &[u8],
    each: &mut impl FnMut(&[u8]) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    while !event.is_empty() {
        let (line, rest) = match memchr(b'\n', event) {
            Some(end) => (&event[..end], &event[end + 1..]),
            None => (event, &event[event.len()..]),
        };
        if let Some(data) = line.strip_prefix(b"data: ") {
            each(data)?;
        }
        event = rest;
    }
    Ok(())
}
