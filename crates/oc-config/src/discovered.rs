//! No config at all: a config made of the servers that were found.

use std::fmt::Write as _;

use serde_json::json;

use crate::catalog::Catalog;
use crate::config::Config;
use crate::diagnostic::Loaded;
use crate::env::Env;
use crate::error::ConfigError;
use crate::locality::is_cloud;
use crate::model::Api;

/// The name of the text that stands for what was found; no file has it.
pub(crate) const FOUND: &str = "(found on this machine)";

/// A kind of local server, with its usual port on loopback.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ServerKind {
    /// LM Studio, port 1234.
    LmStudio,
    /// Ollama, port 11434.
    Ollama,
    /// vLLM, port 8000.
    Vllm,
    /// llama.cpp's server, port 8080.
    LlamaCpp,
    /// SGLang, port 30000.
    Sglang,
    /// LiteLLM, port 4000: a relay, so nothing is sent to it unasked.
    LiteLlm,
}

impl ServerKind {
    /// All of them, in the order in which they are asked.
    pub const ALL: [Self; 6] =
        [Self::LmStudio, Self::Ollama, Self::Vllm, Self::LlamaCpp, Self::Sglang, Self::LiteLlm];

    /// The port it usually listens on.
    #[must_use]
    pub fn port(self) -> u16 {
        match self {
            Self::LmStudio => 1234,
            Self::Ollama => 11434,
            Self::Vllm => 8000,
            Self::LlamaCpp => 8080,
            Self::Sglang => 30000,
            Self::LiteLlm => 4000,
        }
    }

    /// The provider's id.
    #[must_use]
    pub fn provider(self) -> &'static str {
        match self {
            Self::LmStudio => "lmstudio",
            Self::Ollama => "ollama",
            Self::Vllm => "vllm",
            Self::LlamaCpp => "llama-cpp",
            Self::Sglang => "sglang",
            Self::LiteLlm => "litellm",
        }
    }

    /// The API that works with every version of it: LM Studio has
    /// `/v1/responses` since long, the others have `/v1/chat/completions`.
    fn api(self) -> Api {
        match self {
            Self::LmStudio => Api::OpenaiResponses,
            _ => Api::OpenaiCompletions,
        }
    }
}

/// A server that answered on loopback.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Discovered {
    /// What it is.
    pub kind: ServerKind,
    /// Where it listens on 127.0.0.1.
    pub port: u16,
    /// The ids it lists, in its order.
    pub models: Vec<String>,
}

impl Discovered {
    /// A server at its usual port, or another.
    #[must_use]
    pub fn new(kind: ServerKind, port: u16, models: Vec<String>) -> Self {
        Self { kind, port, models }
    }

    /// The ids of it that are left out of the config, because their prompts
    /// would leave the machine: a relay's all, of an Ollama those of its cloud.
    pub fn forwarded(&self) -> impl Iterator<Item = &str> {
        let ids = self.models.iter().map(String::as_str);
        ids.filter(|id| self.forwards(id))
    }

    fn forwards(&self, id: &str) -> bool {
        self.kind == ServerKind::LiteLlm || is_cloud(id)
    }
}

/// A hosted provider whose key is in the environment. Nothing is sent to it: no
/// config names it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HostedKey {
    /// The provider's id.
    pub provider: String,
    /// The variable that holds its key.
    pub variable: String,
    /// A line that would put one of its models behind those of a config, for
    /// `agents.defaults.model.fallbacks`; `None` where no model of it is known.
    pub line: Option<String>,
}

