//! The config's `params` of a model, put into requests that do not say otherwise.

use oc_config::{Model, RequestDefaults};
use oc_providers::{Effort, ModelFacts, ReasoningRequest, Request};

/// What the config says of every request to a model.
#[derive(Debug)]
pub(crate) struct Params {
    defaults: RequestDefaults,
    reasoning: bool,
}

impl Params {
    pub(crate) fn of(model: &Model) -> Self {
        Self { defaults: model.request_defaults(), reasoning: model.reasoning }
    }

    /// What is said in the wire's own words is a fact of the model's.
    pub(crate) fn known(&self, mut facts: ModelFacts) -> ModelFacts {
        for (name, value) in &self.defaults.body {
            facts = facts.with_usual_field(name.as_str(), value.clone());
        }
        for (name, value) in &self.defaults.extra_body {
            facts = facts.with_field(name.as_str(), value.clone());
        }
        facts
    }

    /// What the client said stays; what it did not say is filled in.
    pub(crate) fn fill(&self, request: &mut Request) {
        let defaults = &self.defaults;
        request.temperature = request.temperature.or(defaults.temperature);
        request.top_p = request.top_p.or(defaults.top_p);
        request.max_output_tokens = request.max_output_tokens.or(defaults.max_tokens);
        request.parallel_tool_calls = request.parallel_tool_calls.or(defaults.parallel_tool_calls);
        if request.verbosity.is_none() {
            request.verbosity.clone_from(&defaults.verbosity);
        }
        if request.stop.is_empty() {
            request.stop.clone_from(&defaults.stop);
        }
        match (&mut request.reasoning, self.usual_effort()) {
            (_, None) => {}
            (Some(reasoning), effort) if reasoning.effort.is_none() => reasoning.effort = effort,
            (Some(_), _) => {}
            (None, Some(effort)) => request.reasoning = Some(ReasoningRequest::new(effort)),
        }
    }

    /// `thinking`, for a model that thinks. `adaptive` leaves it to the model.
    fn usual_effort(&self) -> Option<Effort> {
        let level = self.defaults.thinking.as_deref().filter(|_| self.reasoning)?;
        match level {
            "adaptive" => None,
            "off" => Some(Effort::None),
            "ultra" => Some(Effort::Max),
            level => Some(Effort::from(level)),
        }
    }
}

#[cfg(test)]
mod tests {
    use oc_config::{Config, ModelRef};

    use super::*;

    fn params(row: &str) -> Params {
        let text = format!(
            "{{ models: {{ providers: {{ box: {{ baseUrl: 'http://127.0.0.1:1/v1', api: 'openai-completions', \
             models: [{{ id: 'm', name: 'M', {row} }}] }} }} }} }}"
        );
        let config = Config::parse(&text, "c", &|_: &str| None).unwrap().value;
        Params::of(config.model(&ModelRef::parse("box/m").unwrap()).unwrap())
    }

    fn filled(params: &Params, request: Request) -> Request {
        let mut request = request;
        params.fill(&mut request);
        request
    }

    #[test]
    fn what_the_client_says_stays_and_the_rest_is_filled_in() {
        let params = params(
            "reasoning: true, params: { temperature: 0.6, topP: 0.9, maxTokens: 512, thinking: 'high', \
             parallel_tool_calls: false, text_verbosity: 'low', stop: 'END' }",
        );
        let request = filled(&params, Request::text("m", "Why?"));
        assert_eq!((request.temperature, request.top_p), (Some(0.6), Some(0.9)));
        assert_eq!(
            (request.max_output_tokens, request.parallel_tool_calls),
            (Some(512), Some(false))
        );
        assert_eq!((request.verbosity.as_deref(), request.stop.len()), (Some("low"), 1));
        assert_eq!(request.reasoning, Some(ReasoningRequest::new(Effort::High)));

        let mut said = Request::text("m", "Why?");
        said.temperature = Some(0.0);
        said.top_p = Some(0.1);
        said.max_output_tokens = Some(1);
        said.parallel_tool_calls = Some(true);
        said.verbosity = Some("high".to_owned());
        said.stop = vec!["x".to_owned()];
        said.reasoning = Some(ReasoningRequest::new(Effort::None));
        assert_eq!(filled(&params, said.clone()), said);
    }

    #[test]
    fn a_model_that_does_not_think_is_not_told_to() {
        let request = filled(&params("params: { thinking: 'high' }"), Request::text("m", "Why?"));
        assert_eq!(request, Request::text("m", "Why?"));
    }

    #[test]
    fn what_is_said_in_the_words_of_the_wire_is_a_fact() {
        let params = params(
            "params: { seed: 7, extra_body: { min_p: 0.1 }, chat_template_kwargs: { a: 1 } }",
        );
        let facts = params.known(ModelFacts::new());
        assert_eq!(serde_json::json!(facts.usual_fields), serde_json::json!({ "seed": 7 }));
        let fields = serde_json::json!({ "min_p": 0.1, "chat_template_kwargs": { "a": 1 } });
        assert_eq!(serde_json::json!(facts.fields), fields);
    }
}
