//! Answers: whatever comes from upstream, its meaning does not depend on how the
//! bytes come, it ends once, its calls are whole, and every client can read it.

use std::collections::HashSet;

use futures::StreamExt as _;
use futures::executor::block_on;
use oc_providers::{Api, Delta, Request, Script};
use serde_json::{Map, Value};

use crate::{HOSTS, client, provider};

/// Deltas, and the words of the error that ended them.
pub(crate) type Said = (Vec<Delta>, Option<String>);

/// Reads all of `input` but its first byte, which says how to cut it (six bits)
/// and whether it comes as a stream or a document.
///
/// # Panics
/// When a law is broken.
pub fn answer(api: Api, input: &[u8]) {
    let Some((how, bytes)) = input.split_first() else { return };
    #[cfg(feature = "planted")]
    assert!(!bytes.windows(8).any(|window| window == b"data: [["), "planted");
    let (cut, is_document) = (usize::from(how & 63) + 1, how & 64 != 0);
    let whole = hear(api, is_document, [bytes]);
    assert_eq!(hear(api, is_document, bytes.chunks(cut)), whole, "cut every {cut} bytes");
    assert_eq!(hear(api, is_document, bytes.chunks(1)), whole, "byte by byte");
    ends_once(&whole);
    calls_are_whole(&whole.0);
    client::every_client_reads(&whole);
}

fn hear<'a>(api: Api, is_document: bool, pieces: impl IntoIterator<Item = &'a [u8]>) -> Said {
    let script = if is_document { Script::json(200, "") } else { Script::sse("") };
    let script = pieces.into_iter().fold(script, |script, piece| script.then(piece.to_vec()));
    let base = HOSTS.iter().find(|(it, _)| *it == api).map_or("", |(_, base)| *base);
    let upstream = provider(api, base, vec![script]);
    let (mut deltas, mut error) = (Vec::new(), None);
    block_on(async {
        let mut stream = upstream.deltas(Request::text("m", "hi"));
        while let Some(next) = stream.next().await {
            assert!(error.is_none(), "nothing follows an error");
            match next {
                // How often it comes depends on how the bytes come.
                Ok(Delta::Alive) => {}
                Ok(delta) => deltas.push(delta),
                Err(fault) => error = Some(format!("{:?}: {fault}", fault.kind())),
            }
        }
    });
    (deltas, error)
}

fn ends_once((deltas, error): &Said) {
    let ends = deltas.iter().filter(|it| matches!(it, Delta::Finish(_) | Delta::Error(_))).count();
    assert_eq!(ends + usize::from(error.is_some()), 1, "{deltas:?} {error:?}");
    assert!(error.is_some() || matches!(deltas.last(), Some(Delta::Finish(_))), "{deltas:?}");
    assert!(matches!(deltas.first(), Some(Delta::Opened(_))), "{deltas:?}");
}

fn calls_are_whole(deltas: &[Delta]) {
    let mut ids = HashSet::new();
    for (at, delta) in deltas.iter().enumerate() {
        let Delta::ToolCallStart(start) = delta else { continue };
        let next = (deltas.get(at + 1), deltas.get(at + 2));
        let (Some(Delta::ToolCallArguments(arguments)), Some(Delta::ToolCallEnd(end))) = next
        else {
            panic!("a call in pieces: {next:?}");
        };
        assert_eq!((arguments.slot, end.slot), (start.slot, start.slot));
        assert!(!start.name.is_empty(), "a call of nothing");
        assert!(serde_json::from_str::<Map<String, Value>>(&arguments.text).is_ok());
        let id = start.call_id.as_str();
        assert!(!id.is_empty() && ids.insert(id), "ids tell calls apart: {id}");
    }
}
