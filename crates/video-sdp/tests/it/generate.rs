//! Settings and descriptions by chance.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use video_sdp::SdpSettings;

/// Any settings.
pub(crate) fn settings() -> impl Strategy<Value = SdpSettings> {
    let codec = option::of(select(vec!["VP8", "vp9", "red", "rtx", "none"]));
    (option::of(any::<bool>()), option::of(any::<bool>()), codec).prop_map(|(dtx, red, codec)| {
        let settings = SdpSettings::default().opus_dtx(dtx).opus_red(red);
        match codec {
            Some(codec) => settings.preferred_video_codec(codec),
            None => settings,
        }
    })
}

/// A text of pieces that mean something to a rule, in any order.
pub(crate) fn soup() -> impl Strategy<Value = String> {
    let piece = select(vec![
        "\r\n",
        "\r\n",
        "\n",
        "\r",
        " ",
        ";",
        "=",
        "ü",
        "0",
        "m=",
        "\r\nm=audio 9 P 111 63 64 0",
        "\nm=audio 0 P 63",
        "\r\nm=video 9 P  111 96 97 x",
        "\nm=application 9 P webrtc-datachannel",
        "\r\na=mid:0",
        "\na=mid:",
        "\na=rtpmap:111 opus/48000/2",
        "\r\na=rtpmap:112 OPUS",
        "\r\na=rtpmap:63 red/48000/2",
        "\na=rtpmap:64 rtx/48000",
        "\na=rtpmap:111 red/48000",
        "\na=rtpmap:96 VP8/90000",
        "\r\na=rtpmap:97 rtx/90000",
        "\na=fmtp:64 apt=63",
        "\r\na=fmtp:97 apt=96",
        "\na=fmtp:111",
        "\r\na=fmtp:112 usedtx",
        "\na=fmtp:111 usedtx=0",
        "usedtx=1;",
        " ; UseDTX = 1",
        ";sprop-stereo=1",
        "; stereo",
        "\na=rtcp-fb:63 nack",
    ]);
    vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

/// A description with sections of audio, video and data, the lines of each in any order, each with
/// either end of line, and the last perhaps without.
pub(crate) fn description() -> impl Strategy<Value = String> {
    let line = |lines: &[&str]| -> Vec<String> { lines.iter().map(|&l| l.to_owned()).collect() };
    let audio = (
        select(vec!["111 63 9", "63 111 64", "9 111", "112 111 63 64"]),
        select(vec![
            "",
            " minptime=10;usedtx=0",
            " useinbandfec=1; cbr",
            " usedtx=1",
        ]),
        0..9_usize,
    )
        .prop_map(move |(formats, parameters, mid)| {
            let mut lines = line(&[
                "a=rtpmap:111 opus/48000/2",
                "a=rtpmap:112 Opus/48000/2",
                "a=fmtp:112 sprop-stereo=1;x",
                "a=rtpmap:63 red/48000/2",
                "a=fmtp:63 111/111",
                "a=rtcp-fb:63 nack",
                "a=rtpmap:9 G722/8000",
                "a=sendrecv",
                "odd line",
            ]);
            lines.push(format!("a=mid:{mid}"));
            if !parameters.is_empty() {
                lines.push(format!("a=fmtp:111{parameters}"));
            }
            (format!("m=audio 9 UDP/TLS/RTP/SAVPF {formats}"), lines)
        });
    let video = select(vec!["96 97 98 99", "98 96 99 97 116", "96"]).prop_map(move |formats| {
        let lines = line(&[
            "a=rtpmap:96 VP8/90000",
            "a=rtpmap:97 rtx/90000",
            "a=fmtp:97 apt=96",
            "a=rtpmap:98 VP9/90000",
            "a=rtpmap:99 rtx/90000",
            "a=fmtp:99 apt=98",
            "a=rtpmap:116 red/90000",
            "a=rtpmap:111 opus/48000/2",
        ]);
        (format!("m=video 9 UDP/TLS/RTP/SAVPF {formats}"), lines)
    });
    let data = Just((
        "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
        "a=sctp-port:5000",
    ))
    .prop_map(|(media, port)| (media.to_owned(), vec![port.to_owned()]));
    let section = prop_oneof![audio, video, data].prop_flat_map(|(media, lines)| {
        let lines = Just(lines).prop_shuffle();
        (Just(media), lines).prop_map(|(media, mut lines)| {
            lines.insert(0, media);
            lines
        })
    });
    (vec(section, 0..5), vec(any::<bool>(), 64), any::<bool>()).prop_map(
        |(sections, ends, is_open)| {
            let mut sdp = "v=0\r\n".to_owned();
            let ends = ends.into_iter().cycle();
            for (line, is_crlf) in sections.into_iter().flatten().zip(ends) {
                sdp += &line;
                sdp += if is_crlf { "\r\n" } else { "\n" };
            }
            if is_open {
                sdp.truncate(sdp.trim_end().len());
            }
            sdp
        },
    )
}
