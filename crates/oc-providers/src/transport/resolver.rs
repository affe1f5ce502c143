//! Names to addresses, and only to those that the locality admits.
//!
//! reqwest asks a resolver for every *name*, but never for an IP literal: the
//! literals are judged in `reqwest.rs` before anything is sent. Together they
//! see every address that is connected to.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use ::reqwest::dns::{Addrs, Name, Resolve, Resolving};
use async_trait::async_trait;
use url::{Host, Url};

use crate::locality::Locality;

/// Looks up the addresses of a name. The seam for tests and for other resolvers.
#[async_trait]
pub trait Lookup: fmt::Debug + Send + Sync {
    /// Every address of `name`.
    ///
    /// # Errors
    /// When there is none.
    async fn lookup(&self, name: &str) -> io::Result<Vec<IpAddr>>;
}

/// The operating system's resolver.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct SystemLookup;

impl SystemLookup {
    /// The operating system's resolver.
    pub fn new() -> Self {
        Self
    }
}

#[async_trait]
impl Lookup for SystemLookup {
    async fn lookup(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let found = tokio::net::lookup_host((name, 0)).await?;
        Ok(found.map(|address| address.ip()).collect())
    }
}

/// A resolver for one class of endpoints.
#[derive(Clone, Debug)]
pub(super) struct ClassResolver {
    pub(super) class: Locality,
    pub(super) lookup: Arc<dyn Lookup>,
}

impl Resolve for ClassResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let Self { class, lookup } = self.clone();
        Box::pin(async move {
            let found = match lookup.lookup(name.as_str()).await {
                Ok(found) if !found.is_empty() => found,
                Ok(_) => return Err(NotFound(None).into()),
                Err(fault) => return Err(NotFound(Some(fault)).into()),
            };
            let admitted: Vec<SocketAddr> = found
                .into_iter()
                .filter(|ip| class.admits(*ip))
                .map(|ip| SocketAddr::new(ip, 0))
                .collect();
            if admitted.is_empty() {
                return Err(Inadmissible { class }.into());
            }
            Ok(Box::new(admitted.into_iter()) as Addrs)
        })
    }
}

/// Judges the host of `url` where it is an IP literal.
pub(super) fn judge_literal(url: &Url, class: Locality) -> Result<(), Inadmissible> {
    let ip = match url.host() {
        Some(Host::Ipv4(ip)) => IpAddr::V4(ip),
        Some(Host::Ipv6(ip)) => IpAddr::V6(ip),
        Some(Host::Domain(_)) | None => return Ok(()),
    };
    if class.admits(ip) { Ok(()) } else { Err(Inadmissible { class }) }
}

/// The name has no address.
#[derive(Debug)]
pub(super) struct NotFound(Option<io::Error>);

impl fmt::Display for NotFound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("name has no address")
    }
}

impl StdError for NotFound {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.as_ref().map(|fault| fault as &(dyn StdError + 'static))
    }
}

/// No address that this class admits.
#[derive(Debug)]
pub(super) struct Inadmissible {
    class: Locality,
}

impl fmt::Display for Inadmissible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "leads to no address that a {} endpoint may have", self.class.as_str())
    }
}

impl StdError for Inadmissible {}
