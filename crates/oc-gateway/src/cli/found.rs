//! No config at all: what the local servers on their usual loopback ports list.

use std::time::Duration;

use futures::future::join_all;
use oc_config::{Discovered, HostedKey, ServerKind};
use serde_json::Value;

use super::http;

/// A loopback server answers within this, or is busy with something else.
const PATIENCE: Duration = Duration::from_millis(500);

/// The servers that answered, with what they list.
pub(crate) async fn local_servers() -> Vec<Discovered> {
    let asked = ServerKind::ALL.into_iter().map(|kind| async move {
        let authority = format!("127.0.0.1:{}", kind.port());
        let (status, body) = http::get(&authority, "/v1/models", None, PATIENCE).await.ok()?;
        let models = ids_in(status, &body).filter(|models| !models.is_empty())?;
        Some(Discovered::new(kind, kind.port(), models))
    });
    join_all(asked).await.into_iter().flatten().collect()
}

/// The ids in a model list.
pub(crate) fn ids_in(status: u16, body: &[u8]) -> Option<Vec<String>> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let models = body["data"].as_array().filter(|_| status == 200)?;
    Some(models.iter().filter_map(|model| Some(model["id"].as_str()?.to_owned())).collect())
}

/// That a hosted provider's key is there and is not used, with the line that
/// would change that.
pub(crate) fn told(key: &HostedKey) -> String {
    let HostedKey { provider, variable, line, .. } = key;
    match line {
        Some(line) => format!(
            "{variable} is set and not used: no config names {provider}; \
             agents.defaults.model.fallbacks: [{line}] would"
        ),
        None => format!("{variable} is set and not used: no config names {provider}"),
    }
}

/// That a server is there that forwards elsewhere, and is not used for that.
pub(crate) fn not_used(server: &Discovered) -> Option<String> {
    let models = server.forwarded().count();
    (models > 0).then(|| {
        format!(
            "{models} models of {} on port {} are not used: they forward prompts elsewhere, \
             and no config names them",
            server.kind.provider(),
            server.port
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn model_lists_as_servers_send_them() {
        let vllm = r#"{"object":"list","data":[{"id":"qwen/qwen3","max_model_len":65536}]}"#;
        assert_eq!(ids_in(200, vllm.as_bytes()).unwrap(), ["qwen/qwen3"]);
        let llama = r#"{"models":[],"data":[{"id":"puppet","meta":{"n_ctx":4096}},{"id":5}]}"#;
        assert_eq!(ids_in(200, llama.as_bytes()).unwrap(), ["puppet"]);
        for (status, nothing) in [(401, vllm), (200, "<html>"), (200, r#"{"data":5}"#), (200, "")] {
            assert_eq!(ids_in(status, nothing.as_bytes()), None);
        }
    }

    #[test]
    fn what_forwards_is_told_and_not_used() {
        let of = |kind: ServerKind, ids: &[&str]| {
            let ids = ids.iter().map(|id| (*id).to_owned()).collect();
            not_used(&Discovered::new(kind, kind.port(), ids))
        };
        assert_eq!(of(ServerKind::LmStudio, &["qwen3"]), None);
        let told = of(ServerKind::Ollama, &["qwen3", "x:120b-cloud"]).expect("told");
        assert!(told.starts_with("1 models of ollama on port 11434 are not used"), "{told}");
        let told = of(ServerKind::LiteLlm, &["a", "b"]).expect("told");
        assert!(told.starts_with("2 models of litellm on port 4000 are not used"), "{told}");
    }

    #[test]
    fn a_key_in_the_environment_is_mentioned_only() {
        let env = |name: &str| (name == "ANTHROPIC_API_KEY").then(|| "sk-planted".to_owned());
        let lines: Vec<String> = HostedKey::all(&env).iter().map(told).collect();
        assert_eq!(lines.len(), 1);
        assert!(lines[0].contains("ANTHROPIC_API_KEY") && lines[0].contains("\"anthropic/"));
        assert!(!lines[0].contains("planted"));
    }
}
