//! Answers: whatever comes from upstream, its meaning does not depend on how the
//! bytes come, it ends once, its calls are whole, and every client can read it.

use std::collections::HashSet;

use futures::StreamExt as _;
use futures::executor::block_on;
use oc_providers::{Api, Delta, Script};
use serde_json::{Map, Value};

use crate::asked::Asked;
use crate::{HOSTS, client, endpoint, provider};

/// Deltas, and the words of the error that ended them.
pub(crate) type Said = (Vec<Delta>, Option<String>);

/// Reads all of `input` but its first two bytes, which say how it comes and what was
/// asked.
///
/// # Panics
/// When a law is broken.
pub fn answer(api: Api, input: &[u8]) {
    let Some((asked, bytes)) = Asked::read(api, input) else { return };
    #[cfg(feature = "planted")]
    assert!(!bytes.windows(8).any(|window| window == b"data: [["), "planted");
    let (whole, cut) = (hear(api, asked, [bytes]), asked.cut);
    assert_eq!(hear(api, asked, bytes.chunks(cut)), whole, "cut every {cut} bytes");
    assert_eq!(hear(api, asked, bytes.chunks(1)), whole, "byte by byte");
    ends_once(&whole);
    let each: Vec<Said> = (0..asked.answers).map(|choice| of_choice(&whole, choice)).collect();
    for (choice, said) in each.iter().enumerate() {
        calls_are_whole(&said.0);
        assert!(choice == 0 || finishes(said) == usize::from(said.1.is_none()), "{whole:?}");
    }
    client::every_client_reads(&whole, &each);
}

/// What one of several answers says, and what ended all of them.
pub(crate) fn of_choice((deltas, error): &Said, choice: u32) -> Said {
    let own = deltas.iter().filter_map(|delta| match delta {
        Delta::Choice(other) => (other.choice == choice).then(|| (*other.delta).clone()),
        first => (choice == 0).then(|| first.clone()),
    });
    (own.collect(), error.clone())
}

fn hear<'a>(api: Api, asked: Asked, pieces: impl IntoIterator<Item = &'a [u8]>) -> Said {
    let script = if asked.is_document { Script::json(200, "") } else { Script::sse("") };
    let script = pieces.into_iter().fold(script, |script, piece| script.then(piece.to_vec()));
    let base = HOSTS.iter().find(|(it, _)| *it == api).map_or("", |(_, base)| *base);
    let endpoint = endpoint(api, base);
    let mut compat = endpoint.compat_flags();
    compat.tool_call_parser = asked.parser;
    let upstream = provider(endpoint.compat(compat), vec![script]);
    let (mut deltas, mut error) = (Vec::new(), None);
    block_on(async {
        let mut stream = upstream.deltas(asked.request());
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

fn finishes((deltas, _): &Said) -> usize {
    deltas.iter().filter(|it| matches!(it, Delta::Finish(_))).count()
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
        // Fields that we do not know stand before its end.
        let mut rest = deltas.iter().skip(at + 1).filter(|it| !matches!(it, Delta::Extra(_)));
        let next = (rest.next(), rest.next());
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
