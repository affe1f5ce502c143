#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![cfg_attr(
    not(all(feature = "stream", feature = "eventsource-stream")),
    allow(rustdoc::broken_intra_doc_links, reason = "the front page speaks of every feature")
)]

mod collect;
mod delta;
mod error;
mod event;
#[cfg(feature = "stream")]
mod final_text;
mod hot;
mod ids;
mod interpret;
mod item;
mod item_json;
mod item_type;
mod machine;
mod parser;
mod progress;
mod responses;
mod split;
pub mod sse;
#[cfg(feature = "stream")]
mod stream;
#[cfg(feature = "eventsource-stream")]
mod stream_of_events;
mod tokens;

pub use collect::{Answer, Collector};
pub use delta::{
    AnnotationDelta, ChoiceDelta, Delta, ExtraDelta, Finish, FinishReason, ItemEnd, Opened,
    PhaseDelta, ReasoningDelta, ReasoningKind, Seal, Slot, Started, TextDelta, ToolCallArguments,
    ToolCallEnd, ToolCallStart, UpstreamError, WholeItem, WholePart, WireFrame,
};
pub use error::{StreamError, StreamErrorKind};
pub use event::{Event, UnknownEvent};
#[cfg(feature = "stream")]
pub use final_text::{FinalTextError, final_text};
pub use hot::{ArgumentsRef, DeltaRef, Hot, HotKind, HotText, ReasoningRef, TextRef};
pub use ids::{CallId, ItemId, ResponseId};
pub use interpret::{FrameVerdict, Interpret};
pub use item::{
    FilePart, FunctionCall, FunctionCallOutput, ImagePart, Item, ItemStatus, Message, OtherItem,
    Part, Phase, Reasoning, Role, TextPart, Usage,
};
pub use item_type::ItemType;
pub use machine::{MachineOptions, OutputStyle, ReasoningStyle, ResponseMachine, Told, laws};
pub use parser::{Limits, Parser, ResponseParser};
pub use progress::{Progress, Stage};
pub use responses::ResponsesInterpreter;
pub use split::{
    Blocks, EmptyFinal, ImplicitOpen, MarkdownCode, ReasoningSplitter, SplitDeltas, SplitOptions,
    StrayClose, TextPiece,
};
#[cfg(feature = "stream")]
pub use stream::{DeltaStream, ReadError, ResponseStream};
#[cfg(feature = "eventsource-stream")]
pub use stream_of_events::EventSourceDeltas;
pub use tokens::HeldTokens;

pub mod events {
    //! The typed events' own structs, one for each variant of
    //! [`Event`], which are named after it.
    pub use crate::event::*;
}
