//! The settings as they are written, and what they come to.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    Budget, Client, Deadlines, Fallback, Limits, Output, Privacy, ProviderSettings, SecretSettings,
    Settings, Store, Telemetry, values,
};
use crate::document::Path;
use crate::key::{Found, follow};
use crate::places::Places;
use crate::raw::{KeyInput, RESPONSE_STORE, Region, SecretInput, stated};
use crate::resolve::Context;

/// The settings file, or `ocGateway` in the config.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct RawSettings {
    /// Where the gateway listens, as `127.0.0.1:4141`.
    #[schemars(with = "Option<values::ListenText>")]
    listen: Option<String>,
    /// Who may ask, each with its own limits.
    clients: Vec<RawClient>,
    /// How long things may take.
    deadlines: Deadlines,
    /// How large things may grow.
    limits: Limits,
    /// What happens when a model fails.
    fallback: Fallback,
    /// Names that clients send on their own, to a ref or alias.
    model_aliases: BTreeMap<String, String>,
    /// Where prompts of every request may go.
    privacy: Option<Privacy>,
    /// Where every request may be computed.
    #[serde(deserialize_with = "stated::<_, Region, _>")]
    #[schemars(with = "Option<Region>")]
    region: Option<String>,
    /// What is declared of providers, by id.
    providers: BTreeMap<String, ProviderSettings>,
    /// Where responses are kept.
    store: Store,
    /// How secrets of the config may be had.
    secrets: SecretSettings,
    /// What is told to others.
    telemetry: Telemetry,
    /// For editors.
    #[serde(rename = "$schema")]
    schema: Option<String>,
}

/// `clients[]`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct RawClient {
    /// The name in logs and metrics.
    name: String,
    /// The key it sends.
    #[schemars(with = "KeyInput<true>")]
    key: SecretInput,
    /// Where its prompts may go.
    privacy: Option<Privacy>,
    /// Where its requests may be computed.
    #[serde(default, deserialize_with = "stated::<_, Region, _>")]
    #[schemars(with = "Option<Region>")]
    region: Option<String>,
    /// What it is shown. Default: what the request asks for.
    output: Option<Output>,
    /// Names it may ask for; absent: all.
    models: Option<Vec<String>>,
    /// Names of tools it may offer to a model; absent: all.
    tools: Option<Vec<String>>,
    /// What it may spend. Default: no limit.
    budget: Option<Budget>,
}

impl RawSettings {
    /// What the settings below `at` come to; problems are reported.
    pub(crate) fn resolve(self, at: &Path, context: &mut Context<'_, '_>) -> Settings {
        let mut settings = Settings::default();
        let listen_at = at.key("listen");
        if let Some(text) = &self.listen {
            match read_listen(text) {
                Some(listen) => settings.listen = listen,
                None => {
                    let fix = Some("write an address and a port, as `127.0.0.1:4141`".to_owned());
                    context.error(&listen_at, "not an address to listen on", fix);
                }
            }
        }
        // A client whose row could not be read still shows that there are some.
        let any_client = context.document.find(&at.key("clients")).is_some_and(
            |node| !matches!(&node.value, crate::document::Value::Array(items) if items.is_empty()),
        );
        settings.clients = clients(self.clients, &at.key("clients"), context);
        if !settings.listen.ip().is_loopback() && !any_client {
            let reason = "listening beyond loopback without `clients` would serve anyone";
            let fix = "add `clients: [{ name, key }]`, or listen on 127.0.0.1".to_owned();
            context.error(&listen_at, reason, Some(fix));
        }
        RESPONSE_STORE.check(&at.key("store"), context);
        settings.places = Places::of(at, context);
        Settings {
            deadlines: self.deadlines,
            limits: self.limits,
            fallback: self.fallback,
            model_aliases: self.model_aliases,
            privacy: self.privacy,
            region: self.region,
            providers: self.providers,
            store: self.store,
            secrets: self.secrets,
            telemetry: self.telemetry,
            ..settings
        }
    }
}

fn read_listen(text: &str) -> Option<SocketAddr> {
    let text = text.trim();
    let text = match text.strip_prefix("localhost:") {
        Some(port) => format!("127.0.0.1:{port}"),
        None => text.to_owned(),
    };
    text.parse().ok()
}

fn clients(rows: Vec<RawClient>, at: &Path, context: &mut Context<'_, '_>) -> Vec<Client> {
    let mut clients: Vec<Client> = Vec::new();
    for (index, row) in rows.into_iter().enumerate() {
        let at = at.index(index);
        let key_at = at.key("key");
        let key = match follow(&row.key, context.document.find(&key_at), context.secrets) {
            Found::Value(secret, _) => secret,
            Found::Empty => {
                let fix = Some("give each client a key of its own".to_owned());
                context.error(&key_at, "an empty key would let anyone in", fix);
                continue;
            }
            Found::Missing(reason, fix) | Found::Refused(reason, fix) => {
                context.error(&key_at, reason, Some(fix));
                continue;
            }
        };
        if let Some(other) = clients.iter().find(|c| c.name == row.name || c.key == key) {
            let (field, what) = match other.name == row.name {
                true => ("name", "name"),
                false => ("key", "key"),
            };
            let reason = format!("another client has the same {what}");
            context.error(&at.key(field), reason, Some("tell the two apart".to_owned()));
        }
        clients.push(Client {
            name: row.name,
            key,
            privacy: row.privacy,
            region: row.region,
            output: row.output,
            models: row.models,
            tools: row.tools,
            budget: row.budget,
        });
    }
    clients
}
