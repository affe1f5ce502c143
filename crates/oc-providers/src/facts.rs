//! A provider's error as the facts that `oc-fallback` reads.

use std::time::Duration;

use oc_fallback::{Facts, Fault, Limit};

use crate::error::{ProviderError, ProviderErrorKind as Kind};
use crate::transport::TransportErrorKind as Transport;

impl Facts for ProviderError {
    fn fault(&self) -> Fault {
        match self.kind() {
            Kind::Setup | Kind::Unsupported => Fault::Unsupported,
            Kind::Transport(kind) => of_transport(kind),
            Kind::Http => Fault::Http,
            Kind::InStream | Kind::BadToolCall => Fault::InStream,
            Kind::Cut => Fault::Cut,
            Kind::Protocol => Fault::Protocol,
            Kind::Oversized => Fault::Oversized,
        }
    }

    fn status(&self) -> Option<u16> {
        Self::status(self)
    }

    fn code(&self) -> Option<&str> {
        match self.kind() {
            Kind::BadToolCall => Some("bad_tool_call"),
            _ => Self::code(self),
        }
    }

    fn error_type(&self) -> Option<&str> {
        Self::error_type(self)
    }

    /// The upstream's words; where it had none, ours, if they say more than
    /// the kind: what came instead of an answer, what cannot be said there, how
    /// long a connection was waited for.
    fn message(&self) -> Option<&str> {
        let own = match self.kind() {
            Kind::Setup
            | Kind::Unsupported
            | Kind::Protocol
            | Kind::Oversized
            | Kind::BadToolCall
            | Kind::Transport(Transport::ConnectTimeout) => Some(self.note()),
            _ => None,
        };
        Self::message(self).or(own)
    }

    fn retry_after(&self) -> Option<Duration> {
        Self::retry_after(self)
    }

    fn request_id(&self) -> Option<&str> {
        Self::request_id(self)
    }

    fn window(&self) -> Option<u64> {
        Self::window(self)
    }
}

fn of_transport(kind: Transport) -> Fault {
    match kind {
        Transport::Refused | Transport::Connect => Fault::Refused,
        Transport::Dns => Fault::Dns,
        Transport::AddressRefused => Fault::Policy,
        Transport::Tls => Fault::Tls,
        Transport::ConnectTimeout => Fault::Limit(Limit::Connect),
        Transport::FirstByteTimeout => Fault::Limit(Limit::FirstByte),
        Transport::IdleTimeout => Fault::Limit(Limit::Idle),
        Transport::ClosedEarly | Transport::Reset | Transport::Other => Fault::Reset,
        Transport::Cut => Fault::Cut,
        Transport::NotHttp => Fault::Protocol,
    }
}
