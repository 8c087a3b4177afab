//! What is edited in a description, and what is not.

mod answer;
mod generate;
mod hook;
mod offer;
mod properties;

use video_sdp::{SdpPolicy, SdpSettings};

/// What an engine offers that sends audio, video and data.
const OFFER: &str = "v=0\r
o=- 4611731400430051336 2 IN IP4 127.0.0.1\r
s=-\r
t=0 0\r
a=group:BUNDLE 0 1 2\r
a=extmap-allow-mixed\r
a=msid-semantic: WMS\r
m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 110\r
c=IN IP4 0.0.0.0\r
a=rtcp:9 IN IP4 0.0.0.0\r
a=ice-ufrag:kM0r\r
a=mid:0\r
a=sendonly\r
a=rtcp-mux\r
a=rtpmap:111 opus/48000/2\r
a=rtcp-fb:111 transport-cc\r
a=fmtp:111 minptime=10;useinbandfec=1\r
a=rtpmap:63 red/48000/2\r
a=rtcp-fb:63 nack\r
a=fmtp:63 111/111\r
a=rtpmap:9 G722/8000\r
a=rtpmap:0 PCMU/8000\r
a=rtpmap:110 telephone-event/48000\r
a=ssrc:2770340112 cname:Fdl3q\r
m=video 9 UDP/TLS/RTP/SAVPF 96 97 98 99 100 101 45 46 114\r
c=IN IP4 0.0.0.0\r
a=mid:1\r
a=sendonly\r
a=rtpmap:96 VP8/90000\r
a=rtcp-fb:96 nack pli\r
a=rtpmap:97 rtx/90000\r
a=fmtp:97 apt=96\r
a=rtpmap:98 VP9/90000\r
a=fmtp:98 profile-id=0\r
a=rtpmap:99 rtx/90000\r
a=fmtp:99 apt=98\r
a=rtpmap:100 VP9/90000\r
a=fmtp:100 profile-id=2\r
a=rtpmap:101 rtx/90000\r
a=fmtp:101 apt=100\r
a=rtpmap:45 AV1/90000\r
a=rtpmap:46 rtx/90000\r
a=fmtp:46 apt=45\r
a=rtpmap:114 red/90000\r
a=simulcast:send q;h;f\r
m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r
c=IN IP4 0.0.0.0\r
a=mid:2\r
a=sctp-port:5000\r
";

fn offer(sdp: &str, settings: &SdpSettings) -> String {
    SdpPolicy::default().local_offer(sdp, settings).into_owned()
}

fn answer(sdp: &str, offer: &str) -> String {
    SdpPolicy::default().local_answer(sdp, offer).into_owned()
}

fn dtx(enabled: bool) -> SdpSettings {
    SdpSettings::default().opus_dtx(enabled)
}

fn red(enabled: bool) -> SdpSettings {
    SdpSettings::default().opus_red(enabled)
}

fn prefer(codec: &str) -> SdpSettings {
    SdpSettings::default().preferred_video_codec(codec)
}

/// What an edit took out (`-`) and put in (`+`), line by line, each with its end.
///
/// Lines that stay must do so in their order.
fn changes(before: &str, after: &str) -> Vec<String> {
    let before: Vec<&str> = before.split_inclusive('\n').collect();
    let after: Vec<&str> = after.split_inclusive('\n').collect();
    // The longest common subsequence, from the ends.
    let mut common = vec![vec![0; after.len() + 1]; before.len() + 1];
    for i in (0..before.len()).rev() {
        for j in (0..after.len()).rev() {
            common[i][j] = match before[i] == after[j] {
                true => common[i + 1][j + 1] + 1,
                false => common[i + 1][j].max(common[i][j + 1]),
            };
        }
    }
    let (mut i, mut j, mut found) = (0, 0, Vec::new());
    while i < before.len() || j < after.len() {
        if i < before.len() && j < after.len() && before[i] == after[j] {
            (i, j) = (i + 1, j + 1);
        } else if j == after.len() || (i < before.len() && common[i + 1][j] >= common[i][j + 1]) {
            found.push(format!("-{}", before[i]));
            i += 1;
        } else {
            found.push(format!("+{}", after[j]));
            j += 1;
        }
    }
    found
}
