//! oc-responses-stream (under construction)
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod delta;
mod ids;
mod item;

pub use delta::{
    AnnotationDelta, Delta, Finish, FinishReason, ItemEnd, Opened, ReasoningDelta, ReasoningKind,
    Seal, Slot, Started, TextDelta, ToolCallArguments, ToolCallEnd, ToolCallStart, UpstreamError,
    WholeItem,
};
pub use ids::{CallId, ItemId, ResponseId};
pub use item::{
    FilePart, FunctionCall, FunctionCallOutput, ImagePart, Item, ItemStatus, Message, OtherItem,
    Part, Phase, Reasoning, Role, TextPart, Usage,
};
