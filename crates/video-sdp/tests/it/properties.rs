//! What holds of every description, and of every text that is none.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use video_sdp::{SdpPolicy, SdpSettings};

use crate::{answer, changes, dtx, offer, prefer, red};

/// Any settings.
fn settings() -> impl Strategy<Value = SdpSettings> {
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
fn soup() -> impl Strategy<Value = String> {
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
fn description() -> impl Strategy<Value = String> {
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

/// The lines of a text without their ends.
fn lines(sdp: &str) -> Vec<&str> {
    sdp.lines().collect()
}

/// The lines of a media line's section that name its payload types, each with its formats.
fn media_lines(sdp: &str) -> Vec<(String, Vec<&str>)> {
    lines(sdp)
        .into_iter()
        .filter(|line| line.starts_with("m="))
        .map(|line| {
            let words: Vec<&str> = line.split(' ').collect();
            (words[..3].join(" "), words[3..].to_vec())
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Promise: BD50
    #[test]
    fn a_text_that_no_rule_is_about_stays_byte_for_byte(
        text in any::<String>(),
        settings in settings(),
    ) {
        prop_assert_eq!(offer(&text, &settings), &*text);
        prop_assert_eq!(answer(&text, &text), &*text);
    }

    #[test]
    fn without_settings_an_offer_stays_and_what_is_remote_always_does(text in soup()) {
        prop_assert_eq!(offer(&text, &SdpSettings::default()), &*text);
        let policy = SdpPolicy::default();
        prop_assert_eq!(&policy.remote_offer(&text), &text);
        prop_assert_eq!(&policy.remote_answer(&text), &text);
    }

    #[test]
    fn what_was_edited_once_is_not_changed_by_editing_it_again(
        text in prop_oneof![soup(), description()],
        other in prop_oneof![soup(), description()],
        settings in settings(),
    ) {
        let once = offer(&text, &settings);
        prop_assert_eq!(offer(&once, &settings), once);
        let once = answer(&text, &other);
        prop_assert_eq!(answer(&once, &other), once);
    }

    #[test]
    fn only_lines_that_a_rule_is_about_change(text in soup(), settings in settings()) {
        let meant = ["m=audio ", "m=video ", "a=rtpmap:", "a=fmtp:", "a=rtcp-fb:"];
        let edited = offer(&text, &settings);
        let mut open_ends = 0;
        for change in changes(&text, &edited) {
            // A line that becomes the last, or is no longer, gains or loses its end.
            open_ends += usize::from(!change.ends_with('\n'));
            let is_meant = meant.iter().any(|prefix| change[1..].starts_with(prefix));
            prop_assert!(is_meant || open_ends > 0, "{change:?}");
        }
        prop_assert!(open_ends <= 2);
        prop_assert_eq!(edited.ends_with('\n'), text.ends_with('\n'));
    }

    #[test]
    fn a_change_keeps_the_end_of_its_line(sdp in description(), settings in settings()) {
        let uniform = |end: &str| lines(&sdp).join(end) + end;
        let (unix, network) = (uniform("\n"), uniform("\r\n"));
        let edited = offer(&unix, &settings);
        prop_assert!(!edited.contains('\r'));
        prop_assert_eq!(edited.replace('\n', "\r\n"), offer(&network, &settings));
        // With mixed ends the lines are the same, and those that stay have the ends they had.
        let mixed = offer(&sdp, &settings);
        prop_assert_eq!(lines(&mixed), lines(&edited));
    }

    /// Promise: BD49
    #[test]
    fn dtx_is_what_its_setting_says_in_whatever_order_the_lines_are(
        sdp in description(),
        enabled: bool,
    ) {
        let edited = offer(&sdp, &dtx(enabled));
        let mut audio = 0;
        for section in edited.split("m=").filter(|section| section.starts_with("audio")) {
            audio += 1;
            for payload in ["111", "112"] {
                let prefix = format!("a=fmtp:{payload} ");
                let parameters = || {
                    let values = lines(section).into_iter();
                    values.filter_map(|line| line.strip_prefix(&prefix)).flat_map(|v| v.split(';'))
                };
                let says = |parameter| parameters().any(|other| other.trim() == parameter);
                prop_assert_eq!(says("usedtx=1"), enabled);
                prop_assert!(!enabled || !says("usedtx=0"));
            }
        }
        prop_assert_eq!(audio, sdp.matches("m=audio").count());
        let video = |sdp: &str| sdp.split("m=").filter(|s| !s.starts_with("audio")).count();
        prop_assert_eq!(video(&sdp), video(&edited));
    }

    #[test]
    fn red_is_first_or_gone_as_its_setting_says(sdp in description(), enabled: bool) {
        let edited = offer(&sdp, &red(enabled));
        for ((media, before), (_, after)) in media_lines(&sdp).into_iter().zip(media_lines(&edited)) {
            let mut expected = before.clone();
            if media.starts_with("m=audio") && before.contains(&"63") {
                expected.retain(|word| *word != "63");
                if enabled {
                    expected.insert(0, "63");
                }
            }
            prop_assert_eq!(after, expected);
        }
        let gone: BTreeSet<&str> = lines(&sdp)
            .into_iter()
            .filter(|line| !line.starts_with("m=") && !lines(&edited).contains(line))
            .collect();
        let of_red = ["a=fmtp:63 111/111", "a=rtcp-fb:63 nack", "a=rtpmap:63 red/48000/2"];
        let is_removed = !enabled && sdp.contains("m=audio");
        prop_assert_eq!(gone, of_red.into_iter().filter(|_| is_removed).collect());
    }

    #[test]
    fn a_preferred_codec_moves_and_nothing_is_lost(sdp in description()) {
        let edited = offer(&sdp, &prefer("VP9"));
        for ((media, before), (_, after)) in media_lines(&sdp).into_iter().zip(media_lines(&edited)) {
            let is_first = |word: &&str| media.starts_with("m=video") && ["98", "99"].contains(word);
            let (mut expected, rest): (Vec<&str>, Vec<&str>) = before.into_iter().partition(is_first);
            expected.extend(rest);
            prop_assert_eq!(after, expected);
        }
        let others = |sdp: &str| -> Vec<String> {
            let lines = sdp.split_inclusive('\n').filter(|line| !line.starts_with("m="));
            lines.map(str::to_owned).collect()
        };
        prop_assert_eq!(others(&sdp), others(&edited));
    }
}
