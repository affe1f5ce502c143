//! One request, polled: events through the gate, steps of the plan, one timer.

use std::{
    collections::VecDeque,
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Instant,
};

use futures_core::Stream;
use tokio::time::Sleep;

use super::now;
use crate::{
    commit::{Committed, Uncommitted},
    error::{Exhausted, ExhaustedKind, Failure},
    facts::Facts,
    gate::Gate,
    ledger::{AttemptId, Ledger, Problem, Usage},
    output::Output,
    plan::{AttemptEvent, Plan, Step},
    reason::Reason,
};

/// The stream of one answer: see [`Chain::stream`](crate::Chain::stream) and [`Output`].
///
/// Dropping it drops whatever attempt is alive.
#[must_use = "streams do nothing unless polled"]
pub struct ChainStream<T, E, S, G, O, M> {
    plan: Plan<T>,
    open: O,
    gate: M,
    weigh: fn(&E) -> usize,
    may_show: fn(&E) -> bool,
    meter: fn(&T, &E) -> Option<Usage>,
    held_bytes: usize,
    live: Vec<Live<E, S, G>>,
    committed: Option<(AttemptId, Committed)>,
    kept: Option<Kept<E>>,
    out: VecDeque<Output<E>>,
    sleep: Option<Pin<Box<Sleep>>>,
    /// An item was given out, and the reader has not come back before.
    read: bool,
    ended: bool,
}

/// An attempt that the plan has not cancelled yet.
struct Live<E, S, G> {
    id: AttemptId,
    /// The candidate's place in the chain.
    target: usize,
    /// Gone as soon as it has failed, so that its connection closes at once.
    stream: Option<Pin<Box<S>>>,
    gate: G,
    /// The gate has seen something that counts, and not committed.
    meaningful: bool,
    /// Gone once it has committed.
    held: Option<Uncommitted<E>>,
}

/// An attempt that is over, and the answer where nobody has a better one.
struct Kept<E> {
    id: AttemptId,
    reason: Reason,
    held: Uncommitted<E>,
    /// The caller has seen something of it, and nothing of another one since.
    is_in_view: bool,
}

impl<T, E, S, G, O, M> ChainStream<T, E, S, G, O, M> {
    pub(super) fn new(plan: Plan<T>, open: O, gate: M, held_bytes: usize) -> Self {
        Self {
            plan,
            open,
            gate,
            weigh: |_| size_of::<E>(),
            may_show: |_| true,
            meter: |_, _| None,
            held_bytes,
            live: Vec::new(),
            committed: None,
            kept: None,
            out: VecDeque::new(),
            sleep: None,
            read: false,
            ended: false,
        }
    }

    /// Counts what is held back by this function, in bytes, against
    /// [`Policy::held_bytes`](crate::Policy::held_bytes). Without it an event counts as its size in memory
    /// without what it points to.
    pub fn weigh(mut self, weigh: fn(&E) -> usize) -> Self {
        self.weigh = weigh;
        self
    }

    /// Says which events may reach the caller as [`Output::Tentative`]: best only
    /// what a caller can take back, such as reasoning. An event that may not
    /// be shown, and what follows it, is held until the commit. Without it, all
    /// may be shown.
    pub fn may_show(mut self, may_show: fn(&E) -> bool) -> Self {
        self.may_show = may_show;
        self
    }

    /// Reads off an event what its attempt has used and cost so far, for the
    /// ledger; a later one replaces an earlier one. Asked for every event, those
    /// of attempts that fail included: what they used is paid too.
    pub fn meter(mut self, meter: fn(&T, &E) -> Option<Usage>) -> Self {
        self.meter = meter;
        self
    }

    /// Takes note of what an attempt used and cost, where no event says it. Best
    /// before [`Output::Done`], which carries a copy of the ledger.
    pub fn report_usage(&mut self, attempt: AttemptId, usage: Usage) {
        self.plan.on_usage(attempt, usage);
    }

    /// What has happened so far; also after the last item.
    pub const fn ledger(&self) -> &Ledger {
        self.plan.ledger()
    }
}

