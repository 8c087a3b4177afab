//! The policy: whether descriptions are edited, and by what beyond the rules.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::document::Document;
use crate::kind::SdpKind;
use crate::rules;
use crate::settings::SdpSettings;

/// Whether and how descriptions are edited on their way. A cheap clone.
///
/// Each method takes a description and gives it back, borrowed if nothing about it has changed.
/// None of them fails or waits: what is not understood is left as it is.
///
/// # Examples
///
/// ```
/// use std::borrow::Cow;
/// use video_sdp::{SdpPolicy, SdpSettings};
///
/// let offer = "v=0\nm=audio 9 UDP/TLS/RTP/SAVPF 111\na=rtpmap:111 opus/48000/2\n";
/// let settings = SdpSettings::default().opus_dtx(true);
///
/// let policy = SdpPolicy::default();
/// let edited = policy.local_offer(offer, &settings);
/// assert_eq!(edited, format!("{offer}a=fmtp:111 usedtx=1\n"));
/// assert!(matches!(policy.local_offer(&edited, &settings), Cow::Borrowed(_)));
///
/// let policy = policy.editing(false);
/// assert_eq!(policy.local_offer(offer, &settings), offer);
/// ```
#[derive(Clone)]
#[must_use = "a policy does nothing until a description is given to it"]
pub struct SdpPolicy {
    editing: bool,
    munging: Option<Arc<Munging>>,
}

type Munging = dyn Fn(SdpKind, String) -> String + Send + Sync;

impl Default for SdpPolicy {
    /// The rules, and no hook.
    fn default() -> Self {
        Self {
            editing: true,
            munging: None,
        }
    }
}

impl SdpPolicy {
    /// Sets whether anything is edited. If not, every description stays as it is, byte for byte, and
    /// the hook is not called.
    pub fn editing(mut self, editing: bool) -> Self {
        self.editing = editing;
        self
    }

    /// Sets a hook that may change each description, of all four kinds, after the rules.
    ///
    /// It gets the text as it is, with whatever line ends it has, and what it returns is used unseen.
    /// It runs on the thread of the caller, who waits for it. If it panics, so does the method that
    /// called it, for a description without the application's change is not what was asked for; the
    /// policy can be used again.
    ///
    /// # Examples
    ///
    /// A bound on the bandwidth, in what the engine is told of the other side:
    ///
    /// ```
    /// use video_sdp::{SdpKind, SdpPolicy};
    ///
    /// let policy = SdpPolicy::default().munging(|kind, sdp| match kind {
    ///     SdpKind::RemoteAnswer => sdp.replace("b=AS:2000\r\n", "b=AS:500\r\n"),
    ///     _ => sdp,
    /// });
    /// let answer = "v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\nb=AS:2000\r\n";
    /// assert!(policy.remote_answer(answer).ends_with("\r\nb=AS:500\r\n"));
    /// assert!(policy.remote_offer(answer).ends_with("\r\nb=AS:2000\r\n"));
    /// ```
    pub fn munging(
        mut self,
        hook: impl Fn(SdpKind, String) -> String + Send + Sync + 'static,
    ) -> Self {
        self.munging = Some(Arc::new(hook));
        self
    }

    /// Edits what we offer, before it is given to the engine and sent: it then says what the settings
    /// ask for.
    ///
    /// # Examples
    ///
    /// ```
    /// use video_sdp::{SdpPolicy, SdpSettings};
    ///
    /// let offer = "m=video 9 UDP/TLS/RTP/SAVPF 96 97 98 99\r\n\
    ///              a=rtpmap:96 VP8/90000\r\n\
    ///              a=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n\
    ///              a=rtpmap:98 VP9/90000\r\n\
    ///              a=rtpmap:99 rtx/90000\r\na=fmtp:99 apt=98\r\n";
    /// let settings = SdpSettings::default().preferred_video_codec("vp9");
    /// let edited = SdpPolicy::default().local_offer(offer, &settings).into_owned();
    /// assert!(edited.starts_with("m=video 9 UDP/TLS/RTP/SAVPF 98 99 96 97\r\n"));
    /// ```
    #[must_use]
    pub fn local_offer<'a>(&self, sdp: &'a str, settings: &SdpSettings) -> Cow<'a, str> {
        self.edit(SdpKind::LocalOffer, sdp, |document| {
            rules::follow_settings(document, settings);
        })
    }

    /// Edits what we answer to `offer`, before it is given to the engine and sent.
    ///
    /// In each audio section, found by its `a=mid`, in which Opus is offered with `sprop-stereo=1`, the
    /// answer's Opus gets `stereo=1`, unless it has a `stereo` already. Without it a stereo stream is
    /// played in mono.
    ///
    /// # Examples
    ///
    /// ```
    /// use video_sdp::SdpPolicy;
    ///
    /// let offer = "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n\
    ///              a=rtpmap:111 opus/48000/2\r\na=fmtp:111 useinbandfec=1;sprop-stereo=1\r\n";
    /// let answer = "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n\
    ///               a=rtpmap:111 opus/48000/2\r\na=fmtp:111 useinbandfec=1\r\n";
    /// let edited = SdpPolicy::default().local_answer(answer, offer);
    /// assert!(edited.ends_with("\r\na=fmtp:111 useinbandfec=1;stereo=1\r\n"));
    /// ```
    #[must_use]
    pub fn local_answer<'a>(&self, sdp: &'a str, offer: &str) -> Cow<'a, str> {
        self.edit(SdpKind::LocalAnswer, sdp, |document| {
            rules::mirror_stereo(document, &Document::parse(offer));
        })
    }

    /// Edits what the service offers, before it is given to the engine: no rule applies, only the
    /// [hook](Self::munging).
    #[must_use]
    pub fn remote_offer<'a>(&self, sdp: &'a str) -> Cow<'a, str> {
        self.edit(SdpKind::RemoteOffer, sdp, |_| {})
    }

    /// Edits what the service answers, before it is given to the engine: no rule applies, only the
    /// [hook](Self::munging).
    #[must_use]
    pub fn remote_answer<'a>(&self, sdp: &'a str) -> Cow<'a, str> {
        self.edit(SdpKind::RemoteAnswer, sdp, |_| {})
    }

    fn edit<'a>(
        &self,
        kind: SdpKind,
        sdp: &'a str,
        rules: impl FnOnce(&mut Document<'a>),
    ) -> Cow<'a, str> {
        if !self.editing {
            return Cow::Borrowed(sdp);
        }
        let mut document = Document::parse(sdp);
        rules(&mut document);
        let mut edited = document.to_string();
        if let Some(hook) = &self.munging {
            edited = hook(kind, edited);
        }
        match edited == sdp {
            true => Cow::Borrowed(sdp),
            false => Cow::Owned(edited),
        }
    }
}

impl fmt::Debug for SdpPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SdpPolicy")
            .field("editing", &self.editing)
            .field("munging", &self.munging.is_some())
            .finish()
    }
}
