//! Providers: a row of the config over a row of the catalog, field by field.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::catalog::CatalogProvider;
use crate::document::Path;
use crate::key::{Found, follow, usual};
use crate::locality::{Endpoint, Locality, judge};
use crate::model::{Api, AuthMode, Provider};
use crate::origin::Origin;
use crate::raw::{
    AuthWord, ProviderRow, REQUEST_AUTH, REQUEST_PROXY, RequestAuth, RequestAuthMode, RequestRow,
    SecretInput,
};
use crate::resolve::Context;
use crate::secret::{Key, KeySource, Secret};
use crate::substitute::holds_half_a_variable;

/// Headers that authenticate: with one of them no key is needed.
pub(crate) const AUTH_HEADERS: [&str; 4] =
    ["authorization", "x-api-key", "api-key", "x-goog-api-key"];

/// Resolves a configured provider; `path` is where its row stands.
pub(crate) fn configured(
    id: &str,
    row: &ProviderRow,
    catalog: Option<&CatalogProvider>,
    path: &Path,
    context: &mut Context<'_, '_>,
) -> Provider {
    let mut unsupported = None;
    let endpoint = endpoint(id, row, catalog, path, context, &mut unsupported);
    let address = endpoint.as_ref().map_or(Locality::Hosted, |e| e.address);
    let (locality, locality_reason) = match &endpoint {
        Some(endpoint) => judge(id, endpoint),
        None => (Locality::Hosted, "it has no address to judge".to_owned()),
    };
    let mut set = headers(&row.headers, &path.key("headers"), context, &mut unsupported);
    if let Some(request) = &row.request {
        request_settings(request, &path.key("request"), &mut set, context, &mut unsupported);
    }
    let (mut headers, mut header_origins) = (BTreeMap::new(), BTreeMap::new());
    for (name, value, origin) in set {
        headers.insert(name.clone(), value);
        header_origins.insert(name, origin);
    }
    let authenticated = row.request.as_ref().is_some_and(RequestRow::authenticates)
        || headers.keys().any(|name| AUTH_HEADERS.contains(&name.as_str()));
    let key_vars = catalog.map(|c| c.key_vars.clone()).unwrap_or_default();
    let optional = address.is_local() || authenticated;
    let key = key(id, row, &key_vars, optional, path, context);
    let auth = auth_mode(row.auth, &key, &mut unsupported);
    Provider {
        id: id.to_owned(),
        base_url: endpoint.map(|endpoint| endpoint.url),
        api: api(row, catalog, path, context),
        auth,
        auth_header: row.auth_header.unwrap_or(false),
        key,
        key_vars,
        headers,
        header_origins,
        locality,
        address,
        locality_reason,
        timeout: row.timeout_seconds.map(|seconds| Duration::from_secs(seconds.0)),
        region: row.region.clone(),
        configured: true,
        unsupported,
    }
}

/// `request`: what it sets as headers, and what makes the provider unusable.
fn request_settings(
    request: &RequestRow,
    at: &Path,
    headers: &mut Vec<Header>,
    context: &mut Context<'_, '_>,
    unsupported: &mut Option<(String, String)>,
) {
    headers.extend(self::headers(&request.headers, &at.key("headers"), context, unsupported));
    if let Some(auth) = &request.auth {
        request_auth(auth, &at.key("auth"), headers, context, unsupported);
    }
    REQUEST_AUTH.check(&at.key("auth"), context);
    REQUEST_PROXY.check(&at.key("proxy"), context);
    let parts = [("proxy", request.proxy.is_some()), ("tls", request.tls.is_some())];
    for (name, _) in parts.iter().filter(|(_, stated)| *stated) {
        let fix = format!("remove `request.{name}`");
        let reason = format!("`request.{name}` is not supported yet");
        context.warning(&at.key(name), format!("{reason}: its models cannot be asked"), Some(fix));
        let fix = format!("remove `request.{name}`");
        unsupported.get_or_insert((reason, fix));
    }
}

