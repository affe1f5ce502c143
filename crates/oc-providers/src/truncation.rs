//! A truncated answer is told as one.
//!
//! Three of four local servers report `completed` when the token limit or the
//! context window cut the answer. The counts give it away: those of the limit
//! that was sent, and of the window that the server itself states: an answer
//! that ends exactly where it does was cut by it, and one that goes beyond it
//! shows that the window is a larger one by now. The window of a config says
//! nothing here: it is an estimate, and an answer may well end where it ends.
//!
//! Several answers are counted together. Where the counts are as high as all of
//! them together can be, each has reached its limit; below that they prove
//! nothing of any of them.

use oc_responses_stream::{Delta, FinishReason, Usage};

/// Turns `Stop` into `Length` where the usage says that a limit was reached.
#[derive(Debug)]
pub(crate) struct Truncation {
    max_output_tokens: Option<u64>,
    served_window: Option<u64>,
    /// How many answers the counts are of.
    answers: u64,
    usage: Option<Usage>,
}

impl Truncation {
    /// `max_output_tokens` as it was sent, `served_window` as its server says.
    pub(crate) fn new(max_output_tokens: Option<u64>, served_window: Option<u64>) -> Self {
        Self { max_output_tokens, served_window, answers: 1, usage: None }
    }

    /// The same for one of so many answers to one prompt.
    pub(crate) fn of_several(mut self, answers: u32) -> Self {
        self.answers = u64::from(answers.max(1));
        self
    }

    /// Takes note of the counts of all of them.
    pub(crate) fn count(&mut self, usage: Usage) {
        self.usage = Some(usage);
    }

    pub(crate) fn repair(&mut self, mut delta: Delta) -> Delta {
        match &mut delta {
            Delta::Usage(usage) => self.count(*usage),
            Delta::Finish(finish)
                if finish.reason == FinishReason::Stop && self.reached_a_limit() =>
            {
                finish.reason = FinishReason::Length;
            }
            _ => {}
        }
        delta
    }

    fn reached_a_limit(&self) -> bool {
        let Some(usage) = &self.usage else { return false };
        let each = usage.output_tokens / self.answers;
        let others = usage.output_tokens.saturating_sub(each);
        let is_even = usage.output_tokens == each.saturating_mul(self.answers);
        self.max_output_tokens.is_some_and(|limit| each >= limit)
            || (is_even && self.served_window == Some(usage.total_tokens.saturating_sub(others)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use oc_responses_stream::Finish;

    fn reason_after(
        output: u64,
        total: u64,
        reported: FinishReason,
        limits: (Option<u64>, Option<u64>),
    ) -> FinishReason {
        let mut usage = Usage::default();
        usage.output_tokens = output;
        usage.total_tokens = total;
        let mut truncation = Truncation::new(limits.0, limits.1);
        truncation.repair(Delta::Usage(usage));
        match truncation.repair(Delta::Finish(Finish::new(reported))) {
            Delta::Finish(finish) => finish.reason,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn counts_of_several_answers_prove_only_that_all_reached_the_limit() {
        use FinishReason::{Length, Stop};
        for (output, total, limits, wanted) in [
            (48, 60, (Some(16), None), Length),
            (47, 59, (Some(16), None), Stop),
            (16, 28, (Some(16), None), Stop),
            (60, 1020, (None, Some(980)), Length),
            (57, 1017, (None, Some(980)), Stop),
            // One of them went beyond it: the window is a larger one by now.
            (61, 1021, (None, Some(980)), Stop),
        ] {
            let mut usage = Usage::default();
            usage.output_tokens = output;
            usage.total_tokens = total;
            let mut truncation = Truncation::new(limits.0, limits.1).of_several(3);
            truncation.count(usage);
            let finish = truncation.repair(Delta::Finish(Finish::new(Stop)));
            assert_eq!(finish, Delta::Finish(Finish::new(wanted)), "{output} {total}");
        }
    }

    #[test]
    fn only_a_stop_at_a_limit_becomes_length() {
        use FinishReason::{Length, Refusal, Stop};
        for (output, total, reported, limits, wanted) in [
            (16, 40, Stop, (Some(16), None), Length),
            (15, 40, Stop, (Some(16), None), Stop),
            (16, 40, Stop, (None, None), Stop),
            (90, 2048, Stop, (Some(512), Some(2048)), Length),
            (90, 2047, Stop, (Some(512), Some(2048)), Stop),
            (500, 2048, Stop, (None, Some(2048)), Length),
            (500, 2049, Stop, (None, Some(2048)), Stop),
            (16, 40, Refusal, (Some(16), None), Refusal),
        ] {
            assert_eq!(reason_after(output, total, reported, limits), wanted);
        }
    }
}
