//! Which description an SDP is.

/// Whose description an SDP is, and whether it offers or answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "two sides times two roles")]
pub enum SdpKind {
    /// What we offer, on its way to the engine and to the service.
    LocalOffer,
    /// What we answer to an offer of the service.
    LocalAnswer,
    /// What the service offers, on its way to the engine.
    RemoteOffer,
    /// What the service answers to our offer.
    RemoteAnswer,
}
