//! Relay or rewrite: a client that speaks the upstream's wire gets its frames
//! as they are, as long as they are such as its SDK can read.
//!
//! ```text
//!              a frame that cannot pass, or a delta that no frame says
//!  relaying ────────────────────────────────────────────────────────► rewriting
//!     │       nothing was sent yet: the renderer writes all of it         │
//!     │       something was: it goes on where the relay stopped           │
//!     ▼                                                                   ▼
//!  frames, with our names in them                                  rendered deltas
//! ```
//!
//! Unknown fields and unknown events survive while a stream is relayed. What
//! changes in a frame is what a gateway must say itself: whose answer it is
//! (id, model, metadata), and numbers and fields without which strict clients
//! fail. Everything else stands as it came, to the byte. What frames that did
//! not pass say beside the answer is put back where it is written anew
//! ([`beside`]).
//!
//! The deltas are the truth: a frame passes when the deltas that it means have
//! come through the splitter, the gate and the rest ([`queue`]), and the
//! renderer is pushed all of them, so that it can go on at any time. So a
//! relayed answer is held, replaced, failed and recorded like any other.
//!
//! Frames that only open or close something wait for what comes next, for the
//! reason that the machine's own do: an attempt that is replaced leaves no empty
//! item, and the last item of an answer that turns out to be cut is incomplete.

mod beside;
pub(super) mod json;
mod queue;

use std::collections::VecDeque;
use std::fmt;

use oc_responses_stream::{Delta, Finish, Item, Usage, sse};
use serde_json::{Map, Value};

pub(super) use self::beside::{Beside, Fields, members, supply, supply_of, update};
use self::json::Object;
use self::queue::{Queue, Waiting};
use super::render::{CarriedItems, Render};
use crate::endpoint::Api;

/// The most bytes of frames that wait for what they say. An answer that needs
/// more is rewritten.
const WAITING_BYTES: usize = 8 << 20;
/// The most frames that wait.
const WAITING_FRAMES: usize = 8192;

/// What a wire knows of its own frames. A copy is cheap: frames are judged by
/// a copy, which is kept as far as they passed.
pub(super) trait Passage: Clone + fmt::Debug + Send {
    /// What writes this wire.
    type Renderer: Render;

    /// The wire.
    const API: Api;

    /// The first frame is about to pass.
    fn begin(&mut self, _renderer: &mut Self::Renderer) {}

    /// Judges the next event, which stands in `text`, `came` being what has come
    /// of what it says; at the answer's end with its `ending`.
    fn event(
        &mut self,
        event: &Object<'_>,
        text: &str,
        came: &[Delta],
        ending: Option<&Ending<'_>>,
    ) -> Verdict;

