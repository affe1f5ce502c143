//! The product.

use bytes::Bytes;
use oc_responses_stream::sse::{Decoded, Decoder};
use oc_responses_stream::{Delta, DeltaRef, ResponseParser};

use super::Tally;

pub(super) fn frames(chunks: &[Bytes], tally: &mut Tally) -> anyhow::Result<()> {
    let mut decoder = Decoder::new();
    let mut drain = |decoder: &mut Decoder| -> anyhow::Result<()> {
        while let Some(decoded) = decoder.next_frame() {
            if let Decoded::Frame(frame) = decoded? {
                tally.frame(frame.data());
            }
        }
        Ok(())
    };
    for chunk in chunks {
        decoder.feed(chunk);
        drain(&mut decoder)?;
    }
    decoder.finish();
    drain(&mut decoder)
}

/// As an embedder writes it: splits reasoning out of text too, which no other
/// row does.
pub(super) fn owned(chunks: &[Bytes], tally: &mut Tally) -> anyhow::Result<()> {
    let mut parser = ResponseParser::new();
    let mut drain = |parser: &mut ResponseParser| -> anyhow::Result<()> {
        while let Some(delta) = parser.next_event() {
            match delta? {
                Delta::Text(piece) => tally.text.extend_from_slice(piece.text.as_bytes()),
                Delta::Reasoning(piece) => tally.reasoning.extend_from_slice(piece.text.as_bytes()),
                other => {
                    std::hint::black_box(other);
                }
            }
        }
        Ok(())
    };
    for chunk in chunks {
        parser.feed(chunk);
        drain(&mut parser)?;
    }
    parser.finish();
    drain(&mut parser)
}

/// The same, each delta only looked at. Validated as the owned row is: UTF-8,
/// JSON, and what an event means.
pub(super) fn borrowed(chunks: &[Bytes], tally: &mut Tally) -> anyhow::Result<()> {
    let mut parser = ResponseParser::new();
    let mut drain = |parser: &mut ResponseParser| -> anyhow::Result<()> {
        while let Some(delta) = parser.next_ref() {
            match delta? {
                DeltaRef::Text(piece) => tally.text.extend_from_slice(piece.text.as_bytes()),
                DeltaRef::Reasoning(piece) => {
                    tally.reasoning.extend_from_slice(piece.text.as_bytes());
                }
                other => {
                    std::hint::black_box(other);
                }
            }
        }
        Ok(())
    };
    for chunk in chunks {
        parser.feed(chunk);
        drain(&mut parser)?;
    }
    parser.finish();
    drain(&mut parser)
}
