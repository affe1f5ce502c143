//! The `auth`, `env` and `secrets` sections.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};

use super::SecretSource;
use super::forms::secret_store;
use super::number::{Amount, Whole, Within};
use super::text::{Argument, Filled, PluginId, StoreAlias, VariableName};
use super::values::{AtMost, stated};

/// `auth`: OpenClaw's profiles. Their keys are in `auth-profiles.json`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Auth {
    /// Profiles by id.
    #[serde(default)]
    #[expect(dead_code, reason = "read for its strictness")]
    profiles: BTreeMap<String, Profile>,
    /// Profile ids by provider, first choice first.
    #[serde(default)]
    pub(crate) order: BTreeMap<String, Vec<String>>,
    /// February's cooldown windows; September fixed them, and so did we.
    #[expect(dead_code, reason = "read for its strictness")]
    cooldowns: Option<Cooldowns>,
}

/// `auth.cooldowns`, February only.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(dead_code, reason = "read for its strictness")]
struct Cooldowns {
    /// Hours a profile without credit is left alone at first. OpenClaw: 5.
    billing_backoff_hours: Option<Amount>,
    /// The same by provider.
    billing_backoff_hours_by_provider: Option<BTreeMap<String, Amount>>,
    /// Hours at most. OpenClaw: 24.
    billing_max_hours: Option<Amount>,
    /// Hours after which failures are forgotten. OpenClaw: 24.
    failure_window_hours: Option<Amount>,
}

/// `auth.profiles.<id>`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(dead_code, reason = "read for its strictness")]
pub(crate) struct Profile {
    /// The id of its provider.
    provider: String,
    /// What is stored.
    mode: ProfileMode,
    /// Whose it is.
    email: Option<String>,
    /// A name for people.
    display_name: Option<String>,
}

/// `auth.profiles.<id>.mode`.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
enum ProfileMode {
    #[serde(rename = "api_key")]
    ApiKey,
    #[serde(rename = "aws-sdk")]
    AwsSdk,
    #[serde(rename = "oauth")]
    Oauth,
    #[serde(rename = "token")]
    Token,
}

/// `env`: variables for the process, where it does not set them itself.
#[derive(Default)]
pub(crate) struct EnvBlock {
    /// `env.vars`, and February's variables directly under `env`.
    pub(crate) vars: BTreeMap<String, String>,
}

/// `env.shellEnv`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(dead_code, reason = "read for its strictness")]
pub(crate) struct ShellEnv {
    /// OpenClaw: false.
    enabled: Option<bool>,
    /// Milliseconds. OpenClaw: 15000.
    timeout_ms: Option<Whole>,
}

/// Variables are secrets more often than not.
impl fmt::Debug for EnvBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.vars.keys()).finish()
    }
}

impl<'de> Deserialize<'de> for EnvBlock {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EnvVisitor)
    }
}

struct EnvVisitor;

impl<'de> Visitor<'de> for EnvVisitor {
    type Value = EnvBlock;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of variables")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<EnvBlock, A::Error> {
        let mut block = EnvBlock::default();
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "shellEnv" => {
                    map.next_value::<ShellEnv>()?;
                }
                "vars" => block.vars.extend(map.next_value::<BTreeMap<_, _>>()?),
                _ => {
                    block.vars.insert(key, map.next_value()?);
                }
            }
        }
        Ok(block)
    }
}

impl JsonSchema for EnvBlock {
    fn schema_name() -> Cow<'static, str> {
        "Env".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let shell = generator.subschema_for::<ShellEnv>();
        json_schema!({
            "type": "object",
            "properties": {
                "shellEnv": shell,
                "vars": {
                    "description": "Variables by name.",
                    "type": "object",
                    "additionalProperties": { "type": "string" },
                },
            },
            "additionalProperties": { "type": "string" },
        })
    }
}

/// `secrets`: where SecretRefs lead.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Secrets {
    /// OpenClaw's proxy for its tools' requests; not used here.
    #[expect(dead_code, reason = "read for its strictness")]
    egress_proxy: Option<EgressProxy>,
    /// Readers of secrets by alias.
    #[serde(default)]
    pub(crate) providers: BTreeMap<String, SecretStore>,
    /// The alias that `provider: "default"` means, by source.
    #[serde(default)]
    pub(crate) defaults: SecretDefaults,
}

/// `secrets.egressProxy`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(dead_code, reason = "read for its strictness")]
struct EgressProxy {
    /// OpenClaw: false.
    enabled: Option<bool>,
    /// The only hosts it reaches, 256 at most.
    allowed_hosts: Option<AtMost<Filled, 256>>,
    /// Hosts that are reached without it, 256 at most.
    bypass_hosts: Option<AtMost<Filled, 256>>,
}

