//! Who may ask at all: browsers are not clients.
//!
//! A web page can make a browser send requests to a loopback port. Three checks
//! keep it out: `Host` (a rebound DNS name), `Origin` (a foreign page), and
//! `application/json` on bodies (a form, or a request without preflight).

use std::net::IpAddr;

use axum::{
    extract::{Request, State as Shared},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use http::{
    HeaderMap, HeaderValue,
    header::{AUTHORIZATION, CONTENT_TYPE, HOST, ORIGIN},
    uri::Authority,
};

use oc_config::{Config, Privacy, Settings};

use crate::{State, assemble::AssembleError, error::Failure, policy::Rules};

/// Refuses requests whose `Host` or `Origin` betrays a browser's page.
pub(crate) async fn not_a_browser(
    Shared(state): Shared<State>,
    request: Request,
    next: Next,
) -> Response {
    match judge(request.headers(), request.uri().authority(), state.is_loopback_only()) {
        Ok(()) => next.run(request).await,
        Err(failure) => failure.into_response(),
    }
}

/// `loopback_only`: the gateway listens on loopback. Where it listens wider,
/// every request needs a client's key, which no page has; then any `Host` goes.
fn judge(
    headers: &HeaderMap,
    target: Option<&Authority>,
    loopback_only: bool,
) -> Result<(), Failure> {
    let host = match target {
        Some(authority) => Some(authority.clone()),
        None => headers
            .get(HOST)
            .and_then(|host| host.to_str().ok())
            .and_then(|host| host.parse::<Authority>().ok()),
    };
    let Some(host) = host else {
        return Err(Failure::forbidden("host_refused", "the Host header is missing or malformed"));
    };
    if loopback_only && !is_loopback(host.host()) {
        return Err(Failure::forbidden(
            "host_refused",
            "the Host header names no loopback address; use http://127.0.0.1:PORT",
        ));
    }
    let Some(origin) = headers.get(ORIGIN) else { return Ok(()) };
    let own = origin
        .to_str()
        .ok()
        .and_then(|origin| origin.strip_prefix("http://").or(origin.strip_prefix("https://")))
        .is_some_and(|origin| origin.eq_ignore_ascii_case(host.as_str()));
    if own {
        Ok(())
    } else {
        Err(Failure::forbidden(
            "origin_refused",
            "requests from web pages are refused (a foreign Origin header was sent)",
        ))
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    match bare.parse::<IpAddr>() {
        Ok(address) => address.to_canonical().is_loopback(),
        Err(_) => {
            let name = bare.strip_suffix('.').unwrap_or(bare);
            name.eq_ignore_ascii_case("localhost")
        }
    }
}

/// The rules that the client's entry in the settings sets; the settings' own
/// where no clients are configured.
#[derive(Clone, Debug)]
pub(crate) struct ClientRules(pub(crate) Rules);

/// The clients of the settings, with their keys.
#[derive(Debug, Default)]
pub(crate) struct Clients {
    known: Vec<Known>,
    /// Everybody's rules.
    common: Rules,
}

#[derive(Debug)]
struct Known {
    name: String,
    key: oc_config::Secret,
    rules: Rules,
}

impl Clients {
    pub(crate) fn new(settings: &Settings, config: &Config) -> Result<Self, AssembleError> {
        let common = rules_of(Rules::default(), settings.privacy, settings.region.as_deref());
        let mut known = Vec::new();
        for client in &settings.clients {
            // A limit that would not hold is worse than none.
            if client.tools.is_some() || client.budget.is_some() {
                return Err(AssembleError(format!(
                    "clients: `{}`: tools and budget are not built yet; remove them",
                    client.name
                )));
            }
            let rules = rules_of(common.clone(), client.privacy, client.region.as_deref())
                .with_final_only(client.output == Some(oc_config::Output::Final))
                .with_models(models_of(client, config)?);
            known.push(Known { name: client.name.clone(), key: client.key.clone(), rules });
        }
        Ok(Self { known, common })
    }

    /// The settings' own rules, which hold for everybody.
    pub(crate) fn common(&self) -> &Rules {
        &self.common
    }

    /// The settings' own rules, tightened by those of a caller in this process.
    pub(crate) fn tightened(&self, rules: Rules) -> Rules {
        let common = self.common.clone();
        rules
            .regions
            .iter()
            .fold(common, |common, region| common.with_region(Some(region)))
            .with_local_only(rules.local_only)
            .with_final_only(rules.final_only)
            .with_deadline(rules.deadline)
            .with_fallback(rules.fallback)
            .with_models(rules.models)
    }

    /// The rules of whoever sent this key; `None` for a stranger.
    fn rules_for(&self, key: Option<&[u8]>) -> Option<&Rules> {
        if self.known.is_empty() {
            return Some(&self.common);
        }
        let key = key?;
        // Every key is compared, so that the time tells nothing about which.
        self.known.iter().fold(None, |found, one| match same(one.key.expose().as_bytes(), key) {
            true => Some(&one.rules),
            false => found,
        })
    }

    /// The rules of the client of this name.
    pub(crate) fn rules_of(&self, name: &str) -> Option<&Rules> {
        self.known.iter().find(|one| one.name == name).map(|one| &one.rules)
    }
}

/// The models that a client may ask, by ref.
fn models_of(
    client: &oc_config::Client,
    config: &Config,
) -> Result<Option<Vec<String>>, AssembleError> {
    let Some(names) = &client.models else { return Ok(None) };
    let refs: Result<Vec<String>, AssembleError> = names
        .iter()
        .map(|name| {
            let chain = config.chain(name).map_err(|unknown| {
                AssembleError(format!("clients: `{}`: models: {unknown}", client.name))
            })?;
            Ok(chain.candidates.first().map(|one| one.model_ref.to_string()).unwrap_or_default())
        })
        .collect();
    refs.map(Some)
}

fn rules_of(rules: Rules, privacy: Option<Privacy>, region: Option<&str>) -> Rules {
    rules.with_local_only(privacy == Some(Privacy::LocalOnly)).with_region(region)
}

/// Equal, in a time that depends on the lengths only.
fn same(ours: &[u8], theirs: &[u8]) -> bool {
    let unequal = ours.iter().zip(theirs).fold(0, |unequal, (a, b)| unequal | (a ^ b));
    std::hint::black_box(unequal) == 0 && ours.len() == theirs.len()
}

/// Lets in who has a client's key, where the settings list clients.
pub(crate) async fn known_client(
    Shared(state): Shared<State>,
    mut request: Request,
    next: Next,
) -> Response {
    let Some(rules) = state.clients().rules_for(key_in(request.headers())) else {
        return Failure::unauthorized().into_response();
    };
    let Some(hops) = Hops::after(request.headers(), &state.lasting().instance) else {
        return Failure::looped().into_response();
    };
    let rules = ClientRules(rules.clone());
    request.extensions_mut().insert(rules);
    request.extensions_mut().insert(hops);
    next.run(request).await
}

/// `x-oc-hop`: which gateways a request came through, the last one last. Sent to
/// upstreams on this machine or in this network, so that gateways that were
/// made each other's upstream find it out when the first is asked again instead
/// of at the last request that fits.
pub(crate) const HOP: &str = "x-oc-hop";
/// No chain of gateways that anybody means is longer.
const MOST_HOPS: usize = 8;

/// What to say in [`HOP`] when an upstream is asked.
#[derive(Clone, Debug)]
pub(crate) struct Hops(pub(crate) HeaderValue);

impl Hops {
    /// For a request that comes from this gateway.
    pub(crate) fn from_here(instance: &str) -> Self {
        // An instance's name is hexadecimal.
        Self(HeaderValue::from_str(instance).unwrap_or(HeaderValue::from_static("unnamed")))
    }

    /// For a request that has come here with these headers; `None` where it was
    /// here before, or comes from too far.
    fn after(headers: &HeaderMap, instance: &str) -> Option<Self> {
        let mut hops = Vec::new();
        for value in headers.get_all(HOP) {
            hops.extend(value.to_str().ok()?.split(',').map(str::trim));
        }
        if hops.contains(&instance) || hops.len() >= MOST_HOPS {
            return None;
        }
        hops.push(instance);
        HeaderValue::from_str(&hops.join(", ")).ok().map(Self)
    }
}

/// `Authorization: Bearer KEY`, or `x-api-key: KEY`.
fn key_in(headers: &HeaderMap) -> Option<&[u8]> {
    let bearer = headers.get(AUTHORIZATION).and_then(|value| {
        let (scheme, key) = value.as_bytes().split_at_checked(7)?;
        scheme.eq_ignore_ascii_case(b"bearer ").then(|| key.trim_ascii())
    });
    bearer.or_else(|| headers.get("x-api-key").map(|value| value.as_bytes()))
}

/// Refuses a body that is not declared as JSON.
///
/// # Errors
/// 415, naming the content type that is wanted.
pub(crate) fn declares_json(headers: &HeaderMap) -> Result<(), Failure> {
    let declared = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .map(|value| value.trim().to_ascii_lowercase());
    match declared.as_deref() {
        Some(kind) if kind == "application/json" || is_json_suffix(kind) => Ok(()),
        _ => Err(Failure::unsupported_media_type()),
    }
}

/// `application/vnd.x+json`.
fn is_json_suffix(kind: &str) -> bool {
    kind.strip_prefix("application/").is_some_and(|rest| rest.ends_with("+json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(host: Option<&str>, origin: Option<&str>, loopback_only: bool) -> u16 {
        let mut headers = HeaderMap::new();
        if let Some(host) = host {
            headers.insert(HOST, host.parse().unwrap());
        }
        if let Some(origin) = origin {
            headers.insert(ORIGIN, origin.parse().unwrap());
        }
        match judge(&headers, None, loopback_only) {
            Ok(()) => 200,
            Err(failure) => failure.status().as_u16(),
        }
    }

    #[test]
    fn host_must_be_loopback() {
        for host in [
            "127.0.0.1:4141",
            "127.0.0.1",
            "127.8.8.8:1",
            "localhost:4141",
            "LOCALHOST",
            "localhost.:80",
            "[::1]:4141",
            "[::ffff:127.0.0.1]:4141",
        ] {
            assert_eq!(verdict(Some(host), None, true), 200, "{host}");
        }
        for host in [
            "evil.example:4141",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "192.168.1.5:4141",
            "0.0.0.0:4141",
            "[2001:db8::1]:4141",
            "",
            "a b",
        ] {
            assert_eq!(verdict(Some(host), None, true), 403, "{host}");
        }
        assert_eq!(verdict(None, None, true), 403);
    }

    #[test]
    fn a_wider_listener_takes_any_host_but_needs_one() {
        assert_eq!(verdict(Some("box.lan:4141"), None, false), 200);
        assert_eq!(verdict(None, None, false), 403);
    }

    #[test]
    fn foreign_origins_are_refused_everywhere() {
        let host = Some("127.0.0.1:4141");
        for origin in [
            "https://evil.example",
            "null",
            "http://127.0.0.1:3000",
            "http://localhost:4141",
            "app://obsidian.md",
            "http://127.0.0.1:4141.evil.example",
        ] {
            assert_eq!(verdict(host, Some(origin), true), 403, "{origin}");
            assert_eq!(verdict(host, Some(origin), false), 403, "{origin}");
        }
        assert_eq!(verdict(host, Some("http://127.0.0.1:4141"), true), 200);
    }

    #[test]
    fn bodies_are_json_or_refused() {
        let verdict = |kind: Option<&str>| {
            let mut headers = HeaderMap::new();
            if let Some(kind) = kind {
                headers.insert(CONTENT_TYPE, kind.parse().unwrap());
            }
            declares_json(&headers).is_ok()
        };
        assert!(verdict(Some("application/json")));
        assert!(verdict(Some("Application/JSON; charset=utf-8")));
        assert!(verdict(Some("application/merge-patch+json")));
        assert!(!verdict(Some("text/plain")));
        assert!(!verdict(Some("application/x-www-form-urlencoded")));
        assert!(!verdict(Some("application/jsonx")));
        assert!(!verdict(None));
    }
}
