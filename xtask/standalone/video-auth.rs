//! Uses `video-auth` alone.

use video_auth as _;

fn main() {}