/// `request.auth` comes to one header.
fn request_auth(
    auth: &RequestAuth,
    at: &Path,
    headers: &mut Vec<Header>,
    context: &mut Context<'_, '_>,
    unsupported: &mut Option<(String, String)>,
) {
    let (name, input, field, prefix) = match auth.mode {
        RequestAuthMode::ProviderDefault => return,
        RequestAuthMode::AuthorizationBearer => {
            ("authorization", &auth.token, "token", Some("Bearer "))
        }
        RequestAuthMode::Header => {
            let name = auth.header_name.as_deref().unwrap_or_default();
            (name, &auth.value, "value", auth.prefix.as_deref())
        }
    };
    let Some(input) = input.as_ref().filter(|_| !name.is_empty()) else {
        return;
    };
    let row = BTreeMap::from([(field.to_owned(), input.clone())]);
    for (_, value, origin) in self::headers(&row, at, context, unsupported) {
        let value = format!("{}{}", prefix.unwrap_or_default(), value.expose());
        headers.push((name.to_lowercase(), Secret::new(value), origin));
    }
}

/// A provider that only the catalog knows.
pub(crate) fn hosted(id: &str, catalog: &CatalogProvider, context: &Context<'_, '_>) -> Provider {
    let endpoint = Endpoint::parse(&catalog.base_url).ok();
    let address = endpoint.as_ref().map_or(Locality::Hosted, |e| e.address);
    let (locality, locality_reason) = match &endpoint {
        Some(endpoint) => judge(id, endpoint),
        None => (Locality::Hosted, "it has no address to judge".to_owned()),
    };
    let key = usual(id, &catalog.key_vars, address.is_local(), context.secrets);
    Provider {
        id: id.to_owned(),
        base_url: endpoint.map(|endpoint| endpoint.url),
        api: Api::from(catalog.api),
        auth: auth_mode(None, &key, &mut None),
        auth_header: false,
        key,
        key_vars: catalog.key_vars.clone(),
        headers: BTreeMap::new(),
        header_origins: BTreeMap::new(),
        locality,
        address,
        locality_reason,
        timeout: None,
        region: None,
        configured: false,
        unsupported: None,
    }
}

fn endpoint(
    id: &str,
    row: &ProviderRow,
    catalog: Option<&CatalogProvider>,
    path: &Path,
    context: &mut Context<'_, '_>,
    unsupported: &mut Option<(String, String)>,
) -> Option<Endpoint> {
    let at = path.key("baseUrl");
    let written = row.base_url.as_deref().filter(|url| !url.trim().is_empty());
    let Some(url) = written else {
        let known = catalog.and_then(|catalog| Endpoint::parse(&catalog.base_url).ok());
        // A value that is there but could not be read was reported already.
        if known.is_none() && (row.base_url.is_some() || context.lacks(path, "baseUrl")) {
            let reason = format!("provider `{id}` has no `baseUrl`");
            let fix = Some("add `baseUrl: \"http://127.0.0.1:…/v1\"`".to_owned());
            // OpenClaw's plugins know more ids than our catalog, and such an
            // id needs no address there. One that lists models is custom.
            match row.models.is_empty() {
                true => context.warning(path, reason, fix),
                false => context.error(path, reason, fix),
            }
        }
        return known;
    };
    base_url(url, &at, context, unsupported)
}

/// Checks a base URL that stands in the file. One that is no URL, or lacks a
/// variable, makes unusable what it was meant for, and is no error: a bad
/// provider does not drop the others. A variable was warned about before.
pub(crate) fn base_url(
    url: &str,
    at: &Path,
    context: &mut Context<'_, '_>,
    unsupported: &mut Option<(String, String)>,
) -> Option<Endpoint> {
    if let Some(name) = context.missing_variable(at) {
        let fix = format!("set {name} in the environment");
        unsupported.get_or_insert((format!("variable `{name}` of `baseUrl` is not set"), fix));
        return None;
    }
    match Endpoint::parse(url) {
        Ok(endpoint) => Some(endpoint),
        Err((reason, fix)) => {
            let told = format!("{reason}: nothing can be sent there");
            context.warning(at, told, Some(fix.to_owned()));
            unsupported.get_or_insert((format!("`baseUrl`: {reason}"), fix.to_owned()));
            None
        }
    }
}

fn api(
    row: &ProviderRow,
    catalog: Option<&CatalogProvider>,
    path: &Path,
    context: &mut Context<'_, '_>,
) -> Api {
    if let Some(word) = row.api.or(catalog.map(|catalog| catalog.api)) {
        return Api::from(word);
    }
    let everywhere = !row.models.is_empty() && row.models.iter().all(|model| model.api.is_some());
    let addressed = row.base_url.is_some();
    if addressed && !everywhere && context.lacks(path, "api") {
        let reason = "no `api`: `openai-completions` is assumed";
        let fix = "add `api: \"openai-responses\"` if the server has /v1/responses".to_owned();
        context.warning(path, reason, Some(fix));
    }
    Api::OpenaiCompletions
}

