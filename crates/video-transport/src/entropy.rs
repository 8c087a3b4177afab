//! Randomness that a test can fix.

use std::sync::{Arc, Mutex, PoisonError};

use uuid::Uuid;

/// Where jitter, request ids and handshake keys come from.
///
/// None of them is a secret, so a fast generator is enough. A seeded one makes a whole run
/// repeatable.
#[derive(Debug, Clone)]
pub struct Entropy(Arc<Mutex<fastrand::Rng>>);

impl Entropy {
    /// Seeded by the operating system.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that draws unseeded randomness"
    )]
    pub fn from_os() -> Self {
        Self(Arc::new(Mutex::new(fastrand::Rng::new())))
    }

    /// The same sequence for the same seed.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(fastrand::Rng::with_seed(seed))))
    }

    /// A number uniform in `[0, 1)`.
    pub(crate) fn jitter(&self) -> f64 {
        self.lock().f64()
    }

    pub(crate) fn bytes(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        self.lock().fill(&mut bytes);
        bytes
    }

    pub(crate) fn uuid(&self) -> Uuid {
        uuid::Builder::from_random_bytes(self.bytes()).into_uuid()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, fastrand::Rng> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_fixes_the_sequence_and_another_changes_it() {
        let draw = |seed| {
            let entropy = Entropy::seeded(seed);
            (entropy.uuid(), entropy.bytes(), entropy.jitter().to_bits())
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }

    #[test]
    fn request_ids_are_random_uuids_of_version_four() {
        assert_eq!(Entropy::from_os().uuid().get_version_num(), 4);
    }
}
