//! The table of events: one entry, one type. Generated nowhere, regular everywhere.

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};

use super::UnknownEvent;
use super::field::Field;

macro_rules! events {
    ($(
        $(#[$doc:meta])*
        $variant:ident = $name:literal, $type:ident { $( #[doc = $about:literal] $field:ident: $kind:ty, )* }
    )*) => {
        /// One event of a Responses stream, by its name on the wire.
        ///
        /// Numbers are optional everywhere, because real servers leave them out.
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum Event {
            $( $(#[$doc])* $variant($type), )*
            /// An event of a name that is not in this list, or without what its
            /// type needs; kept whole.
            Unknown(UnknownEvent),
        }

        impl Event {
            /// The names of all typed events.
            pub const NAMES: &[&str] = &[$($name),*];

            /// The event's `type` on the wire.
            pub fn name(&self) -> &str {
                match self {
                    $( Self::$variant(_) => $name, )*
                    Self::Unknown(event) => event.event_type(),
                }
            }

            /// The event's number in its stream, where the server counts.
            pub fn sequence_number(&self) -> Option<u64> {
                match self {
                    $( Self::$variant(event) => event.sequence_number, )*
                    Self::Unknown(event) => event.json.get("sequence_number").and_then(Value::as_u64),
                }
            }

            /// The fields that have no place in the event's type; of an unknown
            /// event, all.
            pub fn extra(&self) -> &Map<String, Value> {
                match self {
                    $( Self::$variant(event) => &event.extra, )*
                    Self::Unknown(event) => &event.json,
                }
            }

            pub(crate) fn set_sequence_number(&mut self, number: u64) {
                match self {
                    $( Self::$variant(event) => event.sequence_number = Some(number), )*
                    Self::Unknown(event) => {
                        event.json.insert("sequence_number".to_owned(), number.into());
                    }
                }
            }

            /// Reads an event from its object.
            pub fn from_object(mut object: Map<String, Value>) -> Self {
                match object.get("type").and_then(Value::as_str).unwrap_or_default() {
                    $( $name => {
                        if let Some(event) = $type::take(&mut object) {
                            return Self::$variant(event);
                        }
                    } )*
                    _ => {}
                }
                Self::Unknown(UnknownEvent::new(object))
            }
        }

        impl Serialize for Event {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    $( Self::$variant(event) => event.serialize(serializer), )*
                    Self::Unknown(event) => event.serialize(serializer),
                }
            }
        }

        $(
            #[doc = concat!("`", $name, "`. See [`Event::", stringify!($variant), "`].")]
            #[derive(Clone, Debug, Default, PartialEq)]
            #[non_exhaustive]
            pub struct $type {
                /// The event's number in its stream.
                pub sequence_number: Option<u64>,
                $( #[doc = $about] pub $field: $kind, )*
                /// Fields that are not in this list, kept.
                pub extra: Map<String, Value>,
            }

            impl $type {
                /// Takes the event out of its object; `None` leaves the object whole.
                fn take(object: &mut Map<String, Value>) -> Option<Self> {
                    let mut left = object.clone();
                    left.shift_remove("type");
                    let sequence_number = Field::take(&mut left, "sequence_number")?;
                    $( let $field = Field::take(&mut left, stringify!($field))?; )*
                    object.clear();
                    Some(Self { sequence_number, $( $field, )* extra: left })
                }
            }

            impl Serialize for $type {
                fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                    let mut map = serializer.serialize_map(None)?;
                    map.serialize_entry("type", $name)?;
                    self.sequence_number.write("sequence_number", &mut map)?;
                    $( self.$field.write(stringify!($field), &mut map)?; )*
                    for (key, value) in &self.extra {
                        map.serialize_entry(key, value)?;
                    }
                    map.end()
                }
            }
        )*
    };
}

events! {
    /// The response began; the first event.
    Created = "response.created", CreatedEvent {
        #[doc = "The response as it stands."]
        response: Value,
    }
    /// The response waits its turn (background).
    Queued = "response.queued", QueuedEvent {
        #[doc = "The response as it stands."]
        response: Value,
    }
    /// The model is at work.
    InProgress = "response.in_progress", InProgressEvent {
        #[doc = "The response as it stands."]
        response: Value,
    }
    /// The response is whole. Terminal.
    Completed = "response.completed", CompletedEvent {
        #[doc = "The response as it stands."]
        response: Value,
    }
    /// A limit or a filter cut the response. Terminal.
    Incomplete = "response.incomplete", IncompleteEvent {
        #[doc = "The response as it stands."]
        response: Value,
    }
    /// The response failed. Terminal.
    Failed = "response.failed", FailedEvent {
        #[doc = "The response as it stands."]
        response: Value,
    }
    /// The response is over, as its status says; realtime-style proxies. Terminal.
    Done = "response.done", DoneEvent {
        #[doc = "The response as it stands."]
        response: Value,
    }
    /// The response was cancelled. Terminal.
    Cancelled = "response.cancelled", CancelledEvent {
        #[doc = "The response as it stands."]
        response: Value,
    }
    /// An item opened.
    OutputItemAdded = "response.output_item.added", OutputItemAddedEvent {
        #[doc = "The item's place in the output."]
        output_index: Option<u64>,
        #[doc = "The item."]
        item: Value,
    }
    /// An item is finished; Codex reads only this.
    OutputItemDone = "response.output_item.done", OutputItemDoneEvent {
        #[doc = "The item's place in the output."]
        output_index: Option<u64>,
        #[doc = "The item."]
        item: Value,
    }
    /// A part of a message or of raw reasoning opened.
    ContentPartAdded = "response.content_part.added", ContentPartAddedEvent {
        #[doc = "The item's id; some servers change it within one item."]
        item_id: Option<String>,
        #[doc = "The item's place in the output."]
        output_index: Option<u64>,
        #[doc = "The part's place in its item."]
        content_index: Option<u64>,
        #[doc = "The part."]
        part: Value,
    }
    /// A part is finished.
    ContentPartDone = "response.content_part.done", ContentPartDoneEvent {
        #[doc = "The item's id; some servers change it within one item."]
        item_id: Option<String>,
        #[doc = "The item's place in the output."]
        output_index: Option<u64>,
        #[doc = "The part's place in its item."]
        content_index: Option<u64>,
        #[doc = "The part."]
        part: Value,
    }
    /// A piece of a message's text.
    OutputTextDelta = "response.output_text.delta", OutputTextDeltaEvent {
        #[doc = "The item's id; some servers change it within one item."]
        item_id: Option<String>,
        #[doc = "The item's place in the output."]
        output_index: Option<u64>,
        #[doc = "The part's place in its item."]
        content_index: Option<u64>,
        #[doc = "What is new."]
        delta: String,
        #[doc = "Token log probabilities."]
        logprobs: Option<Value>,
        #[doc = "Padding that hides how long the piece is; means nothing."]
        obfuscation: Option<String>,
    }
    /// A piece of a message's text, as Azure once called it.
    PlainTextDelta = "response.text.delta", PlainTextDeltaEvent {
        #[doc = "The item's id; some servers change it within one item."]
        item_id: Option<String>,
        #[doc = "The item's place in the output."]
        output_index: Option<u64>,
        #[doc = "The part's place in its item."]
        content_index: Option<u64>,
        #[doc = "What is new."]
        delta: String,
    }
    /// A part's whole text, as Azure once called it.
    PlainTextDone = "response.text.done", PlainTextDoneEvent {
        #[doc = "The item's id; some servers change it within one item."]
        item_id: Option<String>,
        #[doc = "The item's place in the output."]
        output_index: Option<u64>,
        #[doc = "The part's place in its item."]
        content_index: Option<u64>,
        #[doc = "The whole text."]
        text: String,
    }
    /// A part's whole text.
    OutputTextDone = "response.output_text.done", OutputTextDoneEvent {
        #[doc = "The item's id; some servers change it within one item."]
        item_id: Option<String>,
        #[doc = "The item's place in the output."]
        output_index: Option<u64>,
        #[doc = "The part's place in its item."]
        content_index: Option<u64>,
        #[doc = "The whole text."]
        text: String,
        #[doc = "Token log probabilities."]
        logprobs: Option<Value>,
    }
    /// A citation on text.
    OutputTextAnnotationAdded = "response.output_text.annotation.added", OutputTextAnnotationAddedEvent {
        #[doc = "The item's id; some servers change it within one item."]
        item_id: Option<String>,
        #[doc = "The item's place in the output."]
        output_index: Option<u64>,
        #[doc = "The part's place in its item."]
        content_index: Option<u64>,
        #[doc = "The annotation's place on its part."]
        annotation_index: Option<u64>,
        #[doc = "The annotation."]
        annotation: Value,
    }
    /// A piece of a refusal.
    RefusalDelta = "response.refusal.delta", RefusalDeltaEvent {
        #[doc = "The item's id; some servers change it within one item."]
        item_id: Option<String>,
        #[doc = "The item's place in the output."]
        output_index: Option<u64>,
        #[doc = "The part's place in its item."]
        content_index: Option<u64>,
        #[doc = "What is new."]
        delta: String,
        #[doc = "Padding that hides how long the piece is; means nothing."]
        obfuscation: Option<String>,
    }
    /// A whole refusal.
    RefusalDone = "response.refusal.done", RefusalDoneEvent {
        #[doc = "The item's id; some servers change it within one item."]
        item_id: Option<String>,
        #[doc = "The item's place in the output."]
        output_index: Option<u64>,
        #[doc = "The part's place in its item."]
        content_index: Option<u64>,
        #[doc = "The whole refusal."]
        refusal: String,
    }
    /// A piece of raw reasoning.
    ReasoningTextDelta = "response.reasoning_text.delta", ReasoningTextDeltaEvent {
        #[doc = "The item's id; some servers change it within one item."]
        item_id: Option<String>,
        #[doc = "The item's place in the output."]
        output_index: Option<u64>,
        #[doc = "The part's place in its item."]
        content_index: Option<u64>,
        #[doc = "What is new."]
        delta: String,
        #[doc = "Padding that hides how long the piece is; means nothing."]
        obfuscation: Option<String>,
    }
    /// A part's whole raw reasoning.
    ReasoningTextDone = "response.reasoning_text.done", ReasoningTextDoneEvent {
        #[doc = "The item's id; some servers change it within one item."]
        item_id: Option<String>,
        #[doc = "The item's place in the output."]
        output_index: Option<u64>,
        #[doc = "The part's place in its item."]
        content_index: Option<u64>,
        #[doc = "The whole text."]
        text: String,
    }
    /// A piece of raw reasoning, as Open Responses names it.
    ReasoningDelta = "response.reasoning.delta", ReasoningDeltaEvent {
        #[doc = "The item's id; some servers change it within one item."]
        item_id: Option<String>,
        #[doc = "The item's place in the output."]
        output_index: Option<u64>,
        #[doc = "The part's place in its item."]
        content_index: Option<u64>,
        #[doc = "What is new."]
        delta: String,
    }
    /// Whole raw reasoning, as Open Responses names it.
    ReasoningDone = "response.reasoning.done", ReasoningDoneEvent {
        #[doc = "The item's id; some servers change it within one item."]
        item_id: Option<String>,
        #[doc = "The item's place in the output."]
        output_index: Option<u64>,
        #[doc = "The part's place in its item."]
        content_index: Option<u64>,
        #[doc = "The whole text."]
        text: String,
    }
    /// A part of raw reasoning opened (vLLM).
    ReasoningPartAdded = "response.reasoning_part.added", ReasoningPartAddedEvent {
        #[doc = "The item's id; some servers change it within one item."]
        item_id: Option<String>,
        #[doc = "The item's place in the output."]
        output_index: Option<u64>,
        #[doc = "The part's place in its item."]
        content_index: Option<u64>,
        #[doc = "The part."]
        part: Value,
    }
    /// A part of raw reasoning is finished (vLLM).
    ReasoningPartDone = "response.reasoning_part.done", ReasoningPartDoneEvent {
        #[doc = "The item's id; some servers change it within one item."]
        item_id: Option<String>,
        #[doc = "The item's place in the output."]
        output_index: Option<u64>,
        #[doc = "The part's place in its item."]
        content_index: Option<u64>,
        #[doc = "The part."]
        part: Value,
    }
    /// A part of a reasoning summary opened.
    ReasoningSummaryPartAdded = "response.reasoning_summary_part.added", ReasoningSummaryPartAddedEvent {
        #[doc = "The item's id; some servers change it within one item."]
        item_id: Option<String>,
        #[doc = "The item's place in the output."]
        output_index: Option<u64>,
        #[doc = "The part's place in the item's summary."]
        summary_index: Option<u64>,
        #[doc = "The part."]
        part: Value,
    }
    /// A part of a reasoning summary is finished.
    ReasoningSummaryPartDone = "response.reasoning_summary_part.done", ReasoningSummaryPartDoneEvent {
        #[doc = "The item's id; some servers change it within one item."]
        item_id: Option<String>,
        #[doc = "The item's place in the output."]
        output_index: Option<u64>,
        #[doc = "The part's place in the item's summary."]
        summary_index: Option<u64>,
        #[doc = "The part."]
        part: Value,
        #[doc = "`incomplete` where the part was cut."]
        status: Option<String>,
    }
    /// A piece of a reasoning summary.
    ReasoningSummaryTextDelta = "response.reasoning_summary_text.delta", ReasoningSummaryTextDeltaEvent {
        #[doc = "The item's id; some servers change it within one item."]
        item_id: Option<String>,
        #[doc = "The item's place in the output."]
        output_index: Option<u64>,
        #[doc = "The part's place in the item's summary."]
        summary_index: Option<u64>,
        #[doc = "What is new."]
        delta: String,
        #[doc = "Padding that hides how long the piece is; means nothing."]
        obfuscation: Option<String>,
    }
    /// A piece of a summary, as some servers call it.
    ReasoningSummaryDelta = "response.reasoning_summary.delta", ReasoningSummaryDeltaEvent {
        #[doc = "The item's id; some servers change it within one item."]
        item_id: Option<String>,
        #[doc = "The item's place in the output."]
        output_index: Option<u64>,
        #[doc = "The part's place in the item's summary."]
        summary_index: Option<u64>,
        #[doc = "What is new."]
        delta: String,
    }
    /// A summary's whole text, as some servers call it.
    ReasoningSummaryDone = "response.reasoning_summary.done", ReasoningSummaryDoneEvent {
        #[doc = "The item's id; some servers change it within one item."]
        item_id: Option<String>,
        #[doc = "The item's place in the output."]
        output_index: Option<u64>,
        #[doc = "The part's place in the item's summary."]
        summary_index: Option<u64>,
        #[doc = "The whole text."]
        text: String,
    }
    /// A summary part's whole text.
    ReasoningSummaryTextDone = "response.reasoning_summary_text.done", ReasoningSummaryTextDoneEvent {
        #[doc = "The item's id; some servers change it within one item."]
        item_id: Option<String>,
        #[doc = "The item's place in the output."]
        output_index: Option<u64>,
        #[doc = "The part's place in the item's summary."]
        summary_index: Option<u64>,
        #[doc = "The whole text."]
        text: String,
    }
    /// A piece of a function call's arguments.
    FunctionCallArgumentsDelta = "response.function_call_arguments.delta", FunctionCallArgumentsDeltaEvent {
        #[doc = "The item's id; some servers change it within one item."]
        item_id: Option<String>,
        #[doc = "The item's place in the output."]
        output_index: Option<u64>,
        #[doc = "What is new."]
        delta: String,
        #[doc = "Padding that hides how long the piece is; means nothing."]
        obfuscation: Option<String>,
    }
    /// A function call's whole arguments.
    FunctionCallArgumentsDone = "response.function_call_arguments.done", FunctionCallArgumentsDoneEvent {
        #[doc = "The item's id; some servers change it within one item."]
        item_id: Option<String>,
        #[doc = "The item's place in the output."]
        output_index: Option<u64>,
        #[doc = "JSON text."]
        arguments: String,
        #[doc = "The function's name (older servers)."]
        name: Option<String>,
    }
    /// A piece of a custom tool's input.
    CustomToolCallInputDelta = "response.custom_tool_call_input.delta", CustomToolCallInputDeltaEvent {
        #[doc = "The item's id; some servers change it within one item."]
        item_id: Option<String>,
        #[doc = "The item's place in the output."]
        output_index: Option<u64>,
        #[doc = "What is new."]
        delta: String,
        #[doc = "Padding that hides how long the piece is; means nothing."]
        obfuscation: Option<String>,
    }
    /// A custom tool's whole input.
    CustomToolCallInputDone = "response.custom_tool_call_input.done", CustomToolCallInputDoneEvent {
        #[doc = "The item's id; some servers change it within one item."]
        item_id: Option<String>,
        #[doc = "The item's place in the output."]
        output_index: Option<u64>,
        #[doc = "The whole input."]
        input: String,
    }
    /// An MCP server is asked for its tools.
    McpListToolsInProgress = "response.mcp_list_tools.in_progress", McpListToolsInProgressEvent {
        #[doc = "The item's id; some servers change it within one item."]
        item_id: Option<String>,
        #[doc = "The item's place in the output."]
        output_index: Option<u64>,
    }
    /// An MCP server named its tools.
    McpListToolsCompleted = "response.mcp_list_tools.completed", McpListToolsCompletedEvent {
        #[doc = "The item's id; some servers change it within one item."]
        item_id: Option<String>,
        #[doc = "The item's place in the output."]
        output_index: Option<u64>,
    }
    /// An MCP server named no tools.
    McpListToolsFailed = "response.mcp_list_tools.failed", McpListToolsFailedEvent {
        #[doc = "The item's id; some servers change it within one item."]
        item_id: Option<String>,
        #[doc = "The item's place in the output."]
        output_index: Option<u64>,
    }
    /// An MCP tool runs.
    McpCallInProgress = "response.mcp_call.in_progress", McpCallInProgressEvent {
        #[doc = "The item's id; some servers change it within one item."]
        item_id: Option<String>,
        #[doc = "The item's place in the output."]
        output_index: Option<u64>,
    }
    /// An MCP tool answered.
    McpCallCompleted = "response.mcp_call.completed", McpCallCompletedEvent {
        #[doc = "The item's id; some servers change it within one item."]
        item_id: Option<String>,
        #[doc = "The item's place in the output."]
        output_index: Option<u64>,
    }
    /// An MCP tool failed.
    McpCallFailed = "response.mcp_call.failed", McpCallFailedEvent {
        #[doc = "The item's id; some servers change it within one item."]
        item_id: Option<String>,
        #[doc = "The item's place in the output."]
        output_index: Option<u64>,
    }
    /// A piece of an MCP call's arguments.
    McpCallArgumentsDelta = "response.mcp_call_arguments.delta", McpCallArgumentsDeltaEvent {
        #[doc = "The item's id; some servers change it within one item."]
        item_id: Option<String>,
        #[doc = "The item's place in the output."]
        output_index: Option<u64>,
        #[doc = "What is new."]
        delta: String,
        #[doc = "Padding that hides how long the piece is; means nothing."]
        obfuscation: Option<String>,
    }
    /// An MCP call's whole arguments.
    McpCallArgumentsDone = "response.mcp_call_arguments.done", McpCallArgumentsDoneEvent {
        #[doc = "The item's id; some servers change it within one item."]
        item_id: Option<String>,
        #[doc = "The item's place in the output."]
        output_index: Option<u64>,
        #[doc = "JSON text."]
        arguments: String,
    }
    /// A web search began.
    WebSearchCallInProgress = "response.web_search_call.in_progress", WebSearchCallInProgressEvent {
        #[doc = "The item's id; some servers change it within one item."]
        item_id: Option<String>,
        #[doc = "The item's place in the output."]
        output_index: Option<u64>,
    }
    /// A web search runs.
    WebSearchCallSearching = "response.web_search_call.searching", WebSearchCallSearchingEvent {
        #[doc = "The item's id; some servers change it within one item."]
        item_id: Option<String>,
        #[doc = "The item's place in the output."]
        output_index: Option<u64>,
    }
    /// A web search ended.
    WebSearchCallCompleted = "response.web_search_call.completed", WebSearchCallCompletedEvent {
        #[doc = "The item's id; some servers change it within one item."]
        item_id: Option<String>,
        #[doc = "The item's place in the output."]
        output_index: Option<u64>,
    }
    /// A file search began.
    FileSearchCallInProgress = "response.file_search_call.in_progress", FileSearchCallInProgressEvent {
        #[doc = "The item's id; some servers change it within one item."]
        item_id: Option<String>,
        #[doc = "The item's place in the output."]
        output_index: Option<u64>,
    }
    /// A file search runs.
    FileSearchCallSearching = "response.file_search_call.searching", FileSearchCallSearchingEvent {
        #[doc = "The item's id; some servers change it within one item."]
        item_id: Option<String>,
        #[doc = "The item's place in the output."]
        output_index: Option<u64>,
    }
    /// A file search ended.
    FileSearchCallCompleted = "response.file_search_call.completed", FileSearchCallCompletedEvent {
        #[doc = "The item's id; some servers change it within one item."]
        item_id: Option<String>,
        #[doc = "The item's place in the output."]
        output_index: Option<u64>,
    }
    /// The code interpreter began.
    CodeInterpreterCallInProgress = "response.code_interpreter_call.in_progress", CodeInterpreterCallInProgressEvent {
        #[doc = "The item's id; some servers change it within one item."]
        item_id: Option<String>,
        #[doc = "The item's place in the output."]
        output_index: Option<u64>,
    }
    /// The code interpreter runs.
    CodeInterpreterCallInterpreting = "response.code_interpreter_call.interpreting", CodeInterpreterCallInterpretingEvent {
        #[doc = "The item's id; some servers change it within one item."]
        item_id: Option<String>,
        #[doc = "The item's place in the output."]
        output_index: Option<u64>,
    }
    /// The code interpreter ended.
    CodeInterpreterCallCompleted = "response.code_interpreter_call.completed", CodeInterpreterCallCompletedEvent {
        #[doc = "The item's id; some servers change it within one item."]
        item_id: Option<String>,
        #[doc = "The item's place in the output."]
        output_index: Option<u64>,
    }
    /// A piece of the interpreter's code.
    CodeInterpreterCallCodeDelta = "response.code_interpreter_call_code.delta", CodeInterpreterCallCodeDeltaEvent {
        #[doc = "The item's id; some servers change it within one item."]
        item_id: Option<String>,
        #[doc = "The item's place in the output."]
        output_index: Option<u64>,
        #[doc = "What is new."]
        delta: String,
        #[doc = "Padding that hides how long the piece is; means nothing."]
        obfuscation: Option<String>,
    }
    /// The interpreter's whole code.
    CodeInterpreterCallCodeDone = "response.code_interpreter_call_code.done", CodeInterpreterCallCodeDoneEvent {
        #[doc = "The item's id; some servers change it within one item."]
        item_id: Option<String>,
        #[doc = "The item's place in the output."]
        output_index: Option<u64>,
        #[doc = "The code."]
        code: String,
    }
    /// An image was begun.
    ImageGenerationCallInProgress = "response.image_generation_call.in_progress", ImageGenerationCallInProgressEvent {
        #[doc = "The item's id; some servers change it within one item."]
        item_id: Option<String>,
        #[doc = "The item's place in the output."]
        output_index: Option<u64>,
    }
    /// An image is being made.
    ImageGenerationCallGenerating = "response.image_generation_call.generating", ImageGenerationCallGeneratingEvent {
        #[doc = "The item's id; some servers change it within one item."]
        item_id: Option<String>,
        #[doc = "The item's place in the output."]
        output_index: Option<u64>,
    }
    /// A preview of an image; several megabytes.
    ImageGenerationCallPartialImage = "response.image_generation_call.partial_image", ImageGenerationCallPartialImageEvent {
        #[doc = "The item's id; some servers change it within one item."]
        item_id: Option<String>,
        #[doc = "The item's place in the output."]
        output_index: Option<u64>,
        #[doc = "Which preview."]
        partial_image_index: Option<u64>,
        #[doc = "The preview, base64."]
        partial_image_b64: String,
        #[doc = "The image's background."]
        background: Option<String>,
        #[doc = "The image's format."]
        output_format: Option<String>,
        #[doc = "The image's quality."]
        quality: Option<String>,
        #[doc = "The image's size."]
        size: Option<String>,
    }
    /// An image is ready.
    ImageGenerationCallCompleted = "response.image_generation_call.completed", ImageGenerationCallCompletedEvent {
        #[doc = "The item's id; some servers change it within one item."]
        item_id: Option<String>,
        #[doc = "The item's place in the output."]
        output_index: Option<u64>,
    }
    /// A shell command opened.
    ShellCallCommandAdded = "response.shell_call_command.added", ShellCallCommandAddedEvent {
        #[doc = "The item's place in the output."]
        output_index: Option<u64>,
        #[doc = "The command's place in its call."]
        command_index: Option<u64>,
        #[doc = "The command."]
        command: String,
    }
    /// A piece of a shell command.
    ShellCallCommandDelta = "response.shell_call_command.delta", ShellCallCommandDeltaEvent {
        #[doc = "The item's place in the output."]
        output_index: Option<u64>,
        #[doc = "The command's place in its call."]
        command_index: Option<u64>,
        #[doc = "What is new."]
        delta: String,
        #[doc = "Padding that hides how long the piece is; means nothing."]
        obfuscation: Option<String>,
    }
    /// A whole shell command.
    ShellCallCommandDone = "response.shell_call_command.done", ShellCallCommandDoneEvent {
        #[doc = "The item's place in the output."]
        output_index: Option<u64>,
        #[doc = "The command's place in its call."]
        command_index: Option<u64>,
        #[doc = "The command."]
        command: String,
    }
    /// A piece of a shell command's output.
    ShellCallOutputContentDelta = "response.shell_call_output_content.delta", ShellCallOutputContentDeltaEvent {
        #[doc = "The item's id; some servers change it within one item."]
        item_id: Option<String>,
        #[doc = "The item's place in the output."]
        output_index: Option<u64>,
        #[doc = "The command's place in its call."]
        command_index: Option<u64>,
        #[doc = "What is new."]
        delta: Value,
    }
    /// A shell command's whole output.
    ShellCallOutputContentDone = "response.shell_call_output_content.done", ShellCallOutputContentDoneEvent {
        #[doc = "The item's id; some servers change it within one item."]
        item_id: Option<String>,
        #[doc = "The item's place in the output."]
        output_index: Option<u64>,
        #[doc = "The command's place in its call."]
        command_index: Option<u64>,
        #[doc = "The output."]
        output: Value,
    }
    /// A piece of a patch; on the wire, though in no SDK.
    ApplyPatchCallOperationDiffDelta = "response.apply_patch_call_operation_diff.delta", ApplyPatchCallOperationDiffDeltaEvent {
        #[doc = "The item's id; some servers change it within one item."]
        item_id: Option<String>,
        #[doc = "The item's place in the output."]
        output_index: Option<u64>,
        #[doc = "What is new."]
        delta: String,
    }
    /// A whole patch.
    ApplyPatchCallOperationDiffDone = "response.apply_patch_call_operation_diff.done", ApplyPatchCallOperationDiffDoneEvent {
        #[doc = "The item's id; some servers change it within one item."]
        item_id: Option<String>,
        #[doc = "The item's place in the output."]
        output_index: Option<u64>,
        #[doc = "The whole patch."]
        diff: String,
    }
    /// The context is being compacted.
    CompactionCompacting = "response.compaction.compacting", CompactionCompactingEvent {
        #[doc = "The item's id; some servers change it within one item."]
        item_id: Option<String>,
        #[doc = "The item's place in the output."]
        output_index: Option<u64>,
    }
    /// A piece of audio, base64.
    AudioDelta = "response.audio.delta", AudioDeltaEvent {
        #[doc = "What is new."]
        delta: String,
    }
    /// The audio is whole.
    AudioDone = "response.audio.done", AudioDoneEvent { }
    /// A piece of the audio's transcript.
    AudioTranscriptDelta = "response.audio.transcript.delta", AudioTranscriptDeltaEvent {
        #[doc = "What is new."]
        delta: String,
    }
    /// The transcript is whole.
    AudioTranscriptDone = "response.audio.transcript.done", AudioTranscriptDoneEvent { }
    /// A client steers a running response (WebSocket).
    Steer = "response.steer", SteerEvent {
        #[doc = "The response that is steered."]
        previous_response_id: Option<String>,
        #[doc = "What is put in."]
        input: Option<Value>,
    }
    /// A steer was taken.
    SteerAccepted = "response.steer.accepted", SteerAcceptedEvent {
        #[doc = "The steer."]
        steer: Value,
        #[doc = "The connection's stream."]
        stream_id: Option<String>,
    }
    /// A steer waits for input.
    SteerPending = "response.steer.pending", SteerPendingEvent {
        #[doc = "The steer."]
        steer: Value,
        #[doc = "Why it waits."]
        reason: Option<Value>,
        #[doc = "What it waits for."]
        required_input: Option<Value>,
        #[doc = "The connection's stream."]
        stream_id: Option<String>,
    }
    /// A steer was refused.
    SteerFailed = "response.steer.failed", SteerFailedEvent {
        #[doc = "The steer."]
        steer: Value,
        #[doc = "What went wrong."]
        error: Option<Value>,
        #[doc = "The connection's stream."]
        stream_id: Option<String>,
    }
    /// Nothing but life; undocumented, real on long runs.
    KeepAlive = "keepalive", KeepAliveEvent { }
    /// Nothing but life (OpenRouter, once).
    ResponseKeepAlive = "response.keep_alive", ResponseKeepAliveEvent { }
    /// A failure: flat by the specification, nested in `error` by OpenAI's servers. May come before `response.failed`.
    Error = "error", ErrorEvent {
        #[doc = "The code."]
        code: Option<Value>,
        #[doc = "For people."]
        message: Option<String>,
        #[doc = "The request's field at fault."]
        param: Option<Value>,
        #[doc = "What went wrong."]
        error: Option<Value>,
    }
}
