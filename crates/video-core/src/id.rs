//! Identifiers: validated where a user writes them, opaque where the service does.

use std::borrow::Borrow;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The longest user id, call type or call id that is accepted, in bytes.
///
/// The service allows 64 characters for the two parts of a call id and 255 for a user.
const MAX_USER_ID: usize = 255;
const MAX_CALL_PART: usize = 64;
const MAX_API_KEY: usize = 128;

/// Why a text is not a valid identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidId {
    /// The text is empty.
    #[error("{what} must not be empty")]
    Empty {
        /// Which identifier was meant.
        what: &'static str,
    },
    /// The text is longer than the service accepts.
    #[error("{what} must not be longer than {max} bytes")]
    TooLong {
        /// Which identifier was meant.
        what: &'static str,
        /// The limit in bytes.
        max: usize,
    },
    /// The text holds a character that can not be part of the identifier.
    #[error("{what} must not contain {character:?}")]
    Character {
        /// Which identifier was meant.
        what: &'static str,
        /// The first character that is not allowed.
        character: char,
    },
    /// A call id lacks the colon between its type and its id.
    #[error("call cid must have the form `type:id`")]
    NoColon,
}

fn check(
    what: &'static str,
    text: &str,
    max: usize,
    forbidden: fn(char) -> bool,
) -> Result<(), InvalidId> {
    if text.is_empty() {
        return Err(InvalidId::Empty { what });
    }
    if text.len() > max {
        return Err(InvalidId::TooLong { what, max });
    }
    match text.chars().find(|c| forbidden(*c)) {
        Some(character) => Err(InvalidId::Character { what, character }),
        None => Ok(()),
    }
}

/// Makes a value of a text without a `String` on the way: `Cow` never borrows by itself.
struct ReadText<F>(F);

impl<T, F: FnOnce(&str) -> Result<T, InvalidId>> Visitor<'_> for ReadText<F> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
        (self.0)(text).map_err(E::custom)
    }
}

macro_rules! text_type {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The identifier as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({:?})", stringify!($name), &*self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Deref for $name {
            type Target = str;

            fn deref(&self) -> &str {
                &self.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                &*self.0 == other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                &*self.0 == *other
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }
    };
}

