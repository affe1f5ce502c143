//! The thin driver: asks the [`Plan`], polls the attempts, sleeps.
//!
//! A pulled `Stream`: no task is spawned and no channel stands in between, so
//! dropping it drops the living attempt and with it the upstream connection.

mod once;
mod stream;

use std::{
    future::{Future, poll_fn},
    hash::{BuildHasher, RandomState},
    pin::Pin,
    sync::Arc,
    time::Instant,
};

use futures_core::Stream;

use self::once::Once;
pub use self::stream::ChainStream;
use crate::{
    error::{Exhausted, ExhaustedKind},
    facts::Facts,
    fit::Needs,
    gate::Gate,
    ledger::Ledger,
    output::Output,
    plan::Plan,
    policy::Policy,
    store::Store,
    target::Candidate,
};

/// A chain of candidates with its policy and memory; cheap to clone, good for
/// any number of requests.
///
/// ```
/// use std::sync::Arc;
/// use oc_fallback::{Candidate, Chain, FactSheet, Fault, MemoryStore, Policy, Scope};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), oc_fallback::Exhausted> {
/// let local = Candidate::new("lmstudio/small", Scope::new("http://127.0.0.1:1234", "small", ""), 1);
/// let hosted = Candidate::new("anthropic/big", Scope::new("https://api.example", "big", "k1"), 2);
/// let chain = Chain::new([local, hosted], Policy::default(), Arc::new(MemoryStore::new()));
///
/// let answer = chain.run(|&which| async move {
///     if which == 1 { Err(FactSheet::new(Fault::Refused)) } else { Ok("hello") }
/// }).await?;
/// assert_eq!(answer.value, "hello");
/// assert_eq!(answer.ledger.served_by(), Some("anthropic/big"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Chain<T> {
    candidates: Arc<[Candidate<T>]>,
    policy: Policy,
    store: Arc<dyn Store>,
    needs: Option<Arc<Needs>>,
    seed: Option<u64>,
}

/// What [`Chain::run`] gives: the answer and how it came about.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answer<R> {
    /// What the call returned.
    pub value: R,
    /// Every attempt and every skipped candidate.
    pub ledger: Ledger,
}

impl<T> Chain<T> {
    /// A chain that asks the candidates in this order.
    pub fn new(
        candidates: impl IntoIterator<Item = Candidate<T>>,
        policy: Policy,
        store: Arc<dyn Store>,
    ) -> Self {
        Self {
            candidates: candidates.into_iter().collect(),
            policy,
            store,
            needs: None,
            seed: None,
        }
    }

    /// Fixes the jitter, for tests that want exact instants.
    #[must_use]
    pub const fn with_seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// States what the requests through this chain need; a clone of a chain is
    /// cheap, so each request can have its own.
    #[must_use]
    pub fn with_needs(mut self, needs: impl Into<Arc<Needs>>) -> Self {
        self.needs = Some(needs.into());
        self
    }

    /// The candidates, in order.
    #[must_use]
    pub fn candidates(&self) -> &[Candidate<T>] {
        &self.candidates
    }

    /// Streams one answer. The clock starts now.
    ///
    /// `open` starts an attempt: it makes the stream of events that your client
    /// gives for this target. Where that takes a future first, flatten it
    /// (`futures::TryFutureExt::try_flatten_stream`). The stream may end with
    /// `None` only after the provider's own end; one that is cut yields an
    /// error whose fault is [`crate::Fault::Cut`]. After an error it is dropped.
    ///
    /// `gate` makes the [`Gate`] for one attempt.
    ///
    /// Polling needs a tokio runtime with time enabled.
    pub fn stream<E, X, S, G, O, M>(&self, open: O, gate: M) -> ChainStream<T, E, S, G, O, M>
    where
        S: Stream<Item = Result<E, X>>,
        X: Facts,
        G: FnMut(&E) -> Gate,
        O: FnMut(&T) -> S,
        M: FnMut(&T) -> G,
    {
        let seed = self.seed.unwrap_or_else(|| RandomState::new().hash_one(0_u8));
        let candidates = Arc::clone(&self.candidates);
        let mut plan = Plan::new(candidates, self.policy, Arc::clone(&self.store), seed, now());
        if let Some(needs) = &self.needs {
            plan = plan.with_needs(Arc::clone(needs));
        }
        ChainStream::new(plan, open, gate, self.policy.held_bytes)
    }

    /// Makes one call that answers all at once: the one-item case of
    /// [`Chain::stream`]. `firstByte` and `firstText` then both limit the whole call.
    ///
    /// # Errors
    ///
    /// [`Exhausted`] where no candidate gave an answer.
    pub async fn run<R, X, F>(&self, mut call: impl FnMut(&T) -> F) -> Result<Answer<R>, Exhausted>
    where
        F: Future<Output = Result<R, X>>,
        X: Facts,
    {
        let mut stream =
            self.stream(move |target| Once::new(call(target)), |_| |_: &R| Gate::Commit);
        let mut answer = None;
        loop {
            let ledger = match poll_fn(|cx| Pin::new(&mut stream).poll_next(cx)).await {
                Some(Output::Event(value)) => {
                    answer = Some(value);
                    continue;
                }
                Some(Output::Exhausted(exhausted)) => return Err(exhausted),
                Some(Output::Done(ledger)) => ledger,
                // The deadline between the answer and its end: it is whole.
                Some(Output::Failed(failure)) => failure.into_ledger(),
                Some(_) => continue,
                None => stream.ledger().clone(),
            };
            return match answer {
                Some(value) => Ok(Answer { value, ledger }),
                None => Err(Exhausted::new(ExhaustedKind::Failed, None, ledger)),
            };
        }
    }
}

impl<T> Clone for Chain<T> {
    fn clone(&self) -> Self {
        Self {
            candidates: Arc::clone(&self.candidates),
            policy: self.policy,
            store: Arc::clone(&self.store),
            needs: self.needs.clone(),
            seed: self.seed,
        }
    }
}

/// The runtime's clock, so that a paused one works.
fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
