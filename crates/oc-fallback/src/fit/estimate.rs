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

    /// Counts a text: words and runs of signs for the lower bound, characters
    /// by class for the guess and the upper bound.
    ///
    /// No vocabulary in use puts two words into one token, nor a word and the
    /// signs behind it, but for a few; how many letters one takes is up to the vocabulary (a
    /// line of 80 `=` is one or two tokens). So the lower bound counts a word, a
    /// number or a run of signs as little less than one, and repetition as
    /// nearly nothing. Prose and code have up to twice as many; encoded data
    /// (base64, hex) many times as many, and more than the upper bound too: it
    /// is not text. Scripts without spaces are counted by characters.
    #[must_use]
    pub fn of_text(text: &str) -> Self {
        let mut low = LowerBound::default();
        let [mut likely, mut high] = [0_u64; 2];
        for c in text.chars() {
            low.add(c);
            let [some, many] = rates(c);
            likely = likely.saturating_add(some);
            high = high.saturating_add(many);
        }
        // Down, so that the bound stays one.
        let low = (low.thousandths / 1000).saturating_sub(1);
        let likely = likely.div_ceil(1000).max(low);
        Self { low, likely, high: high.div_ceil(1000).max(likely) }
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

/// What tokens never mix, or mix only in one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Class {
    /// White space mostly belongs to the word behind it; a run is one token.
    #[default]
    Space,
    Letter,
    Digit,
    Sign,
    /// Han, kana, hangul and their punctuation; symbols, emoji and what nobody
    /// foresaw: no spaces between words.
    Dense,
}

impl Class {
    const fn of(c: char) -> Self {
        match c {
            'a'..='z' | 'A'..='Z' => Self::Letter,
            '0'..='9' => Self::Digit,
            c if c.is_ascii_whitespace() => Self::Space,
            c if c.is_ascii() => Self::Sign,
            // Latin with marks, Greek, Cyrillic, Arabic, Indic, Thai, …
            '\u{80}'..='\u{1FFF}' => Self::Letter,
            _ => Self::Dense,
        }
    }
}

/// Counts thousandths of a token, and surely not too many.
#[derive(Debug, Default)]
struct LowerBound {
    thousandths: u64,
    class: Class,
    last: Option<char>,
    /// The run so far is one sign, which may share a token with the word behind.
    one_sign: bool,
}

impl LowerBound {
    fn add(&mut self, c: char) {
        // don't: the mark may be part of the word.
        let class = match Class::of(c) {
            Class::Sign if c == '\'' && self.class == Class::Letter => Class::Letter,
            class => class,
        };
        let begins = class != self.class;
        let thousandths = match class {
            Class::Space => 0,
            // 64 and more in a token of the vocabularies in use
            _ if self.last == Some(c) => 4,
            Class::Dense => 100,
            Class::Letter if begins && self.one_sign => 0,
            _ if begins => 900,
            Class::Digit => 40,
            Class::Letter | Class::Sign => 4,
        };
        self.thousandths = self.thousandths.saturating_add(thousandths);
        self.one_sign = class == Class::Sign && begins;
        self.class = class;
        self.last = Some(c);
    }
}

/// Thousandths of a token for one character: likely, at most.
const fn rates(c: char) -> [u64; 2] {
    match c {
        'a'..='z' | 'A'..='Z' => [270, 400],
        c if c.is_ascii_whitespace() => [40, 400],
        '0'..='9' => [500, 1000],
        c if c.is_ascii() => [600, 1000],
        // Han, kana, hangul and their punctuation
        '\u{2E80}'..='\u{9FFF}'
        | '\u{AC00}'..='\u{D7AF}'
        | '\u{F900}'..='\u{FAFF}'
        | '\u{FF00}'..='\u{FFEF}'
        | '\u{20000}'..='\u{3FFFF}' => [850, 2500],
        // Latin with marks, Greek, Cyrillic, Arabic, Indic, Thai and other alphabets
        '\u{80}'..='\u{1FFF}' => [450, 2000],
        // Symbols, emoji and what nobody foresaw
        _ => [1500, 4000],
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
        assert_eq!(range(&"word ".repeat(1000)), (911, 1120, 2000));
        assert_eq!(range(&"你好".repeat(500)), (99, 850, 2500));
        assert_eq!(range(&"привет ".repeat(1000)), (919, 2740, 12_400));
        assert_eq!(range("2026"), (0, 2, 4));
    }

    #[test]
    fn the_lower_bound_is_below_what_tokenizers_count() {
        // Counted with o200k_base and cl100k_base, the smaller of the two. A bound
        // of so much for each sign passed candidates over that had room: 81,000
        // characters of `=` are 2,000 tokens, and were taken for 16,001 at least.
        let line = |sign: &str, n: usize| sign.repeat(n) + "\n";
        for (text, tokens) in [
            (line("=", 80).repeat(1000), 2_000),
            ("-".repeat(100_000), 1_562),
            ("a".repeat(100_000), 12_500),
            (format!("| a | b |\n|{}|\n", "-".repeat(60)).repeat(1000), 9_000),
            ("天气很好".repeat(10_000), 20_000),
        ] {
            let estimate = Estimate::of_text(&text);
            let start: String = text.chars().take(12).collect();
            assert!(estimate.low() <= tokens, "{start}: {} > {tokens}", estimate.low());
        }
        // One token each with the space before it, however long the word.
        for word in [" responsibilities", " don't", " word"] {
            let low = Estimate::of_text(&word.repeat(1000)).low();
            assert!((800..=1000).contains(&low), "{word}: {low}");
        }
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