impl Config {
    /// The config that these servers amount to: each model of each, in the
    /// order of [`ServerKind::ALL`], the first one the primary. The hosted
    /// catalog is left out, and so are a relay and Ollama's cloud models: what
    /// they are asked leaves the machine. Embedding models are known and in no
    /// chain: they do not answer.
    ///
    /// ```
    /// use oc_config::{Config, Discovered, ServerKind};
    ///
    /// let found = [Discovered::new(ServerKind::Ollama, 11434, vec!["qwen3:8b".into()])];
    /// let config = Config::from_discovered(&found, &|_: &str| None)?.value;
    /// let chain = config.chain("default")?;
    /// assert_eq!(chain.candidates[0].model_ref.to_string(), "ollama/qwen3:8b");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Never for ids a server can list; the type says so because the config is
    /// read like any other.
    pub fn from_discovered(
        found: &[Discovered],
        env: &dyn Env,
    ) -> Result<Loaded<Self>, ConfigError> {
        let mut loaded = Self::parse(&Self::discovered_text(found), FOUND, env)?;
        // There is no file that anybody could mend.
        loaded.diagnostics.clear();
        Ok(loaded)
    }

    /// The text of that config, to be shown or saved.
    #[must_use]
    pub fn discovered_text(found: &[Discovered]) -> String {
        let mut servers: Vec<&Discovered> = Vec::new();
        for kind in ServerKind::ALL {
            // Of several at one kind the first counts: an id names one address.
            let first = found.iter().find(|server| server.kind == kind);
            servers.extend(first.filter(|server| listed(server).next().is_some()));
        }
        let refs: Vec<String> = servers
            .iter()
            .copied()
            .flat_map(|server| {
                let provider = server.kind.provider();
                let models = listed(server).filter(|id| !is_embedding(id));
                models.map(move |id| format!("{provider}/{id}"))
            })
            .collect();
        let mut text = String::from("{\n");
        if let [primary, fallbacks @ ..] = refs.as_slice() {
            let model = json!({ "primary": primary, "fallbacks": fallbacks });
            let _ = writeln!(text, "  agents: {{ defaults: {{ model: {model} }} }},");
        }
        text.push_str("  models: { mode: \"replace\", providers: {\n");
        for server in servers {
            let id = server.kind.provider();
            let base_url = format!("http://127.0.0.1:{}/v1", server.port);
            let models: Vec<_> = listed(server).map(|id| json!({ "id": id, "name": id })).collect();
            let row =
                json!({ "baseUrl": base_url, "api": server.kind.api().as_str(), "models": models });
            let _ = writeln!(text, "    \"{id}\": {row},");
        }
        text.push_str("  } },\n}\n");
        text
    }
}

/// Hosted providers whose key is in `env`, in the catalog's order.
pub(crate) fn hosted_keys(env: &dyn Env) -> Vec<HostedKey> {
    let catalog = Catalog::built_in();
    let mut found = Vec::new();
    for (id, provider) in &catalog.providers {
        let foreign = Api::from(provider.api).is_foreign();
        let local = provider.base_url.starts_with("http://");
        if foreign || local || provider.base_url.is_empty() {
            continue;
        }
        let set = |name: &&String| env.var(name).is_some_and(|value| !value.is_empty());
        if let Some(variable) = provider.key_vars.iter().find(set) {
            let line = provider.models.first().map(|model| format!("\"{id}/{}\",", model.id));
            found.push(HostedKey { provider: id.clone(), variable: variable.clone(), line });
        }
    }
    found
}

impl HostedKey {
    /// Every hosted provider of the catalog whose key is in `env`.
    #[must_use]
    pub fn all(env: &dyn Env) -> Vec<Self> {
        hosted_keys(env)
    }
}

/// Ids that can be written as a ref, each once, of models whose prompts stay on
/// this machine.
fn listed(server: &Discovered) -> impl Iterator<Item = &str> {
    const MOST: usize = 200;
    let ids = server.models.iter().map(|id| id.trim());
    let mut seen = std::collections::BTreeSet::new();
    ids.filter(|id| !server.forwards(id))
        .filter(move |id| !id.is_empty() && !id.contains("${") && seen.insert(*id))
        .take(MOST)
}

