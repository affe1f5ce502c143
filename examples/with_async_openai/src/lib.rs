//! `oc-fallback` around `async-openai`: everything that the engine has to know
//! of a client is in this file.
//!
//! * [`ask`] starts one attempt: the client's own stream of its own events.
//! * [`Broken`] states the facts of the client's errors; what they mean is the
//!   engine's business.
//! * [`gate`] says which event is the first that counts.

pub mod look_alike;

use async_openai::{
    Client,
    config::OpenAIConfig,
    error::OpenAIError,
    types::chat::{
        ChatCompletionRequestUserMessageArgs, CreateChatCompletionRequestArgs,
        CreateChatCompletionStreamResponse, FinishReason,
    },
};
use futures::{Stream, StreamExt as _, TryFutureExt as _, TryStreamExt as _, stream};
use oc_fallback::{Candidate, Facts, Fault, Gate, Limits, Reason, Scope};

/// What is needed to ask one candidate.
#[derive(Debug)]
pub struct Target {
    client: Client<OpenAIConfig>,
    model: String,
}

/// A candidate behind `base_url`, which ends in `/v1`.
pub fn candidate(name: &str, base_url: &str, key: &str) -> Candidate<Target> {
    let config = OpenAIConfig::new().with_api_base(base_url).with_api_key(key);
    let model = name.split_once('/').map_or(name, |(_, model)| model).to_owned();
    // The key itself has no business in a scope: it only tells keys apart.
    let scope = Scope::new(base_url, model.as_str(), if key.is_empty() { "" } else { "key" });
    Candidate::new(name, scope, Target { client: Client::with_config(config), model })
        .with_limits(Limits::local())
}

/// Asks one candidate. The stream ends only after a finish reason: async-openai
/// ends a stream that was cut as it ends a whole one.
pub fn ask(
    target: &Target,
    prompt: &str,
) -> impl Stream<Item = Result<CreateChatCompletionStreamResponse, Broken>> + use<> {
    let request = ChatCompletionRequestUserMessageArgs::default().content(prompt).build().and_then(
        |message| {
            let mut request = CreateChatCompletionRequestArgs::default();
            request.model(target.model.as_str()).messages([message.into()]).build()
        },
    );
    let client = target.client.clone();
    let events = async move { client.chat().create_stream(request?).await };
    let events = events.try_flatten_stream().map_err(Broken::Client);
    let mut finished = false;
    events.map(Some).chain(stream::iter([None])).filter_map(move |event| {
        if let Some(Ok(event)) = &event {
            finished |= event.choices.iter().any(|choice| choice.finish_reason.is_some());
        }
        let event = event.or_else(|| (!finished).then_some(Err(Broken::Cut)));
        futures::future::ready(event)
    })
}

/// The first text that can be seen commits. A cut before it is an answer only
/// where nobody has a better one.
pub fn gate() -> impl FnMut(&CreateChatCompletionStreamResponse) -> Gate {
    |event| {
        let Some(choice) = event.choices.first() else { return Gate::Hold };
        match (&choice.delta.content, choice.finish_reason) {
            (Some(text), _) if !text.trim().is_empty() => Gate::Commit,
            (_, Some(FinishReason::ToolCalls)) => Gate::Commit,
            (_, Some(FinishReason::Length)) => Gate::Reserve(Reason::Incomplete),
            (_, Some(FinishReason::ContentFilter)) => Gate::Reject(Reason::ContentFilter),
            (_, Some(_)) => Gate::Reject(Reason::Empty),
            (_, None) => Gate::Hold,
        }
    }
}

/// An error of the client's, or a stream that it ended too soon.
#[derive(Debug)]
pub enum Broken {
    /// What async-openai says.
    Client(OpenAIError),
    /// No finish reason came.
    Cut,
}

impl Facts for Broken {
    fn fault(&self) -> Fault {
        match self {
            Self::Cut => Fault::Cut,
            Self::Client(OpenAIError::ApiError(_)) => Fault::Http,
            Self::Client(OpenAIError::Reqwest(error)) if error.is_connect() => Fault::Refused,
            Self::Client(OpenAIError::Reqwest(_)) => Fault::Reset,
            Self::Client(OpenAIError::StreamError(_)) => Fault::Reset,
            Self::Client(OpenAIError::InvalidArgument(_)) => Fault::Unsupported,
            Self::Client(_) => Fault::Protocol,
        }
    }

    fn status(&self) -> Option<u16> {
        match self {
            Self::Client(OpenAIError::ApiError(error)) => Some(error.status_code.as_u16()),
            _ => None,
        }
    }

    fn code(&self) -> Option<&str> {
        self.api_error().and_then(|error| error.code.as_deref())
    }

    fn error_type(&self) -> Option<&str> {
        self.api_error().and_then(|error| error.r#type.as_deref())
    }

    fn message(&self) -> Option<&str> {
        self.api_error().map(|error| error.message.as_str())
    }
}

impl Broken {
    fn api_error(&self) -> Option<&async_openai::error::ApiError> {
        match self {
            Self::Client(OpenAIError::ApiError(error)) => Some(&error.api_error),
            _ => None,
        }
    }
}
