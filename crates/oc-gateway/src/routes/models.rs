//! `GET /v1/models` and `GET /v1/models/{id}`: what can be asked.

use axum::{
    Extension, Json, Router,
    extract::{
        Path, Query, State as Shared,
        rejection::{PathRejection, QueryRejection},
    },
    response::{IntoResponse as _, Response},
    routing::get,
};
use http::HeaderMap;
use oc_config::Model;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{Live, State, app::speaks_messages, error::Failure, guard::ClientRules, policy::Rules};

pub(super) fn routes() -> Router<Live> {
    // Refs hold a slash, so the id is everything that follows.
    Router::new().route("/v1/models", get(list)).route("/v1/models/{*id}", get(one))
}

/// The page that a client of Anthropic's API asks for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Page {
    limit: Option<String>,
    after_id: Option<String>,
    before_id: Option<String>,
}

impl Page {
    /// Takes the page out of all models, and whether there are more beyond it.
    /// All on one, unless a smaller one is asked for; what is no number or no
    /// model is not asked for.
    fn of(&self, mut models: Vec<Value>) -> (Vec<Value>, bool) {
        let at = |models: &[Value], id: &Option<String>| {
            let id = id.as_deref()?;
            models.iter().position(|model| model["id"] == id)
        };
        let most = self.limit.as_deref().and_then(|limit| limit.parse().ok()).unwrap_or(usize::MAX);
        if let Some(before) = at(&models, &self.before_id) {
            models.truncate(before);
            let skipped = before.saturating_sub(most.max(1));
            return (models.split_off(skipped), skipped > 0);
        }
        if let Some(after) = at(&models, &self.after_id) {
            models.drain(..=after);
        }
        let more = models.len() > most.max(1);
        models.truncate(most.max(1));
        (models, more)
    }
}

/// OpenAI's API has no pages; there it is always all of them.
async fn list(
    Shared(state): Shared<State>,
    Extension(ClientRules(rules)): Extension<ClientRules>,
    page: Result<Query<Page>, QueryRejection>,
    headers: HeaderMap,
) -> Response {
    let usable = usable(&state, &rules);
    if !speaks_messages(&headers) {
        let models: Vec<Value> = usable.map(|model| state.described(model)).collect();
        return Json(json!({ "object": "list", "data": models })).into_response();
    }
    let models: Vec<Value> = usable.map(|model| state.described_to_messages(model)).collect();
    let page = page.map(|Query(page)| page).unwrap_or_default();
    let (models, has_more) = page.of(models);
    let id = |model: Option<&Value>| model.map(|model| model["id"].clone());
    let (first, last) = (id(models.first()), id(models.last()));
    Json(json!({ "data": models, "has_more": has_more, "first_id": first, "last_id": last }))
        .into_response()
}

/// By whatever name a request may use: ref, alias, bare id, `default`. It is the
/// `id` of the answer, for clients that look up what they asked; `ref` says what it
/// stands for. What the client may not ask does not exist for it.
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
    let Some(model) = first.filter(|model| state.roster().admits(model, &rules)) else {
        return Err(Failure::unknown_model(&id, &[]));
    };
    let mut shown = match speaks_messages(&headers) {
        true => state.described_to_messages(model),
        false => state.described(model),
    };
    shown["ref"] = shown["id"].take();
    shown["id"] = id.into();
    Ok(Json(shown).into_response())
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
        let config = self.config();
        let default = config.primary().map(|primary| ("default", primary));
        let aliases: Vec<&str> = config
            .aliases()
            .chain(config.client_names())
            .chain(default)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_as_long_as_it_was_asked_for() {
        let all = || ["a", "b", "c"].map(|id| json!({"id": id})).to_vec();
        let text = |text: &str| Some(text.to_owned());
        for (limit, after_id, before_id, wanted, has_more) in [
            (None, None, None, "abc", false),
            (text("1000"), None, None, "abc", false),
            (text("1"), None, None, "a", true),
            (text("2"), text("a"), None, "bc", false),
            (text("1"), None, text("c"), "b", true),
            (text("1"), None, text("b"), "a", false),
            (text("x"), text("nobody"), None, "abc", false),
            (text("0"), None, None, "a", true),
            (None, text("c"), None, "", false),
        ] {
            let page = Page { limit, after_id, before_id };
            let (models, more) = page.of(all());
            let ids: String = models.iter().filter_map(|model| model["id"].as_str()).collect();
            assert_eq!((ids.as_str(), more), (wanted, has_more), "{page:?}");
        }
    }
}