    /// The last frame was judged: what the client is to get after it. `None`:
    /// the wire's own end is missing, and the answer may not pass for whole.
    fn end(&mut self, ending: &Ending<'_>) -> Option<Events>;

    /// What the client is to get before the frame of which this came.
    fn before(&mut self, _came: &[Delta]) -> Events {
        Events::new()
    }

    /// Whether another may go on from here: no call is half told, which a
    /// client would run.
    fn may_stop(&self) -> bool;

    /// Whether a frame without content says nothing by itself, or nothing yet:
    /// it opens or closes something.
    fn waits(frame: &sse::Frame) -> bool;

    /// Lets `renderer`, which was pushed the deltas of all frames that passed,
    /// go on from here; `out` takes what has to be written before.
    fn hand_over(&self, renderer: &mut Self::Renderer, out: &mut VecDeque<Vec<u8>>);

    /// Takes note of what `event`, which is written anew, says beside the answer.
    fn note(beside: &mut Beside, event: &Object<'_>);

    /// Gives `renderer`, which is about to begin or to end, the fields that were
    /// noted: of those it writes what it has not itself.
    fn supply(renderer: &mut Self::Renderer, fields: &Fields);

    /// Lets `renderer` write a part that was noted.
    fn insert(_renderer: &mut Self::Renderer, _part: Value) {}

    /// Takes note of a frame that passed, for [`document`](Self::document).
    fn gather(&self, _gathered: &mut Gathered, _written: &str) {}

    /// The whole answer: as it was rendered, with what was `gathered`.
    fn document(&self, rendered: Value, _gathered: &Gathered) -> Value {
        rendered
    }
}

/// Events, each with its name (may be empty) and its JSON.
pub(super) type Events = Vec<(String, String)>;

/// What becomes of a frame.
#[derive(Debug)]
pub(super) enum Verdict {
    /// It passes as these events; none: the client needs nothing of it.
    Pass(Events),
    /// How it passes is known at the answer's end only.
    Wait,
    /// No client can be given it.
    Deviates,
}

/// What is known at the end of an answer that ended well.
#[derive(Debug)]
pub(super) struct Ending<'a> {
    pub(super) finish: &'a Finish,
    pub(super) usage: Option<&'a Usage>,
    /// Who served the answer, and why.
    pub(super) metadata: &'a Map<String, Value>,
    /// Whether this is the last frame of the answer.
    pub(super) is_last: bool,
}

/// Fields of passed frames that a document is to have, by the wire's own rules.
#[derive(Debug, Default)]
pub(super) struct Gathered(pub(super) Map<String, Value>);

/// Frames that were judged, and may not pass before those that follow them.
#[derive(Debug)]
struct Ahead<P> {
    passage: P,
    judged: usize,
    written: Events,
    /// Something of the answer is among them.
    carries: bool,
}

impl<P: Passage> Ahead<P> {
    fn of(passage: &P) -> Self {
        Self { passage: passage.clone(), judged: 0, written: Vec::new(), carries: false }
    }
}

/// Relays or rewrites one answer. See the module.
#[derive(Debug)]
pub(super) struct Relayed<P: Passage> {
    passage: P,
    renderer: P::Renderer,
    relaying: bool,
    /// A frame has passed.
    begun: bool,
    /// Something came that is shown of a committed attempt only.
    committed: bool,
    queue: Queue,
    ahead: Option<Ahead<P>>,
    usage: Option<Usage>,
    metadata: Map<String, Value>,
    /// For clients that want one document.
    gathered: Option<Gathered>,
    /// What frames said that did not pass; for a document, all frames.
    beside: Beside,
    ready: VecDeque<Vec<u8>>,
}

impl<P: Passage> Relayed<P> {
    /// Relays into a stream, or, where `whole`, into one document.
    pub(super) fn new(passage: P, renderer: P::Renderer, whole: bool) -> Self {
        Self {
            passage,
            renderer,
            relaying: true,
            begun: false,
            committed: false,
            queue: Queue::default(),
            ahead: None,
            usage: None,
            metadata: Map::new(),
            gathered: whole.then(Gathered::default),
            beside: Beside::default(),
            ready: VecDeque::new(),
        }
    }

    /// Takes note of what a frame says beside the answer.
    fn note(&mut self, frame: &sse::Frame) {
        if let Some(event) = Object::parse(frame.data()) {
            P::note(&mut self.beside, &event);
        }
    }

    /// Lets the renderer write a delta, with what was noted before it.
    fn write(&mut self, delta: &Delta) {
        if is_content(delta) {
            for part in self.beside.parts.drain(..) {
                P::insert(&mut self.renderer, part);
            }
        }
        if !self.relaying && matches!(delta, Delta::Started(_) | Delta::Finish(_)) {
            P::supply(&mut self.renderer, &self.beside.fields);
        }
        self.renderer.push(delta);
    }

    fn observe(&mut self, delta: &Delta) {
        match delta {
            Delta::Opened(_) | Delta::Alive | Delta::Progress(_) => {}
            Delta::Frame(frame) if frame.api == P::API.as_str() => {
                self.queue.push(frame, P::waits(&frame.frame));
                if self.queue.bytes() > WAITING_BYTES || self.queue.len() > WAITING_FRAMES {
                    return self.rewrite();
                }
                self.release();
            }
            // Another wire's: what it says will come without a frame of ours.
            Delta::Frame(_) => {}
            delta => {
                self.committed |= is_committed(delta);
                if let Delta::Usage(usage) = delta {
                    self.usage = Some(*usage);
                }
                if self.queue.take(delta) {
                    self.release();
                } else {
                    self.rewrite();
                    self.write(delta);
                }
            }
        }
    }

