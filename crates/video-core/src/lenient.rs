//! Deserialisers that survive what the service really sends.

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// The value, or its default where it is null.
pub(crate) fn nullable<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// The value, or its default where it is null or of another shape.
pub(crate) fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + for<'a> Deserialize<'a>,
{
    let raw = Option::<Box<RawValue>>::deserialize(deserializer)?;
    Ok(raw
        .and_then(|raw| serde_json::from_str(raw.get()).ok())
        .unwrap_or_default())
}
