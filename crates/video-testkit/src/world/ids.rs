//! Identifiers that look drawn at random and are not.

use video_core::ConnectionId;

/// A reproducible sequence of identifiers.
#[derive(Debug)]
pub(crate) struct Ids {
    state: u64,
}

impl Ids {
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    pub(crate) fn connection(&mut self) -> ConnectionId {
        ConnectionId::new(self.uuid())
    }

    /// A text in the form of a UUID of version 4.
    pub(crate) fn uuid(&mut self) -> String {
        let (a, b) = (self.next(), self.next());
        format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            a >> 32,
            (a >> 16) & 0xffff,
            a & 0xfff,
            0x8000 | ((b >> 48) & 0x3fff),
            b & 0xffff_ffff_ffff,
        )
    }

    /// The next number of the splitmix64 generator.
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_gives_one_sequence_and_no_id_twice() {
        let take = |seed| {
            let mut ids = Ids::new(seed);
            (0..50).map(|_| ids.connection()).collect::<Vec<_>>()
        };
        assert_eq!(take(1), take(1));
        let mut all = [take(1), take(2)].concat();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 100);
        assert!(all.iter().all(|id| id.len() == 36 && &id[14..15] == "4"));
    }
}
