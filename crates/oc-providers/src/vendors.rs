//! Vendors and servers as rows of data: what a host takes otherwise than the
//! plain wire has it.
//!
//! A vendor is one row, never a folder and never an `if` on its name: this is
//! the only file of the crate that names one (`tests/names.rs` holds that). A
//! host that has no row gets [`Compat::plain`].

use oc_responses_stream::Blocks;
use url::Url;

use crate::capabilities::{Auth, Compat};
use crate::locality::Locality;
use crate::schema::SchemaProfile;
use crate::wire::openai_completions::{
    ChatCompat, MaxTokensField, ReasoningField, ReasoningReplay, ThinkingFormat, ToolIdRule,
};

/// One vendor, or one kind of local server.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Vendor {
    /// Its name in documents and reports.
    pub name: &'static str,
    /// Its hosts: an exact name, or `.suffix` for a name below it.
    pub hosts: &'static [&'static str],
    /// For servers, which are on any host: the provider ids that configs give
    /// them. They count only for hosts that are not on the internet.
    pub ids: &'static [&'static str],
    /// What it takes.
    pub compat: Compat,
}

const PLAIN: Vendor = Vendor { name: "", hosts: &[], ids: &[], compat: Compat::plain() };
const CHAT: ChatCompat = ChatCompat::plain();

/// OpenAI's own fields, for the hosts that run its models.
const OPENAI: Compat = Compat {
    vendor_fields: true,
    store: true,
    instructions: true,
    developer_role: true,
    hosted_tools: true,
    strict_tools: true,
    schemas: SchemaProfile::AsSent,
    item_ids: true,
    min_output_tokens: 16,
    prompt_cache_key: true,
    sealed_reasoning: true,
    most_stops: 4,
    effort_words: Some(&[]),
    chat: ChatCompat { max_tokens_field: MaxTokensField::MaxCompletionTokens, ..CHAT },
    ..Compat::plain()
};

