//! Uses `video-sdp` alone: descriptions of an engine of one's own.

use video_sdp::{SdpKind, SdpPolicy, SdpSettings};

const OFFER: &str = "v=0\r\nm=audio 9 RTP/AVP 111\r\na=rtpmap:111 opus/48000/2\r\n";

fn main() {
    let policy = SdpPolicy::default().munging(|kind, sdp| match kind {
        SdpKind::LocalOffer => format!("{sdp}a=sendonly\r\n"),
        _ => sdp,
    });
    let settings = SdpSettings::default().opus_dtx(true);
    println!("{policy:?} makes of it:");
    print!("{}", policy.local_offer(OFFER, &settings));
    print!("{}", policy.local_answer(OFFER, OFFER));
}
