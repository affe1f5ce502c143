//! What a request may use and how it is answered: the settings, tightened by
//! the client's entry, tightened by the request's own headers. Nothing here can
//! loosen what came before it.

use std::time::Duration;

use http::{HeaderMap, HeaderName};
use oc_providers::Locality;
use oc_responses_stream::OutputStyle;

use crate::{error::Failure, guard::HOP};

/// `x-oc-privacy`: `local-only`.
pub(crate) const PRIVACY: &str = "x-oc-privacy";
/// `x-oc-region`: a jurisdiction that the settings know.
pub(crate) const REGION: &str = "x-oc-region";
/// `x-oc-output`: `final` or `full`.
pub(crate) const OUTPUT: &str = "x-oc-output";
/// `x-oc-deadline-ms`: milliseconds for everything.
pub(crate) const DEADLINE: &str = "x-oc-deadline-ms";
/// `x-oc-fallback`: `on` or `off`.
pub(crate) const FALLBACK: &str = "x-oc-fallback";
/// Whatever else begins with `x-oc-` was misspelt. The gateway's own are no
/// wishes: a proxy may hand on an answer's id.
const KNOWN: [&str; 7] = [PRIVACY, REGION, OUTPUT, DEADLINE, FALLBACK, HOP, "x-oc-request-id"];

/// The rules for one request.
///
/// ```
/// use oc_gateway::Rules;
///
/// let rules = Rules::default();
/// assert!(!rules.local_only && rules.fallback && !rules.final_only);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rules {
    /// Only what is on this machine or in the private network may be asked.
    pub local_only: bool,
    /// Every one of these must be the provider's region. Lower case.
    pub regions: Vec<String>,
    /// Reasoning and commentary are left out of the answer.
    pub final_only: bool,
    /// One deadline for everything; `None`: the settings' own.
    pub deadline: Option<Duration>,
    /// Whether anybody but the first candidate may be asked.
    pub fallback: bool,
    /// Only these may be asked, as `provider/model`; `None`: all.
    pub models: Option<Vec<String>>,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            local_only: false,
            regions: Vec::new(),
            final_only: false,
            deadline: None,
            fallback: true,
            models: None,
        }
    }
}

impl Rules {
    /// Tightens by a privacy word.
    #[must_use]
    pub fn with_local_only(mut self, local_only: bool) -> Self {
        self.local_only |= local_only;
        self
    }

    /// Tightens to a region.
    #[must_use]
    pub fn with_region(mut self, region: Option<&str>) -> Self {
        if let Some(region) = region {
            let region = region.to_ascii_lowercase();
            if !self.regions.contains(&region) {
                self.regions.push(region);
            }
        }
        self
    }

    /// Tightens to final output.
    #[must_use]
    pub fn with_final_only(mut self, final_only: bool) -> Self {
        self.final_only |= final_only;
        self
    }

    /// What of an answer is written.
    pub(crate) fn output(&self) -> OutputStyle {
        if self.final_only { OutputStyle::FinalOnly } else { OutputStyle::Full }
    }

    /// Tightens the deadline; a longer one than before changes nothing.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Option<Duration>) -> Self {
        self.deadline = match (self.deadline, deadline) {
            (Some(old), Some(new)) => Some(old.min(new)),
            (old, new) => old.or(new),
        };
        self
    }

    /// Takes fallback away; gives it back never.
    #[must_use]
    pub fn with_fallback(mut self, fallback: bool) -> Self {
        self.fallback &= fallback;
        self
    }

    /// Leaves only these models, of those that were there.
    #[must_use]
    pub fn with_models(mut self, models: Option<Vec<String>>) -> Self {
        self.models = match (self.models, models) {
            (Some(old), Some(new)) => {
                Some(old.into_iter().filter(|model| new.contains(model)).collect())
            }
            (old, new) => old.or(new),
        };
        self
    }

    /// Tightens by the request's `x-oc-*` headers.
    ///
    /// # Errors
    /// 400 naming the header that is none of these, or whose value is none of
    /// its words: a wish for privacy that was misspelt must not pass as none.
    pub(crate) fn with_headers(self, headers: &HeaderMap) -> Result<Self, Failure> {
        let unknown = |name: &&HeaderName| {
            name.as_str().starts_with("x-oc-") && !KNOWN.contains(&name.as_str())
        };
        if let Some(name) = headers.keys().find(unknown) {
            let shown: String = name.as_str().chars().take(64).collect();
            let known = [PRIVACY, REGION, OUTPUT, DEADLINE, FALLBACK].join(", ");
            let text = format!("there is no header {shown}; there are {known}");
            return Err(Failure::bad_request("invalid_header", text).about(shown));
        }
        let mut rules = self;
        if let Some(word) = value(headers, PRIVACY)? {
            match word.as_str() {
                "local-only" => rules = rules.with_local_only(true),
                _ => return Err(invalid(PRIVACY, "local-only")),
            }
        }
        if let Some(region) = value(headers, REGION)? {
            if region.is_empty() {
                return Err(invalid(REGION, "a region, like us or eu"));
            }
            rules = rules.with_region(Some(&region));
        }
        if let Some(word) = value(headers, OUTPUT)? {
            rules = match word.as_str() {
                "final" => rules.with_final_only(true),
                "full" => rules,
                _ => return Err(invalid(OUTPUT, "final or full")),
            };
        }
        if let Some(text) = value(headers, DEADLINE)? {
            match text.parse::<u64>() {
                Ok(millis) if millis > 0 => {
                    rules = rules.with_deadline(Some(Duration::from_millis(millis)));
                }
                _ => return Err(invalid(DEADLINE, "a whole number of milliseconds above 0")),
            }
        }
        if let Some(word) = value(headers, FALLBACK)? {
            rules = match word.as_str() {
                "off" => rules.with_fallback(false),
                "on" => rules,
                _ => return Err(invalid(FALLBACK, "on or off")),
            };
        }
        Ok(rules)
    }

    /// Whether the model `name` (`provider/model`) of a provider in this locality
    /// and region may be asked.
    ///
    /// # Errors
    /// What the policy says against it, for the ledger.
    pub fn admit(
        &self,
        name: &str,
        locality: Locality,
        region: Option<&str>,
    ) -> Result<(), String> {
        if self.models.as_ref().is_some_and(|models| !models.iter().any(|model| model == name)) {
            return Err("not among the models of this client".to_owned());
        }
        if self.local_only && locality == Locality::Hosted {
            return Err("hosted, and the request is local-only".to_owned());
        }
        for wanted in &self.regions {
            match region {
                Some(region) if region.eq_ignore_ascii_case(wanted) => {}
                Some(region) => return Err(format!("in region {region}, not {wanted}")),
                None => return Err(format!("its region is not known, and {wanted} is wanted")),
            }
        }
        Ok(())
    }
}

