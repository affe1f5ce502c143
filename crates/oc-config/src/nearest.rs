//! The word that was probably meant.

/// The closest of `known` to `word`, if any is close enough to be a slip:
/// about a third of the letters, at most four, case not counted.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    ranked(word, known).into_iter().next()
}

/// Whether `word` is `known`, or a slip of it.
pub(crate) fn is_meant(word: &str, known: &str) -> bool {
    nearest(word, [known]).is_some()
}

/// Up to three close words, the closest first.
pub(crate) fn nearest_few<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let ranked = ranked(word, known);
    ranked.into_iter().take(3).map(str::to_owned).collect()
}

/// Longer input is no slip of the hand, and the comparison is quadratic.
const LONGEST: usize = 128;

/// Of more words than a person reads through, the first are looked at.
const MOST_LOOKED_AT: usize = 4096;

/// Of those that are about as long, so many are compared letter by letter.
const MOST_COMPARED: usize = 512;

fn ranked<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    // Nothing is no slip of something.
    if word.is_empty() || word.len() > LONGEST {
        return Vec::new();
    }
    let word = word.to_lowercase();
    let letters = word.chars().count();
    let reach = (letters / 3).clamp(1, 4);
    let mut compared = 0;
    let mut near: Vec<(usize, &str)> = known
        .into_iter()
        .filter(|candidate| candidate.len() <= LONGEST)
        .take(MOST_LOOKED_AT)
        .filter_map(|candidate| {
            let lower = candidate.to_lowercase();
            let apart = lower.chars().count().abs_diff(letters);
            if apart <= reach && compared < MOST_COMPARED {
                compared += 1;
                let distance = strsim::damerau_levenshtein(&word, &lower);
                if distance <= reach {
                    return Some((distance, candidate));
                }
            }
            (letters >= 4 && lower.contains(&word)).then_some((reach + 1, candidate))
        })
        .collect();
    near.sort();
    near.dedup();
    near.into_iter().map(|(_, candidate)| candidate).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_word_and_other_words_do_not() {
        let known = ["baseUrl", "apiKey", "models", "qwen3-coder-next"];
        let cases = [
            ("baseURL", Some("baseUrl")),
            ("bsaeUrl", Some("baseUrl")),
            ("coder", Some("qwen3-coder-next")),
            ("m", None),
            ("entirely", None),
            ("", None),
        ];
        for (word, want) in cases {
            assert_eq!(nearest(word, known), want, "{word}");
        }
    }

    /// One search is bounded however many words are known.
    #[test]
    fn a_search_ends_early_among_endless_words() {
        let endless = std::iter::repeat("model-number-7").chain(["never reached"]);
        let mut looked_at = 0;
        let counted = endless.inspect(|_| looked_at += 1).take(1_000_000);
        assert_eq!(nearest("modle-nubmer-77", counted), Some("model-number-7"));
        assert_eq!(looked_at, MOST_LOOKED_AT);
    }
}
