//! The names of the items that the Responses API knows.

use crate::{Item, OtherItem};

macro_rules! item_types {
    ($( $(#[doc = $about:literal])* $variant:ident = $name:literal, )*) => {
        /// A type of item that the Responses API knows, as input or as output.
        ///
        /// ```
        /// use oc_responses_stream::{Item, ItemType};
        /// use serde_json::json;
        ///
        /// let json = json!({"type": "web_search_call", "action": {"type": "search"}});
        /// let item = Item::from_json(json.as_object().cloned().unwrap_or_default());
        /// assert_eq!(item.known_type(), Some(ItemType::WebSearchCall));
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ItemType {
            $( $(#[doc = $about])* $variant, )*
        }

        impl ItemType {
            /// All of them.
            pub const ALL: &[Self] = &[$( Self::$variant, )*];

            /// The item's `type` on the wire.
            pub fn as_str(self) -> &'static str {
                match self {
                    $( Self::$variant => $name, )*
                }
            }

            /// The type of this name on the wire; `None`: a newer one.
            pub fn from_name(name: &str) -> Option<Self> {
                match name {
                    $( $name => Some(Self::$variant), )*
                    _ => None,
                }
            }
        }
    };
}

item_types! {
    /// [`Item::Message`].
    Message = "message",
    /// [`Item::Reasoning`].
    Reasoning = "reasoning",
    /// [`Item::FunctionCall`].
    FunctionCall = "function_call",
    /// [`Item::FunctionCallOutput`].
    FunctionCallOutput = "function_call_output",
    /// The model asks for a tool that takes free text.
    CustomToolCall = "custom_tool_call",
    /// What that tool returned.
    CustomToolCallOutput = "custom_tool_call_output",
    /// The server searches the web.
    WebSearchCall = "web_search_call",
    /// The server searches files.
    FileSearchCall = "file_search_call",
    /// The server runs code.
    CodeInterpreterCall = "code_interpreter_call",
    /// The server draws.
    ImageGenerationCall = "image_generation_call",
    /// The tools that an MCP server has.
    McpListTools = "mcp_list_tools",
    /// The server calls a tool of an MCP server.
    McpCall = "mcp_call",
    /// The server asks whether it may.
    McpApprovalRequest = "mcp_approval_request",
    /// The client says whether it may.
    McpApprovalResponse = "mcp_approval_response",
    /// The model works a computer.
    ComputerCall = "computer_call",
    /// What is then on its screen.
    ComputerCallOutput = "computer_call_output",
    /// A command for the client's shell.
    LocalShellCall = "local_shell_call",
    /// What it wrote.
    LocalShellCallOutput = "local_shell_call_output",
    /// Commands for a shell.
    ShellCall = "shell_call",
    /// What they wrote.
    ShellCallOutput = "shell_call_output",
    /// A patch to be applied.
    ApplyPatchCall = "apply_patch_call",
    /// What came of it.
    ApplyPatchCallOutput = "apply_patch_call_output",
    /// The model looks for tools.
    ToolSearchCall = "tool_search_call",
    /// The tools that were found.
    ToolSearchOutput = "tool_search_output",
    /// More tools, in the middle of a conversation.
    AdditionalTools = "additional_tools",
    /// Other settings, in the middle of a conversation.
    ConfigurationUpdate = "configuration_update",
    /// A program that calls tools.
    Program = "program",
    /// What it returned.
    ProgramOutput = "program_output",
    /// A conversation, compacted and sealed.
    Compaction = "compaction",
    /// Asks for that; input only.
    CompactionTrigger = "compaction_trigger",
    /// An item that the server keeps, by its id; input only.
    ItemReference = "item_reference",
}

impl Item {
    /// The item's `type` on the wire, or `""` where it has none.
    pub fn item_type(&self) -> &str {
        match self {
            Self::Message(_) => ItemType::Message.as_str(),
            Self::Reasoning(_) => ItemType::Reasoning.as_str(),
            Self::FunctionCall(_) => ItemType::FunctionCall.as_str(),
            Self::FunctionCallOutput(_) => ItemType::FunctionCallOutput.as_str(),
            Self::Other(other) => other.item_type(),
        }
    }

    /// The same as a type that we know; `None`: a newer one, kept whole.
    pub fn known_type(&self) -> Option<ItemType> {
        ItemType::from_name(self.item_type())
    }
}

impl OtherItem {
    /// The item's type, if it is one that we know.
    pub fn known_type(&self) -> Option<ItemType> {
        ItemType::from_name(self.item_type())
    }
}
