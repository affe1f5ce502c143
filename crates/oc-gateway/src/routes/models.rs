//! `GET /v1/models` and `GET /v1/models/{id}`: what can be asked.

use axum::{
    Json, Router,
    extract::{Path, State as Shared},
    response::{IntoResponse as _, Response},
    routing::get,
};
use oc_config::Model;
use serde_json::{Value, json};

use crate::{Live, State, error::Failure};

pub(super) fn routes() -> Router<Live> {
    // Refs hold a slash, so the id is everything that follows.
    Router::new().route("/v1/models", get(list)).route("/v1/models/{*id}", get(one))
}

async fn list(Shared(state): Shared<State>) -> Response {
    let models: Vec<Value> = usable(&state).map(|model| state.described(model)).collect();
    Json(json!({ "object": "list", "data": models })).into_response()
}

/// By whatever name a request may use: ref, alias, bare id, `default`.
async fn one(Shared(state): Shared<State>, Path(id): Path<String>) -> Result<Response, Failure> {
    let chain = state
        .config()
        .chain(&id)
        .map_err(|unknown| Failure::unknown_model(&id, &unknown.nearest))?;
    let first = chain.candidates.first().and_then(|candidate| candidate.model.as_deref());
    match first {
        Some(model) => Ok(Json(state.described(model)).into_response()),
        None => Err(Failure::unknown_model(&id, &[])),
    }
}

/// What needs a key that is not there, or a wire that is not built, is left
/// out: a client that picks from the list must get an answer.
fn usable(state: &State) -> impl Iterator<Item = &Model> {
    state.config().models().filter(|model| state.obstacle(&model.model_ref).is_none())
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
}
