//! Where a base URL leads, judged from its text alone.
//!
//! Names are judged again after resolving, at the last step before the
//! socket; that is the transport's work. This is what can be said before.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How far a prompt travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Locality {
    /// It stays on this machine.
    Loopback,
    /// It stays on a private network: RFC 1918, shared and link-local
    /// addresses, `.local`, or a bare host name.
    Private,
    /// Somebody else's machine, or one that cannot be judged.
    Hosted,
}

impl Locality {
    /// On this machine or a private network.
    #[must_use]
    pub fn is_local(self) -> bool {
        self != Self::Hosted
    }
}

impl fmt::Display for Locality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Loopback => "loopback",
            Self::Private => "private network",
            Self::Hosted => "hosted",
        })
    }
}

/// A base URL, taken apart as far as judging needs.
#[derive(Debug)]
pub(crate) struct Endpoint {
    /// Without trailing slashes.
    pub(crate) url: String,
    pub(crate) encrypted: bool,
    pub(crate) address: Locality,
    pub(crate) port: Option<u16>,
}

impl Endpoint {
    /// Takes `text` apart.
    ///
    /// # Errors
    /// The reason and the fix, neither of which repeats the text: it may hold
    /// a password.
    pub(crate) fn parse(text: &str) -> Result<Self, (&'static str, &'static str)> {
        let text = text.trim();
        let scheme_end = text.find("://");
        let (scheme, rest) = scheme_end.map_or(("", text), |at| {
            let (scheme, rest) = text.split_at(at);
            (scheme, rest.strip_prefix("://").unwrap_or_default())
        });
        let encrypted = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            "" => return Err(("no scheme", "begin with `http://` or `https://`")),
            _ => return Err(("not an HTTP URL", "begin with `http://` or `https://`")),
        };
        if rest.contains(['?', '#']) {
            let fix = "leave out everything from `?` or `#`; headers take keys";
            return Err(("a base URL has no query and no fragment", fix));
        }
        if text.chars().any(|c| c.is_whitespace() || c.is_control() || c == '\\') {
            let reason = "a URL has no spaces, control characters or backslashes";
            return Err((reason, "write them percent-encoded, or remove them"));
        }
        let authority = rest.split('/').next().unwrap_or_default();
        if authority.contains('@') {
            return Err(("a user or password in the URL", "use `apiKey` or `headers`"));
        }
        let (host, port) = split_port(authority)?;
        let address = judge_host(host)?;
        Ok(Self { url: text.trim_end_matches('/').to_owned(), encrypted, address, port })
    }
}

fn split_port(authority: &str) -> Result<(&str, Option<u16>), (&'static str, &'static str)> {
    let bracket = authority.rfind(']').map_or(0, |at| at + 1);
    let after = authority.get(bracket..).unwrap_or_default();
    let Some(colon) = after.find(':').map(|at| bracket + at) else {
        return Ok((authority, None));
    };
    let (host, port) = authority.split_at(colon);
    match port.trim_start_matches(':') {
        "" => Ok((host, None)),
        digits => match digits.parse() {
            Ok(port) if port > 0 => Ok((host, Some(port))),
            _ => Err(("the port is not a number from 1 to 65535", "correct the port")),
        },
    }
}

fn judge_host(host: &str) -> Result<Locality, (&'static str, &'static str)> {
    if host.is_empty() {
        return Err(("no host", "write the server's name after `://`"));
    }
    if let Some(inner) = host.strip_prefix('[') {
        let address = inner.strip_suffix(']').and_then(|a| a.parse::<Ipv6Addr>().ok());
        return match address {
            Some(address) => Ok(judge_address(IpAddr::V6(address))),
            None => Err(("not an IPv6 address", "write it as `[::1]`")),
        };
    }
    let name = host.trim_end_matches('.').to_lowercase();
    let last = name.rsplit('.').next().unwrap_or_default();
    // The URL standard reads every host that ends in a number as IPv4, also
    // `127.1` and `0x7f.1`. Only the plain form is judged without a doubt.
    if last.starts_with(|c: char| c.is_ascii_digit())
        && (last.bytes().all(|b| b.is_ascii_digit()) || last.starts_with("0x"))
    {
        return match name.parse::<Ipv4Addr>() {
            Ok(address) => Ok(judge_address(IpAddr::V4(address))),
            Err(_) => Err(("not an IPv4 address", "write four numbers, as in `127.0.0.1`")),
        };
    }
    let ends = |suffixes: &[&str]| suffixes.iter().any(|suffix| name.ends_with(suffix));
    Ok(if name == "localhost" || ends(&[".localhost"]) {
        Locality::Loopback
    } else if !name.contains('.') || ends(&[".local", ".lan", ".internal", ".home.arpa"]) {
        Locality::Private
    } else {
        Locality::Hosted
    })
}

fn judge_address(address: IpAddr) -> Locality {
    match address.to_canonical() {
        address if address.is_loopback() || address.is_unspecified() => Locality::Loopback,
        IpAddr::V4(v4) => {
            let shared = v4.octets().first() == Some(&100)
                && v4.octets().get(1).is_some_and(|second| second & 0xc0 == 64);
            match v4.is_private() || v4.is_link_local() || shared {
                true => Locality::Private,
                false => Locality::Hosted,
            }
        }
        IpAddr::V6(v6) => match v6.is_unique_local() || v6.is_unicast_link_local() {
            true => Locality::Private,
            false => Locality::Hosted,
        },
    }
}

