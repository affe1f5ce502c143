//! Laws of the tree: places are right, nothing panics.