impl<T, E, X, S, G, O, M> ChainStream<T, E, S, G, O, M>
where
    S: Stream<Item = Result<E, X>>,
    X: Facts,
    G: FnMut(&E) -> Gate,
    O: FnMut(&T) -> S,
    M: FnMut(&T) -> G,
{
    /// Takes at most one item from each living attempt; whether any had one.
    fn poll_live(&mut self, cx: &mut Context<'_>, now: Instant) -> bool {
        let mut progress = false;
        for at in 0..self.live.len() {
            let Some(stream) = self.live.get_mut(at).and_then(|live| live.stream.as_mut()) else {
                continue;
            };
            if let Poll::Ready(item) = stream.as_mut().poll_next(cx) {
                progress = true;
                self.take(at, item, now);
            }
        }
        progress
    }

    fn take(&mut self, at: usize, item: Option<Result<E, X>>, now: Instant) {
        let Some(live) = self.live.get_mut(at) else { return };
        let id = live.id;
        if let (Some(Ok(event)), Some(candidate)) = (&item, self.plan.candidates().get(live.target))
            && let Some(usage) = (self.meter)(&candidate.target, event)
        {
            self.plan.on_usage(id, usage);
        }
        match item {
            Some(Ok(event)) => match &self.committed {
                Some((winner, committed)) if *winner == id => {
                    self.plan.on_event(id, AttemptEvent::Progress, now);
                    self.out.push_back(committed.deliver(event));
                }
                // The plan drops it in the next step.
                Some(_) => live.stream = None,
                None => match (live.gate)(&event) {
                    Gate::Hold => self.hold(at, event, AttemptEvent::Progress, now),
                    Gate::Alive => self.pass(at, event, AttemptEvent::Progress, now),
                    Gate::Loading => self.pass(at, event, AttemptEvent::Loading, now),
                    Gate::Meaningful => {
                        live.meaningful = true;
                        self.hold(at, event, AttemptEvent::Meaningful, now);
                    }
                    Gate::Commit => self.commit(at, Some(event), now),
                    Gate::Reject(reason) => {
                        live.stream = None;
                        self.plan.on_event(id, AttemptEvent::Progress, now);
                        let failed = AttemptEvent::Failed(Problem::new(reason));
                        self.plan.on_event(id, failed, now);
                    }
                    Gate::Reserve(reason) => self.reserve(at, event, reason, now),
                },
            },
            Some(Err(error)) => {
                live.stream = None;
                let failed = AttemptEvent::Failed(Problem::from_facts(&error));
                self.plan.on_event(id, failed, now);
            }
            None => {
                live.stream = None;
                if live.meaningful && live.held.is_some() {
                    self.commit(at, None, now);
                }
                self.plan.on_event(id, AttemptEvent::Finished, now);
            }
        }
    }

    /// A sign of life: nothing to keep; a caller that is being shown the attempt
    /// takes it.
    fn pass(&mut self, at: usize, event: E, sign: AttemptEvent, now: Instant) {
        let Some(live) = self.live.get(at) else { return };
        self.plan.on_event(live.id, sign, now);
        if live.held.as_ref().is_some_and(Uncommitted::shows_all) {
            self.out.push_back(Output::Tentative(event));
        }
    }

    /// The end of an answer that is one only where nobody has a better one.
    fn reserve(&mut self, at: usize, event: E, reason: Reason, now: Instant) {
        let Some(live) = self.live.get_mut(at) else { return };
        live.stream = None;
        let Some(held) = live.held.as_mut() else { return };
        self.plan.on_event(live.id, AttemptEvent::Progress, now);
        // Kept in any case: an answer has at least its end to deliver.
        let weight = (self.weigh)(&event);
        let problem = match held.hold(event, weight, false) {
            Ok(_) => AttemptEvent::Reserved(Problem::new(reason)),
            Err(_) => AttemptEvent::Failed(Problem::new(Reason::Oversized)),
        };
        self.plan.on_event(live.id, problem, now);
    }

    fn hold(&mut self, at: usize, event: E, sign: AttemptEvent, now: Instant) {
        let Some(live) = self.live.get_mut(at) else { return };
        let Some(held) = live.held.as_mut() else { return };
        self.plan.on_event(live.id, sign, now);
        let weight = (self.weigh)(&event);
        let may_show = (self.may_show)(&event);
        match held.hold(event, weight, may_show) {
            Ok(None) => {}
            Ok(Some(event)) => {
                self.take_kept_out_of_view();
                self.out.push_back(Output::Tentative(event));
            }
            Err(_) => {
                live.stream = None;
                let failed = AttemptEvent::Failed(Problem::new(Reason::Oversized));
                self.plan.on_event(live.id, failed, now);
            }
        }
    }

    /// The commit: by `event`, or by an end in order after something meaningful.
    fn commit(&mut self, at: usize, event: Option<E>, now: Instant) {
        let Some(live) = self.live.get_mut(at) else { return };
        let attempt = live.id;
        self.plan.on_event(attempt, AttemptEvent::Committed, now);
        let ledger = self.plan.ledger();
        // Another attempt may have been first.
        if ledger.committed != Some(attempt) {
            live.stream = None;
            return;
        }
        let Some(held) = live.held.take() else { return };
        let target = ledger.attempt(attempt).map_or(0, |attempt| attempt.target);
        self.take_kept_out_of_view();
        self.kept = None;
        self.deliver(attempt, target, held, event);
    }

    /// Makes what was held final, and what comes after it.
    fn deliver(
        &mut self,
        attempt: AttemptId,
        target: usize,
        held: Uncommitted<E>,
        event: Option<E>,
    ) {
        let (committed, held) = held.commit();
        self.out.push_back(Output::Committed { attempt, target });
        self.out.extend(held.into_iter().chain(event).map(|event| committed.deliver(event)));
        self.committed = Some((attempt, committed));
    }

    /// Something of another attempt is about to be shown: what was shown of the
    /// kept one is void.
    fn take_kept_out_of_view(&mut self) {
        if let Some(kept) = self.kept.as_mut()
            && std::mem::take(&mut kept.is_in_view)
        {
            self.out.push_back(Output::Replaced { attempt: kept.id, reason: kept.reason });
        }
    }

    /// Does what the plan says; `Pending` where it says to wait.
    fn step(&mut self, cx: &mut Context<'_>, now: Instant) -> Poll<()> {
        match self.plan.next(now) {
            Step::Start { attempt, target } => {
                if let Some(candidate) = self.plan.candidates().get(target) {
                    self.live.push(Live {
                        id: attempt,
                        target,
                        stream: Some(Box::pin((self.open)(&candidate.target))),
                        gate: (self.gate)(&candidate.target),
                        meaningful: false,
                        held: Some(Uncommitted::new(self.held_bytes)),
                    });
                }
            }
            Step::Cancel { attempt, reason } => {
                if let Some(at) = self.live.iter().position(|live| live.id == attempt) {
                    let live = self.live.swap_remove(at);
                    if live.held.is_some_and(|held| held.is_seen()) {
                        self.out.push_back(Output::Replaced { attempt, reason });
                    }
                }
            }
            Step::Keep { attempt, reason } => {
                if let Some(at) = self.live.iter().position(|live| live.id == attempt)
                    && let Some(held) = self.live.swap_remove(at).held
                {
                    let is_in_view = held.is_seen();
                    self.kept = Some(Kept { id: attempt, reason, held, is_in_view });
                }
            }
            Step::Settle { attempt } => {
                if let Some(kept) = self.kept.take() {
                    let ledger = self.plan.ledger();
                    let target = ledger.attempt(attempt).map_or(0, |attempt| attempt.target);
                    self.deliver(attempt, target, kept.held, None);
                }
            }
            Step::Show { attempt } => {
                let live = self.live.iter_mut().find(|live| live.id == attempt);
                let held = live.and_then(|live| live.held.as_mut());
                let shown = held.map(|held| held.show(self.may_show)).unwrap_or_default();
                if !shown.is_empty() {
                    self.take_kept_out_of_view();
                }
                self.out.extend(shown.into_iter().map(Output::Tentative));
            }
            Step::WaitUntil(until) => {
                ready!(self.sleep_until(until, cx));
            }
            Step::Done { .. } => self.end(Output::Done(self.plan.ledger().clone())),
            Step::Failed { attempt } => {
                let ledger = self.plan.ledger().clone();
                let failure = Failure::of(attempt, ledger);
                self.end(Output::Failed(failure));
            }
            Step::GiveUp => {
                let exhausted = self.plan.exhausted(now).unwrap_or_else(|| {
                    Exhausted::new(ExhaustedKind::Failed, None, self.plan.ledger().clone())
                });
                self.end(Output::Exhausted(exhausted));
            }
        }
        Poll::Ready(())
    }

    fn end(&mut self, last: Output<E>) {
        self.live.clear();
        self.sleep = None;
        self.ended = true;
        self.out.push_back(last);
    }

    fn sleep_until(&mut self, until: Instant, cx: &mut Context<'_>) -> Poll<()> {
        let until = tokio::time::Instant::from_std(until);
        let sleep = match &mut self.sleep {
            Some(sleep) => {
                if sleep.deadline() != until {
                    sleep.as_mut().reset(until);
                }
                sleep
            }
            none => none.insert(Box::pin(tokio::time::sleep_until(until))),
        };
        sleep.as_mut().poll(cx)
    }
}

