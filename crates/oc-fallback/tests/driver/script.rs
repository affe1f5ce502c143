//! A provider that follows a script, under the runtime's clock.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    rc::Rc,
    time::Duration,
};

use futures::{Stream, stream};
use oc_fallback::{Candidate, FactSheet, Fault, Gate, Output, Reason, Scope};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Event {
    Ping,
    Think(String),
    Text(String),
    /// The provider's own end, as an event.
    Finish,
    /// The same, cut by length.
    Cut,
}

impl Event {
    pub(crate) fn weight(&self) -> usize {
        match self {
            Self::Think(text) | Self::Text(text) => text.len(),
            Self::Ping | Self::Finish | Self::Cut => 0,
        }
    }
}

/// Commits at the first text; an end before it is reasoning only.
pub(crate) fn gate(_: &Script) -> impl FnMut(&Event) -> Gate + use<> {
    |event| match event {
        Event::Text(_) => Gate::Commit,
        Event::Finish => Gate::Reject(Reason::ReasoningOnly),
        Event::Cut => Gate::Reserve(Reason::Incomplete),
        Event::Ping | Event::Think(_) => Gate::Hold,
    }
}

#[derive(Debug, Clone)]
enum Line {
    After(Duration),
    Say(Event),
    Fail(FactSheet),
    Hang,
    AssertDead(Rc<Cell<usize>>),
}

/// What a provider does when it is asked; asked again, it does the same, or
/// what [`Script::then_again`] says.
#[derive(Debug, Clone, Default)]
pub(crate) struct Script {
    index: usize,
    lines: Vec<Line>,
    again: Option<Box<Script>>,
    asked: Rc<Cell<usize>>,
    alive: Rc<Cell<usize>>,
}

impl Script {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    fn line(mut self, line: Line) -> Self {
        self.lines.push(line);
        self
    }

    pub(crate) fn ping(self) -> Self {
        self.line(Line::Say(Event::Ping))
    }

    pub(crate) fn think(self, text: &str) -> Self {
        self.line(Line::Say(Event::Think(text.into())))
    }

    pub(crate) fn text(self, text: &str) -> Self {
        self.line(Line::Say(Event::Text(text.into())))
    }

    pub(crate) fn finish(self) -> Self {
        self.line(Line::Say(Event::Finish))
    }

    /// The provider's own end, before a text, because a limit was reached.
    pub(crate) fn cut(self) -> Self {
        self.line(Line::Say(Event::Cut))
    }

    pub(crate) fn after(self, wait: Duration) -> Self {
        self.line(Line::After(wait))
    }

    pub(crate) fn fail(self, fault: Fault) -> Self {
        self.fail_with(FactSheet::new(fault))
    }

    pub(crate) fn fail_with(self, facts: FactSheet) -> Self {
        self.line(Line::Fail(facts))
    }

    pub(crate) fn hang(self) -> Self {
        self.line(Line::Hang)
    }

    pub(crate) fn asserts_dead(self, other: &Rc<Cell<usize>>) -> Self {
        self.line(Line::AssertDead(Rc::clone(other)))
    }

    /// The end of the script is the orderly end of the stream.
    pub(crate) fn end(self) -> Self {
        self
    }

    pub(crate) fn thinks_every(mut self, pause: Duration) -> Self {
        for _ in 0..1_000 {
            self = self.think("hm").after(pause);
        }
        self
    }

    pub(crate) fn then_again(mut self, again: Self) -> Self {
        self.again = Some(Box::new(again));
        self
    }

    pub(crate) fn index(&self) -> usize {
        self.index
    }

    /// How many of its streams have not been dropped.
    pub(crate) fn alive(&self) -> Rc<Cell<usize>> {
        Rc::clone(&self.alive)
    }
}

pub(crate) fn candidate(index: usize, script: Script) -> Candidate<Script> {
    let name = format!("c{index}");
    let scope = Scope::new(format!("http://{name}"), "m", "k");
    Candidate::new(name, scope, Script { index, ..script })
}

/// The stream that the script describes.
pub(crate) fn play(script: &Script) -> impl Stream<Item = Result<Event, FactSheet>> + use<> {
    let asked = script.asked.get();
    script.asked.set(asked + 1);
    let now = match &script.again {
        Some(again) if asked > 0 => again,
        _ => script,
    };
    let lines: VecDeque<Line> = now.lines.iter().cloned().collect();
    let alive = Alive::new(&script.alive);
    stream::unfold((RefCell::new(lines), alive), |(lines, alive)| async move {
        loop {
            let line = lines.borrow_mut().pop_front();
            match line? {
                Line::After(wait) => tokio::time::sleep(wait).await,
                Line::Hang => std::future::pending().await,
                Line::Say(event) => return Some((Ok(event), (lines, alive))),
                Line::Fail(facts) => return Some((Err(facts), (lines, alive))),
                Line::AssertDead(other) => assert_eq!(other.get(), 0, "the other still lives"),
            }
        }
    })
}

struct Alive(Rc<Cell<usize>>);

impl Alive {
    fn new(count: &Rc<Cell<usize>>) -> Self {
        count.set(count.get() + 1);
        Self(Rc::clone(count))
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

/// An item in short words, for comparison.
pub(crate) fn word(item: &Output<Event>) -> String {
    match item {
        Output::Tentative(event) => format!("~{}", event_word(event)),
        Output::Replaced { attempt, reason } => format!("replaced {} {reason}", attempt.index()),
        Output::Committed { target, .. } => format!("commit {target}"),
        Output::Event(event) => event_word(event),
        Output::Failed(failure) => {
            let name = failure.ledger().served_by().unwrap_or("nobody");
            format!("failed {name} {}", failure.reason())
        }
        Output::Exhausted(exhausted) => format!("exhausted {:?}", exhausted.kind()),
        Output::Done(ledger) => format!("done {}", ledger.served_by().unwrap_or("nobody")),
        other => format!("{other:?}"),
    }
}

fn event_word(event: &Event) -> String {
    match event {
        Event::Ping => "ping".into(),
        Event::Think(text) => format!("think {text}"),
        Event::Text(text) => format!("text {text}"),
        Event::Finish => "finish".into(),
        Event::Cut => "cut".into(),
    }
}
