//! A client: asks, notes when what arrived, and checks that all of it did.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper::body::Incoming;
use hyper_util::client::legacy::Client as Pool;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use super::script::{Said, Wire, text, word};
use super::upstream::{Pace, STREAM};

/// What is asked of whom.
#[derive(Clone, Copy, Debug)]
pub(super) struct Question<'a> {
    pub(super) address: SocketAddr,
    /// The dialect it is asked in.
    pub(super) client: Wire,
    pub(super) model: &'a str,
    pub(super) pace: Pace,
    /// The number that the upstream finds in the prompt.
    pub(super) stream: usize,
    /// `false`: one document, when all of it is there.
    pub(super) streamed: bool,
}

/// One whole answer, checked.
#[derive(Debug)]
pub(super) struct Heard {
    /// From the question to the first word.
    pub(super) first: Duration,
    /// From the question to the last byte.
    pub(super) whole: Duration,
    /// When each word was there; of a document, none.
    pub(super) arrivals: Vec<Instant>,
}

/// Keeps its connections, as SDKs do.
#[derive(Debug)]
pub(super) struct Client(Pool<HttpConnector, Full<Bytes>>);

impl Client {
    pub(super) fn new() -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Self(Pool::builder(TokioExecutor::new()).build(connector))
    }

    /// Asks and takes the answer to its end.
    ///
    /// # Errors
    /// If the answer is not the script's: a word lost, repeated or out of order, or no end.
    pub(super) async fn ask(&self, question: &Question<'_>) -> anyhow::Result<Heard> {
        let (asked, mut body) = self.send(question).await?;
        let (mut bytes, mut marks) = (Vec::new(), Vec::new());
        while let Some(frame) = body.frame().await {
            if let Ok(data) = frame?.into_data() {
                bytes.extend_from_slice(&data);
                marks.push((bytes.len(), Instant::now()));
            }
        }
        let whole = asked.elapsed();
        let words = question.pace.words();
        if !question.streamed {
            ensure!(question.client.read_whole(&bytes)? == text(words), "another text");
            return Ok(Heard { first: whole, whole, arrivals: Vec::new() });
        }
        let arrivals = arrivals(question.client, &bytes, &marks, words)?;
        let first = *arrivals.first().context("no words")? - asked;
        Ok(Heard { first, whole, arrivals })
    }

    /// Asks and takes the answer until `bytes` of it are there. As long as the
    /// rest is held, the stream stays open.
    ///
    /// # Errors
    /// If it ends before that.
    pub(super) async fn open(
        &self,
        question: &Question<'_>,
        last: &str,
    ) -> anyhow::Result<Incoming> {
        let (_, mut body) = self.send(question).await?;
        let mut bytes = Vec::new();
        while memchr::memmem::find(&bytes, last.as_bytes()).is_none() {
            let frame = body.frame().await.context("the stream ended")??;
            bytes.extend_from_slice(&frame.into_data().unwrap_or_default());
        }
        Ok(body)
    }

    async fn send(&self, question: &Question<'_>) -> anyhow::Result<(Instant, Incoming)> {
        let prompt = format!("{STREAM}{}", question.stream);
        let body = question.client.request(question.model, &prompt, question.streamed);
        let request =
            Request::post(format!("http://{}{}", question.address, question.client.path()))
                .header("content-type", "application/json")
                .body(Full::new(body))?;
        let asked = Instant::now();
        let (head, body) = self.0.request(request).await?.into_parts();
        if head.status != hyper::StatusCode::OK {
            let said = body.collect().await?.to_bytes();
            anyhow::bail!("{}: {}", head.status, String::from_utf8_lossy(&said));
        }
        Ok((asked, body))
    }
}

/// When each word was there. `marks`: how many bytes had arrived, and when.
fn arrivals(
    wire: Wire,
    bytes: &[u8],
    marks: &[(usize, Instant)],
    words: usize,
) -> anyhow::Result<Vec<Instant>> {
    let (mut said, mut ends) = (String::new(), 0);
    // How much text there was after each event, and where that event ended.
    let mut steps = Vec::new();
    let mut at = 0;
    for line in std::str::from_utf8(bytes)?.split_inclusive('\n') {
        at += line.len();
        if let Some(data) = line.strip_prefix("data: ") {
            match wire.read(data.trim_end())? {
                Said::Text(more) => {
                    said += &more;
                    steps.push((said.len(), at));
                }
                Said::End => ends += 1,
                Said::Other => {}
            }
        }
    }
    ensure!(said == text(words), "another text: {} bytes", said.len());
    ensure!(ends == 1, "{ends} ends");
    let (mut steps, mut marks) = (steps.into_iter().peekable(), marks.iter().peekable());
    let mut length = 0;
    (0..words)
        .map(|number| {
            length += word(number).len();
            while steps.next_if(|(said, _)| *said < length).is_some() {}
            let (_, at) = steps.peek().context("a word without an event")?;
            while marks.next_if(|(there, _)| there < at).is_some() {}
            Ok(marks.peek().context("an event without bytes")?.1)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::arrivals;
    use crate::gateway::script::WIRES;
    use std::time::{Duration, Instant};

    #[test]
    fn each_word_has_the_time_of_the_bytes_that_brought_it() {
        let start = Instant::now();
        for wire in WIRES {
            let (mut bytes, mut marks) = (Vec::new(), Vec::new());
            for (number, event) in wire.script(30).events().enumerate() {
                bytes.extend_from_slice(event);
                marks.push((bytes.len(), start + Duration::from_secs(number as u64)));
            }
            let opening = wire.script(0).opening.len();
            let times = arrivals(wire, &bytes, &marks, 30).unwrap();
            let expected: Vec<_> =
                (0..30).map(|word| start + Duration::from_secs((opening + word) as u64)).collect();
            assert_eq!(times, expected, "{wire:?}");
        }
    }

    #[test]
    fn a_lost_word_and_a_missing_end_are_errors() {
        for wire in WIRES {
            let script = wire.script(30);
            let whole: Vec<_> = script.events().collect();
            let lost: Vec<u8> = whole
                .iter()
                .filter(|event| **event != &script.deltas[7])
                .flat_map(|event| event.to_vec())
                .collect();
            let cut: Vec<u8> = script.deltas.iter().flat_map(|event| event.to_vec()).collect();
            for bytes in [lost, cut] {
                assert!(arrivals(wire, &bytes, &[(bytes.len(), Instant::now())], 30).is_err());
            }
        }
    }
}
