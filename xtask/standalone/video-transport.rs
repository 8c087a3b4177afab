//! Uses `video-transport` alone.

use video_transport as _;

fn main() {}
