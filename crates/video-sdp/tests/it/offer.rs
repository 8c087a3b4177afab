//! What our offer says once it follows the settings.

use video_sdp::SdpSettings;

use crate::{OFFER, changes, dtx, offer, prefer, red};

const AUDIO: &str = "m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 110\r\n";
const VIDEO: &str = "m=video 9 UDP/TLS/RTP/SAVPF 96 97 98 99 100 101 45 46 114\r\n";

/// Promise: BD49, CK088
#[test]
fn settings_that_are_on_put_dtx_and_red_into_the_offer() {
    let settings = SdpSettings::default().opus_dtx(true).opus_red(true);
    assert_eq!(
        changes(OFFER, &offer(OFFER, &settings)),
        [
            &format!("-{AUDIO}"),
            "+m=audio 9 UDP/TLS/RTP/SAVPF 63 111 9 0 110\r\n",
            "-a=fmtp:111 minptime=10;useinbandfec=1\r\n",
            "+a=fmtp:111 minptime=10;useinbandfec=1;usedtx=1\r\n",
        ]
    );
}

/// Promise: BD49, CK088
#[test]
fn settings_that_are_off_take_dtx_and_red_out_of_the_offer() {
    let with_dtx = OFFER.replace("minptime=10;", "minptime=10;usedtx=1;");
    let settings = SdpSettings::default().opus_dtx(false).opus_red(false);
    assert_eq!(
        changes(&with_dtx, &offer(&with_dtx, &settings)),
        [
            &format!("-{AUDIO}"),
            "+m=audio 9 UDP/TLS/RTP/SAVPF 111 9 0 110\r\n",
            "-a=fmtp:111 minptime=10;usedtx=1;useinbandfec=1\r\n",
            "-a=rtpmap:63 red/48000/2\r\n",
            "-a=rtcp-fb:63 nack\r\n",
            "-a=fmtp:63 111/111\r\n",
            "+a=fmtp:111 minptime=10;useinbandfec=1\r\n",
        ]
    );
}

#[test]
fn settings_that_are_not_set_leave_the_offer_as_it_is() {
    let with_dtx = OFFER.replace("minptime=10;", "minptime=10;usedtx=1;");
    for sdp in [OFFER, &with_dtx] {
        assert_eq!(offer(sdp, &SdpSettings::default()), sdp);
    }
}

/// Promise: BD50, CK088
#[test]
fn every_line_keeps_its_end_and_a_new_line_ends_as_the_one_above_it() {
    let settings = SdpSettings::default().opus_dtx(true).opus_red(false);
    let untouched = "v=0\r\nx\nm=audio 9 P 111\ra=rtpmap:0 PCMU/8000\n\r\n";
    assert_eq!(offer(untouched, &settings), untouched);
    let mixed = "m=audio 9 P 111 63\na=rtpmap:111 opus/48000/2\r\na=rtpmap:63 red/48000/2\n\r\n";
    assert_eq!(
        offer(mixed, &settings),
        "m=audio 9 P 111\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 usedtx=1\r\n\r\n"
    );
    let unix = OFFER.replace("\r\n", "\n");
    assert_eq!(
        offer(&unix, &settings),
        offer(OFFER, &settings).replace("\r\n", "\n")
    );
}

#[test]
fn a_description_without_an_end_of_line_at_its_end_gets_none() {
    let sdp = "m=audio 9 P 63 111\r\na=rtpmap:63 red/48000/2\r\na=rtpmap:111 opus/48000/2";
    assert_eq!(
        offer(sdp, &dtx(true)),
        format!("{sdp}\r\na=fmtp:111 usedtx=1")
    );
    let sdp =
        "m=audio 9 P 111 63\na=rtpmap:111 opus/48000/2\na=rtpmap:63 red/48000/2\na=fmtp:63 111/111";
    assert_eq!(
        offer(sdp, &red(false)),
        "m=audio 9 P 111\na=rtpmap:111 opus/48000/2"
    );
}

#[test]
fn a_blank_line_keeps_its_end_when_the_line_below_it_goes() {
    let sdp = "m=audio 9 P 111\r\na=rtpmap:111 opus/48000/2\r\n\na=fmtp:111 usedtx=1";
    assert_eq!(
        offer(sdp, &dtx(false)),
        "m=audio 9 P 111\r\na=rtpmap:111 opus/48000/2\r\n\n"
    );
}

#[test]
fn dtx_is_set_for_every_opus_of_every_audio_section() {
    let sdp = "m=audio 9 P 111 112 9\n\
               a=fmtp:112 usedtx=0; stereo=1\n\
               a=rtpmap:111 OPUS/48000/2\n\
               a=rtpmap:112 Opus/48000/2\n\
               a=rtpmap:9 G722/8000\n\
               m=audio 0 P 96\n\
               a=fmtp:96 flag; x=1 \n\
               a=rtpmap:96 opus/48000/2\n\
               m=video 9 P 111\n\
               a=rtpmap:111 opus/48000/2\n";
    assert_eq!(
        changes(sdp, &offer(sdp, &dtx(true))),
        [
            "-a=fmtp:112 usedtx=0; stereo=1\n",
            "+a=fmtp:112 usedtx=1; stereo=1\n",
            "+a=fmtp:111 usedtx=1\n",
            "-a=fmtp:96 flag; x=1 \n",
            "+a=fmtp:96 flag; x=1; usedtx=1 \n",
        ]
    );
}

