//! Keeps tokens and the API secret out of the journal.

use serde_json::{Map, Value};

const BLANK: &str = "[redacted]";

/// Blanks whatever looks like a credential in what clients send.
pub(crate) struct Redactor {
    secret: String,
}

impl Redactor {
    pub(crate) fn new(secret: &str) -> Self {
        Self {
            secret: secret.to_owned(),
        }
    }

    pub(crate) fn text(&self, text: &str) -> String {
        if self.is_credential(text) {
            BLANK.to_owned()
        } else {
            text.to_owned()
        }
    }

    pub(crate) fn json(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => self.text(text).into(),
            Value::Array(items) => items.iter().map(|item| self.json(item)).collect(),
            Value::Object(fields) => Value::Object(self.fields(fields)),
            other => other.clone(),
        }
    }

    fn fields(&self, fields: &Map<String, Value>) -> Map<String, Value> {
        let redacted = |(name, value): (&String, &Value)| {
            let named_token = name.to_ascii_lowercase().ends_with("token");
            // A token is no yes or no.
            let value = if named_token && !value.is_boolean() {
                BLANK.into()
            } else {
                self.json(value)
            };
            (self.text(name), value)
        };
        fields.iter().map(redacted).collect()
    }

    /// Whether a text holds the secret, or anything that begins like a JSON Web Token.
    fn is_credential(&self, text: &str) -> bool {
        (!self.secret.is_empty() && text.contains(&self.secret)) || text.contains("eyJ")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn credentials_are_blanked_wherever_they_hide_and_the_rest_stays() {
        let redactor = Redactor::new("hush");
        let seen = redactor.json(&json!({
            "name": "John",
            "push_token": "abc",
            "voip_token": true,
            "list": ["my hush word", {"jwt": "Bearer eyJhbGciOi.x.y"}, 7],
        }));
        assert_eq!(
            seen,
            json!({
                "name": "John",
                "push_token": BLANK,
                "voip_token": true,
                "list": [BLANK, {"jwt": BLANK}, 7],
            })
        );
    }
}