/// The one value of a header, trimmed and in lower case.
fn value(headers: &HeaderMap, name: &'static str) -> Result<Option<String>, Failure> {
    let mut values = headers.get_all(name).iter();
    let Some(first) = values.next() else { return Ok(None) };
    match (first.to_str(), values.next()) {
        (Ok(text), None) => Ok(Some(text.trim().to_ascii_lowercase())),
        _ => Err(invalid(name, "one plain value")),
    }
}

fn invalid(name: &'static str, wanted: &str) -> Failure {
    Failure::bad_request("invalid_header", format!("the header {name} takes {wanted}")).about(name)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|&(n, v)| (n.parse().unwrap(), HeaderValue::from_static(v))).collect()
    }

    fn read(pairs: &[(&'static str, &'static str)]) -> Result<Rules, Failure> {
        Rules::default().with_headers(&headers(pairs))
    }

    #[test]
    fn headers_tighten() {
        let rules = read(&[
            (PRIVACY, "Local-Only"),
            (REGION, "US"),
            (OUTPUT, "final"),
            (DEADLINE, "1500"),
            (FALLBACK, "off"),
        ])
        .unwrap();
        assert!(rules.local_only && rules.final_only && !rules.fallback);
        assert_eq!(rules.regions, ["us"]);
        assert_eq!(rules.deadline, Some(Duration::from_millis(1500)));
    }

    #[test]
    fn headers_never_loosen() {
        let tight = Rules::default()
            .with_local_only(true)
            .with_final_only(true)
            .with_fallback(false)
            .with_region(Some("eu"))
            .with_deadline(Some(Duration::from_secs(1)));
        let loose =
            headers(&[(OUTPUT, "full"), (FALLBACK, "on"), (DEADLINE, "999999"), (REGION, "us")]);
        let rules = tight.clone().with_headers(&loose).unwrap();
        assert_eq!(rules, Rules { regions: vec!["eu".into(), "us".into()], ..tight });
        assert!(rules.admit("p/m", Locality::Loopback, Some("eu")).is_err());
    }

    #[test]
    fn a_misspelt_wish_is_refused_not_ignored() {
        for (name, value) in [
            (PRIVACY, "local"),
            (PRIVACY, ""),
            (REGION, ""),
            (OUTPUT, "finale"),
            (DEADLINE, "0"),
            (DEADLINE, "-5"),
            (DEADLINE, "10s"),
            (FALLBACK, "no"),
        ] {
            let failure = read(&[(name, value)]).unwrap_err();
            assert_eq!(failure.status().as_u16(), 400);
            assert!(failure.message().contains(name), "{}", failure.message());
        }
        let mut twice = headers(&[(OUTPUT, "full")]);
        twice.append(OUTPUT, HeaderValue::from_static("final"));
        assert!(Rules::default().with_headers(&twice).is_err());
    }

    /// A break report's misspelt `x-oc-privcy` was ignored.
    #[test]
    fn an_unknown_wish_is_refused_not_ignored() {
        let failure = read(&[("x-oc-privcy", "local-only")]).unwrap_err();
        assert_eq!((failure.status().as_u16(), failure.code()), (400, "invalid_header"));
        assert!(failure.message().contains("x-oc-privcy"), "{}", failure.message());
        assert!(failure.message().contains(PRIVACY), "{}", failure.message());
        assert!(read(&[("x-oc-request-id", "req_1"), ("x-other", "a")]).is_ok());
    }

    #[test]
    fn admission() {
        let admit = |rules: &Rules, locality, region| rules.admit("p/m", locality, region);
        let local = Rules::default().with_local_only(true);
        assert!(admit(&local, Locality::Loopback, None).is_ok());
        assert!(admit(&local, Locality::Private, None).is_ok());
        assert!(admit(&local, Locality::Hosted, None).unwrap_err().contains("local-only"));
        let region = Rules::default().with_region(Some("EU"));
        assert!(admit(&region, Locality::Hosted, Some("eu")).is_ok());
        assert!(admit(&region, Locality::Hosted, Some("us")).is_err());
        assert!(admit(&region, Locality::Loopback, None).is_err());
        let models = Rules::default().with_models(Some(vec!["p/m".into(), "p/n".into()]));
        assert!(admit(&models, Locality::Hosted, None).is_ok());
        let fewer = models.with_models(Some(vec!["p/n".into(), "p/o".into()]));
        assert_eq!(fewer.models.as_deref(), Some(&["p/n".to_owned()][..]));
        assert!(admit(&fewer, Locality::Hosted, None).is_err());
    }
}