macro_rules! validated {
    ($(#[$meta:meta])* $name:ident, $what:literal, $max:expr, $forbidden:expr) => {
        text_type! { $(#[$meta])* $name }

        impl $name {
            #[doc = concat!("Checks and wraps a ", $what, ".")]
            ///
            /// # Errors
            ///
            /// [`InvalidId`] if the text is empty, too long or holds a forbidden character.
            pub fn new(text: impl AsRef<str>) -> Result<Self, InvalidId> {
                let text = text.as_ref();
                check($what, text, $max, $forbidden)?;
                Ok(Self(Arc::from(text)))
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str(ReadText(|text: &str| Self::new(text)))
            }
        }
    };
}

macro_rules! opaque {
    ($(#[$meta:meta])* $name:ident) => {
        text_type! { $(#[$meta])* $name }

        impl $name {
            /// Wraps the text as it came.
            #[must_use]
            pub fn new(text: impl Into<Arc<str>>) -> Self {
                Self(text.into())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str(ReadText(|text: &str| Ok(Self(Arc::from(text)))))
            }
        }
    };
}

validated! {
    /// The public key of an application, from its dashboard. Not a secret.
    ApiKey, "API key", MAX_API_KEY, |c| c.is_control() || c.is_whitespace()
}

validated! {
    /// The id of a user, as the application chose it.
    ///
    /// # Examples
    ///
    /// ```
    /// use video_core::UserId;
    ///
    /// let id = UserId::new("john")?;
    /// assert_eq!(id, "john");
    /// assert!(UserId::new("").is_err());
    /// # Ok::<(), video_core::InvalidId>(())
    /// ```
    UserId, "user id", MAX_USER_ID, char::is_control
}

validated! {
    /// The type of a call, such as `default` or `livestream`. It decides settings and permissions.
    CallType, "call type", MAX_CALL_PART, |c| c.is_control() || c == ':'
}

validated! {
    /// The id of a call among those of its type.
    CallId, "call id", MAX_CALL_PART, char::is_control
}

opaque! {
    /// The full name of a call, `type:id`, as the service writes it in events.
    ///
    /// It is only compared, so any text is one; [`CallCid::parts`] checks it.
    ///
    /// # Examples
    ///
    /// ```
    /// use video_core::CallCid;
    ///
    /// let cid = CallCid::of("default", "standup");
    /// assert_eq!(cid, "default:standup");
    /// let (call_type, id) = cid.parts()?;
    /// assert_eq!((call_type.as_str(), id.as_str()), ("default", "standup"));
    /// # Ok::<(), video_core::InvalidId>(())
    /// ```
    CallCid
}

impl CallCid {
    /// Joins a call type and a call id.
    #[must_use]
    pub fn of(call_type: impl fmt::Display, id: impl fmt::Display) -> Self {
        Self::new(format!("{call_type}:{id}"))
    }

    /// Splits at the first colon and checks both parts.
    ///
    /// # Errors
    ///
    /// [`InvalidId`] if there is no colon or one of the parts is not valid.
    pub fn parts(&self) -> Result<(CallType, CallId), InvalidId> {
        let (call_type, id) = self.split_once(':').ok_or(InvalidId::NoColon)?;
        Ok((CallType::new(call_type)?, CallId::new(id)?))
    }
}

opaque! {
    /// The id that the service gave to one live socket. It changes with each reconnect.
    ConnectionId
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_limited_from_both_sides() {
        assert_eq!(
            UserId::new("").unwrap_err(),
            InvalidId::Empty { what: "user id" }
        );
        assert!(UserId::new("a").is_ok());
        assert!(UserId::new("a".repeat(MAX_USER_ID)).is_ok());
        assert_eq!(
            UserId::new("a".repeat(MAX_USER_ID + 1)).unwrap_err(),
            InvalidId::TooLong {
                what: "user id",
                max: MAX_USER_ID
            }
        );
        assert!(CallId::new("a".repeat(MAX_CALL_PART)).is_ok());
        assert!(CallId::new("a".repeat(MAX_CALL_PART + 1)).is_err());
    }

    #[test]
    fn a_user_id_may_hold_any_printable_character() {
        for id in ["!anon", "Zoë", "日本", "a b", "a:b"] {
            assert_eq!(UserId::new(id).unwrap(), id);
        }
        assert!(UserId::new("a\nb").is_err());
    }

    #[test]
    fn a_cid_splits_at_its_first_colon() {
        let (call_type, id) = CallCid::of("default", "a:b").parts().unwrap();
        assert_eq!((call_type.as_str(), id.as_str()), ("default", "a:b"));
    }

    #[test]
    fn a_cid_without_both_parts_is_refused() {
        assert_eq!(CallCid::new("default").parts(), Err(InvalidId::NoColon));
        assert_eq!(
            CallCid::new(":x").parts(),
            Err(InvalidId::Empty { what: "call type" })
        );
        assert_eq!(
            CallCid::new("x:").parts(),
            Err(InvalidId::Empty { what: "call id" })
        );
    }

    #[test]
    fn a_call_type_has_no_colon() {
        assert_eq!(
            CallType::new("a:b").unwrap_err(),
            InvalidId::Character {
                what: "call type",
                character: ':'
            }
        );
    }

    #[test]
    fn ids_pass_through_json_unchanged_and_bad_ones_are_refused() {
        let id: UserId = serde_json::from_str("\"a\\u00e9\"").unwrap();
        assert_eq!(serde_json::to_string(&id).unwrap(), "\"aé\"");
        assert!(serde_json::from_str::<UserId>("\"\"").is_err());
        assert_eq!(serde_json::from_str::<CallCid>("\"odd\"").unwrap(), "odd");
    }
}
