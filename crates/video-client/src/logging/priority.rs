//! How much is logged.

use tracing::{Level, level_filters::LevelFilter};

/// How important a log line is, and from where on lines are wanted. Ascending.
///
/// # Examples
///
/// ```
/// use video_client::LogPriority;
///
/// assert!(LogPriority::Verbose < LogPriority::Warning);
/// assert_eq!(LogPriority::default(), LogPriority::None);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "the levels of `tracing`, and none of them"
)]
pub enum LogPriority {
    /// The level `TRACE` of `tracing`.
    Verbose,
    /// The level `DEBUG`.
    Debug,
    /// The level `INFO`.
    Info,
    /// The level `WARN`.
    Warning,
    /// The level `ERROR`.
    Error,
    /// Above all others: no line has it, and who wants it wants none.
    #[default]
    None,
}

impl LogPriority {
    pub(super) fn of(level: Level) -> Self {
        match level {
            Level::TRACE => Self::Verbose,
            Level::DEBUG => Self::Debug,
            Level::INFO => Self::Info,
            Level::WARN => Self::Warning,
            Level::ERROR => Self::Error,
        }
    }

    /// The lines that are wanted, in the words of `tracing`.
    pub(super) fn filter(self) -> LevelFilter {
        match self {
            Self::Verbose => LevelFilter::TRACE,
            Self::Debug => LevelFilter::DEBUG,
            Self::Info => LevelFilter::INFO,
            Self::Warning => LevelFilter::WARN,
            Self::Error => LevelFilter::ERROR,
            Self::None => LevelFilter::OFF,
        }
    }
}
