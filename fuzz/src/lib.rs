//! What several fuzz targets need: a peer that is a script, and models to compare with.

pub mod head;
pub mod message;
pub mod peer;
pub mod text;
pub mod world;
