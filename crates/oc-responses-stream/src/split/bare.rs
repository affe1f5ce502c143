//! Harmony whose special tokens were lost, since a server left them out when it
//! turned tokens into text:
//!
//! ```text
//! analysisWe need the weather.assistantcommentary to=functions.f json{…}
//! analysisWe need a word.assistantfinalFour.
//! ```
//!
//! Anybody's text may begin with the word "analysis", so that is no sign by itself. A
//! capital letter right behind it makes it worth a wait: the text is held back until
//! the beginning of a second message proves it, or the text is none of this. A text that
//! begins with such a beginning, `assistantfinal`, needs no proof.

use super::harmony::Body;
use super::{ReasoningSplitter, State, TextPiece, tags};

/// The word that such a text begins with.
const ANALYSIS: &str = "analysis";
/// What stands before the channel of every message but the first.
const ASSISTANT: &str = "assistant";
const COMMENTARY: &str = "commentary";
const FINAL: &str = "final";
const RECIPIENT: &str = "to=";

/// The most that is held back for the proof, in bytes: a long thought.
const MOST_HELD: usize = 64 << 10;

/// From the recipient to the arguments of a call, in bytes: `functions.f json`.
const LONGEST_RECIPIENT: usize = 256;

/// Whether a text may be of this kind by its beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Begins {
    Yes,
    MayBe,
    No,
}

/// Whether `text` begins with a thought, or with a second message. A profile says that
/// it is of this kind: then the word is enough.
pub(super) fn begins(text: &str, is_known: bool) -> Begins {
    if let Some(rest) = text.strip_prefix(ASSISTANT) {
        return match header(rest) {
            Header::Is(..) => Begins::Yes,
            Header::MayBe => Begins::MayBe,
            Header::No => Begins::No,
        };
    }
    match text.strip_prefix(ANALYSIS).map(|rest| rest.bytes().next()) {
        Some(_) if is_known => Begins::Yes,
        Some(Some(byte)) if byte.is_ascii_uppercase() => Begins::Yes,
        Some(None) => Begins::MayBe,
        None if ANALYSIS.starts_with(text) || ASSISTANT.starts_with(text) => Begins::MayBe,
        _ => Begins::No,
    }
}

/// The next message of a text.
enum Next {
    /// At this place a header of this length begins a message of this kind.
    At(usize, usize, Body),
    /// From this place on more must come.
    MayBe(usize),
    No,
}

fn next(text: &str) -> Next {
    for (at, _) in text.match_indices(ASSISTANT) {
        match header(text.get(at + ASSISTANT.len()..).unwrap_or_default()) {
            Header::Is(len, body) => return Next::At(at, ASSISTANT.len() + len, body),
            Header::MayBe => return Next::MayBe(at),
            Header::No => {}
        }
    }
    match tags::partial_suffix(text, ASSISTANT) {
        0 => Next::No,
        partial => Next::MayBe(text.len() - partial),
    }
}

/// What stands behind [`ASSISTANT`].
enum Header {
    Is(usize, Body),
    MayBe,
    No,
}

fn header(text: &str) -> Header {
    for (word, body) in [(ANALYSIS, Body::Reasoning), (FINAL, Body::Final)] {
        if text.starts_with(word) {
            return Header::Is(word.len(), body);
        }
    }
    if let Some(rest) = text.strip_prefix(COMMENTARY) {
        return commentary(rest);
    }
    match [ANALYSIS, FINAL, COMMENTARY].iter().any(|word| word.starts_with(text)) {
        true => Header::MayBe,
        false => Header::No,
    }
}

/// What stands behind the word: a recipient, the word "json" and an object, or text.
fn commentary(rest: &str) -> Header {
    let is_text = Header::Is(COMMENTARY.len(), Body::Commentary);
    let said = rest.strip_prefix(' ').unwrap_or(rest);
    let Some(recipient) = said.strip_prefix(RECIPIENT) else {
        return if RECIPIENT.starts_with(said) { Header::MayBe } else { is_text };
    };
    let Some(object) = recipient.find('{').filter(|at| *at <= LONGEST_RECIPIENT) else {
        return if recipient.len() <= LONGEST_RECIPIENT { Header::MayBe } else { is_text };
    };
    let in_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':');
    let name = recipient.get(..object).unwrap_or_default();
    let name = name.get(..name.find(|c| !in_name(c)).unwrap_or(name.len())).unwrap_or_default();
    let name = name.strip_prefix("functions.").unwrap_or(name);
    // The channel came behind the recipient, too.
    let name = name.strip_suffix(COMMENTARY).unwrap_or(name);
    if name.is_empty() {
        return is_text;
    }
    let len = COMMENTARY.len() + (rest.len() - recipient.len()) + object;
    Header::Is(len, Body::Call(name.to_owned()))
}

