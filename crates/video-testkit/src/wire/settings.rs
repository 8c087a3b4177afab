//! The settings that a call has unless somebody overrides them.

use serde_json::{Value, json};

pub(crate) fn defaults() -> Value {
    json!({
        "audio": {
            "access_request_enabled": true,
            "default_device": "speaker",
            "hifi_audio_enabled": false,
            "mic_default_on": true,
            "noise_cancellation": {"mode": "available"},
            "opus_dtx_enabled": true,
            "redundant_coding_enabled": true,
            "speaker_default_on": true,
        },
        "backstage": {"enabled": false, "join_ahead_time_seconds": 0},
        "broadcasting": {
            "enabled": true,
            "hls": {"auto_on": false, "enabled": true, "quality_tracks": ["720p"]},
            "rtmp": {"enabled": true, "quality": "720p"},
        },
        "encryption": {"mode": "disabled"},
        "frame_recording": {
            "capture_interval_in_seconds": 5,
            "mode": "disabled",
            "quality": "720p",
        },
        "geofencing": {"names": []},
        "individual_recording": {"mode": "disabled", "output_types": []},
        "ingress": {"enabled": false},
        "limits": {
            "max_duration_seconds": 0,
            "max_participants": 0,
            "max_participants_exclude_roles": [],
        },
        "raw_recording": {"mode": "disabled"},
        "recording": {"audio_only": false, "mode": "available", "quality": "720p"},
        "ring": {
            "auto_cancel_timeout_ms": 15_000,
            "incoming_call_timeout_ms": 15_000,
            "missed_call_timeout_ms": 5_000,
        },
        "screensharing": {
            "access_request_enabled": true,
            "enabled": true,
            "target_resolution": {"width": 1920, "height": 1080, "bitrate": 2_500_000},
        },
        "session": {"inactivity_timeout_seconds": 30},
        "thumbnails": {"enabled": true},
        "transcription": {
            "closed_caption_mode": "disabled",
            "language": "auto",
            "mode": "disabled",
            "speech_segment_config": {
                "max_speech_caption_ms": 5_000,
                "silence_duration_ms": 800,
            },
            "translation": {"enabled": false, "languages": []},
        },
        "video": {
            "access_request_enabled": true,
            "camera_default_on": true,
            "camera_facing": "front",
            "enabled": true,
            "target_resolution": {"width": 1280, "height": 720, "bitrate": 1_500_000},
        },
    })
}

/// Lays `change` over `settings`, object by object; null changes nothing.
pub(crate) fn overlay(settings: &mut Value, change: &Value) {
    match (settings, change) {
        (_, Value::Null) => {}
        (Value::Object(settings), Value::Object(change)) => {
            for (name, value) in change {
                overlay(settings.entry(name).or_insert(Value::Null), value);
            }
        }
        (settings, change) => *settings = change.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_override_touches_only_what_it_names() {
        let mut settings = defaults();
        let change = json!({"audio": {"mic_default_on": false, "default_device": null}});
        overlay(&mut settings, &change);
        let mut expected = defaults();
        expected["audio"]["mic_default_on"] = false.into();
        assert_eq!(settings, expected);
    }
}
