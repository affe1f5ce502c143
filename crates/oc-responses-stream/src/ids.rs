//! Ids as types, so that a call id is never taken for an item id.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Takes the id as it stands; nothing is checked, servers send all kinds.
            pub fn new(id: impl Into<String>) -> Self {
                Self(id.into())
            }

            /// The id as it goes over the wire.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(id: &str) -> Self {
                Self(id.to_owned())
            }
        }

        impl From<String> for $name {
            fn from(id: String) -> Self {
                Self(id)
            }
        }
    };
}

id! {
    /// A response's id (`resp_…` at OpenAI; a bare UUID, `gen-…` or three
    /// hundred encrypted characters elsewhere).
    ResponseId
}
id! {
    /// An output item's id (`msg_…`, `rs_…`, `fc_…`). Real servers change it
    /// within one item: state is keyed by [`Slot`](crate::Slot), never by this.
    ItemId
}
id! {
    /// The id that ties a tool call to its result (`call_…`, `toolu_…`).
    CallId
}
