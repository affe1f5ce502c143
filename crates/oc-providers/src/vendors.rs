//! Hosted vendors as rows of data: what a host accepts beyond the plain wire.
//!
//! A vendor is one row, never a folder and never an `if` on its name. A host
//! that has no row, and so every local server, gets [`Compat::plain`].

use url::Url;

use crate::capabilities::{Auth, Compat};
use crate::schema::SchemaProfile;
use crate::wire::openai_completions::ChatCompat;

/// One host that is known to take more than the plain wire.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Vendor {
    /// Its name in documents and reports.
    pub name: &'static str,
    /// Its hosts: an exact name, or `.suffix` for a name below it.
    pub hosts: &'static [&'static str],
    /// What it accepts.
    pub compat: Compat,
}

/// Every row, most specific first.
pub static VENDORS: &[Vendor] = &[
    Vendor {
        name: "OpenAI",
        hosts: &["api.openai.com"],
        compat: Compat {
            auth: Auth::Bearer,
            openai_fields: true,
            store: true,
            instructions: true,
            developer_role: true,
            hosted_tools: true,
            strict_tools: true,
            schemas: SchemaProfile::AsSent,
            item_ids: true,
            min_output_tokens: 16,
            chat: ChatCompat::openai(),
            ..Compat::plain()
        },
    },
    Vendor {
        name: "Anthropic",
        hosts: &["api.anthropic.com"],
        compat: Compat {
            auth: Auth::ApiKeyHeader,
            schemas: SchemaProfile::AsSent,
            structured_output: true,
            one_sampler: true,
            messages_fields: true,
            user_id: true,
            thinking_signatures: true,
            ..Compat::plain()
        },
    },
];

impl Vendor {
    /// The row that `url`'s host belongs to.
    ///
    /// ```
    /// use oc_providers::Vendor;
    /// use url::Url;
    ///
    /// let url = Url::parse("https://api.openai.com/v1").unwrap();
    /// assert_eq!(Vendor::of(&url).unwrap().name, "OpenAI");
    /// let url = Url::parse("http://127.0.0.1:1234/v1").unwrap();
    /// assert!(Vendor::of(&url).is_none());
    /// ```
    pub fn of(url: &Url) -> Option<&'static Self> {
        let host = url.host_str()?;
        VENDORS.iter().find(|vendor| {
            vendor
                .hosts
                .iter()
                .any(|row| if row.starts_with('.') { host.ends_with(row) } else { host == *row })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn look_alike_hosts_get_no_row() {
        for (url, name) in [
            ("https://api.openai.com/v1", Some("OpenAI")),
            ("https://API.OPENAI.COM/v1", Some("OpenAI")),
            ("https://api.anthropic.com", Some("Anthropic")),
            ("https://api.openai.com.example.org/v1", None),
            ("https://xapi.openai.com/v1", None),
            ("http://127.0.0.1:4000/api.openai.com", None),
        ] {
            let url = Url::parse(url).expect(url);
            assert_eq!(Vendor::of(&url).map(|vendor| vendor.name), name, "{url}");
        }
    }
}