    /// Lets pass what may.
    fn release(&mut self) {
        let complete: Vec<&Waiting> = self.queue.complete().collect();
        let finish = complete
            .iter()
            .flat_map(|waiting| &waiting.came)
            .find_map(|delta| if let Delta::Finish(finish) = delta { Some(finish) } else { None });
        if finish.is_some() && complete.len() < self.queue.len() {
            // The end came, and something that was said before it did not.
            return self.rewrite();
        }
        // What says nothing passes at once, unless something waits before it.
        let has_content = |waiting: &Waiting| waiting.came.iter().any(is_content);
        let silent = complete.iter().take_while(|it| !it.waits && !has_content(it)).count();
        let speaks = |number: usize, waiting: &Waiting| {
            (self.committed && number < silent) || has_content(waiting)
        };
        let last = complete.iter().rposition(|it| has_content(it));
        let last = last.or(silent.checked_sub(1).filter(|_| self.committed));
        let mut ahead = self.ahead.take().unwrap_or_else(|| Ahead::of(&self.passage));
        let mut passed = None;
        let mut deviates = false;
        for (number, waiting) in complete.iter().enumerate().skip(ahead.judged) {
            if !ahead.carries && last.is_none_or(|last| number > last) {
                break;
            }
            let ending = finish.map(|finish| Ending {
                finish,
                usage: self.usage.as_ref(),
                metadata: &self.metadata,
                is_last: number + 1 == complete.len(),
            });
            match judge(&mut ahead.passage, waiting, ending.as_ref()) {
                Verdict::Pass(events) => ahead.written.extend(events),
                Verdict::Wait => break,
                Verdict::Deviates => {
                    deviates = true;
                    break;
                }
            }
            ahead.judged = number + 1;
            ahead.carries |= speaks(number, waiting);
            if ahead.carries && ahead.passage.may_stop() {
                ahead.carries = false;
                passed = Some((ahead.judged, ahead.passage.clone(), ahead.written.len()));
            }
        }
        if let Some((frames, passage, length)) = passed {
            ahead.written.truncate(length);
            self.pass(passage, frames, &ahead.written);
        } else {
            self.ahead = Some(ahead);
        }
        if deviates {
            self.rewrite();
        }
    }

    /// The first `passed` frames pass, as `written`.
    fn pass(&mut self, passage: P, passed: usize, written: &[(String, String)]) {
        let first = !std::mem::replace(&mut self.begun, true);
        self.passage = passage;
        if first {
            self.passage.begin(&mut self.renderer);
        }
        for _ in 0..passed {
            let Some(waiting) = self.queue.pop() else { break };
            if self.gathered.is_some() {
                self.note(&waiting.frame);
            }
            waiting.came.iter().for_each(|delta| self.write(delta));
        }
        self.renderer.forget_bytes();
        for (name, json) in written {
            match &mut self.gathered {
                Some(gathered) => self.passage.gather(gathered, json),
                None => {
                    let mut bytes = Vec::with_capacity(name.len() + json.len() + 24);
                    sse::encode(name, json, &mut bytes);
                    self.ready.push_back(bytes);
                }
            }
        }
    }

    /// From here on the renderer writes.
    fn rewrite(&mut self) {
        if !std::mem::replace(&mut self.relaying, false) {
            return;
        }
        self.hand_over();
        while let Some(waiting) = self.queue.pop() {
            self.note(&waiting.frame);
            waiting.came.iter().for_each(|delta| self.write(delta));
        }
        self.ahead = None;
    }

