//! oc-responses-stream (under construction)
