//! Messages of harmony: header, body, and what is between them.

use super::harmony::{self, Begins, Body};
use super::{ReasoningSplitter, State, TextPiece};

impl ReasoningSplitter {
    pub(super) fn header(&mut self, out: &mut Vec<TextPiece>) -> bool {
        match self.held.find(harmony::MESSAGE) {
            Some(at) if at <= harmony::LONGEST_HEADER => {
                let body = harmony::body(self.held.get(..at).unwrap_or_default());
                let markup = self.take(at + harmony::MESSAGE.len());
                out.push(TextPiece::Markup(markup));
                self.began = true;
                self.open_body(&body, out);
                self.state = State::Message(body);
            }
            None if self.held.len() < harmony::LONGEST_HEADER + harmony::MESSAGE.len() => {
                return false;
            }
            _ => self.state = State::Text,
        }
        true
    }

    pub(super) fn body(&mut self, body: &Body, out: &mut Vec<TextPiece>) -> bool {
        let end = harmony::end(&self.held);
        let length = match end {
            Some((at, _)) => at,
            None => self.held.len() - harmony::partial_end(&self.held),
        };
        let said = self.take(length);
        if !said.is_empty() {
            let piece = self.of_body(body, said);
            self.message(piece, out);
        }
        let Some((_, token)) = end else { return false };
        if token > 0 {
            let markup = self.take(token);
            out.push(TextPiece::Markup(markup));
        }
        self.state = State::Between;
        true
    }

    pub(super) fn between(&mut self, out: &mut Vec<TextPiece>) -> bool {
        let blank = self.held.len() - self.held.trim_start().len();
        if blank > 0 {
            let markup = self.take(blank);
            out.push(TextPiece::Markup(markup));
            return true;
        }
        match harmony::begins(&self.held) {
            Begins::MayBe => return false,
            Begins::Header => self.state = State::Header,
            Begins::No => self.state = State::Text,
        }
        true
    }

    /// A call is one from its header on.
    pub(super) fn open_body(&mut self, body: &Body, out: &mut Vec<TextPiece>) {
        if *body == Body::Reasoning {
            self.strays.thought();
        }
        if matches!(body, Body::Call(_)) {
            self.calls = self.calls.saturating_add(1);
            out.push(self.of_body(body, String::new()));
        }
    }

    pub(super) fn of_body(&self, body: &Body, text: String) -> TextPiece {
        match body {
            Body::Reasoning => TextPiece::Reasoning(text),
            Body::Commentary => TextPiece::Commentary(text),
            Body::Final => TextPiece::Text(text),
            Body::Call(name) => TextPiece::Call {
                number: self.calls.saturating_sub(1),
                name: name.clone(),
                arguments: text,
            },
        }
    }

    pub(super) fn message(&mut self, piece: TextPiece, out: &mut Vec<TextPiece>) {
        match piece {
            TextPiece::Text(text) => self.text(text, out),
            piece => out.push(piece),
        }
    }
}
