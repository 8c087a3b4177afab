//! Edges as the service lists them.

use serde_json::{Value, json};

use crate::edge::Edge;

pub(crate) fn edge(edge: &Edge, origin: Option<&str>) -> Value {
    json!({
        "id": edge.id,
        "latency_test_url": edge.url(origin),
        "green": edge.green,
        "yellow": edge.yellow,
        "red": edge.red,
        "latitude": edge.latitude,
        "longitude": edge.longitude,
        "subdivision_iso_code": edge.subdivision,
        "country_iso_code": edge.country,
        "continent_code": edge.continent,
    })
}
