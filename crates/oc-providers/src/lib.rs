//! oc-providers (under construction)