/// `secrets.defaults`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SecretDefaults {
    /// For `source: "env"`.
    #[serde(default, deserialize_with = "stated::<_, StoreAlias, _>")]
    #[schemars(with = "Option<StoreAlias>")]
    env: Option<String>,
    /// For `source: "file"`.
    #[serde(default, deserialize_with = "stated::<_, StoreAlias, _>")]
    #[schemars(with = "Option<StoreAlias>")]
    file: Option<String>,
    /// For `source: "exec"`.
    #[serde(default, deserialize_with = "stated::<_, StoreAlias, _>")]
    #[schemars(with = "Option<StoreAlias>")]
    exec: Option<String>,
    /// For `source: "store"`.
    #[serde(default, deserialize_with = "stated::<_, StoreAlias, _>")]
    #[schemars(with = "Option<StoreAlias>")]
    store: Option<String>,
}

impl SecretDefaults {
    pub(crate) fn by_source(&self) -> BTreeMap<SecretSource, String> {
        let all = [
            (SecretSource::Env, &self.env),
            (SecretSource::File, &self.file),
            (SecretSource::Exec, &self.exec),
            (SecretSource::Store, &self.store),
        ];
        all.into_iter().filter_map(|(source, alias)| Some((source, alias.clone()?))).collect()
    }
}

/// How long a source may take.
pub(crate) type Milliseconds = Within<1, 120_000>;

/// How much a source may give.
pub(crate) type Bytes = Within<1, { 20 * 1024 * 1024 }>;

/// `secrets.providers.<alias>`: one object for all sources; what a source does
/// not know is refused when the whole is checked.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(transform = secret_store)]
pub(crate) struct SecretStore {
    /// Where the secrets are.
    pub(crate) source: SecretSource,
    /// `env`: the only variables that may be read.
    #[serde(default, deserialize_with = "stated::<_, AtMost<VariableName, 256>, _>")]
    #[schemars(with = "Option<AtMost<VariableName, 256>>")]
    pub(crate) allowlist: Option<Vec<String>>,
    /// `file`: the file; absolute, or beginning with `~/`.
    #[serde(default, deserialize_with = "stated::<_, Filled, _>")]
    #[schemars(with = "Option<Filled>")]
    pub(crate) path: Option<String>,
    /// `file`: how it is read. Default `json`.
    pub(crate) mode: Option<SecretMode>,
    /// `exec`: milliseconds; at most 120000. Default 5000. `file`: not used.
    pub(crate) timeout_ms: Option<Milliseconds>,
    /// `file`: the largest file, in bytes; at most 20971520. Default 1 MiB.
    pub(crate) max_bytes: Option<Bytes>,
    /// `exec`: the program; absolute, or beginning with `~/`. Run only where
    /// the settings say `secrets.exec: true`.
    #[serde(default, deserialize_with = "stated::<_, Filled, _>")]
    #[schemars(with = "Option<Filled>")]
    pub(crate) command: Option<String>,
    /// `exec`: its arguments; no shell reads them.
    #[serde(default, deserialize_with = "stated::<_, AtMost<Argument, 128>, _>")]
    #[schemars(with = "Option<AtMost<Argument, 128>>")]
    pub(crate) args: Option<Vec<String>>,
    /// `exec`: milliseconds without output; at most 120000. Default: as
    /// `timeoutMs`.
    pub(crate) no_output_timeout_ms: Option<Milliseconds>,
    /// `exec`: bytes of output; at most 20971520. Default 1 MiB.
    pub(crate) max_output_bytes: Option<Bytes>,
    /// `exec`: whether its output must be JSON. Default true; `false` takes a
    /// plain text where one secret is asked for.
    pub(crate) json_only: Option<bool>,
    /// `exec`: variables it gets.
    pub(crate) env: Option<BTreeMap<String, String>>,
    /// `exec`: variables that are passed on; it gets no others.
    #[serde(default, deserialize_with = "stated::<_, AtMost<VariableName, 128>, _>")]
    #[schemars(with = "Option<AtMost<VariableName, 128>>")]
    pub(crate) pass_env: Option<Vec<String>>,
    /// `exec`: folders it must lie in. Default: any.
    #[serde(default, deserialize_with = "stated::<_, AtMost<Filled, 64>, _>")]
    #[schemars(with = "Option<AtMost<Filled, 64>>")]
    pub(crate) trusted_dirs: Option<Vec<String>>,
    /// `exec`: an OpenClaw plugin instead of a program.
    #[expect(dead_code, reason = "read for its strictness")]
    plugin_integration: Option<PluginIntegration>,
}

/// `secrets.providers.<alias>.pluginIntegration`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(dead_code, reason = "read for its strictness")]
pub(crate) struct PluginIntegration {
    /// The plugin.
    plugin_id: PluginId,
    /// Which of its ways to secrets.
    integration_id: PluginId,
}

/// `secrets.providers.<alias>.mode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum SecretMode {
    /// The whole file is the secret.
    SingleValue,
    /// The file is JSON; ids are JSON pointers into it.
    Json,
}
