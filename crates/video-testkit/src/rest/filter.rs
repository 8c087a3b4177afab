//! The part of the filter language that the emulator knows.

use serde_json::{Map, Value};

use crate::wire::error::ApiError;
use crate::world::Call;

/// A condition on calls. What is not known is refused, so that no filter is silently ignored.
#[derive(Debug)]
pub(super) enum Filter {
    All(Vec<Self>),
    Any(Vec<Self>),
    /// A field is one of these.
    OneOf(Field, Vec<String>),
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Field {
    Cid,
    Type,
    Id,
    Team,
    CreatedBy,
    Members,
}

impl Filter {
    pub(super) fn parse(conditions: &Map<String, Value>) -> Result<Self, ApiError> {
        let parsed = conditions.iter().map(|(name, value)| match name.as_str() {
            "$and" => Ok(Self::All(list(value)?)),
            "$or" => Ok(Self::Any(list(value)?)),
            name => Ok(Self::OneOf(field(name)?, values(name, value)?)),
        });
        Ok(Self::All(parsed.collect::<Result<_, ApiError>>()?))
    }

    pub(super) fn admits(&self, call: &Call) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.admits(call)),
            Self::Any(parts) => parts.iter().any(|part| part.admits(call)),
            Self::OneOf(field, values) => values.iter().any(|value| field.is(call, value)),
        }
    }
}

impl Field {
    fn is(self, call: &Call, value: &str) -> bool {
        match self {
            Self::Cid => call.cid == value,
            Self::Type => call.kind == value,
            Self::Id => call.id == value,
            Self::Team => call.team.as_deref() == Some(value),
            Self::CreatedBy => call.created_by == value,
            Self::Members => call.members.contains_key(value),
        }
    }
}

fn list(value: &Value) -> Result<Vec<Filter>, ApiError> {
    let parts = value.as_array().ok_or_else(|| wrong("must be a list"))?;
    let parsed = parts.iter().map(|part| match part {
        Value::Object(conditions) => Filter::parse(conditions),
        _ => Err(wrong("must be a list of objects")),
    });
    parsed.collect()
}

fn field(name: &str) -> Result<Field, ApiError> {
    Ok(match name {
        "cid" => Field::Cid,
        "type" => Field::Type,
        "id" => Field::Id,
        "team" => Field::Team,
        "created_by_user_id" => Field::CreatedBy,
        "members" => Field::Members,
        _ => return Err(wrong(&format!("can not be on {name}"))),
    })
}

/// The texts of `"x"`, `{"$eq": "x"}` and `{"$in": ["x", …]}`.
fn values(name: &str, value: &Value) -> Result<Vec<String>, ApiError> {
    let operators = match value {
        Value::String(text) => return Ok(vec![text.clone()]),
        Value::Object(operators) if operators.len() == 1 => operators,
        _ => return Err(wrong(&format!("on {name} must have one operator"))),
    };
    let texts = match (operators.get("$eq"), operators.get("$in")) {
        (Some(Value::String(text)), _) => return Ok(vec![text.clone()]),
        (_, Some(Value::Array(items))) => items.iter().map(|item| item.as_str().map(str::to_owned)),
        _ => return Err(wrong(&format!("on {name} must be $eq or $in"))),
    };
    let texts: Option<Vec<_>> = texts.collect();
    texts.ok_or_else(|| wrong(&format!("on {name} must compare texts")))
}

fn wrong(problem: &str) -> ApiError {
    ApiError::input("filter_conditions", problem)
}
