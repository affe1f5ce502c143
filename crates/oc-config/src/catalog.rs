//! The hosted catalog, as data (`catalog.json5`).

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::model::InputKind;
use crate::raw::{ApiWord, Cost};

/// What the catalog knows of everybody.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Catalog {
    pub(crate) providers: BTreeMap<String, CatalogProvider>,
    pub(crate) provider_aliases: BTreeMap<String, String>,
    pub(crate) default_aliases: BTreeMap<String, String>,
}

/// One provider.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct CatalogProvider {
    /// Empty where only the config can know it.
    pub(crate) base_url: String,
    pub(crate) api: ApiWord,
    pub(crate) key_vars: Vec<String>,
    #[serde(default)]
    pub(crate) models: Vec<CatalogModel>,
}

/// One model.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct CatalogModel {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) reasoning: bool,
    pub(crate) input: Vec<InputKind>,
    pub(crate) context_window: Option<u64>,
    pub(crate) max_tokens: Option<u64>,
    pub(crate) cost: Option<Cost>,
}

impl Catalog {
    /// The catalog that comes with this crate.
    pub(crate) fn built_in() -> &'static Self {
        static CATALOG: LazyLock<Catalog> = LazyLock::new(|| {
            json5::from_str(include_str!("catalog.json5")).expect("a test reads the catalog")
        });
        &CATALOG
    }

    /// Whether `name` is a variable that some provider takes its key from.
    pub(crate) fn is_key_var(&self, name: &str) -> bool {
        self.providers.values().any(|provider| provider.key_vars.iter().any(|var| var == name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::locality::Endpoint;
    use crate::model::Api;
    use crate::model_ref::ModelRef;

    #[test]
    fn the_built_in_catalog_is_sound() {
        let catalog = Catalog::built_in();
        for (id, provider) in &catalog.providers {
            assert_eq!(*id, id.to_lowercase());
            // Without an address there is nothing to ask, and no models.
            let known = Endpoint::parse(&provider.base_url);
            assert_eq!(known.is_err(), provider.base_url.is_empty(), "{id}");
            if let Ok(endpoint) = known {
                assert!(endpoint.encrypted || endpoint.address.is_local(), "{id}");
                let keyless = endpoint.address.is_local() || Api::from(provider.api).is_foreign();
                assert!(!provider.key_vars.is_empty() || keyless, "{id}");
            }
            let mut ids: Vec<_> = provider.models.iter().map(|model| &model.id).collect();
            ids.sort();
            ids.dedup();
            assert_eq!(ids.len(), provider.models.len(), "{id} lists a model twice");
            for model in &provider.models {
                assert!(model.max_tokens <= model.context_window, "{}", model.id);
            }
        }
        for target in catalog.provider_aliases.values() {
            assert!(catalog.providers.contains_key(target), "{target}");
        }
        for target in catalog.default_aliases.values() {
            assert!(ModelRef::parse(target).is_some(), "{target}");
        }
    }

    #[test]
    fn holds_the_models_of_the_documented_configs() {
        let anthropic = &Catalog::built_in().providers["anthropic"];
        let window = |id: &str| {
            let model = anthropic.models.iter().find(|model| model.id == id);
            model.expect(id).context_window
        };
        assert_eq!(window("claude-opus-4-6"), Some(1_000_000));
        assert_eq!(window("claude-sonnet-4-5"), Some(200_000));
    }
}
