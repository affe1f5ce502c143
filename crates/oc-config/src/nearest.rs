//! The word that was probably meant.

/// The closest of `known` to `word`, if any is close enough to be a slip:
/// about a third of the letters, at most four, case not counted.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    ranked(word, known).into_iter().next()
}

/// Up to three close words, the closest first.
pub(crate) fn nearest_few<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let ranked = ranked(word, known);
    ranked.into_iter().take(3).map(str::to_owned).collect()
}

/// Longer input is no slip of the hand, and the comparison is quadratic.
const LONGEST: usize = 128;

fn ranked<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    // Nothing is no slip of something.
    if word.is_empty() || word.len() > LONGEST {
        return Vec::new();
    }
    let word = word.to_lowercase();
    let reach = (word.chars().count() / 3).clamp(1, 4);
    let mut near: Vec<(usize, &str)> = known
        .into_iter()
        .filter(|candidate| candidate.len() <= LONGEST)
        .filter_map(|candidate| {
            let lower = candidate.to_lowercase();
            let within = word.chars().count() >= 4 && lower.contains(&word);
            let distance = strsim::damerau_levenshtein(&word, &lower);
            match distance <= reach {
                true => Some((distance, candidate)),
                false => within.then_some((reach + 1, candidate)),
            }
        })
        .collect();
    near.sort();
    near.dedup();
    near.into_iter().map(|(_, candidate)| candidate).collect()
}
