//! The sample credentials that the service publishes.

use video_client::{ApiCode, ConnectErrorKind, ErrorKind};

use crate::support::World;

const SAMPLE: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJodHRwczovL3Byb250by5nZXRzdHJlYW0uaW8iLCJzdWIiOiJ1c2VyL0FzYWpqX1ZlbnRyZXNzIiwidXNlcl9pZCI6IkFzYWpqX1ZlbnRyZXNzIiwidmFsaWRpdHlfaW5fc2Vjb25kcyI6NjA0ODAwLCJpYXQiOjE3MzUwNTgyMTUsImV4cCI6MTczNTY2MzAxNX0.PYRk8kBIpw3jki6PBZ45K0OHLzdFGWaA8rJvx1hmkac";

/// Promise: BD10
#[tokio::test(start_paused = true)]
async fn the_sample_token_is_refused_with_who_refused_it_and_when_it_expired() {
    let world = World::new();
    let client = world
        .builder("Asajj_Ventress")
        .user_token(SAMPLE)
        .build()
        .unwrap();
    let error = client.connect().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthorized);
    // Signed with a secret that is not the emulator's, so that is what it is refused for.
    assert_eq!(error.api().unwrap().code, Some(ApiCode::TOKEN_SIGNATURE));
    match error.connect_error().unwrap().kind() {
        ConnectErrorKind::TokenRejected {
            user_id,
            expires_at,
            ..
        } => {
            assert_eq!(*user_id, "Asajj_Ventress");
            assert_eq!(expires_at.unwrap().to_string(), "2024-12-31T16:36:55Z");
        }
        other => panic!("{other:?}"),
    }
    let words = error.to_string();
    assert!(
        words.starts_with("the service refused the token of `Asajj_Ventress`"),
        "{words}"
    );
    assert!(words.contains("2024-12-31T16:36:55Z"), "{words}");
    assert_eq!(world.coordinator.connections().len(), 0);
}
