//! The one classification of failures that every layer shares.

/// What a failure means for repeating the operation.
///
/// Retry, token refresh and reconnection switch on this and on nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FailureClass {
    /// Nothing was sent: repeating is safe for every operation.
    NotSent,
    /// It may have been executed: repeating is safe for idempotent operations alone.
    Transient,
    /// It was refused for its rate: repeating is safe after a pause.
    Throttled,
    /// The token was refused: a fresh one may help, once.
    Unauthorized,
    /// Repeating the same operation can not help.
    Permanent,
}

/// A failure that knows its class.
pub trait Classify {
    /// The class of this failure.
    fn class(&self) -> FailureClass;
}

/// Whether an operation may be executed twice without harm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Idempotency {
    /// A second execution changes nothing.
    Idempotent,
    /// A second execution would be seen: a ring, a custom event.
    NotIdempotent,
}