/// Every row, most specific first.
pub static VENDORS: &[Vendor] = &[
    Vendor { name: "OpenAI", hosts: &["api.openai.com"], compat: OPENAI, ..PLAIN },
    Vendor {
        name: "Azure OpenAI",
        hosts: &[".openai.azure.com"],
        compat: Compat { auth: Auth::PlainApiKeyHeader, ..OPENAI },
        ..PLAIN
    },
    Vendor {
        name: "Anthropic",
        hosts: &["api.anthropic.com"],
        compat: Compat {
            auth: Auth::ApiKeyHeader,
            schemas: SchemaProfile::AsSent,
            structured_output: true,
            one_sampler: true,
            messages_fields: true,
            user_id: true,
            thinking_signatures: true,
            ..Compat::plain()
        },
        ..PLAIN
    },
    Vendor {
        // Its sealed reasoning must come back, or it stops reasoning.
        name: "xAI",
        hosts: &["api.x.ai"],
        compat: Compat {
            instructions: true,
            store: true,
            schemas: SchemaProfile::AsSent,
            sealed_reasoning: true,
            chat: ChatCompat { max_tokens_field: MaxTokensField::MaxCompletionTokens, ..CHAT },
            ..Compat::plain()
        },
        ..PLAIN
    },
    Vendor {
        // 400 where an assistant message with calls comes without its
        // `reasoning_content`.
        name: "DeepSeek",
        hosts: &["api.deepseek.com"],
        compat: Compat {
            schemas: SchemaProfile::AsSent,
            chat: ChatCompat {
                thinking: ThinkingFormat::ThinkingTypeWithEffort,
                replay: ReasoningReplay::WithToolCalls,
                ..CHAT
            },
            ..Compat::plain()
        },
        ..PLAIN
    },
    Vendor {
        // 400 where it thinks and an assistant message with calls comes without its
        // `reasoning_content`; an empty one will do.
        name: "Moonshot",
        hosts: &["api.moonshot.ai", "api.moonshot.cn"],
        compat: Compat {
            schemas: SchemaProfile::AsSent,
            chat: ChatCompat {
                thinking: ThinkingFormat::ThinkingType,
                replay: ReasoningReplay::WithToolCalls,
                ..CHAT
            },
            ..Compat::plain()
        },
        ..PLAIN
    },
    Vendor {
        // Thinks unless told not to; wants its reasoning unchanged with results.
        name: "Z.ai",
        hosts: &["api.z.ai", "open.bigmodel.cn"],
        compat: Compat {
            schemas: SchemaProfile::AsSent,
            thinks_unasked: true,
            chat: ChatCompat {
                thinking: ThinkingFormat::ThinkingType,
                replay: ReasoningReplay::WhereToolsWereCalled,
                tool_stream: true,
                ..CHAT
            },
            ..Compat::plain()
        },
        ..PLAIN
    },
    Vendor {
        // Ids of calls are nine letters and digits; results carry the name.
        name: "Mistral",
        hosts: &["api.mistral.ai"],
        compat: Compat {
            schemas: SchemaProfile::AsSent,
            chat: ChatCompat {
                tool_ids: ToolIdRule::NineLettersAndDigits,
                result_names: true,
                strict_keys: true,
                ..CHAT
            },
            ..Compat::plain()
        },
        ..PLAIN
    },
    Vendor {
        // `reasoning_details` go back to the letter, whatever the replay says.
        name: "OpenRouter",
        hosts: &["openrouter.ai", ".openrouter.ai"],
        compat: Compat {
            schemas: SchemaProfile::AsSent,
            chat: ChatCompat {
                max_tokens_field: MaxTokensField::MaxCompletionTokens,
                thinking: ThinkingFormat::Reasoning,
                reasoning_field: ReasoningField::Reasoning,
                ..CHAT
            },
            ..Compat::plain()
        },
        ..PLAIN
    },
    Vendor {
        // Thinks between its paragraphs, inline unless `reasoning_split` is
        // asked for, and wants the whole message back.
        name: "MiniMax",
        hosts: &["api.minimax.io", "api.minimaxi.com", "api.minimax.chat"],
        compat: Compat {
            schemas: SchemaProfile::AsSent,
            thinking_blocks: Blocks::Anywhere,
            chat: ChatCompat { replay: ReasoningReplay::Always, reasoning_split: true, ..CHAT },
            ..Compat::plain()
        },
        ..PLAIN
    },
    Vendor {
        // Over `openai-completions`. A call without its signature is refused;
        // this one stands for a call that another model made.
        name: "Google",
        hosts: &["generativelanguage.googleapis.com"],
        compat: Compat {
            schemas: SchemaProfile::Subset,
            chat: ChatCompat {
                unsigned_call: Some(
                    r#"{"google":{"thought_signature":"skip_thought_signature_validator"}}"#,
                ),
                ..CHAT
            },
            ..Compat::plain()
        },
        ..PLAIN
    },
    Vendor {
        name: "Together",
        hosts: &["api.together.xyz", "api.together.ai"],
        compat: Compat {
            schemas: SchemaProfile::AsSent,
            chat: ChatCompat { thinking: ThinkingFormat::ReasoningEnabled, ..CHAT },
            ..Compat::plain()
        },
        ..PLAIN
    },
    Vendor {
        name: "Alibaba",
        hosts: &[
            "dashscope.aliyuncs.com",
            ".dashscope.aliyuncs.com",
            "dashscope-intl.aliyuncs.com",
            "coding-intl.dashscope.aliyuncs.com",
            "portal.qwen.ai",
        ],
        compat: Compat {
            schemas: SchemaProfile::AsSent,
            chat: ChatCompat { thinking: ThinkingFormat::EnableThinking, ..CHAT },
            ..Compat::plain()
        },
        ..PLAIN
    },
    Vendor {
        name: "Groq",
        hosts: &["api.groq.com"],
        compat: Compat {
            schemas: SchemaProfile::AsSent,
            chat: ChatCompat {
                max_tokens_field: MaxTokensField::MaxCompletionTokens,
                reasoning_field: ReasoningField::Reasoning,
                ..CHAT
            },
            ..Compat::plain()
        },
        ..PLAIN
    },
    Vendor {
        name: "Cerebras",
        hosts: &["api.cerebras.ai"],
        compat: Compat {
            schemas: SchemaProfile::AsSent,
            chat: ChatCompat { max_tokens_field: MaxTokensField::MaxCompletionTokens, ..CHAT },
            ..Compat::plain()
        },
        ..PLAIN
    },
    Vendor {
        name: "Fireworks",
        hosts: &["api.fireworks.ai"],
        compat: Compat { schemas: SchemaProfile::AsSent, ..Compat::plain() },
        ..PLAIN
    },
    // Servers. Their grammars, where they make some of schemas, are llama.cpp's
    // but for vLLM's and SGLang's, and no reader can tell what is behind a relay.
    Vendor { name: "LM Studio", ids: &["lmstudio"], ..PLAIN },
    Vendor { name: "llama.cpp", ids: &["llama-cpp", "llamacpp", "llama-server"], ..PLAIN },
    Vendor {
        name: "vLLM",
        ids: &["vllm"],
        compat: Compat {
            schemas: SchemaProfile::AsSent,
            chat: ChatCompat { reasoning_field: ReasoningField::Reasoning, ..CHAT },
            ..Compat::plain()
        },
        ..PLAIN
    },
    Vendor {
        name: "SGLang",
        ids: &["sglang"],
        compat: Compat { schemas: SchemaProfile::AsSent, ..Compat::plain() },
        ..PLAIN
    },
    Vendor {
        name: "Ollama",
        ids: &["ollama"],
        compat: Compat {
            chat: ChatCompat { reasoning_field: ReasoningField::Reasoning, ..CHAT },
            ..Compat::plain()
        },
        ..PLAIN
    },
    Vendor {
        // What it forwards to wants `tools` beside a history of calls.
        name: "LiteLLM",
        ids: &["litellm"],
        compat: Compat { chat: ChatCompat { tools_beside_calls: true, ..CHAT }, ..Compat::plain() },
        ..PLAIN
    },
];