    fn hand_over(&mut self) {
        if self.begun {
            self.passage.hand_over(&mut self.renderer, &mut self.ready);
        }
        if self.gathered.is_some() {
            self.ready.clear();
        }
    }
}

impl<P: Passage> Render for Relayed<P> {
    fn push(&mut self, delta: &Delta) {
        if self.is_terminal() {
            return;
        }
        match delta {
            delta if self.relaying => self.observe(delta),
            Delta::Frame(frame) if frame.api == P::API.as_str() => self.note(&frame.frame),
            delta => self.write(delta),
        }
    }

    fn abandon(&mut self) {
        self.queue.clear();
        self.ahead = None;
        self.usage = None;
        self.beside = Beside::default();
        if self.relaying && self.begun {
            self.relaying = false;
            self.hand_over();
        }
        self.renderer.abandon();
    }

    fn fail(&mut self, code: &str, message: &str) {
        self.rewrite();
        self.renderer.fail(code, message);
    }

    fn set_attempts(&mut self, attempts: Value) {
        self.renderer.set_attempts(attempts);
    }

    fn carries(&self) -> CarriedItems {
        self.renderer.carries()
    }

    fn set_metadata(&mut self, key: &str, value: Value) {
        self.metadata.insert(key.to_owned(), value.clone());
        self.renderer.set_metadata(key, value);
    }

    fn set_now(&mut self, now: u64) {
        self.renderer.set_now(now);
    }

    fn next_bytes(&mut self) -> Option<Vec<u8>> {
        let passed = self.ready.pop_front();
        passed.or_else(|| if self.relaying { None } else { self.renderer.next_bytes() })
    }

    fn forget_bytes(&mut self) {
        self.ready.clear();
        self.renderer.forget_bytes();
    }

    fn end_mark(&self) -> &'static [u8] {
        self.renderer.end_mark()
    }

    fn keep_alive(&self) -> &'static [u8] {
        self.renderer.keep_alive()
    }

    fn has_content(&self) -> bool {
        self.renderer.has_content()
    }

    fn is_terminal(&self) -> bool {
        self.renderer.is_terminal()
    }

    fn document(&self) -> Value {
        let rendered = self.renderer.document();
        match &self.gathered {
            Some(gathered) if self.relaying => self.passage.document(rendered, gathered),
            _ => rendered,
        }
    }
}

/// Judges the next frame. What is no JSON passes on no wire: `[DONE]` is
/// written anew, and SDKs choke on the rest.
fn judge<P: Passage>(passage: &mut P, waiting: &Waiting, ending: Option<&Ending<'_>>) -> Verdict {
    let (text, came) = (waiting.frame.data(), waiting.came.as_slice());
    let mut events = passage.before(came);
    match Object::parse(text).map(|event| passage.event(&event, text, came, ending)) {
        Some(Verdict::Pass(passed)) => events.extend(passed),
        Some(other) => return other,
        None => {}
    }
    match ending.filter(|ending| ending.is_last) {
        None => Verdict::Pass(events),
        Some(ending) => match passage.end(ending) {
            None => Verdict::Deviates,
            Some(last) => {
                events.extend(last);
                Verdict::Pass(events)
            }
        },
    }
}

/// Whether an event of this name reports what comes before an answer (LM Studio):
/// of no use to a client, and of no API.
pub(super) fn is_progress(name: &str) -> bool {
    ["model_load.", "prompt_processing."].iter().any(|prefix| name.starts_with(prefix))
}

/// Whether a delta is something of the answer, or its beginning.
pub(super) fn is_content(delta: &Delta) -> bool {
    !matches!(
        delta,
        Delta::Opened(_) | Delta::Alive | Delta::ItemEnd(_) | Delta::Extra(_) | Delta::Usage(_)
    )
}

/// Whether a delta reaches a client only from an attempt that is the answer.
fn is_committed(delta: &Delta) -> bool {
    match delta {
        Delta::Text(_)
        | Delta::Refusal(_)
        | Delta::ToolCallStart(_)
        | Delta::Annotation(_)
        | Delta::Part(_)
        | Delta::Finish(_) => true,
        Delta::Item(whole) => !matches!(*whole.item, Item::Reasoning(_)),
        _ => false,
    }
}