impl ReasoningSplitter {
    /// Held back until a second message begins.
    pub(super) fn unproved(&mut self, searched: usize, out: &mut Vec<TextPiece>) -> bool {
        let from = self.held.floor_char_boundary(searched);
        let (searched, is_proved) = match next(self.held.get(from..).unwrap_or_default()) {
            Next::At(at, ..) => (from + at, true),
            Next::MayBe(at) => (from + at, false),
            Next::No => (self.held.len(), false),
        };
        match is_proved {
            _ if searched > MOST_HELD => self.state = State::Text,
            true => self.begin_bare(out),
            false => self.state = State::Unproved { searched },
        }
        is_proved || searched > MOST_HELD
    }

    /// What is held is of this kind.
    pub(super) fn begin_bare(&mut self, out: &mut Vec<TextPiece>) {
        let rest = self.held.trim_start_matches(tags::is_blank);
        let rest = rest.strip_prefix(ANALYSIS).unwrap_or(rest);
        let len = self.held.len() - rest.len();
        let markup = self.take(len);
        if !markup.is_empty() {
            out.push(TextPiece::Markup(markup));
        }
        self.began = true;
        self.strays.thought();
        self.state = State::Bare(Body::Reasoning);
    }

    /// In a message: as much of it as is known to be its own.
    pub(super) fn bare(&mut self, body: &Body, out: &mut Vec<TextPiece>) -> bool {
        let next = next(&self.held);
        let length = match &next {
            Next::At(at, ..) | Next::MayBe(at) => *at,
            Next::No => self.held.len(),
        };
        let said = self.take(length);
        if !said.is_empty() {
            let piece = self.of_body(body, said);
            self.message(piece, out);
        }
        let Next::At(_, header, body) = next else { return false };
        let markup = self.take(header);
        out.push(TextPiece::Markup(markup));
        self.state = match body {
            Body::Final => State::Text,
            body => {
                self.open_body(&body, out);
                State::Bare(body)
            }
        };
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beginnings() {
        for (text, is) in [
            ("", Begins::MayBe),
            ("analy", Begins::MayBe),
            ("analysis", Begins::MayBe),
            ("analysisWe", Begins::Yes),
            ("analysis of it", Begins::No),
            ("analysis\n", Begins::No),
            ("analysiswe", Begins::No),
            ("Analysis", Begins::No),
            ("an apple", Begins::No),
            ("as", Begins::MayBe),
            ("assistantfi", Begins::MayBe),
            ("assistantfinalFour", Begins::Yes),
            ("assistants are", Begins::No),
            ("assistant final", Begins::No),
        ] {
            assert_eq!(begins(text, false), is, "{text}");
        }
        assert_eq!(begins("analysis of it", true), Begins::Yes);
    }

    #[test]
    fn headers() {
        let call = |name: &str| Body::Call(name.to_owned());
        for (text, at, header, is) in [
            ("x.assistantfinalFour", 2, "assistantfinal", Body::Final),
            ("x.assistantanalysisSo", 2, "assistantanalysis", Body::Reasoning),
            ("assistantcommentaryLet me", 0, "assistantcommentary", Body::Commentary),
            (
                "assistantcommentary to=functions.f json{\"a\":1}",
                0,
                "assistantcommentary to=functions.f json",
                call("f"),
            ),
            (
                "assistantcommentaryto=functions.get_x-y code{}",
                0,
                "assistantcommentaryto=functions.get_x-y code",
                call("get_x-y"),
            ),
            (
                "assistantcommentary to=functions.fcommentary json {}",
                0,
                "assistantcommentary to=functions.fcommentary json ",
                call("f"),
            ),
            ("the assistant said: assistantfinala", 20, "assistantfinal", Body::Final),
        ] {
            let Next::At(place, len, body) = next(text) else { panic!("{text}") };
            assert_eq!((place, &text[place..place + len], body), (at, header, is), "{text}");
        }
        for (text, from) in [
            ("x assis", 2),
            ("assistant", 0),
            ("an assistantfin", 3),
            ("assistantcommentary", 0),
            ("assistantcommentary t", 0),
            ("assistantcommentary to=functions.f js", 0),
        ] {
            assert!(matches!(next(text), Next::MayBe(at) if at == from), "{text}");
        }
        for text in ["", "an assistant is", "assistants", "assistant final"] {
            assert!(matches!(next(text), Next::No), "{text}");
        }
    }
}
