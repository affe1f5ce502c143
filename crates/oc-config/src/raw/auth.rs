//! The `auth`, `env` and `secrets` sections.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};

use super::Opaque;

/// `auth`: OpenClaw's profiles. Read for strictness; keys come from the config
/// and the environment.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(dead_code, reason = "read for its strictness")]
pub(crate) struct Auth {
    /// Profiles by id.
    #[serde(default)]
    profiles: BTreeMap<String, Profile>,
    /// Profile ids by provider, first choice first.
    #[serde(default)]
    order: BTreeMap<String, Vec<String>>,
    /// February's cooldown windows.
    cooldowns: Option<Opaque>,
}

/// `auth.profiles.<id>`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(dead_code, reason = "read for its strictness")]
pub(crate) struct Profile {
    provider: String,
    mode: ProfileMode,
    email: Option<String>,
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
    enabled: Option<bool>,
    timeout_ms: Option<u64>,
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
                "vars": { "type": "object", "additionalProperties": { "type": "string" } },
            },
            "additionalProperties": { "type": "string" },
        })
    }
}

/// `secrets`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(dead_code, reason = "read for its strictness")]
pub(crate) struct Secrets {
    egress_proxy: Option<Opaque>,
    /// Readers of secrets by alias.
    #[serde(default)]
    providers: BTreeMap<String, Opaque>,
    defaults: Option<Opaque>,
}