/// Provider ids of programs that listen here and forward elsewhere.
const RELAYS: [&str; 4] = ["litellm", "one-api", "new-api", "llmman"];

/// LiteLLM's own port.
const RELAY_PORT: u16 = 4000;

/// Whether what is judged hosted only for forwarding elsewhere.
pub(crate) fn looks_like_relay(provider: &crate::model::Provider) -> bool {
    let endpoint = provider.base_url.as_deref().and_then(|url| Endpoint::parse(url).ok());
    let port = endpoint.and_then(|endpoint| endpoint.port);
    RELAYS.contains(&provider.id.as_str()) || port == Some(RELAY_PORT)
}

/// Where prompts end up, and why; `provider` is the id in lower case.
pub(crate) fn judge(provider: &str, endpoint: &Endpoint) -> (Locality, String) {
    let address = endpoint.address;
    if !address.is_local() {
        return (Locality::Hosted, "the address is on the internet".to_owned());
    }
    if RELAYS.contains(&provider) || endpoint.port == Some(RELAY_PORT) {
        let reason = format!(
            "it listens on {address} but looks like a relay; \
             declare `providers.{provider}.locality: \"local\"` if it is not"
        );
        return (Locality::Hosted, reason);
    }
    (address, format!("the address is {address}"))
}

/// A model of Ollama's cloud is not where its server is. Neither the wire format
/// nor the provider's id tells an Ollama from another server, so the model's id
/// decides alone.
/// `provider` is what was judged of its server, and why.
pub(crate) fn judge_model(id: &str, provider: (Locality, String)) -> (Locality, String) {
    match is_cloud(id) && provider.0.is_local() {
        true => (Locality::Hosted, "its tag is one of Ollama's cloud".to_owned()),
        false => provider,
    }
}

/// Ollama forwards models whose tag is `cloud`, or ends in `-cloud`, to its own
/// service.
pub(crate) fn is_cloud(id: &str) -> bool {
    let tag = id.rsplit(':').next().unwrap_or_default().trim().to_ascii_lowercase();
    tag == "cloud" || tag.ends_with("-cloud")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn judges_by_address() {
        use Locality::{Hosted, Loopback, Private};
        let cases = [
            ("http://127.0.0.1:1234/v1", Loopback),
            ("http://localhost:1234/v1/", Loopback),
            ("http://LM.localhost", Loopback),
            ("http://[::1]:8080", Loopback),
            ("http://[::ffff:127.0.0.1]:8080", Loopback),
            ("http://0.0.0.0:8000", Loopback),
            ("http://192.168.1.10:8000/v1", Private),
            ("http://172.16.0.1", Private),
            ("http://172.32.0.1", Hosted),
            ("http://100.64.0.1", Private),
            ("http://100.128.0.1", Hosted),
            ("http://[fd00::1]", Private),
            ("http://[fe80::1]", Private),
            ("http://gpu-box:8000", Private),
            ("http://studio.local:1234", Private),
            ("http://host.docker.internal:1234/v1", Private),
            ("https://api.anthropic.com", Hosted),
            ("https://localhost.example.com", Hosted),
            ("https://127.0.0.1.nip.io", Hosted),
        ];
        for (url, want) in cases {
            let endpoint = Endpoint::parse(url).expect(url);
            assert_eq!(endpoint.address, want, "{url}");
        }
    }

    #[test]
    fn refuses_what_it_cannot_judge() {
        let cases = [
            "127.0.0.1:1234",
            "ftp://x",
            "http://",
            "http://a b",
            "http://u:p@x",
            "http://x?k=1",
            "http://x/#f",
            "http://127.1",
            "http://0x7f.1",
            "http://2130706433",
            "http://[::1",
            "http://x:0",
            "http://x:99999",
            "http://[zz]",
            "http://x\\@y",
        ];
        for url in cases {
            assert!(Endpoint::parse(url).is_err(), "{url}");
        }
    }

    #[test]
    fn a_relay_is_hosted_until_declared() {
        let endpoint = Endpoint::parse("http://127.0.0.1:4000").expect("a URL");
        assert_eq!(judge("local", &endpoint).0, Locality::Hosted);
        let endpoint = Endpoint::parse("http://127.0.0.1:8000").expect("a URL");
        assert_eq!(judge("litellm", &endpoint).0, Locality::Hosted);
        assert_eq!(judge("local", &endpoint).0, Locality::Loopback);
        for forwarded in ["qwen3:480b-cloud", "x:cloud", "X:Cloud ", "gpt-oss-cloud"] {
            let (locality, reason) = judge_model(forwarded, (Locality::Loopback, String::new()));
            assert_eq!(locality, Locality::Hosted, "{forwarded}");
            assert!(reason.contains("cloud"), "{reason}");
        }
        for stays in ["qwen3:8b", "cloudy", "x:cloud9", "cloud-x:8b"] {
            let (locality, _) = judge_model(stays, (Locality::Private, String::new()));
            assert_eq!(locality, Locality::Private, "{stays}");
        }
    }
}
