//! The three dialects that clients speak, behind one face.
//!
//! A gateway reads a body with [`Dialect::decode_request`], asks whom it likes
//! for the canonical request, and pushes the deltas that come into
//! [`Asked::renderer`]: whichever wire they came from, the client reads its own.

use oc_responses_stream::{MachineOptions, OutputStyle, ResponseId};
use serde_json::{Map, Value};

use super::openai_responses::BadRequest;
use super::relay::Relayed;
use super::render::Render;
use super::{anthropic_messages, openai_completions, openai_responses};
use crate::endpoint::Api;
use crate::request::Request;

/// Which API a client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Dialect {
    /// `POST /v1/responses`.
    Responses,
    /// `POST /v1/chat/completions`.
    Chat,
    /// `POST /v1/messages`.
    Messages,
}

impl Dialect {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Responses, Self::Chat, Self::Messages];

    /// The wire of the same name.
    pub fn api(self) -> Api {
        match self {
            Self::Responses => Api::OpenaiResponses,
            Self::Chat => Api::OpenaiCompletions,
            Self::Messages => Api::AnthropicMessages,
        }
    }

    /// Where its clients post to.
    pub fn path(self) -> &'static str {
        match self {
            Self::Responses => "/v1/responses",
            Self::Chat => "/v1/chat/completions",
            Self::Messages => "/v1/messages",
        }
    }

    /// Reads a request's body.
    ///
    /// ```
    /// use oc_providers::wire::Dialect;
    ///
    /// let body = br#"{"model":"m","messages":[{"role":"user","content":"hi"}],"max_tokens":9}"#;
    /// for dialect in [Dialect::Chat, Dialect::Messages] {
    ///     let asked = dialect.decode_request(body)?;
    ///     assert_eq!(asked.request.max_output_tokens, Some(9));
    /// }
    /// assert!(Dialect::Responses.decode_request(body).is_err());
    /// # Ok::<(), oc_providers::wire::openai_responses::BadRequest>(())
    /// ```
    ///
    /// # Errors
    /// What the dialect's own `decode_request` refuses; answer it with status
    /// 400 and [`ErrorBody::from`] the fault.
    pub fn decode_request(self, body: &[u8]) -> Result<Asked, BadRequest> {
        let (request, stream, particulars) = match self {
            Self::Responses => {
                let asked = openai_responses::decode_request(body)?;
                (asked.request, asked.stream, Particulars::Responses { echo: asked.echo })
            }
            Self::Chat => {
                let asked = openai_completions::decode_request(body)?;
                let include_usage = asked.include_usage;
                (asked.request, asked.stream, Particulars::Chat { include_usage })
            }
            Self::Messages => {
                let asked = anthropic_messages::decode_request(body)?;
                (asked.request, asked.stream, Particulars::Messages)
            }
        };
        Ok(Asked { request, stream, particulars })
    }

    /// The body of a failure in this dialect, whatever its status.
    pub fn error_body(self, error: &ErrorBody<'_>) -> Value {
        let ErrorBody { kind, code, param, message, .. } = *error;
        let mut body = match self {
            Self::Responses => openai_responses::error_body(kind, code, param, message),
            Self::Chat => openai_completions::error_body(kind, code, param, message),
            Self::Messages => anthropic_messages::error_body(kind, code, param, message),
        };
        if let (Some(attempts), Some(Value::Object(fields))) =
            (error.attempts, body.get_mut("error"))
        {
            fields.insert("attempts".into(), attempts.clone());
        }
        if let (Self::Messages, Some(id), Value::Object(body)) = (self, error.request_id, &mut body)
        {
            body.insert("request_id".into(), id.into());
        }
        body
    }
}

/// What a failure says, for [`Dialect::error_body`].
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ErrorBody<'a> {
    /// OpenAI's word for its type (`invalid_request_error`, `server_error`);
    /// each dialect has its own for it.
    pub kind: &'a str,
    /// The machine-readable code.
    pub code: Option<&'a str>,
    /// The request's field that is at fault.
    pub param: Option<&'a str>,
    /// The text for people.
    pub message: &'a str,
    /// Each attempt and what came of it, for `error.attempts`.
    pub attempts: Option<&'a Value>,
    /// The gateway's id of the request, where the dialect has a place for it.
    pub request_id: Option<&'a str>,
}

impl<'a> ErrorBody<'a> {
    /// An error of this type and text.
    pub fn new(kind: &'a str, message: &'a str) -> Self {
        Self { kind, code: None, param: None, message, attempts: None, request_id: None }
    }
}

