//! Recorded streams against recorded documents.
