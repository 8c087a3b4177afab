//! The error envelope of the service.

use serde_json::{Map, Value, json};

use super::DURATION;

pub(crate) const INTERNAL: i64 = -1;
pub(crate) const BAD_KEY: i64 = 2;
pub(crate) const INPUT: i64 = 4;
pub(crate) const AUTH: i64 = 5;
pub(crate) const RATE_LIMIT: i64 = 9;
pub(crate) const NOT_FOUND: i64 = 16;
pub(crate) const NOT_ALLOWED: i64 = 17;
pub(crate) const TOO_BIG: i64 = 22;
pub(crate) const TOKEN_EXPIRED: i64 = 40;
pub(crate) const STALE_CONNECTION: i64 = 46;

/// An error as the service reports it, over HTTP or in a frame.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ApiError {
    pub(crate) code: i64,
    pub(crate) status: u16,
    message: String,
    fields: Map<String, Value>,
}

impl ApiError {
    /// An error with the status that goes with its code.
    pub(crate) fn new(code: i64, message: impl Into<String>) -> Self {
        Self {
            code,
            status: usual_status(code),
            message: message.into(),
            fields: Map::new(),
        }
    }

    /// One field of the input is wrong.
    pub(crate) fn input(field: &str, problem: impl Into<String>) -> Self {
        let problem = problem.into();
        let mut error = Self::new(INPUT, format!("{field} {problem}"));
        error.fields.insert(field.to_owned(), problem.into());
        error
    }

    pub(crate) fn not_found(what: &str) -> Self {
        Self::new(NOT_FOUND, format!("{what} does not exist"))
    }

    pub(crate) fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    pub(crate) fn body(&self) -> Value {
        let mut body = json!({
            "code": self.code,
            "StatusCode": self.status,
            "message": self.message,
            "duration": DURATION,
            "more_info": format!("https://errors.example.test/{}", self.code),
            "details": [],
        });
        if !self.fields.is_empty() {
            body["exception_fields"] = Value::Object(self.fields.clone());
        }
        body
    }
}

const fn usual_status(code: i64) -> u16 {
    match code {
        BAD_KEY | 3 | AUTH | 40..=43 => 401,
        NOT_ALLOWED | 60 | 99 => 403,
        NOT_FOUND => 404,
        23 => 408,
        TOO_BIG => 413,
        RATE_LIMIT => 429,
        24 => 431,
        INTERNAL => 500,
        _ => 400,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_input_error_names_the_field() {
        let body = ApiError::input("location", "is missing").body();
        assert_eq!(body["StatusCode"], 400);
        assert_eq!(body["exception_fields"]["location"], "is missing");
        assert_eq!(body["message"], "location is missing");
    }

    #[test]
    fn codes_come_with_their_usual_status() {
        let status = |code| ApiError::new(code, "").status;
        assert_eq!([2, 5, 40, 43].map(status), [401; 4]);
        assert_eq!([46, 4, 12345].map(status), [400; 3]);
        assert_eq!([9, 16, 17, -1].map(status), [429, 404, 403, 500]);
    }
}
