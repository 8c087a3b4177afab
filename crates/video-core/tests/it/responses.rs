//! Bodies of responses.

use secrecy::ExposeSecret;
use serde_json::{Value, json};
use video_core::model::{
    CallDetails, CreateGuestResponse, DeviceList, EdgeList, JoinResponse, QueryCallsPage,
};

use crate::{fixture, time, value};

#[test]
fn a_call_that_was_got_is_read() {
    let got: CallDetails = serde_json::from_str(fixture!("response.get_call.json")).unwrap();
    assert_eq!(got.call.cid, "default:tide-7f3a");
    assert!(!got.created);
    assert_eq!(got.members.len(), 2);
    assert_eq!(got.membership.unwrap().role.as_deref(), Some("admin"));
    assert_eq!(got.own_capabilities.len(), 11);
    assert_eq!(got.own_capabilities[0], "join-call");
    let session = got.call.session.unwrap();
    assert_eq!(session.started_at, time("2026-03-04T10:00:01.000007Z"));
    let presence = &session.participants[0];
    assert_eq!(
        presence.user_session_id,
        "00000000-1111-4222-8333-444455556666"
    );
    assert_eq!(presence.joined_at, time("2026-03-04T10:00:02.042Z"));
    let egress: Value = got.call.egress.parse().unwrap();
    assert_eq!(egress, json!({"broadcasting": false, "rtmps": []}));
}

#[test]
fn a_call_that_was_created_says_so() {
    let body = fixture!("response.get_or_create_call.json");
    let created: CallDetails = serde_json::from_str(body).unwrap();
    assert!(created.created);
    assert_eq!(created.call.session, None);
    let custom: Value = created.call.custom.parse().unwrap();
    assert_eq!(custom, value(body)["call"]["custom"]);
}

#[test]
fn a_join_has_credentials_and_shows_none_of_them() {
    let body = fixture!("response.join_call.json");
    let join: JoinResponse = serde_json::from_str(body).unwrap();
    assert_eq!(join.details.call.cid, "default:tide-7f3a");
    assert_eq!(join.details.own_capabilities.len(), 11);
    let credentials = &join.credentials;
    let server = &credentials.server;
    assert_eq!(server.edge_name, "sfu-edge-test-1");
    assert_eq!(server.url, "https://sfu-edge-test-1.example.test/twirp");
    assert_eq!(server.ws_endpoint, "wss://sfu-edge-test-1.example.test/ws");
    let token = value(body)["credentials"]["token"].clone();
    assert_eq!(token, credentials.expose_token());
    let [turn, stun] = credentials.ice_servers.as_slice() else {
        panic!("{credentials:?}");
    };
    assert_eq!(turn.urls.len(), 2);
    assert_eq!(turn.username, "synthetic-user");
    assert_eq!(turn.expose_password(), "synthetic-pass");
    assert_eq!((&*stun.username, stun.expose_password()), ("", ""));
    assert_eq!(join.stats_options.reporting_interval_ms, 60_000);
    assert!(join.stats_options.enable_rtc_stats);

    let shown = format!("{join:?}");
    assert!(shown.contains("sfu-edge-test-1") && shown.contains("tide-7f3a"));
    assert!(!shown.contains(credentials.expose_token()), "{shown}");
    assert!(!shown.contains("synthetic-pass"), "{shown}");
}

#[test]
fn a_page_of_calls_is_read() {
    let body = fixture!("response.query_calls.json");
    let page: QueryCallsPage = serde_json::from_str(body).unwrap();
    let cids: Vec<_> = page.calls.iter().map(|call| &*call.call.cid).collect();
    assert_eq!(cids, ["default:tide-7f3a", "livestream:tide-live"]);
    assert_eq!(page.next.as_deref(), Some("cursor-b2Zmc2V0OjI"));
    let live = &page.calls[1];
    assert!(live.call.backstage && live.members.is_empty());
    assert_eq!(live.call.starts_at, time("2026-03-05T10:00:00Z"));
}

#[test]
fn a_guest_has_a_token_and_does_not_show_it() {
    let body = fixture!("response.guest.json");
    let guest: CreateGuestResponse = serde_json::from_str(body).unwrap();
    assert_eq!(guest.user.id, "guest-3c9d-sam");
    assert_eq!(guest.user.role, "guest");
    let token = value(body)["access_token"].clone();
    assert!(!format!("{guest:?}").contains(token.as_str().unwrap()));
    assert_eq!(guest.into_access_token().expose_secret(), token);
}

#[test]
fn devices_are_read_with_what_the_service_leaves_out() {
    let body = fixture!("response.list_devices.json");
    let list: DeviceList = serde_json::from_str(body).unwrap();
    let [phone, voip] = &*list.devices else {
        panic!("{list:?}");
    };
    assert_eq!(phone.push_provider.as_str(), "firebase");
    assert_eq!(phone.push_provider_name.as_deref(), Some("fcm-main"));
    assert!(!phone.voip && !phone.disabled);
    assert!(voip.voip);
    assert_eq!(voip.created_at, time("2026-03-04T09:59:50Z"));
    let none: DeviceList = serde_json::from_str(r#"{"devices":null}"#).unwrap();
    assert_eq!(none, DeviceList::default());
}

#[test]
fn a_list_of_edges_is_read() {
    let list: EdgeList = serde_json::from_str(fixture!("response.edges.json")).unwrap();
    let ids: Vec<_> = list.edges.iter().map(|edge| &*edge.id).collect();
    assert_eq!(ids, ["ams-test-1", "gru-test-1"]);
    let ams = &list.edges[0];
    assert_eq!(ams.latency_test_url, "https://ams-test-1.example.test/ping");
    assert_eq!(
        (ams.green, ams.yellow, ams.red),
        (Some(40), Some(90), Some(160))
    );
    assert_eq!((ams.latitude, ams.longitude), (Some(52.37), Some(4.9)));
    assert_eq!(ams.subdivision_iso_code, "NL-NH");
    assert_eq!(ams.country_iso_code, "NL");
    assert_eq!(ams.continent_code, "EU");
}
