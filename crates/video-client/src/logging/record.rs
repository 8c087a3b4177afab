//! A log line, on its way to a handler.

use std::fmt;

use tracing::Event;
use tracing::field::{Field, Visit};

use super::priority::LogPriority;

/// A log line of the client. Nothing of it is rendered before it is asked for.
///
/// Displayed it is the whole line: priority, tag and message.
#[derive(Clone, Copy)]
pub struct LogRecord<'a> {
    event: &'a Event<'a>,
}

impl<'a> LogRecord<'a> {
    pub(super) fn new(event: &'a Event<'a>) -> Self {
        Self { event }
    }

    /// How important it is.
    #[must_use]
    pub fn priority(&self) -> LogPriority {
        LogPriority::of(*self.event.metadata().level())
    }

    /// The part of the SDK that speaks, such as `video_transport::session::driver`: what `tracing`
    /// calls the target.
    #[must_use]
    pub fn tag(&self) -> &'static str {
        self.event.metadata().target()
    }

    /// What is said, rendered each time it is displayed.
    #[must_use]
    pub fn message(&self) -> LogMessage<'a> {
        LogMessage { event: self.event }
    }
}

impl fmt::Display for LogRecord<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (level, tag) = (self.event.metadata().level(), self.tag());
        write!(f, "{level:>5} {tag}: {}", self.message())
    }
}

impl fmt::Debug for LogRecord<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogRecord")
            .field("priority", &self.priority())
            .field("tag", &self.tag())
            .field("message", &self.message())
            .finish()
    }
}

/// What a log line says: words, and values as `name=value`.
#[derive(Clone, Copy)]
pub struct LogMessage<'a> {
    event: &'a Event<'a>,
}

impl fmt::Display for LogMessage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = Line {
            f,
            gap: "",
            result: Ok(()),
        };
        self.event.record(&mut line);
        line.result
    }
}

impl fmt::Debug for LogMessage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

/// Writes the fields of an event one after the other.
struct Line<'a, 'f> {
    f: &'a mut fmt::Formatter<'f>,
    gap: &'static str,
    result: fmt::Result,
}

impl Visit for Line<'_, '_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if self.result.is_ok() {
            let gap = std::mem::replace(&mut self.gap, " ");
            self.result = match field.name() {
                "message" => write!(self.f, "{gap}{value:?}"),
                name => write!(self.f, "{gap}{name}={value:?}"),
            };
        }
    }
}
