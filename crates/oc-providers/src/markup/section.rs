//! Sections of markup in one text that comes in pieces, cut anywhere.
//!
//! From an opening mark on the text is held back until the section is whole,
//! or until it is known to be none. Marks in code are the answer's subject and
//! never count. A section that begins as one, names a declared tool and cannot be
//! read is reported: it is no answer, and no call.

use super::code::{Code, InCode};
use super::grammars::{GRAMMARS, Grammar, Mark, Then};
use super::{Declared, Section, ToolCallParser, Written};

/// End marks inside of a section that are tried as its end: a call's own text
/// may hold one.
const MOST_TRIES: u32 = 8;

/// More white space than this before what a section begins with, in bytes, and it is
/// none: it is looked at anew with each piece of the text.
const MOST_BLANK: usize = 1_024;

/// What a text was taken apart into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// Text.
    Text(String),
    /// Calls in the grammar that the profile names.
    Calls(Vec<Written>),
    /// Calls in this grammar, which it does not name.
    Unread(ToolCallParser, Vec<Written>),
    /// What begins as a call in this grammar, which it does not name, and cannot be read.
    AsText(ToolCallParser),
    /// A call in the grammar that the profile names, which cannot be read.
    Broken(ToolCallParser),
}

/// Takes one text apart.
#[derive(Debug)]
pub(super) struct Finder {
    chosen: Option<ToolCallParser>,
    /// The most bytes that are held back.
    limit: usize,
    /// Text that cannot be judged yet.
    held: String,
    section: Option<Open>,
    code: Code,
    /// Nothing comes any more.
    over: bool,
}

/// A section that began and has not ended.
#[derive(Clone, Copy, Debug)]
struct Open {
    mark: &'static str,
    /// How much of what is held was searched for the end mark.
    searched: usize,
    /// How many end marks did not end it, and where the last one stopped.
    tries: u32,
    failed_at: usize,
    /// Its body began as a call's does.
    begun: bool,
}

impl Finder {
    pub(super) fn new(chosen: Option<ToolCallParser>, limit: usize) -> Self {
        Self {
            chosen,
            limit,
            held: String::new(),
            section: None,
            code: Code::default(),
            over: false,
        }
    }

    /// Whether a section began and has not ended.
    pub(super) fn is_in_section(&self) -> bool {
        self.section.is_some()
    }

    /// How many bytes are held back.
    pub(super) fn held(&self) -> usize {
        self.held.len()
    }

    /// Takes the next piece of the text.
    pub(super) fn push(&mut self, text: &str, declared: &Declared, out: &mut Vec<Piece>) {
        self.held.push_str(text);
        while self.step(declared, out) {}
        if self.held.len() > self.limit {
            self.let_go(self.held.len(), declared, out);
        }
    }

    /// The text is over; `cut`: by a limit, so that half a call is no text.
    pub(super) fn finish(&mut self, cut: bool, declared: &Declared, out: &mut Vec<Piece>) {
        self.over = true;
        loop {
            while self.step(declared, out) {}
            let Some(open) = self.section else { break };
            let Some((parser, section)) = self.read(open.mark, self.held.len(), declared) else {
                let body = self.body(open.mark);
                let is_named = declared.is_named_in(body);
                let is_call = candidates(open.mark).any(|(grammar, mark)| {
                    (is_named || self.chosen == Some(grammar.parser))
                        && begins(body, mark.then, declared) != Some(false)
                });
                if cut && is_call {
                    self.held.clear();
                    self.section = None;
                }
                break;
            };
            self.take_section(parser, section, out);
        }
        self.let_go(self.held.len(), declared, out);
    }

    /// Judges what is held; whether there is more to judge.
    fn step(&mut self, declared: &Declared, out: &mut Vec<Piece>) -> bool {
        match self.section {
            None => self.look_for_a_mark(out),
            Some(open) => self.look_for_its_end(open, declared, out),
        }
    }

