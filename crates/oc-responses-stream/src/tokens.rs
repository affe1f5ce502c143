//! Log probabilities of text that is held back for a while, and given out cut
//! otherwise than it came.

use std::collections::VecDeque;

use serde_json::Value;

/// What is known, token by token, of text that came and was not given out yet.
///
/// A token goes out with the text in which it ends, so that none is lost or told
/// twice while the text stays what it was. One of which a piece is never given out
/// is not told: it would say what was left out.
///
/// ```
/// use oc_responses_stream::HeldTokens;
/// use serde_json::json;
///
/// let mut tokens = HeldTokens::default();
/// tokens.note("a <", Some(json!([{"token": "a", "logprob": -1}, {"token": " <", "logprob": -2}])));
/// assert_eq!(tokens.take(2), Some(json!([{"token": "a", "logprob": -1}])));
/// tokens.note("b", Some(json!([{"token": "b", "logprob": -3}])));
/// assert_eq!(tokens.take(2).map(|held| held[0]["token"].clone()), Some(json!(" <")));
/// ```
#[derive(Clone, Debug, Default)]
pub struct HeldTokens {
    /// The bytes of each run of text, and the tokens that it is.
    runs: VecDeque<(usize, Vec<Value>)>,
}

impl HeldTokens {
    /// `text` came, and this list is known of it.
    pub fn note(&mut self, text: &str, logprobs: Option<Value>) {
        let tokens = if let Some(Value::Array(tokens)) = logprobs { tokens } else { Vec::new() };
        match lengths(text, &tokens) {
            Some(lengths) => {
                let runs = lengths.into_iter().zip(tokens);
                self.runs.extend(runs.map(|(length, token)| (length, vec![token])));
            }
            // Some servers' tokens are no pieces of the text: bytes, for one.
            None if !tokens.is_empty() => self.runs.push_back((text.len(), tokens)),
            None => match self.runs.back_mut() {
                Some((length, last)) if last.is_empty() => *length += text.len(),
                _ => self.runs.push_back((text.len(), tokens)),
            },
        }
    }

    /// The first `length` bytes are given out: what is known of them.
    pub fn take(&mut self, length: usize) -> Option<Value> {
        let (mut taken, mut left) = (Vec::new(), length);
        while let Some((length, _)) = self.runs.front()
            && *length <= left
        {
            left -= length;
            taken.extend(self.runs.pop_front().into_iter().flat_map(|(_, tokens)| tokens));
        }
        if let Some((length, _)) = self.runs.front_mut() {
            *length -= left;
        }
        (!taken.is_empty()).then_some(Value::Array(taken))
    }

    /// The first `length` bytes are not given out.
    pub fn leave_out(&mut self, length: usize) {
        let mut left = length;
        while let Some((length, _)) = self.runs.front()
            && *length <= left
            && left > 0
        {
            left -= length;
            self.runs.pop_front();
        }
        if let Some((length, tokens)) = self.runs.front_mut().filter(|_| left > 0) {
            *length -= left;
            tokens.clear();
        }
    }

    /// Nothing but the last `length` bytes will be given out.
    pub fn keep_last(&mut self, length: usize) {
        let all: usize = self.runs.iter().map(|(length, _)| length).sum();
        self.leave_out(all.saturating_sub(length));
    }
}

/// How long the text of each token is; `None`: they are not `text`.
fn lengths(text: &str, tokens: &[Value]) -> Option<Vec<usize>> {
    let mut rest = text;
    let lengths = tokens.iter().map(|token| {
        let token = token.get("token")?.as_str()?;
        rest = rest.strip_prefix(token)?;
        Some(token.len())
    });
    let lengths: Vec<usize> = lengths.collect::<Option<_>>()?;
    (rest.is_empty() && !lengths.is_empty()).then_some(lengths)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn tokens(texts: &[&str]) -> Option<Value> {
        Some(texts.iter().map(|text| json!({"token": text, "logprob": -1})).collect())
    }

    #[test]
    fn a_token_goes_out_with_the_text_in_which_it_ends() {
        let mut all = HeldTokens::default();
        all.note("ab cd", tokens(&["ab", " cd"]));
        all.note("ef", None);
        all.note("ü", tokens(&["\\xc3", "\\xbc"]));
        assert_eq!(all.take(3), tokens(&["ab"]), "half of the next is text, too");
        assert_eq!(all.take(2), tokens(&[" cd"]));
        assert_eq!(all.take(1), None);
        assert_eq!(all.take(3), tokens(&["\\xc3", "\\xbc"]));
        assert_eq!(all.take(9), None);
    }

    #[test]
    fn what_is_not_given_out_takes_its_tokens_with_it() {
        let mut all = HeldTokens::default();
        all.note("say <call> on", tokens(&["say ", "<call>", " ", "on"]));
        assert_eq!(all.take(4), tokens(&["say "]));
        all.keep_last(2);
        assert_eq!(all.take(2), tokens(&["on"]));
        // Nor does one that began in it.
        all.note("<think>hm</think>b c", tokens(&["<think>", "hm</think>b", " c"]));
        all.leave_out("<think>hm</think>".len());
        assert_eq!(all.take(3), tokens(&[" c"]));
    }

    proptest! {
        #[test]
        fn no_cut_loses_a_token_or_tells_it_twice(
            texts in prop::collection::vec("[abü]{0,3}", 1..8),
            cuts in prop::collection::vec(1_usize..4, 1..30),
        ) {
            let mut all = HeldTokens::default();
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            texts.chunks(2).for_each(|texts| all.note(&texts.concat(), tokens(texts)));
            let mut left = texts.concat().len();
            let mut taken = Vec::new();
            for cut in cuts.into_iter().chain([usize::MAX]) {
                let cut = cut.min(left);
                left -= cut;
                if let Some(Value::Array(some)) = all.take(cut) {
                    taken.extend(some);
                }
            }
            prop_assert_eq!(Some(Value::Array(taken)), tokens(&texts));
        }
    }
}
