//! The answer on its way to the client: pulled by the response's body, so that
//! a client that goes away drops the body, the chain and the upstream
//! connection, in this order and at once.

use std::{convert::Infallible, sync::Arc, time::Duration};

use bytes::Bytes;
use futures::{Stream, StreamExt as _, stream};
use oc_fallback::{ChainStream, Facts, Gate, Ledger, Output};
use oc_providers::{DeltaGate, Request, delta_weight, may_show_early, wire::Render};
use oc_responses_stream::Delta;
use tokio::time::{Instant, sleep_until};

use crate::{
    assemble::{Target, on_refusal},
    error::Failure,
    fit,
    guard::Hops,
    policy::Rules,
    recent::{Ending, Record},
    sse,
    state::State,
    telling::{Outcome, Telling},
    usage,
};

/// A chain's stream, whatever its closures are.
pub(crate) trait Told: Stream<Item = Output<Delta>> + Send + Unpin {
    /// What has happened so far.
    fn ledger(&self) -> &Ledger;
}

impl<T, X, S, G, O, M> Told for ChainStream<T, Delta, S, G, O, M>
where
    S: Stream<Item = Result<Delta, X>> + Send,
    X: Facts,
    G: FnMut(&Delta) -> Gate + Send,
    O: FnMut(&T) -> S + Send,
    M: FnMut(&T) -> G + Send,
    T: Send + Sync,
{
    fn ledger(&self) -> &Ledger {
        self.ledger()
    }
}

/// One request's answer, from the chain's first word to the end, as `R` writes
/// it: for a client of any dialect that is `dyn Render`.
pub(crate) struct Relay<R: Render + ?Sized> {
    state: State,
    request_id: String,
    model: String,
    chain: Box<dyn Told>,
    telling: Telling<R>,
    begun: Instant,
    /// Nothing has been sent since then.
    quiet_since: Instant,
    /// Its record was written.
    recorded: bool,
    end_mark_sent: bool,
}

/// How the client gets its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// Event by event: what is out is out.
    Streamed,
    /// In one piece: until it is there, anything of it can be replaced.
    Whole,
}

/// What is known when the head has to go out.
pub(crate) enum Head {
    /// An attempt committed, or its reasoning is shown: nothing stands against
    /// a success status any more. The ledger says who answers.
    Answering,
    /// Nothing to send yet, and the client has waited long enough.
    Early,
    /// There will be no answer.
    Ended,
}

impl<R: Render + ?Sized> Relay<R> {
    /// Starts the request's chain: nothing is sent anywhere before it is polled.
    ///
    /// # Errors
    /// 404 for a model that nobody owns.
    pub(crate) fn start(
        state: &State,
        request_id: String,
        request: Request,
        hops: Hops,
        renderer: Box<R>,
        rules: &Rules,
        delivery: Delivery,
    ) -> Result<Self, Failure> {
        let chain = state.chain_for(&request.model, rules, delivery)?;
        let chain = chain.with_needs(fit::needs(&request));
        let model = request.model.clone();
        let on_refusal = on_refusal(state.settings());
        let carried = renderer.carries();
        let stream = chain
            .stream(
                {
                    let (id, store) = (request_id.clone(), Arc::clone(state.store()));
                    move |target: &Arc<Target>| target.ask(&request, &id, &hops, &*store)
                },
                move |_: &Arc<Target>| {
                    let gate = match delivery {
                        Delivery::Streamed => DeltaGate::new(),
                        Delivery::Whole => DeltaGate::whole(),
                    };
                    let mut gate = gate.with_on_refusal(on_refusal).with_items(carried);
                    move |delta: &Delta| gate.judge(delta)
                },
            )
            .weigh(delta_weight)
            .may_show(may_show_early)
            .meter(usage::read);
        Ok(Self {
            state: state.clone(),
            request_id,
            model,
            chain: Box::new(stream),
            telling: Telling::new(renderer),
            begun: Instant::now(),
            quiet_since: Instant::now(),
            recorded: false,
            end_mark_sent: false,
        })
    }

