//! Session descriptions: the rules change the lines that they are about, once.
//!
//! The first byte makes the settings. The rest is a description, or two with a zero byte between.
#![no_main]

use std::borrow::Cow;

use libfuzzer_sys::fuzz_target;
use video_sdp::{SdpPolicy, SdpSettings};

fuzz_target!(|data: &[u8]| {
    let Some((choice, text)) = data.split_first() else {
        return;
    };
    let Ok(text) = std::str::from_utf8(text) else {
        return;
    };
    let (ours, theirs) = text.split_once('\0').unwrap_or((text, text));
    let settings = settings(*choice);
    let policy = SdpPolicy::default();

    for same in [policy.remote_offer(ours), policy.remote_answer(ours)] {
        assert!(matches!(same, Cow::Borrowed(same) if same == ours));
    }
    let plain = SdpSettings::default();
    assert!(matches!(policy.local_offer(ours, &plain), Cow::Borrowed(same) if same == ours));
    let off = SdpPolicy::default().editing(false);
    assert_eq!(off.local_offer(ours, &settings), ours);
    assert_eq!(off.local_answer(ours, theirs), ours);

    let offer = policy.local_offer(ours, &settings);
    assert_eq!(policy.local_offer(&offer, &settings), offer, "edited twice");
    assert_eq!(others(&offer), others(ours));
    let answer = policy.local_answer(ours, theirs);
    assert_eq!(policy.local_answer(&answer, theirs), answer, "edited twice");
    assert_eq!(others(&answer), others(ours));
    assert_eq!(ours.contains("m=audio"), answer.contains("m=audio"));
});

fn settings(choice: u8) -> SdpSettings {
    let switch = |bits: u8| match bits & 3 {
        0 => None,
        1 => Some(false),
        _ => Some(true),
    };
    let settings = SdpSettings::default()
        .opus_dtx(switch(choice))
        .opus_red(switch(choice >> 2));
    match choice >> 4 & 3 {
        0 => settings,
        1 => settings.preferred_video_codec("VP9"),
        2 => settings.preferred_video_codec("rtx"),
        _ => settings.preferred_video_codec("red"),
    }
}

/// The lines that no rule is about.
fn others(sdp: &str) -> Vec<&str> {
    let ruled = ["m=audio ", "m=video ", "a=rtpmap:", "a=fmtp:", "a=rtcp-fb:"];
    let is_ruled = |line: &str| {
        let line = line.to_ascii_lowercase();
        ruled.iter().any(|prefix| line.starts_with(prefix))
    };
    sdp.lines().filter(|line| !is_ruled(line)).collect()
}
