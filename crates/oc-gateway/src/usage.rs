//! What an attempt used, and what that costs by the config's prices.

use std::sync::Arc;

use oc_config::Cost;
use oc_fallback::Usage;
use oc_responses_stream::{Delta, Usage as Counted};

use crate::assemble::Target;

/// What this delta says that its attempt has used and cost so far.
pub(crate) fn read(target: &Arc<Target>, delta: &Delta) -> Option<Usage> {
    let Delta::Usage(counted) = delta else { return None };
    let usage = Usage::new()
        .with_input_tokens(counted.input_tokens)
        .with_cached_tokens(counted.cached_tokens)
        .with_output_tokens(counted.output_tokens)
        .with_reasoning_tokens(counted.reasoning_tokens);
    Some(target.cost().map_or(usage, |price| usage.with_cost(micros(counted, &price))))
}

/// Prices are in US dollars for a million tokens, so tokens times price are
/// millionths of a dollar.
fn micros(counted: &Counted, price: &Cost) -> u64 {
    let cached = counted.cached_tokens.saturating_add(counted.cache_write_tokens);
    let plain = counted.input_tokens.saturating_sub(cached);
    #[expect(clippy::cast_precision_loss, reason = "a token count is far below 2^53")]
    let cost = plain as f64 * price.input
        + counted.cached_tokens as f64 * price.cache_read
        + counted.cache_write_tokens as f64 * price.cache_write
        + counted.output_tokens as f64 * price.output;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the conversion saturates, and prices are not negative"
    )]
    let micros = cost.round() as u64;
    micros
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cached_tokens_are_paid_once() {
        let mut price = Cost::default();
        (price.input, price.output, price.cache_read, price.cache_write) = (3.0, 15.0, 0.3, 3.75);
        let mut counted = Counted::default();
        (counted.input_tokens, counted.cached_tokens) = (1_000, 400);
        (counted.cache_write_tokens, counted.output_tokens) = (100, 200);
        // 500 × 3 + 400 × 0.3 + 100 × 3.75 + 200 × 15
        assert_eq!(micros(&counted, &price), 1_500 + 120 + 375 + 3_000);
        price.input = f64::MAX;
        assert_eq!(micros(&counted, &price), u64::MAX);
    }
}
