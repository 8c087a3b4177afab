//! What a call's settings ask of an offer.

/// What our offer should say, usually out of the settings of a call.
///
/// What is not set leaves the offer as the engine made it.
///
/// # Examples
///
/// ```
/// use video_sdp::SdpSettings;
///
/// // `audio.opus_dtx_enabled` and `audio.redundant_coding_enabled` of a call.
/// let (dtx, red) = (Some(true), None);
/// let settings = SdpSettings::default()
///     .opus_dtx(dtx)
///     .opus_red(red)
///     .preferred_video_codec("VP9");
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SdpSettings {
    /// Whether Opus stops sending in silence (discontinuous transmission, DTX).
    ///
    /// `Some(true)` sets `usedtx=1` for every Opus payload type, with a new `a=fmtp` line where there
    /// is none. `Some(false)` removes `usedtx`, unless it is `0`; a line that held nothing else goes
    /// with it.
    pub opus_dtx: Option<bool>,
    /// Whether audio is sent redundantly (RED), so that a lost packet is made up for by the next.
    ///
    /// `Some(true)` puts RED first among the payload types of each audio section that offers it.
    /// `Some(false)` removes RED with its `a=rtpmap`, `a=fmtp` and `a=rtcp-fb` lines, and with its
    /// retransmission; a section that offers nothing else stays as it is.
    pub opus_red: Option<bool>,
    /// The video codec to prefer, as its `a=rtpmap` line names it, in upper or lower case: `VP8`.
    ///
    /// Its payload types and their retransmissions move to the front of each video section; the order
    /// is otherwise kept. A codec that is not offered changes nothing.
    pub preferred_video_codec: Option<String>,
}

impl SdpSettings {
    /// Sets whether Opus stops sending in silence.
    #[must_use]
    pub fn opus_dtx(mut self, enabled: impl Into<Option<bool>>) -> Self {
        self.opus_dtx = enabled.into();
        self
    }

    /// Sets whether audio is sent redundantly.
    #[must_use]
    pub fn opus_red(mut self, enabled: impl Into<Option<bool>>) -> Self {
        self.opus_red = enabled.into();
        self
    }

    /// Sets the video codec to prefer.
    #[must_use]
    pub fn preferred_video_codec(mut self, name: impl Into<String>) -> Self {
        self.preferred_video_codec = Some(name.into());
        self
    }
}
