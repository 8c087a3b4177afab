//! The session's machine in a world that does what it likes, as far as a driver lets it through.
#![no_main]

use std::time::Instant;

use libfuzzer_sys::fuzz_target;
use video_fuzz::world::{LastWish, Step, World};

fuzz_target!(|history: (Vec<Step<'_>>, LastWish)| {
    let (steps, wish) = history;
    let mut world = World::new(Instant::now());
    for step in &steps {
        world.apply(step);
    }
    world.settle(wish);
});
