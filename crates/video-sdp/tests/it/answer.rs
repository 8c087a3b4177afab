//! What our answer says about stereo.

use crate::{answer, changes};

const OFFER: &str = "v=0\r
m=audio 9 UDP/TLS/RTP/SAVPF 111 63\r
a=mid:0\r
a=sendonly\r
a=rtpmap:111 opus/48000/2\r
a=fmtp:111 minptime=10;sprop-stereo=1;useinbandfec=1\r
a=rtpmap:63 red/48000/2\r
a=fmtp:63 111/111\r
m=audio 9 UDP/TLS/RTP/SAVPF 111\r
a=fmtp:111 useinbandfec=1\r
a=rtpmap:111 opus/48000/2\r
a=mid:1\r
m=audio 9 UDP/TLS/RTP/SAVPF 111\r
a=fmtp:111 useinbandfec=1; Sprop-Stereo = 1\r
a=rtpmap:111 OPUS/48000/2\r
a=mid:music\r
m=video 9 UDP/TLS/RTP/SAVPF 96\r
a=mid:3\r
a=rtpmap:96 VP8/90000\r
";

const ANSWER: &str = "v=0\r
m=audio 9 UDP/TLS/RTP/SAVPF 111 63\r
a=fmtp:111 minptime=10;useinbandfec=1\r
a=fmtp:63 111/111\r
a=rtpmap:63 red/48000/2\r
a=rtpmap:111 opus/48000/2\r
a=mid:0\r
a=recvonly\r
m=audio 9 UDP/TLS/RTP/SAVPF 111\r
a=mid:1\r
a=rtpmap:111 opus/48000/2\r
a=fmtp:111 useinbandfec=1\r
m=audio 9 UDP/TLS/RTP/SAVPF 111\r
a=mid:music\r
a=rtpmap:111 opus/48000/2\r
m=video 9 UDP/TLS/RTP/SAVPF 96\r
a=mid:3\r
a=rtpmap:96 VP8/90000\r
";

/// Promise: CK087
#[test]
fn an_answer_takes_stereo_where_the_offer_sends_it_once() {
    let once = answer(ANSWER, OFFER);
    assert_eq!(
        changes(ANSWER, &once),
        [
            "-a=fmtp:111 minptime=10;useinbandfec=1\r\n",
            "+a=fmtp:111 minptime=10;useinbandfec=1;stereo=1\r\n",
            "+a=fmtp:111 stereo=1\r\n",
        ]
    );
    assert_eq!(answer(&once, OFFER), once);
}

#[test]
fn an_answer_that_speaks_of_stereo_is_left_alone() {
    for stereo in ["stereo=0", "Stereo = 1", "stereo"] {
        let sdp = ANSWER
            .replace("minptime=10", stereo)
            .replace("mid:music", "mid:other");
        assert_eq!(answer(&sdp, OFFER), sdp, "{stereo}");
    }
}

#[test]
fn an_offer_that_does_not_send_stereo_changes_nothing() {
    let offers = [
        OFFER
            .to_lowercase()
            .replace("sprop-stereo=1", "sprop-stereo=0"),
        OFFER.replace("prop-", "prop_"),
        OFFER.replace("opus", "L16").replace("OPUS", "L16"),
        OFFER.replace("m=audio", "m=video"),
        OFFER.replace("a=mid", "a=dim"),
        String::new(),
    ];
    for offer in offers {
        let sdp = ANSWER.replace("mid:music", "mid:other");
        assert_eq!(answer(&sdp, &offer), sdp, "{offer}");
    }
}

#[test]
fn sections_are_matched_by_their_mid_and_not_by_their_place() {
    let swapped = ANSWER
        .replace("mid:0", "mid:x")
        .replace("mid:1", "mid:0 ")
        .replace("mid:music", "mid:y");
    assert_eq!(
        changes(&swapped, &answer(&swapped, OFFER)),
        [
            "-a=fmtp:111 useinbandfec=1\r\n",
            "+a=fmtp:111 useinbandfec=1;stereo=1\r\n",
        ]
    );
}

#[test]
fn line_ends_of_offer_and_answer_may_differ() {
    let offer = OFFER.replace("\r\n", "\n");
    assert_eq!(answer(ANSWER, &offer), answer(ANSWER, OFFER));
    let sdp = ANSWER.replace("\r\n", "\n");
    let edited = answer(&sdp, OFFER);
    assert!(!edited.contains('\r'), "{edited}");
    assert_eq!(edited.replace('\n', "\r\n"), answer(ANSWER, OFFER));
}
