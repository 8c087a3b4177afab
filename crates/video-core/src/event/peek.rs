//! Reads the type and the call of a frame without decoding the rest.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::kind;

#[derive(Deserialize)]
pub(super) struct Peek<'a> {
    #[serde(rename = "type", borrow)]
    kind: Option<Text<'a>>,
    #[serde(borrow)]
    call_cid: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

/// A newtype, because an `Option<Cow<str>>` never borrows.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

pub(super) fn peek(raw: &[u8]) -> Result<Peek<'_>, String> {
    let text = std::str::from_utf8(raw).map_err(|error| error.to_string())?;
    if !text.trim_start().starts_with('{') {
        return Err("not a JSON object".to_owned());
    }
    let peek: Peek<'_> = serde_json::from_str(text).map_err(|error| error.to_string())?;
    match (&peek.kind, peek.error) {
        (None, None) => Err("no type".to_owned()),
        _ => Ok(peek),
    }
}

impl Peek<'_> {
    pub(super) fn kind(&self) -> Cow<'static, str> {
        const KNOWN: [&str; 8] = [
            kind::CUSTOM,
            kind::HEALTH_CHECK,
            kind::CALL_CREATED,
            kind::CALL_UPDATED,
            kind::CALL_ENDED,
            kind::CONNECTION_OK,
            kind::CONNECTION_ERROR,
            kind::USER_UPDATED,
        ];
        let Some(Text(text)) = &self.kind else {
            return Cow::Borrowed(kind::CONNECTION_ERROR);
        };
        match KNOWN.iter().find(|known| *known == text) {
            Some(known) => Cow::Borrowed(known),
            None => Cow::Owned(text.clone().into_owned()),
        }
    }

    /// Where the name of the call stands: its JSON, a part of the frame.
    pub(super) fn call_cid(&self) -> Option<&str> {
        self.call_cid.map(RawValue::get)
    }
}