    fn look_for_a_mark(&mut self, out: &mut Vec<Piece>) -> bool {
        let mut code = self.code.clone();
        let mut seen = 0;
        while let Some(at) = self.held.get(seen..).and_then(|rest| rest.find(['<', '['])) {
            let at = seen + at;
            code.see(self.held.get(seen..at).unwrap_or_default());
            let rest = self.held.get(at..).unwrap_or_default();
            let is_code = match opening(rest) {
                Some(_) => code.holds(rest, self.over),
                None if may_open(rest) && !self.over => code.holds(rest, false),
                None => InCode::Yes,
            };
            if is_code == InCode::Unknown {
                self.release(at, out);
                return false;
            }
            if is_code == InCode::No {
                if let Some(mark) = opening(rest) {
                    self.release(at, out);
                    self.code.drop_span();
                    let searched = mark.len();
                    self.section =
                        Some(Open { mark, searched, tries: 0, failed_at: 0, begun: false });
                    return true;
                }
                if may_open(rest) {
                    self.release(at, out);
                    return false;
                }
            }
            code.see(self.held.get(at..=at).unwrap_or_default());
            seen = at + 1;
        }
        self.release(self.held.len(), out);
        false
    }

    fn look_for_its_end(
        &mut self,
        mut open: Open,
        declared: &Declared,
        out: &mut Vec<Piece>,
    ) -> bool {
        if !open.begun {
            let body = self.body(open.mark);
            let verdicts: Vec<Option<bool>> =
                candidates(open.mark).map(|(_, mark)| begins(body, mark.then, declared)).collect();
            let best = if verdicts.contains(&Some(true)) {
                Some(true)
            } else if verdicts.contains(&None) {
                None
            } else {
                Some(false)
            };
            match best {
                Some(true) => open.begun = true,
                Some(false) => {
                    self.section = None;
                    // The mark itself was text; what follows may hold another.
                    self.release(open.mark.len(), out);
                    return true;
                }
                None => {}
            }
        }
        let close = candidates(open.mark).find_map(|(_, mark)| mark.close);
        let found = close.and_then(|close| {
            let from = self.held.floor_char_boundary(open.searched.saturating_sub(close.len()));
            let from = from.max(open.failed_at);
            Some(from + self.held.get(from..)?.find(close)? + close.len())
        });
        let Some(end) = found else {
            open.searched = self.held.len();
            self.section = Some(open);
            return false;
        };
        // One that began later may be whole where this one was none.
        let again = (open.tries > 0)
            .then(|| self.held.get(open.failed_at..end).and_then(|text| text.find(open.mark)))
            .flatten();
        if let Some(again) = again {
            self.let_go(open.failed_at + again, declared, out);
            return true;
        }
        if let Some((parser, section)) = self.read(open.mark, end, declared) {
            self.take_section(parser, section, out);
            return true;
        }
        open.tries += 1;
        (open.failed_at, open.searched) = (end, end);
        if open.tries >= MOST_TRIES {
            self.section = Some(open);
            self.let_go(end, declared, out);
        } else {
            self.section = Some(open);
        }
        true
    }

    /// The section that the first `end` bytes are, and its grammar: the chosen
    /// one before all others.
    fn read(
        &self,
        mark: &str,
        end: usize,
        declared: &Declared,
    ) -> Option<(ToolCallParser, Section)> {
        let text = self.held.get(..end)?;
        let read = |(grammar, mark): (&Grammar, &Mark)| {
            grammar.read(text, mark, declared).map(|section| (grammar.parser, section))
        };
        let chosen = candidates(mark)
            .filter(|(grammar, _)| Some(grammar.parser) == self.chosen)
            .find_map(read);
        chosen.or_else(|| candidates(mark).find_map(read))
    }

