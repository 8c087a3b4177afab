//! What holds of every description, and of every text that is none.

use std::collections::BTreeSet;

use proptest::prelude::*;
use video_sdp::{SdpPolicy, SdpSettings};

use crate::generate::{description, settings, soup};
use crate::{answer, dtx, offer, prefer, red};

/// The lines of a text without their ends.
fn lines(sdp: &str) -> Vec<&str> {
    sdp.lines().collect()
}

/// The lines that open sections, each with its formats apart.
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
        let mut meant = Vec::new();
        if settings.opus_dtx.is_some() {
            meant.push("a=fmtp:");
        }
        if settings.opus_red.is_some() {
            meant.extend(["m=audio ", "a=rtpmap:", "a=fmtp:", "a=rtcp-fb:"]);
        }
        if settings.preferred_video_codec.is_some() {
            meant.push("m=video ");
        }
        let others = |sdp: &str| -> Vec<String> {
            let lines = sdp.split_inclusive('\n');
            lines
                .filter(|line| !meant.iter().any(|prefix| line.starts_with(prefix)))
                .map(str::to_owned)
                .collect()
        };
        let edited = offer(&text, &settings);
        let (mut before, mut after) = (others(&text), others(&edited));
        if !text.ends_with('\n') {
            // The line without an end is the last, be it another one than before.
            let has_end = edited.ends_with('\n');
            prop_assert!(!has_end || edited.ends_with("\n\n") || edited.ends_with("\n\r\n"));
            for line in before.iter_mut().chain(&mut after) {
                line.truncate(line.trim_end().len());
            }
        }
        prop_assert_eq!(before, after);
    }

    #[test]
    fn a_change_keeps_the_end_of_its_line(sdp in description(), settings in settings()) {
        let uniform = |end: &str| lines(&sdp).join(end) + end;
        let (unix, network) = (uniform("\n"), uniform("\r\n"));
        let edited = offer(&unix, &settings);
        prop_assert!(!edited.contains('\r'));
        prop_assert_eq!(edited.replace('\n', "\r\n"), offer(&network, &settings));
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
