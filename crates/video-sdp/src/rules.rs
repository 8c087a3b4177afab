//! What is edited in which description.

use std::collections::HashSet;

use crate::document::Document;
use crate::section::Section;
use crate::settings::SdpSettings;

const OPUS: &str = "opus";
const RED: &str = "red";

/// Makes our offer say what the settings ask for.
pub(crate) fn follow_settings(offer: &mut Document<'_>, settings: &SdpSettings) {
    for audio in offer.media_mut("audio") {
        match settings.opus_dtx {
            Some(true) => use_dtx(audio),
            Some(false) => avoid_dtx(audio),
            None => {}
        }
        let red = audio.with_retransmissions(audio.payloads_of(RED));
        match settings.opus_red {
            Some(true) => audio.prefer(red),
            Some(false) => audio.remove(red),
            None => {}
        }
    }
    if let Some(codec) = &settings.preferred_video_codec {
        for video in offer.media_mut("video") {
            video.prefer(video.with_retransmissions(video.payloads_of(codec)));
        }
    }
}

/// Makes our answer take stereo in the sections in which the offer sends it.
pub(crate) fn mirror_stereo(answer: &mut Document<'_>, offer: &Document<'_>) {
    let mids: HashSet<&str> = offer
        .media("audio")
        .filter(|audio| sends_stereo(audio))
        .filter_map(Section::mid)
        .collect();
    for audio in answer.media_mut("audio") {
        if audio.mid().is_some_and(|mid| mids.contains(mid)) {
            audio.add_parameter(audio.payloads_of(OPUS), "stereo", "1");
        }
    }
}

fn use_dtx(audio: &mut Section<'_>) {
    let opus = audio.payloads_of(OPUS);
    audio.change_parameter(opus, USE_DTX, "1");
    audio.add_parameter(opus, USE_DTX, "1");
}

fn avoid_dtx(audio: &mut Section<'_>) {
    let opus = audio.payloads_of(OPUS);
    audio.keep_parameters(opus, |name, value| {
        !name.eq_ignore_ascii_case(USE_DTX) || value == "0"
    });
}

fn sends_stereo(audio: &Section<'_>) -> bool {
    let stereo = audio.payloads_with("sprop-stereo", |value| value == "1");
    !stereo.is_disjoint(audio.payloads_of(OPUS))
}

const USE_DTX: &str = "usedtx";
