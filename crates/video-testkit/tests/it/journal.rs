//! What the journal says, and what it never says.

use serde_json::json;
use video_testkit::{Entry, TokenSpec};

use crate::client::{Client, SECRET, coordinator};

/// One small story, told by the journal.
async fn story() -> (String, Vec<String>) {
    let coordinator = coordinator();
    let john = Client::new(&coordinator, "john");
    let (mut socket, id) = john.connect("john").await;
    let path = format!("/video/call/default/standup?connection_id={id}");
    let leak = json!({"data": {"custom": {
        "note": format!("the secret is {SECRET}"),
        "session_token": "abc",
        "jwt": john.token,
    }}});
    john.post(&path, leak).await;
    socket
        .send(&json!([{"type": "health.check", "client_id": john.token}]))
        .await;
    socket.event().await;
    socket.event().await;
    let expired = TokenSpec::user("john").issued_at_offset(100);
    let other = Client::of(&coordinator, expired);
    other.get("/video/call/default/standup").await;
    coordinator.expire_tokens("john");
    let journal = coordinator.journal();
    let secrets = [john.token.unwrap(), other.token.unwrap(), SECRET.to_owned()];
    (
        format!("{journal}\n{journal:?}\n{coordinator:?}"),
        secrets.to_vec(),
    )
}

#[tokio::test(start_paused = true)]
async fn no_token_and_no_secret_is_ever_shown() {
    let (shown, secrets) = story().await;
    for secret in secrets {
        assert!(!shown.contains(&secret));
        // Nor a part of a token.
        for part in secret.split('.') {
            assert!(!shown.contains(part), "{part}");
        }
    }
    assert!(!shown.contains("abc"));
    for expected in [
        "[redacted]",
        "john",
        "default/standup",
        "ping",
        "raw|os=none",
    ] {
        assert!(shown.contains(expected), "{expected} is not in {shown}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_same_story_is_told_the_same_way() {
    let (first, _) = story().await;
    let (second, _) = story().await;
    assert_eq!(first, second);
}

#[tokio::test(start_paused = true)]
async fn each_step_is_one_line() {
    let (shown, _) = story().await;
    let lines: Vec<_> = shown.lines().take_while(|line| !line.is_empty()).collect();
    let what: Vec<_> = lines
        .iter()
        .map(|line| line.split_whitespace().nth(1).unwrap())
        .collect();
    assert_eq!(
        what,
        [
            "dialed",
            "socket",
            "authenticated",
            "pushed",
            "dialed",
            "POST",
            "watched",
            "pushed",
            "ping",
            "dialed",
            "GET",
            "tokens",
            "pushed",
            "closed"
        ]
    );
    assert!(lines[2].contains("user=john") && lines[2].contains("products=video"));
    assert!(
        lines[10].contains("-> 401 user=- query=[api_key] code=42"),
        "{}",
        lines[10]
    );
}

#[tokio::test(start_paused = true)]
async fn a_request_is_noted_with_what_it_carried() {
    let coordinator = coordinator();
    let john = Client::new(&coordinator, "john");
    john.post("/video/calls?connection_id=x", json!({"limit": 3}))
        .await;
    let entries = coordinator.journal().entries();
    let call = entries
        .iter()
        .find_map(|record| record.entry.as_rest())
        .unwrap();
    assert_eq!(call.query, ["connection_id", "api_key"]);
    assert_eq!(call.connection_id.as_deref(), Some("x"));
    assert_eq!(call.status, Some(201));
    assert_eq!(call.user.as_deref(), Some("john"));
    assert_eq!(call.request_id.as_deref(), Some("r-1"));
    assert_eq!(call.body, Some(json!({"limit": 3})));
    assert!(call.has_authorization);
    assert_eq!(call.auth_type.as_deref(), Some("jwt"));
    assert_eq!(call.client_tag.as_deref(), Some("raw"));
    assert_eq!(call.token_fingerprint.as_ref().unwrap().len(), 8);
    assert!(matches!(entries[0].entry, Entry::Dialed));
}
