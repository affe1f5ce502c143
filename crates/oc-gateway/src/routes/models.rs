//! `GET /v1/models` and `GET /v1/models/{id}`: what can be asked.

use axum::{
    Extension, Json, Router,
    extract::{Path, State as Shared, rejection::PathRejection},
    response::{IntoResponse as _, Response},
    routing::get,
};
use http::HeaderMap;
use oc_config::Model;
use serde_json::{Value, json};

use crate::{Live, State, app::speaks_messages, error::Failure, guard::ClientRules, policy::Rules};

pub(super) fn routes() -> Router<Live> {
    // Refs hold a slash, so the id is everything that follows.
    Router::new().route("/v1/models", get(list)).route("/v1/models/{*id}", get(one))
}

/// All on one page, whatever page was asked for.
async fn list(
    Shared(state): Shared<State>,
    Extension(ClientRules(rules)): Extension<ClientRules>,
    headers: HeaderMap,
) -> Response {
    let usable = usable(&state, &rules);
    if !speaks_messages(&headers) {
        let models: Vec<Value> = usable.map(|model| state.described(model)).collect();
        return Json(json!({ "object": "list", "data": models })).into_response();
    }
    let models: Vec<Value> = usable.map(|model| state.described_to_messages(model)).collect();
    let id = |model: Option<&Value>| model.map(|model| model["id"].clone());
    let (first, last) = (id(models.first()), id(models.last()));
    Json(json!({ "data": models, "has_more": false, "first_id": first, "last_id": last }))
        .into_response()
}

/// By whatever name a request may use: ref, alias, bare id, `default`. What the
/// client may not ask does not exist for it.
async fn one(
    Shared(state): Shared<State>,
    Extension(ClientRules(rules)): Extension<ClientRules>,
    path: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let Path(id) = path.map_err(|_| Failure::bad_path())?;
    let chain = state.config().chain(&id).map_err(|unknown| {
        // The names of other clients' models are none of this one's business.
        let nearest = if rules.models.is_none() { unknown.nearest } else { Vec::new() };
        Failure::unknown_model(&id, &nearest)
    })?;
    let first = chain.candidates.first().and_then(|candidate| candidate.model.as_deref());
    match first.filter(|model| state.roster().admits(model, &rules)) {
        Some(model) if speaks_messages(&headers) => {
            Ok(Json(state.described_to_messages(model)).into_response())
        }
        Some(model) => Ok(Json(state.described(model)).into_response()),
        None => Err(Failure::unknown_model(&id, &[])),
    }
}

/// What needs a key that is not there, a wire that is not built, or what the
/// client may not use, is left out: whoever picks from the list must get an answer.
fn usable<'a>(state: &'a State, rules: &'a Rules) -> impl Iterator<Item = &'a Model> {
    let usable = |model: &&Model| {
        state.obstacle(&model.model_ref).is_none() && state.roster().admits(model, rules)
    };
    state.config().models().filter(usable)
}

impl State {
    /// A model as `GET /v1/models` shows it.
    pub fn described(&self, model: &Model) -> Value {
        let aliases: Vec<&str> = self
            .config()
            .aliases()
            .filter_map(|(alias, named)| (*named == model.model_ref).then_some(alias))
            .collect();
        let input: Vec<String> = model.input.iter().map(|kind| kind.as_str().to_owned()).collect();
        let mut shown = json!({
            "id": model.model_ref.to_string(),
            "object": "model",
            "created": 0,
            "owned_by": model.model_ref.provider(),
            "name": model.name,
            "aliases": aliases,
            "api": model.api.as_str(),
            "locality": model.locality.to_string(),
            "reasoning": model.reasoning,
            "input": input,
            "context_window": model.context_window,
            "max_output_tokens": model.max_tokens,
        });
        if let (Some(cost), Some(object)) = (&model.cost, shown.as_object_mut()) {
            let cost = json!({ "input": cost.input, "output": cost.output,
                "cache_read": cost.cache_read, "cache_write": cost.cache_write });
            object.insert("cost".into(), cost);
        }
        shown
    }

    /// The same in the words of Anthropic's API, and what those have no word
    /// for in ours. Nobody knows when a model was made; clients sort by it.
    fn described_to_messages(&self, model: &Model) -> Value {
        let mut shown = self.described(model);
        if let Some(object) = shown.as_object_mut() {
            for ours in
                ["object", "created", "owned_by", "name", "context_window", "max_output_tokens"]
            {
                object.shift_remove(ours);
            }
            object.insert("type".into(), "model".into());
            object.insert("display_name".into(), model.name.as_str().into());
            object.insert("created_at".into(), "1970-01-01T00:00:00Z".into());
            object.insert("max_input_tokens".into(), model.context_window.into());
            object.insert("max_tokens".into(), model.max_tokens.into());
        }
        shown
    }
}
