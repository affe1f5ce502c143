//! One question through the libraries, no server: what `ask` does.

use oc_providers::{Request, wire::openai_responses::Renderer};
use oc_responses_stream::{Event, MachineOptions, ResponseId};
use serde_json::Value;

use crate::{
    State,
    error::{Failure, no_answer},
    guard::Hops,
    ids::{random_id, unix_now},
    policy::Rules,
    relay::{Delivery, Relay},
    telling::Outcome,
};

/// An answer that is being given.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// use oc_config::{Config, Settings};
/// use oc_gateway::lookalike::{Lookalike, Step, responses};
/// use oc_gateway::{Answering, Rules, Said, State};
///
/// let local = Lookalike::start(|_| {
///     vec![Step::sse_head(), Step::send(responses::whole("m", "Six times seven.", "42"))]
/// }).await?;
/// let config = r#"{
///   agents: { defaults: { model: { primary: "local/m" } } },
///   models: { providers: { local: {
///     baseUrl: "BASE", apiKey: "x", api: "openai-responses", models: [{ id: "m", name: "M" }],
///   } } },
/// }"#.replace("BASE", &local.base_url());
/// let config = Config::parse(&config, "openclaw.json", &|_: &str| None)?.value;
/// let state = State::assemble(config, Settings::default())?;
///
/// let mut answering = Answering::start(&state, "default", "6 x 7?", Rules::default())?;
/// let (mut text, mut reasoning) = (String::new(), String::new());
/// while let Some(said) = answering.next().await {
///     match said {
///         Said::Text(piece) => text += &piece,
///         Said::Reasoning(piece) => reasoning += &piece,
///         _ => {}
///     }
/// }
/// assert_eq!((text.as_str(), reasoning.as_str()), ("42", "Six times seven."));
/// assert!(answering.failure().is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(()) }).unwrap();
/// ```
pub struct Answering(Relay<Renderer>);

/// A piece of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Said {
    /// Final text, or the words of a refusal.
    Text(String),
    /// Reasoning; never part of the answer.
    Reasoning(String),
}

impl Answering {
    /// Asks the chain that `model` names. Nothing is sent before the first
    /// [`next`](Self::next).
    ///
    /// # Errors
    /// When nobody owns a model of that name.
    pub fn start(state: &State, model: &str, prompt: &str, rules: Rules) -> Result<Self, Failure> {
        let request = Request::text(model, prompt);
        let rules = state.clients().tightened(rules);
        let id = ResponseId::new(random_id("resp_"));
        let options = MachineOptions::new(id, model, unix_now()).output(rules.output());
        let renderer = Box::new(Renderer::new(options));
        let id = random_id("req_");
        let hops = Hops::from_here(&state.lasting().instance);
        Relay::start(state, id, request, hops, renderer, &rules, Delivery::Streamed).map(Self)
    }

    /// The next piece; `None` at the end, whatever that end was.
    ///
    /// Cancel safe: nothing is lost when the future is dropped.
    pub async fn next(&mut self) -> Option<Said> {
        loop {
            match self.0.next_of(|renderer| renderer.machine().next_event()).await? {
                Event::OutputTextDelta(event) => return Some(Said::Text(event.delta)),
                Event::RefusalDelta(event) => return Some(Said::Text(event.delta)),
                Event::ReasoningSummaryTextDelta(event) => {
                    return Some(Said::Reasoning(event.delta));
                }
                Event::ReasoningTextDelta(event) => return Some(Said::Reasoning(event.delta)),
                _ => {}
            }
        }
    }

    /// The answer as one Responses object, as it stands.
    pub fn response(&self) -> Value {
        self.0.telling().renderer().document()
    }

    /// What cut the answer, in the API's own word (`max_output_tokens`,
    /// `content_filter`); `None` for a whole one, and while it is given.
    pub fn cut_by(&self) -> Option<String> {
        let response = self.response();
        (response["status"] == "incomplete").then(|| {
            let reason = response["incomplete_details"]["reason"].as_str();
            reason.unwrap_or("a limit").to_owned()
        })
    }

    /// What went wrong, if it ended badly; with what to do about it.
    pub fn failure(&self) -> Option<Failure> {
        match self.0.telling().outcome() {
            None | Some(Outcome::Answered(_)) => None,
            Some(_) => Some(no_answer(&self.0)),
        }
    }
}

impl std::fmt::Debug for Answering {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answering").field("ledger", self.0.ledger()).finish_non_exhaustive()
    }
}
