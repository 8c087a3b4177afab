//! JSON that is carried but not understood.

use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

/// A JSON value kept exactly as it came: custom data, settings, anything that only the
/// application understands.
///
/// # Examples
///
/// ```
/// use video_core::Json;
///
/// #[derive(serde::Deserialize)]
/// struct Cursor { x: f64 }
///
/// let custom: Json = serde_json::from_str(r#"{"x": 0.5, "type": "cursor"}"#)?;
/// assert_eq!(custom.parse::<Cursor>()?.x, 0.5);
/// assert_eq!(custom.as_str(), r#"{"x": 0.5, "type": "cursor"}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone)]
pub struct Json(Box<RawValue>);

impl Json {
    /// Encodes `value`.
    ///
    /// # Errors
    ///
    /// As [`serde_json::to_string`]: a map with keys that are no text, or a failing `Serialize`.
    pub fn encode(value: &(impl Serialize + ?Sized)) -> Result<Self, serde_json::Error> {
        serde_json::value::to_raw_value(value).map(Self)
    }

    /// The JSON text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.get()
    }

    /// Decodes the value into `T`.
    ///
    /// # Errors
    ///
    /// As [`serde_json::from_str`], if the value has another shape.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.as_str())
    }

    /// Whether this is an empty object or null.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        matches!(self.as_str(), "{}" | "null")
    }
}

impl Default for Json {
    /// The empty object.
    fn default() -> Self {
        Self(RawValue::from_string("{}".to_owned()).unwrap_or_else(|_| RawValue::NULL.to_owned()))
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl PartialEq for Json {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Json {}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::<RawValue>::deserialize(deserializer).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_keeps_every_byte() {
        let text = r#"{"b":1,  "a":[1,null],"big":12345678901234567890123}"#;
        let json: Json = serde_json::from_str(text).unwrap();
        assert_eq!(json.as_str(), text);
        assert_eq!(serde_json::to_string(&json).unwrap(), text);
    }

    #[test]
    fn the_default_is_an_empty_object() {
        assert_eq!(Json::default().as_str(), "{}");
        assert!(Json::default().is_empty());
        assert!(!Json::encode(&1).unwrap().is_empty());
    }
}
