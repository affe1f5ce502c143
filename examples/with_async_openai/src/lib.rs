//! `oc-fallback` around `async-openai`: everything that the engine has to know
//! of a client is in this file.
//!
//! * [`ask`] starts one attempt: the client's own stream of its own events.
//! * [`Broken`] states the facts of the client's errors.
//! * [`gate`] says which event is the first that counts.

mod broken;
pub mod look_alike;

use async_openai::{
    Client,
    config::OpenAIConfig,
    types::chat::{
        ChatCompletionRequestUserMessageArgs, CreateChatCompletionRequestArgs,
        CreateChatCompletionStreamResponse, FinishReason,
    },
};
use futures::{Stream, StreamExt as _, TryFutureExt as _, TryStreamExt as _, stream};
use oc_fallback::{Candidate, Gate, Limits, Reason, Scope};

pub use broken::Broken;

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
