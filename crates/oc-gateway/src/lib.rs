//! oc-gateway (under construction)