    /// Waits for what decides the head: the first thing to send, the end, or
    /// `patience`.
    pub(crate) async fn head(&mut self, patience: Duration) -> Head {
        let late = self.quiet_since + patience;
        loop {
            tokio::select! {
                biased;
                () = self.step() => {}
                () = sleep_until(late) => return Head::Early,
            }
            match self.telling.outcome() {
                // Text first and a failure after it are told in-band.
                Some(Outcome::Exhausted(_) | Outcome::Stopped(_)) => {
                    self.record();
                    return Head::Ended;
                }
                Some(_) => return Head::Answering,
                None if self.telling.renderer().has_content() => return Head::Answering,
                None => {}
            }
        }
    }

    /// Waits for the end; for clients that want one JSON document.
    pub(crate) async fn whole(&mut self) {
        while self.telling.outcome().is_none() {
            self.step().await;
            self.telling.renderer_mut().forget_bytes();
        }
        self.record();
    }

    /// The next thing that `take` finds at the renderer; `None` after the last.
    pub(crate) async fn next_of<T>(&mut self, take: impl Fn(&mut R) -> Option<T>) -> Option<T> {
        loop {
            if let Some(taken) = take(self.telling.renderer_mut()) {
                return Some(taken);
            }
            if self.telling.outcome().is_some() {
                self.record();
                return None;
            }
            self.step().await;
        }
    }

    /// The rest as server-sent events, one per item.
    pub(crate) fn into_events(self) -> impl Stream<Item = Result<Bytes, Infallible>> + Send {
        stream::unfold(self, |mut relay| async move {
            let bytes = relay.next_bytes().await?;
            relay.quiet_since = Instant::now();
            Some((Ok(bytes), relay))
        })
    }

    /// What has happened so far.
    pub(crate) fn ledger(&self) -> &Ledger {
        self.chain.ledger()
    }

    pub(crate) fn state(&self) -> &State {
        &self.state
    }

    pub(crate) fn telling(&self) -> &Telling<R> {
        &self.telling
    }

    async fn next_bytes(&mut self) -> Option<Bytes> {
        loop {
            if let Some(event) = self.telling.renderer_mut().next_bytes() {
                return Some(event.into());
            }
            if self.telling.outcome().is_some() {
                self.record();
                let sent = std::mem::replace(&mut self.end_mark_sent, true);
                let mark = self.telling.renderer().end_mark();
                return (!sent && !mark.is_empty()).then(|| Bytes::from_static(mark));
            }
            let silence = sleep_until(self.quiet_since + sse::KEEP_ALIVE);
            tokio::select! {
                biased;
                () = self.step() => {}
                () = silence => {
                    let sign = self.telling.renderer().keep_alive();
                    return Some(Bytes::from_static(sign));
                }
            }
        }
    }

    /// Takes in the chain's next word, or the gateway's own end.
    async fn step(&mut self) {
        let output = tokio::select! {
            biased;
            () = self.state.drain().ended() => None,
            output = self.chain.next() => output,
        };
        match output {
            Some(output) => {
                self.telling.take(output, self.chain.ledger());
            }
            None => self.telling.stop(self.chain.ledger()),
        }
    }

    fn record(&mut self) {
        let ending = self.telling.outcome().map_or(Ending::ClientGone, Outcome::ending);
        if std::mem::replace(&mut self.recorded, true) {
            return;
        }
        let record = Record {
            request_id: self.request_id.clone(),
            model: self.model.clone(),
            ending,
            took_ms: u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX),
            ledger: self.telling.outcome().map_or(self.chain.ledger(), Outcome::ledger).clone(),
        };
        record.log();
        self.state.metrics().count_ledger(&record.ledger);
        self.state.recent().push(record);
    }
}

impl<R: Render + ?Sized> Drop for Relay<R> {
    /// Dropped before its end: the client went away.
    fn drop(&mut self) {
        self.record();
    }
}