    fn take_section(&mut self, parser: ToolCallParser, section: Section, out: &mut Vec<Piece>) {
        self.section = None;
        self.code.pass_section();
        self.held.drain(..self.held.floor_char_boundary(section.len));
        out.push(if self.chosen == Some(parser) {
            Piece::Calls(section.calls)
        } else {
            Piece::Unread(parser, section.calls)
        });
    }

    /// The first `len` bytes of what is held are no call that can be read: a broken
    /// one, if they begin as a call of a declared tool, else text.
    fn let_go(&mut self, len: usize, declared: &Declared, out: &mut Vec<Piece>) {
        let Some(open) = self.section.take() else { return self.release(len, out) };
        let text = self.held.get(..len).unwrap_or_default();
        let body = text.get(open.mark.len()..).unwrap_or_default();
        let begun = |mark: &Mark| begins(body, mark.then, declared) != Some(false);
        let mut grammars = candidates(open.mark)
            .filter(|(_, mark)| begun(mark))
            .map(|(grammar, _)| grammar.parser);
        let chosen = self.chosen;
        let piece = match grammars.next() {
            Some(first) if declared.is_named_in(body) => {
                match chosen.filter(|chosen| *chosen == first || grammars.any(|it| it == *chosen)) {
                    Some(chosen) => Piece::Broken(chosen),
                    None => Piece::AsText(first),
                }
            }
            _ => return self.release(len, out),
        };
        self.held.clear();
        out.push(piece);
    }

    /// The first `len` bytes of what is held are text.
    fn release(&mut self, len: usize, out: &mut Vec<Piece>) {
        if len == 0 {
            return;
        }
        if len >= self.held.len() {
            self.section = None;
        }
        let rest = self.held.split_off(len.min(self.held.len()));
        let text = std::mem::replace(&mut self.held, rest);
        self.code.see(&text);
        out.push(Piece::Text(text));
    }

    /// What follows the mark.
    fn body(&self, mark: &str) -> &str {
        self.held.get(mark.len()..).unwrap_or_default()
    }
}

/// The grammars whose sections this mark opens.
fn candidates(open: &str) -> impl Iterator<Item = (&'static Grammar, &'static Mark)> + '_ {
    GRAMMARS
        .iter()
        .flat_map(|grammar| grammar.marks.iter().map(move |mark| (grammar, mark)))
        .filter(move |(_, mark)| mark.open == open)
}

/// The mark that `text` begins with.
fn opening(text: &str) -> Option<&'static str> {
    marks().find(|open| text.starts_with(open))
}

/// Whether `text` is the beginning of a mark.
fn may_open(text: &str) -> bool {
    marks().any(|open| open.starts_with(text))
}

fn marks() -> impl Iterator<Item = &'static str> {
    GRAMMARS.iter().flat_map(|grammar| grammar.marks).map(|mark| mark.open)
}

/// `text` without the white space that it begins with; `None`: that is too much.
pub(super) fn after_blank(text: &str) -> Option<&str> {
    let rest = text.trim_start();
    (text.len() - rest.len() <= MOST_BLANK).then_some(rest)
}

/// Whether a section's body begins as it must; `None`: too little is there.
fn begins(body: &str, then: Then, declared: &Declared) -> Option<bool> {
    let Some(body) = after_blank(body) else { return Some(false) };
    if body.is_empty() {
        return None;
    }
    match then {
        Then::Json => Some(body.starts_with(['{', '['])),
        Then::Text(wanted) if body.len() < wanted.len() && wanted.starts_with(body) => None,
        Then::Text(wanted) => Some(body.starts_with(wanted)),
        Then::Call { before, .. } if before.starts_with(body) => None,
        Then::Call { before, end, then } => match body.strip_prefix(before).and_then(after_blank) {
            Some(body) => declared.begins_call(body, end, then),
            None => Some(false),
        },
        Then::Name => Some(declared.may_begin(body)).filter(|may| !may || body.len() > 64),
    }
}