/// Values that keep nobody out, and occur in innocent text: what guides tell
/// people to write where a server wants any key, and common header values.
pub(crate) const PLACEHOLDERS: &[&str] = &[
    "anthropic",
    "any",
    "anything",
    "api",
    "api-key",
    "apikey",
    "bearer",
    "default",
    "dummy",
    "empty",
    "example",
    "fake",
    "false",
    "gemini",
    "json",
    "key",
    "litellm",
    "llama",
    "llama-cpp",
    "llama-server",
    "llama.cpp",
    "llamacpp",
    "lm-studio",
    "lm_studio",
    "lmstudio",
    "local",
    "localhost",
    "mlx",
    "model",
    "no-key",
    "nokey",
    "none",
    "not-needed",
    "not-required",
    "null",
    "ollama",
    "openai",
    "openclaw",
    "placeholder",
    "sglang",
    "sk-no-key-required",
    "test",
    "token",
    "true",
    "undefined",
    "unused",
    "vllm",
];

impl Vendor {
    /// The row that `url`'s host belongs to.
    ///
    /// ```
    /// use oc_providers::Vendor;
    /// use url::Url;
    ///
    /// let url = Url::parse("https://api.openai.com/v1").unwrap();
    /// assert_eq!(Vendor::of(&url).unwrap().name, "OpenAI");
    /// let url = Url::parse("http://127.0.0.1:1234/v1").unwrap();
    /// assert!(Vendor::of(&url).is_none());
    /// ```
    pub fn of(url: &Url) -> Option<&'static Self> {
        let host = url.host_str()?;
        VENDORS.iter().find(|vendor| {
            vendor
                .hosts
                .iter()
                .any(|row| if row.starts_with('.') { host.ends_with(row) } else { host == *row })
        })
    }

    /// The row of the provider `id` at `url`: its host's, else, on this machine
    /// or in the private network, that of the server which the id names.
    ///
    /// ```
    /// use oc_providers::Vendor;
    /// use url::Url;
    ///
    /// let box_in_the_corner = Url::parse("http://192.168.1.5:8000/v1").unwrap();
    /// assert_eq!(Vendor::of_provider("vllm", &box_in_the_corner).unwrap().name, "vLLM");
    /// let elsewhere = Url::parse("https://vllm.example.com/v1").unwrap();
    /// assert!(Vendor::of_provider("vllm", &elsewhere).is_none());
    /// ```
    pub fn of_provider(id: &str, url: &Url) -> Option<&'static Self> {
        let named = || VENDORS.iter().find(|vendor| vendor.ids.contains(&id));
        let near = Locality::of(url) != Locality::Hosted;
        Self::of(url).or_else(|| near.then(named).flatten())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn look_alike_hosts_get_no_row() {
        for (url, name) in [
            ("https://api.openai.com/v1", Some("OpenAI")),
            ("https://API.OPENAI.COM/v1", Some("OpenAI")),
            ("https://me.openai.azure.com/openai/v1/", Some("Azure OpenAI")),
            ("https://api.anthropic.com", Some("Anthropic")),
            ("https://openrouter.ai/api/v1", Some("OpenRouter")),
            ("https://api.openai.com.example.org/v1", None),
            ("https://xapi.openai.com/v1", None),
            ("https://xopenai.azure.com/v1", None),
            ("http://127.0.0.1:4000/api.openai.com", None),
        ] {
            let url = Url::parse(url).expect(url);
            assert_eq!(Vendor::of(&url).map(|vendor| vendor.name), name, "{url}");
        }
    }

    #[test]
    fn every_row_is_found_by_each_of_its_hosts_and_ids() {
        for row in VENDORS {
            assert!(row.hosts.is_empty() != row.ids.is_empty(), "{}: hosts or ids", row.name);
            for host in row.hosts {
                let host = host.strip_prefix('.').map_or((*host).to_owned(), |h| format!("a.{h}"));
                let url = Url::parse(&format!("https://{host}/v1")).expect(row.name);
                assert_eq!(Vendor::of(&url).map(|found| found.name), Some(row.name), "{host}");
            }
            for id in row.ids {
                let url = Url::parse("http://127.0.0.1:9/v1").expect("url");
                let found = Vendor::of_provider(id, &url).map(|found| found.name);
                assert_eq!(found, Some(row.name), "{id}");
            }
        }
    }

    #[test]
    fn the_hosts_row_is_before_the_ids() {
        let url = Url::parse("https://api.deepseek.com").expect("url");
        assert_eq!(Vendor::of_provider("vllm", &url).map(|row| row.name), Some("DeepSeek"));
    }
}
