//! What the first two bytes of an input say.

use oc_providers::{Api, FunctionTool, Request, Tool, ToolCallParser};
use serde_json::json;

/// How an answer comes, and what was asked.
#[derive(Clone, Copy)]
pub(crate) struct Asked {
    /// The bytes come in pieces of so many.
    pub(crate) cut: usize,
    /// It comes as a document instead of a stream.
    pub(crate) is_document: bool,
    /// So many answers: more than one only over the wire that has them.
    pub(crate) answers: u32,
    /// The grammar in which the model writes calls into its text.
    pub(crate) parser: Option<ToolCallParser>,
}

impl Asked {
    /// Reads the first two bytes: six bits of how to cut and one of whether it is a
    /// document; two bits of how many answers and six of the grammar.
    pub(crate) fn read(api: Api, input: &[u8]) -> Option<(Self, &[u8])> {
        let (head, bytes) = input.split_at_checked(2)?;
        let [how, what] = head else { return None };
        let several = u32::from(what & 3) + 1;
        let parser = usize::from(what >> 2).checked_sub(1);
        let asked = Self {
            cut: usize::from(how & 63) + 1,
            is_document: how & 64 != 0,
            answers: if api == Api::OpenaiCompletions { several } else { 1 },
            parser: parser.and_then(|at| ToolCallParser::ALL.get(at).copied()),
        };
        Some((asked, bytes))
    }

    /// A request that declares the tools which recordings call.
    pub(crate) fn request(&self) -> Request {
        let mut request = Request::text("m", "hi");
        request.choices = (self.answers > 1).then_some(self.answers);
        let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}});
        for name in ["get_weather", "weather", "f"] {
            request.tools.push(Tool::Function(FunctionTool::new(name, Some(schema.clone()))));
        }
        request
    }
}
