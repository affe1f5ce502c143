//! Where a provider is and how it is spoken to.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use url::Url;

use crate::capabilities::{Auth, Compat};
use crate::error::ProviderError;
use crate::locality::Locality;
use crate::model_facts::ModelFacts;
use crate::seal::Sealer;
use crate::secret::{ApiKey, Secrets};
use crate::vendors::Vendor;
use crate::wire;

/// A wire format that this crate speaks, by the config's word for it.
///
/// ```
/// use oc_providers::Api;
///
/// let api: Api = "anthropic-messages".parse().unwrap();
/// assert_eq!(api, Api::AnthropicMessages);
/// assert!("smoke-signals".parse::<Api>().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Api {
    /// OpenAI's Responses API: `POST {base}/responses`.
    OpenaiResponses,
    /// OpenAI's Chat Completions API: `POST {base}/chat/completions`.
    OpenaiCompletions,
    /// Anthropic's Messages API: `POST {base}/v1/messages`.
    AnthropicMessages,
}

impl Api {
    /// Every wire, in the order of documents.
    pub const ALL: &'static [Self] =
        &[Self::OpenaiResponses, Self::OpenaiCompletions, Self::AnthropicMessages];

    /// The config's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OpenaiResponses => "openai-responses",
            Self::OpenaiCompletions => "openai-completions",
            Self::AnthropicMessages => "anthropic-messages",
        }
    }
}

impl fmt::Display for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Api {
    type Err = UnknownApi;

    fn from_str(word: &str) -> Result<Self, UnknownApi> {
        Self::ALL
            .iter()
            .copied()
            .find(|api| api.as_str() == word)
            .ok_or_else(|| UnknownApi(word.to_owned()))
    }
}

/// A word for a wire that this crate does not speak.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "api `{0}` is not supported (supported: openai-responses, openai-completions, anthropic-messages)"
)]
pub struct UnknownApi(String);

/// How long a request may take, piece by piece. `None` sets no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// From sending the request to the first byte of the answer's body. Local
    /// servers load the model and read the whole prompt before it.
    pub first_byte: Option<Duration>,
    /// Between two pieces of the body; comments and pings count.
    pub idle: Option<Duration>,
    /// The most bytes of one SSE event, and of the tool calls that are held
    /// back until they are whole. 16 MiB.
    pub frame_bytes: usize,
    /// The most bytes of one answer. 256 MiB.
    pub stream_bytes: u64,
}

impl Limits {
    /// The defaults for a locality: 300 s to the first byte on loopback and
    /// private networks, 120 s for hosted ones; 60 s idle.
    pub fn for_locality(locality: Locality) -> Self {
        let first_byte = match locality {
            Locality::Loopback | Locality::Private => Duration::from_secs(300),
            Locality::Hosted => Duration::from_secs(120),
        };
        Self {
            first_byte: Some(first_byte),
            idle: Some(Duration::from_secs(60)),
            frame_bytes: 16 << 20,
            stream_bytes: 256 << 20,
        }
    }

    /// No limit on time (whoever calls keeps the deadlines), the usual bounds on size.
    pub fn untimed() -> Self {
        Self { first_byte: None, idle: None, ..Self::for_locality(Locality::Hosted) }
    }

    /// With this limit to the first byte.
    #[must_use]
    pub fn with_first_byte(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.first_byte = limit.into();
        self
    }

    /// With this limit between two pieces.
    #[must_use]
    pub fn with_idle(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.idle = limit.into();
        self
    }

    /// With these bounds on one event and one answer, in bytes.
    #[must_use]
    pub fn with_sizes(mut self, frame_bytes: usize, stream_bytes: u64) -> Self {
        self.frame_bytes = frame_bytes;
        self.stream_bytes = stream_bytes;
        self
    }
}

/// Where a provider is and how it is spoken to.
///
/// ```
/// use oc_providers::{Api, ApiKey, Endpoint, Locality, ModelFacts};
///
/// let endpoint = Endpoint::new("lmstudio", Api::OpenaiResponses, "http://127.0.0.1:1234/v1")?
///     .key(ApiKey::new("lmstudio"))
///     .model("minimax-m2.1-gs32", ModelFacts::new().with_max_output_tokens(8192));
/// assert_eq!(endpoint.locality(), Locality::Loopback);
/// # Ok::<(), oc_providers::ProviderError>(())
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct Endpoint {
    pub(crate) id: String,
    pub(crate) api: Api,
    pub(crate) base_url: Url,
    pub(crate) key: Option<ApiKey>,
    pub(crate) seal_key: Option<ApiKey>,
    pub(crate) headers: HeaderMap,
    pub(crate) locality: Locality,
    pub(crate) limits: Limits,
    pub(crate) compat: Compat,
    pub(crate) models: BTreeMap<String, ModelFacts>,
}