impl<T, E, X, S, G, O, M> Stream for ChainStream<T, E, S, G, O, M>
where
    S: Stream<Item = Result<E, X>>,
    X: Facts,
    G: FnMut(&E) -> Gate,
    O: FnMut(&T) -> S,
    M: FnMut(&T) -> G,
{
    type Item = Output<E>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Output<E>>> {
        let this = self.get_mut();
        loop {
            if let Some(item) = this.out.pop_front() {
                this.read = true;
                return Poll::Ready(Some(item));
            }
            if this.ended {
                return Poll::Ready(None);
            }
            let now = now();
            if std::mem::take(&mut this.read) {
                this.plan.resume(now);
            }
            // What has arrived counts before the limits do: a reader that was
            // slow must not make the provider look silent.
            let progress = now < this.plan.deadline() && this.poll_live(cx, now);
            if this.out.is_empty() && this.step(cx, now).is_pending() && !progress {
                return Poll::Pending;
            }
        }
    }
}

/// Nothing in it is pinned in place: attempts are boxed.
impl<T, E, S, G, O, M> Unpin for ChainStream<T, E, S, G, O, M> {}

impl<T, E, S, G, O, M> fmt::Debug for ChainStream<T, E, S, G, O, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChainStream")
            .field("ledger", self.plan.ledger())
            .field("live", &self.live.len())
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}
