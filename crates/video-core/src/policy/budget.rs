//! A budget that keeps retries a small part of all requests.

/// A bucket of retry tokens: each request pays in a fifth of one, each retry takes one out.
///
/// When a service is down this caps the extra load at 20 %.
#[derive(Debug, Clone)]
pub struct RetryBudget {
    fifths: u32,
}

const RETRY_COST: u32 = 5;
const MAX_FIFTHS: u32 = 20 * RETRY_COST;

impl RetryBudget {
    /// Pays in for one request.
    pub fn deposit(&mut self) {
        self.fifths = (self.fifths + 1).min(MAX_FIFTHS);
    }

    /// Takes out one retry, or refuses.
    #[must_use]
    pub fn withdraw(&mut self) -> bool {
        match self.fifths.checked_sub(RETRY_COST) {
            Some(rest) => {
                self.fifths = rest;
                true
            }
            None => false,
        }
    }
}

impl Default for RetryBudget {
    /// A full bucket.
    fn default() -> Self {
        Self { fifths: MAX_FIFTHS }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_bucket_pays_for_twenty_retries_and_no_more() {
        let mut budget = RetryBudget::default();
        budget.deposit();
        assert_eq!((0..30).filter(|_| budget.withdraw()).count(), 20);
    }

    #[test]
    fn five_requests_pay_for_one_retry() {
        let mut budget = RetryBudget { fifths: 0 };
        for _ in 0..4 {
            budget.deposit();
        }
        assert!(!budget.withdraw());
        budget.deposit();
        assert!(budget.withdraw());
        assert!(!budget.withdraw());
    }
}
