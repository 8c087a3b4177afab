//! In which portions calls are watched again, and how often a portion is tried. Sans-IO.

use std::time::Duration;

use video_core::CallCid;

use super::RETRY_PAUSE;

/// The calls that are still to be watched again.
#[derive(Debug)]
pub(super) struct Plan {
    rest: Vec<CallCid>,
    failed: Option<(Vec<CallCid>, u32)>,
}

/// The service gives 25 calls a page unless told otherwise.
const CHUNK: usize = 25;
const ATTEMPTS: u32 = 3;

impl Plan {
    pub(super) fn new(mut cids: Vec<CallCid>) -> Self {
        cids.reverse();
        Self {
            rest: cids,
            failed: None,
        }
    }

    /// The next portion, first the one that failed if it is to be tried again.
    pub(super) fn next_chunk(&mut self) -> Option<Vec<CallCid>> {
        if let Some((chunk, _)) = &self.failed {
            return Some(chunk.clone());
        }
        let at = self.rest.len().saturating_sub(CHUNK);
        let mut chunk = self.rest.split_off(at);
        chunk.reverse();
        (!chunk.is_empty()).then_some(chunk)
    }

    /// A portion failed: the pause before it is tried again, or `None` if it is given up.
    pub(super) fn failed(&mut self, chunk: Vec<CallCid>, may_heal: bool) -> Option<Duration> {
        let attempts = 1 + self.failed.take().map_or(0, |(_, attempts)| attempts);
        if !may_heal || attempts >= ATTEMPTS {
            return None;
        }
        self.failed = Some((chunk, attempts));
        Some(RETRY_PAUSE * attempts)
    }

    /// A portion that had failed succeeded.
    pub(super) fn succeeded(&mut self) {
        self.failed = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cids(count: usize) -> Vec<CallCid> {
        (0..count)
            .map(|n| CallCid::of("default", format!("{n:03}")))
            .collect()
    }

    #[test]
    fn sixty_calls_are_watched_in_three_portions_and_none_is_missed() {
        let mut plan = Plan::new(cids(60));
        let mut seen = Vec::new();
        let mut sizes = Vec::new();
        while let Some(chunk) = plan.next_chunk() {
            sizes.push(chunk.len());
            seen.extend(chunk);
            plan.succeeded();
        }
        assert_eq!(sizes, [25, 25, 10]);
        assert_eq!(seen, cids(60));
    }

    #[test]
    fn a_portion_is_tried_three_times_and_then_the_next_one() {
        let mut plan = Plan::new(cids(26));
        let first = plan.next_chunk().unwrap();
        assert_eq!(plan.failed(first.clone(), true), Some(RETRY_PAUSE));
        assert_eq!(plan.next_chunk().unwrap(), first);
        assert_eq!(plan.failed(first.clone(), true), Some(RETRY_PAUSE * 2));
        assert_eq!(plan.next_chunk().unwrap(), first);
        assert_eq!(plan.failed(first, true), None);
        assert_eq!(plan.next_chunk().unwrap(), &cids(26)[25..]);
        assert_eq!(plan.failed(cids(1), false), None);
        assert_eq!(plan.next_chunk(), None);
    }

    #[test]
    fn a_portion_that_succeeds_at_the_second_try_is_not_tried_again() {
        let mut plan = Plan::new(cids(26));
        let first = plan.next_chunk().unwrap();
        assert_eq!(plan.failed(first, true), Some(RETRY_PAUSE));
        plan.succeeded();
        assert_eq!(plan.next_chunk().unwrap(), &cids(26)[25..]);
        assert_eq!(plan.failed(cids(1), true), Some(RETRY_PAUSE));
    }

    /// Promise: CK080
    #[test]
    fn nothing_watched_is_nothing_to_do() {
        assert_eq!(Plan::new(Vec::new()).next_chunk(), None);
    }
}
