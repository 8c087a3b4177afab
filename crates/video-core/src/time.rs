//! Points in time: what the service writes, and the wall clock that we read.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A moment in UTC with nanosecond precision.
///
/// Reads both encodings of the service: RFC 3339 text (`/video/*`) and integer nanoseconds
/// since the Unix epoch (`/api/v2/*`). Writes RFC 3339.
///
/// # Examples
///
/// ```
/// use video_core::Timestamp;
///
/// let text: Timestamp = serde_json::from_str("\"2026-03-04T10:00:00.25Z\"")?;
/// let nanos: Timestamp = serde_json::from_str("1772618400250000000")?;
/// assert_eq!(text, nanos);
/// assert_eq!(text.to_string(), "2026-03-04T10:00:00.25Z");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(OffsetDateTime);

impl Timestamp {
    /// The moment `seconds` after the Unix epoch, or `None` outside the years -9999 to 9999.
    #[must_use]
    pub fn from_unix_seconds(seconds: i64) -> Option<Self> {
        OffsetDateTime::from_unix_timestamp(seconds).ok().map(Self)
    }

    /// The moment `nanos` after the Unix epoch, or `None` outside the years -9999 to 9999.
    #[must_use]
    pub fn from_unix_nanos(nanos: i128) -> Option<Self> {
        OffsetDateTime::from_unix_timestamp_nanos(nanos)
            .ok()
            .map(Self)
    }

    /// Nanoseconds since the Unix epoch.
    #[must_use]
    pub fn unix_nanos(self) -> i128 {
        self.0.unix_timestamp_nanos()
    }

    /// Time from `earlier` to this moment, zero if it is not later.
    #[must_use]
    pub fn saturating_since(self, earlier: Self) -> Duration {
        Duration::try_from(self.0 - earlier.0).unwrap_or(Duration::ZERO)
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        Self(OffsetDateTime::from(time))
    }
}

impl From<Timestamp> for SystemTime {
    fn from(timestamp: Timestamp) -> Self {
        timestamp.0.into()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.format(&Rfc3339) {
            Ok(text) => f.write_str(&text),
            Err(_) => write!(f, "{}ns", self.unix_nanos()),
        }
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl serde::de::Visitor<'_> for Visitor {
            type Value = Timestamp;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an RFC 3339 text or nanoseconds since the Unix epoch")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Timestamp, E> {
                OffsetDateTime::parse(text, &Rfc3339)
                    .map(|time| Timestamp(time.to_offset(time::UtcOffset::UTC)))
                    .map_err(E::custom)
            }

            fn visit_i64<E: serde::de::Error>(self, nanos: i64) -> Result<Timestamp, E> {
                Timestamp::from_unix_nanos(nanos.into())
                    .ok_or_else(|| E::custom("timestamp out of range"))
            }

            fn visit_u64<E: serde::de::Error>(self, nanos: u64) -> Result<Timestamp, E> {
                Timestamp::from_unix_nanos(nanos.into())
                    .ok_or_else(|| E::custom("timestamp out of range"))
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

/// Reads the wall clock.
///
/// It never decides whether a token is valid, only when to fetch the next one.
/// Everything else is scheduled on the runtime's monotonic clock.
pub trait WallClock: fmt::Debug + Send + Sync {
    /// The current wall-clock time.
    fn now(&self) -> SystemTime;
}

/// The wall clock of the operating system.
#[derive(Debug, Clone, Copy, Default)]
#[expect(
    clippy::exhaustive_structs,
    reason = "a unit struct on purpose: there is nothing to add"
)]
pub struct SystemWallClock;

impl WallClock for SystemWallClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the wall clock"
    )]
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }
}

/// Time from the Unix epoch to `time`, zero for earlier times.
#[must_use]
pub fn since_epoch(time: SystemTime) -> Duration {
    time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Timestamp {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn both_encodings_name_the_same_moment() {
        assert_eq!(
            parse("\"2026-03-04T10:00:00.123456789Z\""),
            parse("1772618400123456789")
        );
        assert_eq!(
            parse("\"2026-03-04T12:00:00+02:00\""),
            parse("\"2026-03-04T10:00:00Z\"")
        );
    }

    #[test]
    fn the_zero_time_of_the_service_is_read() {
        assert_eq!(
            parse("\"0001-01-01T00:00:00Z\"").to_string(),
            "0001-01-01T00:00:00Z"
        );
    }

    #[test]
    fn text_that_is_no_time_is_refused() {
        for bad in ["\"yesterday\"", "\"\"", "true", "1.5"] {
            assert!(serde_json::from_str::<Timestamp>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_timestamp_survives_a_round_trip() {
        let time = parse("1772618400123456789");
        let text = serde_json::to_string(&time).unwrap();
        assert_eq!(parse(&text), time);
        assert_eq!(Timestamp::from(SystemTime::from(time)), time);
    }
}
