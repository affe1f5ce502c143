//! How many tokens a text has, without its tokenizer: a range and a guess.

/// A number of tokens, with its error as a range.
///
/// A decision that costs something (passing a candidate over) is made on the
/// bound that makes it sure; the guess is for people and logs.
///
/// ```
/// use oc_fallback::Estimate;
///
/// let counted = Estimate::exact(1_000);
/// let guessed = Estimate::of_text("Nobody expects the tokenizer.");
/// assert!(guessed.low() <= 6 && 6 <= guessed.high());
/// assert_eq!((counted + guessed).likely(), 1_000 + guessed.likely());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Estimate {
    low: u64,
    likely: u64,
    high: u64,
}

impl Estimate {
    /// A number that somebody has counted.
    #[must_use]
    pub const fn exact(tokens: u64) -> Self {
        Self { low: tokens, likely: tokens, high: tokens }
    }

    /// A guess with its error in percent, to both sides.
    #[must_use]
    pub const fn around(tokens: u64, percent: u64) -> Self {
        let error = tokens.saturating_mul(percent) / 100;
        Self {
            low: tokens.saturating_sub(error),
            likely: tokens,
            high: tokens.saturating_add(error),
        }
    }

    /// Counts the characters of a text by class.
    ///
    /// The range is meant to hold for prose and code under the byte-pair
    /// vocabularies in use (32,000 to 200,000 entries). It is about ±40 % for
    /// Latin prose, wider for other scripts and for digits, which some
    /// tokenizers take one by one. Encoded data (base64, hex) lies above
    /// the range: it is not text. The rates are round numbers, chosen wide.
    #[must_use]
    pub fn of_text(text: &str) -> Self {
        let mut sum = [0_u64; 3];
        for c in text.chars() {
            for (sum, rate) in sum.iter_mut().zip(rates(c)) {
                *sum = sum.saturating_add(rate);
            }
        }
        let [low, likely, high] = sum.map(|thousandths| thousandths.div_ceil(1000));
        // Down, so that the bound stays one.
        Self { low: low.saturating_sub(1), likely, high }
    }

    /// Surely not fewer than this.
    #[must_use]
    pub const fn low(self) -> u64 {
        self.low
    }

    /// The best guess.
    #[must_use]
    pub const fn likely(self) -> u64 {
        self.likely
    }

    /// Hardly more than this.
    #[must_use]
    pub const fn high(self) -> u64 {
        self.high
    }

    /// Whether it was counted.
    #[must_use]
    pub const fn is_exact(self) -> bool {
        self.low == self.high
    }
}

impl std::ops::Add for Estimate {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            low: self.low.saturating_add(other.low),
            likely: self.likely.saturating_add(other.likely),
            high: self.high.saturating_add(other.high),
        }
    }
}

impl std::iter::Sum for Estimate {
    fn sum<I: Iterator<Item = Self>>(parts: I) -> Self {
        parts.fold(Self::default(), |sum, part| sum + part)
    }
}

/// Thousandths of a token for one character: at least, likely, at most.
const fn rates(c: char) -> [u64; 3] {
    match c {
        'a'..='z' | 'A'..='Z' => [160, 270, 400],
        // A space mostly belongs to the word behind it; runs of them are one token.
        c if c.is_ascii_whitespace() => [0, 40, 400],
        '0'..='9' => [330, 500, 1000],
        c if c.is_ascii() => [200, 600, 1000],
        // Han, kana, hangul and their punctuation
        '\u{2E80}'..='\u{9FFF}'
        | '\u{AC00}'..='\u{D7AF}'
        | '\u{F900}'..='\u{FAFF}'
        | '\u{FF00}'..='\u{FFEF}'
        | '\u{20000}'..='\u{3FFFF}' => [450, 850, 2500],
        // Latin with marks, Greek, Cyrillic, Arabic, Indic, Thai and other alphabets
        '\u{80}'..='\u{1FFF}' => [200, 450, 2000],
        // Symbols, emoji and what nobody foresaw
        _ => [300, 1500, 4000],
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_range_for_each_script() {
        let range = |text: &str| {
            let estimate = Estimate::of_text(text);
            (estimate.low(), estimate.likely(), estimate.high())
        };
        assert_eq!(range(""), (0, 0, 0));
        assert_eq!(range(&"word ".repeat(1000)), (639, 1120, 2000));
        assert_eq!(range(&"你好".repeat(500)), (449, 850, 2500));
        assert_eq!(range(&"привет ".repeat(1000)), (1199, 2740, 12_400));
        assert_eq!(range("2026"), (1, 2, 4));
    }

    #[test]
    fn a_stated_error_and_sums() {
        let estimate = Estimate::around(1000, 25);
        assert_eq!((estimate.low(), estimate.high()), (750, 1250));
        let sum: Estimate = [estimate, Estimate::exact(10)].into_iter().sum();
        assert_eq!((sum.low(), sum.likely(), sum.high()), (760, 1010, 1260));
        assert!(!sum.is_exact() && Estimate::exact(3).is_exact());
    }

    proptest! {
        #[test]
        fn the_guess_lies_in_its_range_and_grows_with_the_text(text: String, more: String) {
            let short = Estimate::of_text(&text);
            prop_assert!(short.low() <= short.likely() && short.likely() <= short.high());
            let long = Estimate::of_text(&(text + &more));
            prop_assert!(short.low() <= long.low() && short.high() <= long.high());
        }
    }
}
