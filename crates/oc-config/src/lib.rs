//! oc-config (under construction)