impl Endpoint {
    /// The provider `id`, which speaks `api` at `base_url`.
    ///
    /// `base_url` may end in `/v1` or not, as the wire has it (Responses: with,
    /// Messages: either). Locality, limits and compat follow from it.
    ///
    /// # Errors
    /// When `base_url` is no absolute `http` or `https` URL, or carries a user
    /// name or password (they would end up in logs; use a key or a header).
    pub fn new(id: impl Into<String>, api: Api, base_url: &str) -> Result<Self, ProviderError> {
        let id = id.into();
        let setup = |what: &str| ProviderError::setup(format!("provider `{id}`: base url {what}"));
        let base_url =
            Url::parse(base_url).map_err(|fault| setup(&format!("is no url: {fault}")))?;
        if !matches!(base_url.scheme(), "http" | "https") || base_url.host().is_none() {
            return Err(setup("must start with http:// or https://"));
        }
        if !base_url.username().is_empty() || base_url.password().is_some() {
            return Err(setup("holds a user name or password; use the key or a header instead"));
        }
        let locality = Locality::of(&base_url);
        let known = Vendor::of_provider(&id, &base_url);
        let mut compat = known.map_or_else(Compat::plain, |vendor| vendor.compat);
        if compat.auth == Auth::Bearer {
            compat.auth = unknown_host_auth(api);
        }
        Ok(Self {
            id,
            api,
            base_url,
            key: None,
            seal_key: None,
            headers: HeaderMap::new(),
            locality,
            limits: Limits::for_locality(locality),
            compat,
            models: BTreeMap::new(),
        })
    }

    /// With this key.
    #[must_use]
    pub fn key(mut self, key: ApiKey) -> Self {
        self.key = Some(key);
        self
    }

    /// With this secret for the envelopes that carry the host's reasoning
    /// through clients. Default: the key. Set it where several keys take turns
    /// at one host, where the host is given its key in a header, or where the key
    /// is [guessable](ApiKey::is_guessable): what is sealed with one secret is
    /// dropped under another, and with none, or one that everybody knows, anybody
    /// can make an envelope.
    #[must_use]
    pub fn seal_key(mut self, secret: ApiKey) -> Self {
        self.seal_key = Some(secret);
        self
    }

    /// With one more header on every request. It replaces what the wire would
    /// send under that name, the key's header included. Its value is treated
    /// as secret.
    ///
    /// # Errors
    /// When the name or the value is not allowed in HTTP.
    pub fn header(mut self, name: &str, value: &str) -> Result<Self, ProviderError> {
        let setup =
            |what: String| ProviderError::setup(format!("provider `{}`: header {what}", self.id));
        let header =
            HeaderName::from_str(name).map_err(|_| setup("name is not valid".to_owned()))?;
        let mut value = HeaderValue::from_str(value)
            .map_err(|_| setup(format!("`{name}` has a value with control characters")))?;
        value.set_sensitive(true);
        self.headers.insert(header, value);
        Ok(self)
    }

    /// Declared nearer or farther than its URL says: a relay on loopback that
    /// forwards elsewhere is [`Locality::Hosted`]. The limits stay as they are.
    #[must_use]
    pub fn locality_is(mut self, locality: Locality) -> Self {
        self.locality = locality;
        self
    }

    /// With these limits instead of its locality's.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// With this compat instead of its vendor's.
    #[must_use]
    pub fn compat(mut self, compat: Compat) -> Self {
        self.compat = compat;
        self
    }

    /// With what is known of the model `id`.
    #[must_use]
    pub fn model(mut self, id: impl Into<String>, facts: ModelFacts) -> Self {
        self.models.insert(id.into(), facts);
        self
    }

    /// The provider's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The wire that it speaks.
    pub fn api(&self) -> Api {
        self.api
    }

    /// How far away it is.
    pub fn locality(&self) -> Locality {
        self.locality
    }

    /// What it accepts beyond the plain wire.
    pub fn compat_flags(&self) -> Compat {
        self.compat
    }

    /// Whether a JSON schema for the answer reaches its models: on some wires not
    /// every host has words for one, and it would be dropped.
    pub fn carries_json_schema(&self) -> bool {
        wire::of(self.api).carries_json_schema(&self.compat)
    }

    /// Whether it can be asked for several answers at once (`n` of Chat Completions).
    pub fn gives_choices(&self) -> bool {
        wire::of(self.api).gives_choices()
    }

    /// `scheme://host:port`, the unit of connections and of connect faults.
    pub fn origin(&self) -> String {
        self.base_url.origin().ascii_serialization()
    }

    /// What closes and opens envelopes of the reasoning of `model` at this host.
    pub(crate) fn sealer(&self, model: &str) -> Sealer {
        let secret = self.seal_key.as_ref().or(self.key.as_ref());
        Sealer::new(self.origin(), model, secret.map_or("", ApiKey::expose))
    }

    /// What nobody may read in an error of this host's.
    pub(crate) fn secrets(&self) -> Secrets {
        let query: Vec<String> =
            self.base_url.query_pairs().map(|(_, value)| value.into_owned()).collect();
        let headers = self.headers.values().filter_map(|value| value.to_str().ok());
        let key = self.key.as_ref().map(ApiKey::expose);
        Secrets::new(key.into_iter().chain(headers).chain(query.iter().map(String::as_str)))
    }

