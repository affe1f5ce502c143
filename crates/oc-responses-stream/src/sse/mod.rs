//! Server-sent events: bytes to frames ([`Decoder`]) and frames to bytes
//! ([`encode`]).
//!
//! The decoder follows the WHATWG "event stream interpretation" with these
//! differences, each of which a real server made necessary:
//!
//! * an event at the end of the input counts even without its blank line;
//! * a field named `error` is kept (llama.cpp before September 2025 reported
//!   failures that way);
//! * a comment is reported, because it shows that the server lives;
//! * bytes that are not UTF-8 are replaced by U+FFFD, as the standard says, and
//!   do not end the stream.
//!
//! ```
//! use oc_responses_stream::sse::{Decoded, Decoder};
//!
//! let mut decoder = Decoder::new();
//! decoder.feed(b": hi\r\ndata: {\"type\":\"respon");
//! decoder.feed(b"se.created\"}\r\n\r\n");
//! assert!(matches!(decoder.next_frame(), Some(Ok(Decoded::Comment))));
//! let Some(Ok(Decoded::Frame(frame))) = decoder.next_frame() else { panic!() };
//! assert_eq!(frame.data(), r#"{"type":"response.created"}"#);
//! assert!(decoder.next_frame().is_none()); // feed more, or finish()
//! ```

mod decoder;
mod encoder;
mod frame;

pub use decoder::{Decoded, Decoder, FrameError};
pub use encoder::{DONE, comment, encode};
pub use frame::Frame;
