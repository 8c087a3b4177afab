//! Those who need no account: a guest, and somebody who is nobody in particular.

use anyhow::{Context, ensure};
use video_client::{ErrorKind, StreamVideo, TokenClaims, User};
use video_testkit::{Coordinator, Entry, Listening, TokenSpec};

use crate::{KEY, options};

/// 5. A guest, whom the service gives another id.
pub(crate) async fn guest(coordinator: &Coordinator, server: &Listening) -> anyhow::Result<()> {
    println!("5. Sam comes as a guest.");
    let sam = User::guest("sam").name("Sam").custom("seat", 7);
    let client = StreamVideo::builder(KEY, sam)
        .options(options(server))
        .build()?;
    let token = client.connect().await?;
    let guest = client.current_user();
    println!("   The service made {} of sam.", guest.id());

    let guests = coordinator.guests();
    ensure!(guests.len() == 1, "one guest, not {}", guests.len());
    ensure!(guests[0] == guest.id(), "the service's id");
    ensure!(*token.user_id() == guest.id(), "a token for that id");
    ensure!(guest.display_name() == "Sam" && guest.custom_data()["seat"] == 7);
    let greeted = coordinator.journal().count(|entry| {
        matches!(entry, Entry::Authenticated { user, user_details, .. }
            if *user == guest.id() && user_details["name"] == "Sam")
    });
    ensure!(
        greeted == 1,
        "the coordinator greeted the guest {greeted} times"
    );
    client.shutdown().await?;
    Ok(())
}

/// 6. A viewer without an account, whose token names the calls that may be seen.
pub(crate) async fn anonymous(
    coordinator: &Coordinator,
    server: &Listening,
    host: &StreamVideo,
) -> anyhow::Result<()> {
    println!("6. Somebody watches without saying who they are.");
    for id in ["open", "closed"] {
        host.call("livestream", id).get_or_create().await?;
    }
    let token = TokenSpec::anonymous()
        .role("viewer")
        .call_cids(["livestream:open"]);
    let token = coordinator.token_with(token);
    let calls = TokenClaims::decode(&token)?.call_cids;
    println!("   The token is for {}.", calls.first().context("a call")?);
    let before = coordinator.journal().mark();
    let client = StreamVideo::builder(KEY, User::anonymous())
        .user_token(token)
        .options(options(server))
        .build()?;

    let open = client.call("livestream", "open");
    open.get().await?;
    let seat = open.join_credentials().await?.credentials.server.edge_name;
    println!("   It gets them a seat on {seat},");
    let refused = client.call("livestream", "closed").get().await;
    let refused = refused.err().context("another call stays closed")?;
    ensure!(refused.kind() == ErrorKind::Refused, "{refused}");
    println!("   and elsewhere: {refused}.");
    let error = client.connect().await.err().context("no connection")?;
    ensure!(error.kind() == ErrorKind::Anonymous, "{error}");
    ensure!(client.events().next().await.is_none(), "no events");

    let told = coordinator.journal().since(before);
    let told: Vec<_> = told
        .iter()
        .filter_map(|record| record.entry.as_rest())
        .collect();
    let statuses: Vec<_> = told.iter().map(|call| call.status).collect();
    ensure!(
        statuses == [Some(200), Some(201), Some(403)],
        "the coordinator answered {statuses:?}"
    );
    let nobody = |call: &&video_testkit::RestCall| {
        call.auth_type.as_deref() == Some("anonymous") && call.connection_id.is_none()
    };
    ensure!(told.iter().all(nobody), "all of it anonymous");
    Ok(())
}