    /// What is known of the model `id`; nothing, if it was never told.
    pub fn facts(&self, id: &str) -> ModelFacts {
        self.models.get(id).cloned().unwrap_or_default()
    }

    /// `path` (no leading slash) below the base URL. A base that ends in
    /// `/v1` is not given a second one.
    pub(crate) fn url(&self, path: &str) -> Url {
        let mut url = self.base_url.clone();
        let base = url.path().trim_end_matches('/').to_owned();
        let path = match base.ends_with("/v1") {
            true => path.strip_prefix("v1/").unwrap_or(path),
            false => path,
        };
        url.set_path(&format!("{base}/{path}"));
        url
    }

    /// The key's headers, as the host wants them.
    pub(crate) fn key_headers(&self) -> Result<HeaderMap, ProviderError> {
        let mut headers = HeaderMap::new();
        let Some(key) = &self.key else { return Ok(headers) };
        let unprintable = || {
            ProviderError::setup(format!(
                "provider `{}`: the key holds characters that no header may carry; look for a line break",
                self.id
            ))
        };
        if matches!(self.compat.auth, Auth::Bearer | Auth::Both) {
            let value = key.header("Bearer ").ok_or_else(unprintable)?;
            headers.insert(http::header::AUTHORIZATION, value);
        }
        if matches!(self.compat.auth, Auth::ApiKeyHeader | Auth::Both) {
            let value = key.header("").ok_or_else(unprintable)?;
            headers.insert(HeaderName::from_static("x-api-key"), value);
        }
        if self.compat.auth == Auth::PlainApiKeyHeader {
            let value = key.header("").ok_or_else(unprintable)?;
            headers.insert(HeaderName::from_static("api-key"), value);
        }
        Ok(headers)
    }
}

/// The Messages wire has two ways to send a key, and servers that know only
/// one of them each; a host whose row does not say which gets both.
fn unknown_host_auth(api: Api) -> Auth {
    match api {
        Api::OpenaiResponses | Api::OpenaiCompletions => Auth::Bearer,
        Api::AnthropicMessages => Auth::Both,
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("id", &self.id)
            .field("api", &self.api)
            // A base URL may carry a query with a token in it.
            .field("origin", &self.origin())
            .field("key", &self.key)
            .field("locality", &self.locality)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(api: Api, base: &str) -> Endpoint {
        Endpoint::new("p", api, base).expect(base)
    }

    #[test]
    fn paths_join_with_and_without_v1() {
        for (base, path, wanted) in [
            ("http://h:1/v1", "responses", "http://h:1/v1/responses"),
            ("http://h:1/v1/", "responses", "http://h:1/v1/responses"),
            ("https://api.anthropic.com", "v1/messages", "https://api.anthropic.com/v1/messages"),
            (
                "https://api.anthropic.com/v1",
                "v1/messages",
                "https://api.anthropic.com/v1/messages",
            ),
            ("https://h/anthropic/", "v1/messages", "https://h/anthropic/v1/messages"),
            ("https://h/v1?api-version=2", "responses", "https://h/v1/responses?api-version=2"),
        ] {
            assert_eq!(endpoint(Api::OpenaiResponses, base).url(path).as_str(), wanted);
        }
    }

    #[test]
    fn bad_base_urls_are_refused_without_quoting_a_password() {
        for base in ["", "127.0.0.1:1234", "ftp://h/", "http://u:hunter2@h/v1", "http://"] {
            let fault = Endpoint::new("p", Api::OpenaiResponses, base).expect_err(base);
            assert!(fault.to_string().contains("provider `p`"), "{fault}");
            assert!(!format!("{fault} {fault:?}").contains("hunter2"));
        }
    }

    #[test]
    fn the_key_travels_as_the_host_wants_it() {
        for (api, base, bearer, x_api_key) in [
            (Api::OpenaiResponses, "http://127.0.0.1:8000/v1", true, false),
            (Api::AnthropicMessages, "http://127.0.0.1:8000", true, true),
            (Api::AnthropicMessages, "https://api.anthropic.com", false, true),
            (Api::OpenaiResponses, "https://api.openai.com/v1", true, false),
        ] {
            let headers =
                endpoint(api, base).key(ApiKey::new("sk-planted")).key_headers().expect("headers");
            assert_eq!(headers.contains_key("authorization"), bearer, "{base}");
            assert_eq!(headers.contains_key("x-api-key"), x_api_key, "{base}");
            assert!(!format!("{headers:?}").contains("planted"));
        }
    }

    #[test]
    fn debug_shows_neither_key_nor_header_nor_query() {
        let endpoint = endpoint(Api::OpenaiResponses, "http://h/v1?token=planted")
            .key(ApiKey::new("planted"))
            .header("x-team", "planted")
            .expect("header");
        assert!(!format!("{endpoint:?}").contains("planted"), "{endpoint:?}");
    }

    #[test]
    fn the_error_for_an_unknown_api_lists_every_known_one() {
        let fault = "x".parse::<Api>().expect_err("unknown").to_string();
        for api in Api::ALL {
            assert!(fault.contains(api.as_str()));
        }
    }
}
