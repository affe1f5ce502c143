//! How far away an endpoint is: which addresses its name may resolve to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// How far away an endpoint is.
///
/// It decides which addresses may be connected to, which HTTP client and pool
/// is used (one each, never shared), and the default [`Limits`](crate::Limits).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Locality {
    /// This machine: `127.0.0.0/8`, `::1`, `localhost`.
    Loopback,
    /// This network: RFC 1918, `100.64.0.0/10`, `fc00::/7`, `*.local`.
    Private,
    /// Anywhere else, and everything that forwards there.
    Hosted,
}

impl Locality {
    /// Judges `url` by its host as it is written; nothing is resolved.
    ///
    /// ```
    /// use oc_providers::Locality;
    /// use url::Url;
    ///
    /// let judge = |url: &str| Locality::of(&Url::parse(url).unwrap());
    /// assert_eq!(judge("http://127.0.0.1:1234/v1"), Locality::Loopback);
    /// assert_eq!(judge("http://gpu-box.local:8000/v1"), Locality::Private);
    /// assert_eq!(judge("https://api.anthropic.com"), Locality::Hosted);
    /// ```
    pub fn of(url: &Url) -> Self {
        match url.host() {
            Some(Host::Ipv4(ip)) => Self::of_ip(IpAddr::V4(ip)),
            Some(Host::Ipv6(ip)) => Self::of_ip(IpAddr::V6(ip)),
            Some(Host::Domain(name)) => Self::of_name(name),
            None => Self::Hosted,
        }
    }

    /// Whether an endpoint of this locality may connect to `ip`.
    ///
    /// `Loopback` and `Private` admit only addresses of their own kind, so
    /// that a name that resolves elsewhere leaks nothing. `Hosted` admits
    /// everything (a relay on loopback is hosted, too) but the addresses that
    /// no model is served from: link-local with the clouds' metadata service,
    /// unspecified, multicast.
    pub fn admits(self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        match self {
            Self::Loopback => ip.is_loopback(),
            Self::Private => Self::of_ip(ip) != Self::Hosted && !is_off_limits(ip),
            Self::Hosted => !is_off_limits(ip),
        }
    }

    /// The word in logs and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Loopback => "loopback",
            Self::Private => "private",
            Self::Hosted => "hosted",
        }
    }

    fn of_ip(ip: IpAddr) -> Self {
        match ip.to_canonical() {
            ip if ip.is_loopback() => Self::Loopback,
            IpAddr::V4(ip) if ip.is_private() || is_shared(ip) => Self::Private,
            IpAddr::V6(ip) if ip.is_unique_local() => Self::Private,
            _ => Self::Hosted,
        }
    }

    fn of_name(name: &str) -> Self {
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        if name == "localhost" || name.ends_with(".localhost") {
            Self::Loopback
        } else if name.ends_with(".local") {
            Self::Private
        } else {
            Self::Hosted
        }
    }
}

/// Carrier-grade NAT space, which overlay networks (Tailscale) hand out.
fn is_shared(ip: Ipv4Addr) -> bool {
    let [a, b, ..] = ip.octets();
    a == 100 && (64..128).contains(&b)
}

fn is_off_limits(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            ip.is_link_local() || ip.is_unspecified() || ip.is_broadcast() || ip.is_multicast()
        }
        IpAddr::V6(ip) => {
            ip.is_unicast_link_local()
                || ip.is_unspecified()
                || ip.is_multicast()
                || is_metadata_v6(ip)
                || is_local_nat64(ip)
        }
    }
}

/// EC2's metadata service over IPv6.
fn is_metadata_v6(ip: Ipv6Addr) -> bool {
    ip == Ipv6Addr::new(0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0254)
}

/// `64:ff9b:1::/48`: a translator that could reach any IPv4 address, the
/// metadata service included.
fn is_local_nat64(ip: Ipv6Addr) -> bool {
    matches!(ip.segments(), [0x0064, 0xff9b, 0x0001, ..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use Locality::{Hosted, Loopback, Private};

    #[test]
    fn urls_are_judged_by_what_they_say() {
        for (url, wanted) in [
            ("http://127.0.0.1:1234/v1", Loopback),
            ("http://127.8.9.1/", Loopback),
            ("http://0x7f.1/", Loopback),
            ("http://[::1]:8080/", Loopback),
            ("http://[::ffff:127.0.0.1]/", Loopback),
            ("http://localhost:11434", Loopback),
            ("http://LOCALHOST.:11434", Loopback),
            ("http://models.localhost", Loopback),
            ("http://10.1.2.3", Private),
            ("http://172.16.0.1", Private),
            ("http://172.32.0.1", Hosted),
            ("http://192.168.1.20:8000/v1", Private),
            ("http://100.64.1.1", Private),
            ("http://100.128.1.1", Hosted),
            ("http://[fd12::1]", Private),
            ("http://gpu.local", Private),
            ("http://local", Hosted),
            ("http://gpu.local.example.com", Hosted),
            ("http://localhost.example.com", Hosted),
            ("https://api.openai.com/v1", Hosted),
            ("http://169.254.169.254", Hosted),
        ] {
            let url = Url::parse(url).expect(url);
            assert_eq!(Locality::of(&url), wanted, "{url}");
        }
    }

    #[test]
    fn addresses_are_admitted_by_class() {
        for (ip, loopback, private, hosted) in [
            ("127.0.0.1", true, true, true),
            ("::1", true, true, true),
            ("::ffff:127.0.0.1", true, true, true),
            ("10.0.0.1", false, true, true),
            ("::ffff:10.0.0.1", false, true, true),
            ("100.100.0.1", false, true, true),
            ("fd00::1", false, true, true),
            ("8.8.8.8", false, false, true),
            ("2606:4700::1", false, false, true),
            ("169.254.169.254", false, false, false),
            ("::ffff:169.254.169.254", false, false, false),
            ("fd00:ec2::254", false, false, false),
            ("fe80::1", false, false, false),
            ("64:ff9b:1::a9fe:a9fe", false, false, false),
            ("0.0.0.0", false, false, false),
            ("224.0.0.1", false, false, false),
        ] {
            let ip: IpAddr = ip.parse().expect(ip);
            assert_eq!(
                (Loopback.admits(ip), Private.admits(ip), Hosted.admits(ip)),
                (loopback, private, hosted),
                "{ip}"
            );
        }
    }
}
