//! How many tests ran, and how they ended.

use std::fmt;

/// Tests counted from what their own runner printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

impl Tally {
    /// Reads one line of a runner's output; `None` if it is not a closing line.
    ///
    /// Two shapes are known: libtest's `test result: ok. 3 passed; 0 failed; …`
    /// and our own `3 passed, 0 failed`, alone on its line.
    pub(crate) fn from_line(line: &str) -> Option<Self> {
        let line = line.trim();
        let counts = match line.strip_prefix("test result: ") {
            Some(rest) => rest.split_once(". ")?.1,
            None => line,
        };
        let mut parts = counts.split([';', ',']).map(str::trim);
        let passed = parts.next()?.strip_suffix(" passed")?.parse().ok()?;
        let failed = parts.next()?.strip_suffix(" failed")?.parse().ok()?;
        Some(Self { passed, failed })
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }

    /// Something ran, and nothing failed.
    pub(crate) fn is_success(self) -> bool {
        self.passed > 0 && self.failed == 0
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

#[cfg(test)]
mod tests {
    use super::Tally;

    #[test]
    fn closing_lines_are_read_and_nothing_else() {
        let rows = [
            (
                "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s",
                Some((12, 0)),
            ),
            (
                "test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.50s",
                Some((3, 2)),
            ),
            ("7 passed, 1 failed", Some((7, 1))),
            ("test tally::tests::x ... ok", None),
            ("running 3 tests", None),
            ("all passed, none failed", None),
            ("", None),
        ];
        for (line, expected) in rows {
            let tally = Tally::from_line(line).map(|t| (t.passed, t.failed));
            assert_eq!(tally, expected, "{line}");
        }
    }

    #[test]
    fn an_empty_run_is_no_success() {
        assert!(!Tally::default().is_success());
        assert!(Tally { passed: 1, failed: 0 }.is_success());
        assert!(!Tally { passed: 1, failed: 1 }.is_success());
    }
}