#[test]
fn dtx_that_is_on_or_off_already_is_left_alone() {
    let with = |parameters| {
        format!("m=audio 9 P 111\na=rtpmap:111 opus/48000/2\na=fmtp:111 {parameters}\n")
    };
    for (enabled, parameters) in [(true, "UseDTX = 1; x"), (false, "x;usedtx=0"), (false, "x")] {
        let sdp = with(parameters);
        assert_eq!(offer(&sdp, &dtx(enabled)), sdp);
    }
}

#[test]
fn a_line_that_said_nothing_but_dtx_goes_with_it() {
    let sdp = "m=audio 9 P 111\na=rtpmap:111 opus/48000/2\na=fmtp:111 usedtx=1\na=sendonly\n";
    assert_eq!(
        changes(sdp, &offer(sdp, &dtx(false))),
        ["-a=fmtp:111 usedtx=1\n"]
    );
}

#[test]
fn a_format_with_two_lines_gets_dtx_once() {
    let sdp = "m=audio 9 P 111\na=fmtp:111 x=1\na=rtpmap:111 opus/48000/2\na=fmtp:111 y=1\n";
    assert_eq!(
        changes(sdp, &offer(sdp, &dtx(true))),
        ["-a=fmtp:111 x=1\n", "+a=fmtp:111 x=1;usedtx=1\n"]
    );
    let sdp = sdp.replace("y=1", "usedtx=1");
    assert_eq!(offer(&sdp, &dtx(true)), sdp);
}

#[test]
fn red_of_every_audio_section_is_moved_or_removed_and_red_of_video_is_not() {
    let sdp = "m=audio 9 P 111 63 x  64\n\
               a=fmtp:63 111/111\n\
               a=rtpmap:63 RED/48000/2\n\
               a=rtpmap:64 red/48000/2\n\
               m=audio 0 P 111 100\n\
               a=rtpmap:100 red/48000\n\
               m=video 9 P 96 100\n\
               a=rtpmap:100 red/90000\n";
    assert_eq!(
        changes(sdp, &offer(sdp, &red(true))),
        [
            "-m=audio 9 P 111 63 x  64\n",
            "+m=audio 9 P 63 64 111  x\n",
            "-m=audio 0 P 111 100\n",
            "+m=audio 0 P 100 111\n",
        ]
    );
    assert_eq!(
        offer(sdp, &red(false)),
        "m=audio 9 P 111 x \nm=audio 0 P 111\nm=video 9 P 96 100\na=rtpmap:100 red/90000\n"
    );
}

#[test]
fn the_retransmission_of_red_goes_with_it() {
    let sdp = "m=audio 9 P 63 111 64 65\na=rtpmap:63 red/48000/2\na=rtpmap:111 opus/48000/2\n\
               a=rtpmap:64 rtx/48000\na=fmtp:64 apt=63\na=rtpmap:65 rtx/48000\na=fmtp:65 apt=111\n";
    assert_eq!(
        offer(sdp, &red(false)),
        "m=audio 9 P 111 65\na=rtpmap:111 opus/48000/2\na=rtpmap:65 rtx/48000\na=fmtp:65 apt=111\n"
    );
}

#[test]
fn a_section_that_offers_red_alone_keeps_it() {
    let sdp = "m=audio 9 P 63\r\na=rtpmap:63 red/48000/2\r\na=fmtp:63 0/0\r\n";
    assert_eq!(offer(sdp, &red(false)), sdp);
}

#[test]
fn a_preferred_codec_moves_to_the_front_with_its_retransmissions() {
    for (codec, formats) in [
        ("VP9", "98 99 100 101 96 97 45 46 114"),
        ("av1", "45 46 96 97 98 99 100 101 114"),
    ] {
        assert_eq!(
            changes(OFFER, &offer(OFFER, &prefer(codec))),
            [
                format!("-{VIDEO}"),
                format!("+m=video 9 UDP/TLS/RTP/SAVPF {formats}\r\n"),
            ]
        );
    }
}

#[test]
fn a_codec_that_is_first_or_is_not_offered_changes_nothing() {
    for codec in ["vp8", "H266", "opus", ""] {
        assert_eq!(offer(OFFER, &prefer(codec)), OFFER, "{codec}");
    }
}

#[test]
fn only_a_retransmission_follows_the_codec_that_its_apt_names() {
    let sdp = "m=video 9 P 35 96 98 97\na=rtpmap:96 VP8/90000\na=rtpmap:97 rtx/90000\n\
               a=rtpmap:98 VP9/90000\na=fmtp:96 apt=98\na=fmtp:97 apt=98\n";
    let edited = offer(sdp, &prefer("VP9"));
    assert_eq!(edited.lines().next(), Some("m=video 9 P 98 97 35 96"));
}

#[test]
fn case_and_spaces_around_a_name_do_not_matter() {
    let sdp = "m=AUDIO 9 P 111\na=rtpmap:111  opus \na=fmtp:111 x;UseDTX=1\n";
    assert_eq!(
        changes(sdp, &offer(sdp, &dtx(false))),
        ["-a=fmtp:111 x;UseDTX=1\n", "+a=fmtp:111 x\n"]
    );
}

#[test]
fn attributes_outside_of_a_section_are_none_of_a_codec() {
    let sdp = "v=0\na=rtpmap:63 red/48000/2\na=rtpmap:111 opus/48000/2\nm=audio 9 P 111 63\n";
    let settings = SdpSettings::default().opus_dtx(true).opus_red(false);
    assert_eq!(offer(sdp, &settings), sdp);
}
