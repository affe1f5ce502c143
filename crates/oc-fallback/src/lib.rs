//! oc-fallback (under construction)
