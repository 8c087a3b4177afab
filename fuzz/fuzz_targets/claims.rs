//! Tokens: what was signed is read back, what is no token is refused, and nothing shows it.
//!
//! The first byte tells what the rest is: `t` a text, `p` the claims of a token, `g` a grant.
#![no_main]

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use libfuzzer_sys::arbitrary::{Arbitrary, Unstructured};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use video_auth::{TokenClaims, TokenGrant, TokenSigner, parse_token};
use video_core::{CallCid, Timestamp, UserId};
use video_fuzz::text::shows_a_token;

fuzz_target!(|data: &[u8]| match data {
    [b't', text @ ..] => {
        if let Ok(text) = std::str::from_utf8(text) {
            read(text);
        }
    }
    [b'p', claims @ ..] => payload(claims),
    [b'g', grant @ ..] => {
        let _ = round_trip(&mut Unstructured::new(grant));
    }
    _ => {}
});

fn read(text: &str) {
    let token = parse_token(text.into());
    assert_eq!(token.is_ok(), TokenClaims::decode(text).is_ok());
    match token {
        Ok(token) => {
            assert_eq!(token.expose(), text);
            assert_eq!(text.split('.').count(), 3);
            assert!(!format!("{token:?}").contains(text), "it is shown");
        }
        Err(error) => {
            let shown = format!("{error} {error:?}");
            assert!(!shows_a_token(&shown), "{shown}");
        }
    }
}

fn payload(claims: &[u8]) {
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
    let text = format!("{header}.{}.c2ln", URL_SAFE_NO_PAD.encode(claims));
    let value: Option<Value> = serde_json::from_slice(claims).ok();
    let value = value.filter(Value::is_object);
    let read = match TokenClaims::decode(&text) {
        Ok(read) => read,
        Err(error) => {
            let valid = value.is_some_and(|value| {
                let time =
                    |name| matches!(value.get(name), None | Some(Value::Null | Value::Number(_)));
                let user = value.get("user_id").and_then(Value::as_str);
                user.is_some_and(|user| UserId::new(user).is_ok()) && time("iat") && time("exp")
            });
            assert!(!valid, "{error}");
            return;
        }
    };
    let value = value.expect("claims are an object");
    assert_eq!(value["user_id"].as_str(), Some(read.user_id.as_str()));
    assert_eq!(
        value.get("role").and_then(Value::as_str),
        read.role.as_deref()
    );
    let calls = value.get("call_cids").and_then(Value::as_array);
    let calls = calls.into_iter().flatten().filter_map(Value::as_str);
    assert!(calls.eq(read.call_cids.iter().map(|cid| cid.as_str())));
    if let Some(seconds) = value.get("exp").and_then(Value::as_i64) {
        assert_eq!(read.expires_at, Timestamp::from_unix_seconds(seconds));
    }
}

fn round_trip(bytes: &mut Unstructured<'_>) -> libfuzzer_sys::arbitrary::Result<()> {
    let moment = |seconds: Option<i64>| seconds.and_then(Timestamp::from_unix_seconds);
    let issued = moment(Arbitrary::arbitrary(bytes)?);
    let expires = moment(Arbitrary::arbitrary(bytes)?);
    let role: Option<String> = Arbitrary::arbitrary(bytes)?;
    let calls: Vec<String> = Arbitrary::arbitrary(bytes)?;
    let calls: Vec<CallCid> = calls.into_iter().map(CallCid::new).collect();
    let Ok(user) = UserId::new(String::from_utf8_lossy(
        bytes.peek_bytes(bytes.len()).unwrap_or_default(),
    )) else {
        return Ok(());
    };
    let mut grant = TokenGrant::new(user.clone()).call_cids(calls.clone());
    if let Some(issued) = issued {
        grant = grant.issued_at(issued);
    }
    if let Some(expires) = expires {
        grant = grant.expires_at(expires);
    }
    if let Some(role) = &role {
        grant = grant.role(role);
    }
    let token = TokenSigner::new("secret").sign(&grant);
    let read = TokenClaims::decode(&token).expect("it was signed here");
    assert_eq!(read.user_id, user);
    assert_eq!((read.issued_at, read.expires_at), (issued, expires));
    assert_eq!((read.role, read.call_cids), (role, calls));
    Ok(())
}
