//! One TLS configuration, made when the first `https` origin asks for it.
//!
//! Reading the system's certificates takes 20 ms and fails where there are
//! none; a gateway with only loopback upstreams never does it.

use std::sync::{Arc, OnceLock};

use rustls::ClientConfig;
use rustls::RootCertStore;
use rustls_platform_verifier::BuilderVerifierExt;

/// What to do where the system has no certificate store.
pub(super) const NO_ROOTS: &str =
    "this system has no CA certificates: install the package ca-certificates";

/// The lazily made configurations of one transport.
#[derive(Debug, Default)]
pub(super) struct Tls {
    verified: OnceLock<Verified>,
}

#[derive(Debug)]
struct Verified {
    config: ClientConfig,
    has_roots: bool,
}

impl Tls {
    /// Verifies by the platform's store; where that cannot be read, trusts
    /// nobody, so that each https request fails with [`NO_ROOTS`] and plain
    /// http goes on working.
    pub(super) fn verified(&self) -> Result<ClientConfig, rustls::Error> {
        if let Some(made) = self.verified.get() {
            return Ok(made.config.clone());
        }
        let platform = builder()?.with_platform_verifier().map(|ready| Verified {
            config: with_alpn(ready.with_no_client_auth()),
            has_roots: true,
        });
        let made = match platform {
            Ok(made) => made,
            Err(_) => Verified { config: Self::trusting_nobody()?, has_roots: false },
        };
        Ok(self.verified.get_or_init(|| made).config.clone())
    }

    /// For clients that only speak plain http: costs nothing to make.
    pub(super) fn trusting_nobody() -> Result<ClientConfig, rustls::Error> {
        let config =
            builder()?.with_root_certificates(RootCertStore::empty()).with_no_client_auth();
        Ok(with_alpn(config))
    }

    /// Whether an https request failed for want of a certificate store.
    pub(super) fn lacks_roots(&self) -> bool {
        self.verified.get().is_some_and(|made| !made.has_roots)
    }
}

type Builder = rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>;

/// The provider is named, never the process's default: a library must not
/// install one, and reqwest panics where there is none.
fn builder() -> Result<Builder, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()
}

fn with_alpn(mut config: ClientConfig) -> ClientConfig {
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config
}
