//! What a reqwest error says, as a fact.

use std::error::Error as StdError;
use std::io;

use super::resolver::{Inadmissible, NotFound};
use super::{TransportError, TransportErrorKind as Kind};

/// Where in the exchange an error came up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Before the answer's head.
    Head,
    /// While its body was read.
    Body,
}

/// The fact that `fault` stands for. The URL is taken out of it: its query
/// may hold a key.
pub(super) fn read(fault: ::reqwest::Error, phase: Phase) -> TransportError {
    let fault = fault.without_url();
    TransportError::new(kind_of(&fault, phase)).with_source(fault)
}

fn kind_of(fault: &::reqwest::Error, phase: Phase) -> Kind {
    if let Some(kind) = causes(fault).find_map(certain) {
        return kind;
    }
    if fault.is_connect() {
        return if fault.is_timeout() { Kind::ConnectTimeout } else { Kind::Connect };
    }
    let vanished = causes(fault).any(|cause| {
        cause.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_incomplete_message)
            || is_io(cause, &[io::ErrorKind::UnexpectedEof])
    });
    match (vanished, phase) {
        (true, Phase::Head) => Kind::ClosedEarly,
        (true, Phase::Body) => Kind::Cut,
        (false, _) if causes(fault).any(is_parse) => Kind::NotHttp,
        (false, _) => Kind::Other,
    }
}

/// Causes that name the fact on their own, wherever they stand in the chain.
fn certain(cause: &(dyn StdError + 'static)) -> Option<Kind> {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionRefused, ConnectionReset};
    if cause.is::<Inadmissible>() {
        Some(Kind::AddressRefused)
    } else if cause.is::<NotFound>() {
        Some(Kind::Dns)
    } else if cause.is::<rustls::Error>() {
        Some(Kind::Tls)
    } else if is_io(cause, &[ConnectionRefused]) {
        Some(Kind::Refused)
    } else if is_io(cause, &[ConnectionReset, ConnectionAborted, BrokenPipe]) {
        Some(Kind::Reset)
    } else {
        None
    }
}

fn is_io(cause: &(dyn StdError + 'static), kinds: &[io::ErrorKind]) -> bool {
    cause.downcast_ref::<io::Error>().is_some_and(|fault| kinds.contains(&fault.kind()))
}

fn is_parse(cause: &(dyn StdError + 'static)) -> bool {
    cause.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_parse)
}

/// `fault` and all beneath it. An `io::Error` hides what it wraps from
/// `source()`, so it is opened by hand.
fn causes<'a>(
    fault: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(fault), |cause: &&'a (dyn StdError + 'static)| {
        let cause: &'a (dyn StdError + 'static) = *cause;
        let wrapped = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        match wrapped {
            Some(inner) => Some(inner as &(dyn StdError + 'static)),
            None => cause.source(),
        }
    })
}
