//! No config at all: local servers on their usual loopback ports make the chain.
//!
//! What is found is written down as a config and read like any other, so that
//! there is one way only from words to candidates. Hosted providers whose key is
//! in the environment are mentioned and not used: no prompt goes to a host that
//! no config named.

use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};

use super::http;

/// Provider id, usual port.
const USUAL: &[(&str, u16)] = &[
    ("lmstudio", 1234),
    ("ollama", 11434),
    ("vllm", 8000),
    ("llamacpp", 8080),
    ("sglang", 30000),
    ("litellm", 4000),
];

/// A loopback server answers within this, or is busy with something else.
const PATIENCE: Duration = Duration::from_millis(500);
/// The most models of one server that become candidates.
const MODELS: usize = 8;

/// What was found, as a config; `None` where nothing listens.
pub(crate) async fn local_servers() -> Option<String> {
    let found = join_all(USUAL.iter().map(|&(id, port)| async move {
        let models = models_at(port).await?;
        Some((id, port, models))
    }))
    .await;
    let found: Vec<_> = found.into_iter().flatten().filter(|(_, _, m)| !m.is_empty()).collect();
    config_of(&found)
}

/// The model list of whatever listens at this port.
async fn models_at(port: u16) -> Option<Vec<Value>> {
    let authority = format!("127.0.0.1:{port}");
    let (status, body) = http::get(&authority, "/v1/models", None, PATIENCE).await.ok()?;
    models_in(status, &body)
}

/// The ids in a model list.
pub(crate) fn ids_in(status: u16, body: &[u8]) -> Option<Vec<String>> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let models = body["data"].as_array().filter(|_| status == 200)?;
    Some(models.iter().filter_map(|model| Some(model["id"].as_str()?.to_owned())).collect())
}

fn models_in(status: u16, body: &[u8]) -> Option<Vec<Value>> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let models = body["data"].as_array().filter(|_| status == 200)?;
    let entry = |model: &Value| {
        let id = model["id"].as_str().filter(|id| !id.trim().is_empty())?;
        let mut entry = json!({ "id": id, "name": id });
        // vLLM says it here, llama.cpp there; the others do not.
        let window = [&model["max_model_len"], &model["meta"]["n_ctx"]];
        if let Some(window) = window.into_iter().find_map(Value::as_u64).filter(|n| *n > 0) {
            entry["contextWindow"] = window.into();
        }
        Some(entry)
    };
    Some(models.iter().filter_map(entry).take(MODELS).collect())
}

fn config_of(found: &[(&str, u16, Vec<Value>)]) -> Option<String> {
    let refs: Vec<String> = found
        .iter()
        .flat_map(|(id, _, models)| {
            models.iter().filter_map(move |model| Some(format!("{id}/{}", model["id"].as_str()?)))
        })
        .collect();
    let (primary, fallbacks) = refs.split_first()?;
    let providers: serde_json::Map<String, Value> = found
        .iter()
        .map(|(id, port, models)| {
            let provider = json!({ "baseUrl": format!("http://127.0.0.1:{port}/v1"),
                "api": "openai-responses", "models": models });
            ((*id).to_owned(), provider)
        })
        .collect();
    let config = json!({
        "agents": { "defaults": { "model": { "primary": primary, "fallbacks": fallbacks } } },
        "models": { "mode": "replace", "providers": providers },
    });
    Some(format!("{config:#}"))
}

/// The hosted providers whose key is there, with the line that would add them.
pub(crate) fn hosted_with_key(env: impl Fn(&str) -> Option<String>) -> Vec<String> {
    [("ANTHROPIC_API_KEY", "anthropic/claude-sonnet-4-5"), ("OPENAI_API_KEY", "openai/gpt-5.2")]
        .into_iter()
        .filter(|(name, _)| env(name).is_some_and(|key| !key.is_empty()))
        .map(|(name, model)| {
            format!(
                "{name} is set and not used; a config with this line would: \
             agents: {{ defaults: {{ model: {{ fallbacks: [\"{model}\"] }} }} }}"
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use oc_config::Config;

    use super::*;

    #[test]
    fn model_lists_as_servers_send_them() {
        let vllm = r#"{"object":"list","data":[{"id":"qwen/qwen3","max_model_len":65536}]}"#;
        let models = models_in(200, vllm.as_bytes()).unwrap();
        assert_eq!(
            models[0],
            json!({ "id": "qwen/qwen3", "name": "qwen/qwen3", "contextWindow": 65536 })
        );
        let llama = r#"{"models":[],"data":[{"id":"puppet","meta":{"n_ctx":4096}},{"id":" "}]}"#;
        let models = models_in(200, llama.as_bytes()).unwrap();
        assert_eq!((models.len(), &models[0]["contextWindow"]), (1, &json!(4096)));
        for (status, nothing) in [(401, vllm), (200, "<html>"), (200, r#"{"data":5}"#), (200, "")] {
            assert_eq!(models_in(status, nothing.as_bytes()), None);
            assert_eq!(ids_in(status, nothing.as_bytes()), None);
        }
        assert_eq!(ids_in(200, vllm.as_bytes()).unwrap(), ["qwen/qwen3"]);
    }

    #[test]
    fn what_is_found_is_a_config() {
        let model = |id: &str| json!({ "id": id, "name": id });
        let found =
            [("lmstudio", 1234, vec![model("a"), model("b/c")]), ("vllm", 8000, vec![model("d")])];
        let text = config_of(&found).unwrap();
        let config = Config::parse(&text, "found", &|_: &str| None).unwrap().value;
        let chain = config.chain("default").unwrap();
        let refs: Vec<String> =
            chain.candidates.iter().map(|one| one.model_ref.to_string()).collect();
        assert_eq!(refs, ["lmstudio/a", "lmstudio/b/c", "vllm/d"]);
        assert!(chain.candidates.iter().all(|one| one.usability.is_usable()));
        assert_eq!(config_of(&[]), None);
    }

    #[test]
    fn a_key_in_the_environment_is_mentioned_only() {
        let env = |name: &str| (name == "ANTHROPIC_API_KEY").then(|| "sk-planted".to_owned());
        let lines = hosted_with_key(env);
        assert_eq!(lines.len(), 1);
        assert!(lines[0].contains("anthropic/") && !lines[0].contains("planted"));
        assert!(hosted_with_key(|_| Some(String::new())).is_empty());
    }
}