/// No list tells what a model is for: the families that only embed or rank are
/// known by their names.
fn is_embedding(id: &str) -> bool {
    const FAMILIES: [&str; 7] =
        ["embed", "rerank", "all-minilm", "bge-", "gte-", "e5-", "paraphrase-"];
    let id = id.to_ascii_lowercase();
    let name = id.rsplit('/').next().unwrap_or_default();
    FAMILIES.iter().any(|family| match family.ends_with('-') {
        true => name.starts_with(family) || name.contains(&format!("-{family}")),
        false => name.contains(family),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn none(_: &str) -> Option<String> {
        None
    }

    fn ids(ids: &[&str]) -> Vec<String> {
        ids.iter().map(|id| (*id).to_owned()).collect()
    }

    #[test]
    fn local_servers_make_the_chain_and_relays_do_not() {
        let found = [
            Discovered::new(ServerKind::LiteLlm, 4000, ids(&["gpt-5"])),
            Discovered::new(ServerKind::Ollama, 11434, ids(&["a", "b:cloud", "c:120b-cloud", "a"])),
            Discovered::new(ServerKind::LmStudio, 1234, ids(&["x/\"y\"", "", "n\nl", "${HOME}"])),
            Discovered::new(ServerKind::Vllm, 8000, Vec::new()),
        ];
        let loaded = Config::from_discovered(&found, &none).expect("valid");
        let config = loaded.value;
        let chain = config.chain("default").expect("a primary");
        let refs: Vec<_> = chain.candidates.iter().map(|c| c.model_ref.to_string()).collect();
        assert_eq!(refs, ["lmstudio/x/\"y\"", "lmstudio/n\nl", "ollama/a"]);
        assert!(chain.candidates.iter().all(|c| c.usability.is_usable()));
        let explained = config.explain("default").expect("a primary").to_string();
        assert!(explained.contains("[found on this machine]"), "{explained}");
        assert!(!explained.contains(FOUND), "a file that nobody can open: {explained}");
        assert!(loaded.diagnostics.is_empty());
        assert_eq!(config.models().count(), 3, "what stays here is known, and nothing else");
        assert!(config.provider("litellm").is_none(), "nothing is sent to a relay unasked");
        for forwarded in ["ollama/b:cloud", "ollama/c:120b-cloud", "litellm/gpt-5"] {
            assert!(config.chain(forwarded).is_err(), "{forwarded}");
        }
        assert!(config.provider("vllm").is_none() && config.provider("openai").is_none());
    }

    #[test]
    fn embedding_models_are_in_no_chain() {
        let listed = ["text-embedding-nomic-embed-text-v1.5", "BAAI/bge-m3", "qwen3", "gemma-e5x"];
        let found = [Discovered::new(ServerKind::LmStudio, 1234, ids(&listed))];
        let config = Config::from_discovered(&found, &none).expect("valid").value;
        let chain = config.chain("default").expect("a primary");
        let refs: Vec<_> = chain.candidates.iter().map(|c| c.model_ref.to_string()).collect();
        assert_eq!(refs, ["lmstudio/qwen3", "lmstudio/gemma-e5x"]);
        assert_eq!(config.models().count(), 4);
    }

    #[test]
    fn nothing_found_is_an_empty_config() {
        let config = Config::from_discovered(&[], &none).expect("valid").value;
        assert_eq!(config.models().count(), 0);
        assert!(config.chain("default").is_err());
    }

    #[test]
    fn keys_of_the_environment_are_told_and_not_used() {
        let env = |name: &str| match name {
            "ANTHROPIC_API_KEY" | "GROQ_API_KEY" | "OLLAMA_API_KEY" => {
                Some("sk-planted".to_owned())
            }
            "OPENAI_API_KEY" => Some(String::new()),
            "GITHUB_TOKEN" | "VLLM_API_KEY" => Some("sk-planted".to_owned()),
            _ => None,
        };
        let told: Vec<String> = HostedKey::all(&env)
            .into_iter()
            .map(|key| {
                format!("{} {} {}", key.provider, key.variable, key.line.unwrap_or_default())
            })
            .collect();
        assert_eq!(
            told,
            [
                "anthropic ANTHROPIC_API_KEY \"anthropic/claude-opus-5\",",
                "groq GROQ_API_KEY ",
                "ollama-cloud OLLAMA_API_KEY ",
            ]
        );
        let config = Config::from_discovered(&[], &env).expect("valid").value;
        assert_eq!(config.providers().count(), 0);
    }
}
