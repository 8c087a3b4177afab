//! Where the service stands in the world.

use serde::Deserialize;

use crate::lenient::{nullable, or_default};

/// A place of the service, near to some users and far from others.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Edge {
    /// Its name.
    pub id: String,
    /// What to get for measuring how far away it is. Not checked.
    #[serde(default, deserialize_with = "nullable")]
    pub latency_test_url: String,
    /// Up to how many milliseconds its latency is good.
    #[serde(default, deserialize_with = "or_default")]
    pub green: Option<u32>,
    /// Up to how many milliseconds its latency is fair.
    #[serde(default, deserialize_with = "or_default")]
    pub yellow: Option<u32>,
    /// From how many milliseconds its latency is bad.
    #[serde(default, deserialize_with = "or_default")]
    pub red: Option<u32>,
    /// Degrees north of the equator.
    #[serde(default, deserialize_with = "or_default")]
    pub latitude: Option<f64>,
    /// Degrees east of Greenwich.
    #[serde(default, deserialize_with = "or_default")]
    pub longitude: Option<f64>,
    /// The part of the country, by ISO 3166-2, such as `NL-NH`.
    #[serde(default, deserialize_with = "nullable")]
    pub subdivision_iso_code: String,
    /// The country, by ISO 3166-1, such as `NL`.
    #[serde(default, deserialize_with = "nullable")]
    pub country_iso_code: String,
    /// The continent, such as `EU`.
    #[serde(default, deserialize_with = "nullable")]
    pub continent_code: String,
}

/// All edges of the service.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct EdgeList {
    /// The edges.
    #[serde(default, deserialize_with = "nullable")]
    pub edges: Vec<Edge>,
}
