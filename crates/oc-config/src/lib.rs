//! Reads an OpenClaw config unchanged, and says precisely what is wrong with
//! a bad one.
//!
//! ```text
//!  text ─▶ tree with places ─▶ $include ─▶ ${VAR} ─▶ typed sections ─▶ Config
//!               │                 │           │            │             │
//!               ▼                 ▼           ▼            ▼             ▼
//!            syntax           no file,     not set    unknown key,  unknown ref,
//!            depth            cycle                   wrong type    bad URL, no key
//!               └─────────────────┴─────┬─────┴────────────┴─────────────┘
//!                                       ▼
//!              every problem: file, line, column, path, reason, fix
//! ```
//!
//! # What it does
//! - Reads JSON5 strictly in the sections that concern models (`models`,
//!   `agents`, `auth`, `env`, `secrets`, `gateway.reload`), in the union of
//!   OpenClaw's February and September 2026 versions, and accepts the rest.
//! - Follows `$include`, `.env`, SecretRefs of variables, files and commands,
//!   and reads the keys that OpenClaw of February stored.
//! - Merges the configured providers with a hosted catalog that comes as data.
//! - Resolves refs, aliases and fallbacks to a [`Chain`], with the reason and
//!   the fix for every candidate that cannot be used, and explains each value
//!   by where it came from.
//! - Warns of what loads and will hurt.
//! - Makes a config of local servers that were found ([`Config::from_discovered`]).
//! - Reads the gateway's own [`Settings`] the same way.
//!
//! # What it does not
//! It makes no request, starts no process and knows no wire format. It writes
//! nothing. It reads no environment: variables come through [`Env`]. Commands
//! that give secrets are run by whoever passes [`Commands`] in, where the
//! settings allow it. Files come through [`Files`]; only [`Config::load`], [`Settings::load`] and a
//! [`Reading`] that is given no other open any. Keys are [`Secret`]s and are
//! in no message, no `Debug` and no masked source.
//!
//! # Example
//! ```
//! use oc_config::{Config, KeySource};
//!
//! let text = r#"{
//!   agents: { defaults: {
//!     model: { primary: "lmstudio/minimax-m2.1-gs32", fallbacks: ["anthropic/claude-opus-4-6"] },
//!     models: { "lmstudio/minimax-m2.1-gs32": { alias: "MiniMax Local" } },
//!   } },
//!   models: { mode: "merge", providers: { lmstudio: {
//!     baseUrl: "http://127.0.0.1:1234/v1", apiKey: "lmstudio", api: "openai-responses",
//!     models: [{ id: "minimax-m2.1-gs32", name: "MiniMax M2.1 GS32", contextWindow: 196608 }],
//!   } } },
//! }"#;
//! let env = |name: &str| (name == "ANTHROPIC_API_KEY").then(|| "sk-ant".to_owned());
//! let config = Config::parse(text, "openclaw.json", &env)?.value;
//!
//! let chain = config.chain("minimax local")?;
//! let opus = chain.candidates[1].model.as_ref().expect("in the catalog");
//! assert_eq!(opus.base_url, "https://api.anthropic.com");
//! assert_eq!(opus.key.as_ref().map(KeySource::to_string).as_deref(), Some("env:ANTHROPIC_API_KEY"));
//!
//! // A slip is told with its place and its fix.
//! let wrong = text.replace("baseUrl", "baseURL");
//! let error = Config::parse(&wrong, "openclaw.json", &env).expect_err("a slip");
//! assert_eq!(
//!     error.diagnostics()[0].to_string(),
//!     "openclaw.json:7:5: error: models.providers.lmstudio.baseURL: \
//!      unknown key `baseURL` (did you mean `baseUrl`?)",
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![deny(missing_docs)]
#![forbid(unsafe_code)]

mod agent;
mod catalog;
mod chain;
mod chosen;
mod command;
mod config;
mod diagnostic;
mod discovered;
mod document;
mod dotenv;
mod env;
mod error;
mod explain;
mod exposed;
mod files;
mod include;
mod key;
mod load;
mod locality;
mod merge;
mod model;
mod model_ref;
mod nearest;
mod origin;
mod params;
mod places;
mod profiles;
mod provider;
mod raw;
mod reading;
mod reference;
mod resolve;
pub mod schema;
mod secret;
mod settings;
mod shape;
mod source;
mod substitute;
mod under;
mod warnings;

pub use chain::{Candidate, Chain, ExplicitModels, UnknownModel, UnusableReason, Usability};
pub use command::{CommandFailure, Commands, SecretCommand};
pub use config::Config;
pub use diagnostic::{Diagnostic, Loaded, MaskedSource, Severity};
pub use discovered::{Discovered, HostedKey, ServerKind};
pub use env::Env;
pub use error::{ConfigError, ConfigErrorKind};
pub use explain::Explanation;
pub use files::{FileText, Files};
pub use locality::Locality;
pub use model::{Api, AuthMode, Cost, InputKind, Listed, Model, Provider};
pub use model_ref::ModelRef;
pub use origin::{Origin, SetBy, Variable};
pub use params::{Params, RequestDefaults};
pub use raw::{Compat, ReloadMode};
pub use reading::Reading;
#[doc(hidden)]
pub use reference::reference_markdown;
pub use secret::{Key, KeySource, Secret};
pub use settings::{
    AfterCommit, Budget, ByClass, Client, ColdStart, Commit, Deadlines, DeclaredLocality, Fallback,
    Hedge, HedgeAfter, Limits, ModelSettings, Output, Period, Privacy, ProviderSettings,
    ReasoningOnly, Refusal, Retry, SecretSettings, Settings, Store, StoreKind, Telemetry,
    ToolCallParser,
};
pub use source::ConfigSource;
