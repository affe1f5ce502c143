//! Numbers as the tables show them.

/// Three digits or so: more would be noise.
pub(crate) fn amount(number: f64) -> String {
    match number {
        100.0.. => format!("{number:.0}"),
        10.0.. => format!("{number:.1}"),
        _ => format!("{number:.2}"),
    }
}

/// The middle one of `values`; not a number if there are none.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::{amount, median};

    #[test]
    fn amounts_have_about_three_digits() {
        let shown = [1_234.6, 99.94, 4.0, 0.256].map(amount);
        assert_eq!(shown, ["1235", "99.9", "4.00", "0.26"]);
    }

    #[test]
    fn the_median_is_the_middle_one() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert!(median(Vec::new()).is_nan());
    }
}