fn key(
    id: &str,
    row: &ProviderRow,
    key_vars: &[String],
    optional: bool,
    path: &Path,
    context: &mut Context<'_, '_>,
) -> Key {
    let at = path.key("apiKey");
    let Some(input) = &row.api_key else {
        return usual(id, key_vars, optional, context.secrets);
    };
    match follow(input, context.document.find(&at), context.secrets) {
        Found::Value(secret, source) => {
            half_a_variable(&secret, &source, &at, context);
            Key::Ready { secret, source }
        }
        Found::Missing(reason, fix) => {
            context.warning(&at, reason.clone(), Some(fix.clone()));
            Key::Missing { reason, fix }
        }
        Found::Refused(reason, fix) => {
            context.error(&at, reason, Some(fix));
            usual(id, key_vars, optional, context.secrets)
        }
        Found::Empty => {
            let fix = Some("leave it out, or fill it in".to_owned());
            context.warning(&at, "an empty key is no key", fix);
            usual(id, key_vars, optional, context.secrets)
        }
    }
}

/// A header's name in lower case, its value, and what set it.
pub(crate) type Header = (String, Secret, Origin);

/// Resolves a table of headers.
pub(crate) fn headers(
    rows: &BTreeMap<String, SecretInput>,
    path: &Path,
    context: &mut Context<'_, '_>,
    unsupported: &mut Option<(String, String)>,
) -> Vec<Header> {
    let mut headers = Vec::new();
    for (name, input) in rows {
        let at = path.key(name);
        let origin = context.origin(&at).unwrap_or(Origin::Default);
        let found = follow(input, context.document.find(&at), context.secrets);
        match found {
            Found::Value(value, source) => {
                half_a_variable(&value, &source, &at, context);
                let variable = source.variable().and_then(|name| context.secrets.variable(name));
                let origin = origin.made_of(variable.into_iter().collect());
                headers.push((name.to_lowercase(), value, origin));
            }
            // As it is: a header may be empty, where a key may not.
            Found::Empty => headers.push((name.to_lowercase(), Secret::new(String::new()), origin)),
            Found::Missing(reason, fix) => {
                context.warning(&at, reason.clone(), Some(fix.clone()));
                unsupported.get_or_insert((format!("header `{name}`: {reason}"), fix));
            }
            Found::Refused(reason, fix) => context.error(&at, reason, Some(fix)),
        }
    }
    headers
}

/// What `${name` and `${a-b}` stand in would be sent as it stands.
fn half_a_variable(value: &Secret, source: &KeySource, at: &Path, context: &mut Context<'_, '_>) {
    if *source == KeySource::Config && holds_half_a_variable(value.expose()) {
        let reason = "not a variable as it is written, and taken as it stands";
        let fix = "write `${NAME}`, with capitals, digits and `_`".to_owned();
        context.warning(at, reason, Some(fix));
    }
}

fn auth_mode(
    word: Option<AuthWord>,
    key: &Key,
    unsupported: &mut Option<(String, String)>,
) -> AuthMode {
    let mode = match word {
        Some(AuthWord::ApiKey) => AuthMode::ApiKey,
        Some(AuthWord::Token) => AuthMode::Token,
        Some(AuthWord::Oauth) => AuthMode::Oauth,
        Some(AuthWord::AwsSdk) => AuthMode::AwsSdk,
        // Tokens of a login are sent as bearer tokens even where keys are not.
        None => match key {
            Key::Ready { source, .. }
                if source.variable().is_some_and(|v| v.ends_with("_OAUTH_TOKEN"))
                    || matches!(source, KeySource::Profile { bearer: true, .. }) =>
            {
                AuthMode::Token
            }
            _ => AuthMode::ApiKey,
        },
    };
    if matches!(mode, AuthMode::Oauth | AuthMode::AwsSdk) {
        unsupported.get_or_insert((
            "this way to authenticate is not supported".to_owned(),
            "use an API key: `auth: \"api-key\"`".to_owned(),
        ));
    }
    mode
}
