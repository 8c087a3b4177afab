//! The hook, and what becomes of a description when editing is off.

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use video_sdp::{SdpKind, SdpPolicy, SdpSettings};

use crate::{OFFER, dtx, offer};

type Seen = Arc<Mutex<Vec<(SdpKind, String)>>>;

/// A policy whose hook notes what it sees and signs it.
fn spied() -> (SdpPolicy, Seen) {
    let seen = Seen::default();
    let notes = Arc::clone(&seen);
    let policy = SdpPolicy::default().munging(move |kind, sdp| {
        let signed = format!("{sdp}a=seen\r\n");
        let mut notes = notes.lock().unwrap_or_else(PoisonError::into_inner);
        notes.push((kind, sdp));
        signed
    });
    (policy, seen)
}

/// All four descriptions, as the policy gives them back.
fn all<'a>(policy: &SdpPolicy, sdp: &'a str, settings: &SdpSettings) -> [Cow<'a, str>; 4] {
    [
        policy.local_offer(sdp, settings),
        policy.local_answer(sdp, OFFER),
        policy.remote_offer(sdp),
        policy.remote_answer(sdp),
    ]
}

/// Promise: CK086
#[test]
fn the_hook_sees_all_four_kinds_after_the_rules_and_has_the_last_word() {
    let (policy, seen) = spied();
    let edited = all(&policy, OFFER, &dtx(true));
    let by_rules = offer(OFFER, &dtx(true));
    assert_ne!(by_rules, OFFER);
    let texts = [&*by_rules, OFFER, OFFER, OFFER];
    assert_eq!(edited, texts.map(|text| format!("{text}a=seen\r\n")));
    let kinds = [
        SdpKind::LocalOffer,
        SdpKind::LocalAnswer,
        SdpKind::RemoteOffer,
        SdpKind::RemoteAnswer,
    ];
    let expected: Vec<_> = kinds
        .into_iter()
        .zip(texts.map(ToOwned::to_owned))
        .collect();
    assert_eq!(*seen.lock().unwrap(), expected);
}

/// Promise: CK086
#[test]
fn without_editing_every_description_is_as_it_was_and_the_hook_sees_none() {
    let (policy, seen) = spied();
    let policy = policy.editing(false);
    let settings = SdpSettings::default()
        .opus_dtx(true)
        .opus_red(true)
        .preferred_video_codec("VP9");
    for sdp in [OFFER, "", "\r", "no SDP\n\r\n"] {
        for edited in all(&policy, sdp, &settings) {
            assert!(matches!(edited, Cow::Borrowed(text) if text == sdp));
        }
    }
    assert_eq!(*seen.lock().unwrap(), []);
    policy.editing(true).remote_offer(OFFER).into_owned();
    assert_eq!(seen.lock().unwrap().len(), 1);
}

#[test]
fn what_has_not_changed_is_borrowed_with_a_hook_or_without() {
    let settings = SdpSettings::default();
    for policy in [
        SdpPolicy::default(),
        SdpPolicy::default().munging(|_, sdp| sdp),
    ] {
        for edited in all(&policy, OFFER, &settings) {
            assert!(matches!(edited, Cow::Borrowed(_)));
        }
    }
}

#[test]
fn a_hook_that_panics_passes_the_panic_on_and_the_policy_goes_on() {
    let policy = SdpPolicy::default().munging(|kind, sdp| {
        assert_ne!(kind, SdpKind::RemoteOffer, "no such offers");
        sdp
    });
    let call = catch_unwind(AssertUnwindSafe(|| policy.remote_offer(OFFER)));
    assert!(call.is_err());
    assert_eq!(policy.remote_answer(OFFER), OFFER);
}

#[test]
fn a_policy_is_shared_between_threads_and_says_whether_it_has_a_hook() {
    fn shared<T: Send + Sync + Clone + 'static>(_: &T) {}
    let (policy, _) = spied();
    shared(&policy);
    assert_eq!(
        format!("{policy:?}"),
        "SdpPolicy { editing: true, munging: true }"
    );
    assert_eq!(
        format!("{:?}", SdpPolicy::default().editing(false)),
        "SdpPolicy { editing: false, munging: false }"
    );
}
