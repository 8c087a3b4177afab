//! Deserialisers that survive what the service really sends.

use std::collections::BTreeMap;

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::time::Timestamp;

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

/// The moment, or none where it is null, empty or of another shape.
pub(crate) fn moment<'de, D>(deserializer: D) -> Result<Option<Timestamp>, D::Error>
where
    D: Deserializer<'de>,
{
    Option::<Moment>::deserialize(deserializer).map(|moment| moment?.read())
}

/// A map of moments, without those that [`moment`] finds none in.
pub(crate) fn moments<'de, D>(deserializer: D) -> Result<BTreeMap<String, Timestamp>, D::Error>
where
    D: Deserializer<'de>,
{
    let map = Option::<BTreeMap<String, Option<Moment>>>::deserialize(deserializer)?;
    let entries = map.into_iter().flatten();
    Ok(entries
        .filter_map(|(key, moment)| Some((key, moment?.read()?)))
        .collect())
}

/// A map whose values may be null, which the service writes for empty lists.
pub(crate) fn nullable_values<'de, D, T>(deserializer: D) -> Result<BTreeMap<String, T>, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    let map = Option::<BTreeMap<String, Option<T>>>::deserialize(deserializer)?;
    let entries = map.into_iter().flatten();
    Ok(entries
        .map(|(key, value)| (key, value.unwrap_or_default()))
        .collect())
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Moment {
    Read(Timestamp),
    Other(IgnoredAny),
}

impl Moment {
    fn read(self) -> Option<Timestamp> {
        match self {
            Self::Read(moment) => Some(moment),
            Self::Other(IgnoredAny) => None,
        }
    }
}