impl<'a> From<&'a BadRequest> for ErrorBody<'a> {
    fn from(bad: &'a BadRequest) -> Self {
        let mut body = Self::new("invalid_request_error", &bad.message);
        (body.code, body.param) = (bad.code, bad.param.as_deref());
        body
    }
}

/// What a client asked for, in whichever dialect.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Asked {
    /// The request; its `model` is what the client called it.
    pub request: Request,
    /// Whether it wants a stream rather than one document.
    pub stream: bool,
    /// What only the renderer has to know.
    particulars: Particulars,
}

#[derive(Clone, Debug, PartialEq)]
enum Particulars {
    Responses { echo: Map<String, Value> },
    Chat { include_usage: bool },
    Messages,
}

impl Asked {
    /// What it was asked in.
    pub fn dialect(&self) -> Dialect {
        match self.particulars {
            Particulars::Responses { .. } => Dialect::Responses,
            Particulars::Chat { .. } => Dialect::Chat,
            Particulars::Messages => Dialect::Messages,
        }
    }

    /// A renderer of the answer, for this client.
    ///
    /// The events of an upstream that speaks the client's own wire pass it as
    /// they are, as far as strict clients can read them; only where the output
    /// is final text alone, everything is written anew.
    pub fn renderer(&self, name: AnswerName) -> Box<dyn Render> {
        let AnswerName { token, model, now, output, input_tokens } = name;
        let (relays, whole) = (output == OutputStyle::Full, !self.stream);
        match &self.particulars {
            Particulars::Responses { echo } => {
                let id = ResponseId::new(format!("resp_{token}"));
                let options = MachineOptions::new(id, model, now).echo(echo.clone());
                let renderer = openai_responses::Renderer::new(options.output(output));
                if !relays {
                    return Box::new(renderer);
                }
                let passage = openai_responses::relay::Events::new(renderer.document());
                Box::new(Relayed::new(passage, renderer, whole))
            }
            Particulars::Chat { include_usage } => {
                let id = format!("chatcmpl-{token}");
                let options = openai_completions::RenderOptions::new(id, model, now);
                let options = options.include_usage(*include_usage).output(output);
                let one = |options: openai_completions::RenderOptions| -> Box<dyn Render> {
                    let passage = openai_completions::relay::Chunks::new(&options, whole);
                    let renderer = openai_completions::Renderer::new(options);
                    if !relays {
                        return Box::new(renderer);
                    }
                    Box::new(Relayed::new(passage, renderer, whole))
                };
                match self.request.choices() {
                    1 => one(options),
                    several => {
                        let each = (0..several).map(|index| one(options.clone().index(index)));
                        Box::new(openai_completions::Several::new(each.collect()))
                    }
                }
            }
            Particulars::Messages => {
                let id = format!("msg_{token}");
                let options = anthropic_messages::RenderOptions::new(id, model)
                    .output(output)
                    .input_tokens(input_tokens);
                let passage = anthropic_messages::relay::Blocks::new(&options);
                let renderer = anthropic_messages::Renderer::new(options);
                if !relays {
                    return Box::new(renderer);
                }
                Box::new(Relayed::new(passage, renderer, whole))
            }
        }
    }
}

/// How an answer is called.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AnswerName {
    /// What its id is made of, unique among answers; each dialect puts its own
    /// prefix before it.
    pub token: String,
    /// The model's name as the client is to read it.
    pub model: String,
    /// Seconds since the Unix epoch.
    pub now: u64,
    /// What is written of it. Default: [`OutputStyle::Full`].
    pub output: OutputStyle,
    /// An estimate of the request's tokens, for a dialect whose answers begin
    /// with the count. Default: 0.
    pub input_tokens: u64,
}

impl AnswerName {
    /// An answer with an id made of `token`, by this model, begun at `now`
    /// (seconds since the Unix epoch).
    pub fn new(token: impl Into<String>, model: impl Into<String>, now: u64) -> Self {
        let output = OutputStyle::default();
        Self { token: token.into(), model: model.into(), now, output, input_tokens: 0 }
    }

    /// Writes this much of the answer.
    #[must_use]
    pub fn output(mut self, style: OutputStyle) -> Self {
        self.output = style;
        self
    }

    /// With an estimate of the request's tokens.
    #[must_use]
    pub fn input_tokens(mut self, estimate: u64) -> Self {
        self.input_tokens = estimate;
        self
    }
}
