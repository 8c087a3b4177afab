//! Signs users in, loses a token and a connection, heals, and hears events: no account, no
//! network, no set-up.
//!
//! ```sh
//! cargo run --example quickstart
//! ```
//!
//! It starts the embedded coordinator on a loopback port. Each step is checked against the
//! coordinator's own journal, so exit 0 means that it truly happened.
//!
//! With `STREAM_VIDEO_URL`, `STREAM_API_KEY`, `STREAM_USER_ID` and `STREAM_USER_TOKEN` it runs a
//! short round against that service instead.
#![expect(clippy::print_stdout, reason = "it tells a story")]

mod strangers;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::json;
use tokio::time::timeout;
use video_client::{
    ConnectionState, Event, EventItem, EventPayload, Events, Lifecycle, StreamVideo,
    StreamVideoOptions, User,
};
use video_testkit::{ClosedBy, Coordinator, Entry, Listening, Record};

const KEY: &str = "quickstart-key";
const PATIENCE: Duration = Duration::from_secs(5);

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    if let Ok(url) = std::env::var("STREAM_VIDEO_URL") {
        return against_a_service(&url).await;
    }
    let coordinator = Coordinator::builder(KEY, "quickstart-secret")
        .real_clock()
        .build();
    let server = coordinator.listen(([127, 0, 0, 1], 0).into()).await?;
    println!("The embedded coordinator listens on {}.\n", server.url());

    let john = static_token(&coordinator, &server).await?;
    let ada = token_loader(&coordinator, &server).await?;
    let mut heard = two_users(&coordinator, &john, &ada).await?;
    lost_connection(&coordinator, &john, &ada, &mut heard).await?;
    strangers::guest(&coordinator, &server).await?;
    strangers::anonymous(&coordinator, &server, &ada).await?;
    background(&coordinator, &john, &mut heard).await?;
    clean_shutdown(&coordinator, [john, ada], heard).await?;

    coordinator.assert_healthy();
    println!("\nEverything happened as told: the coordinator's journal has it all.");
    Ok(())
}

fn options(server: &Listening) -> StreamVideoOptions {
    StreamVideoOptions::default()
        .coordinator_rpc_url(server.url())
        .coordinator_ws_url(server.ws_url())
        .auto_connect(false)
        .app("quickstart", env!("CARGO_PKG_VERSION"))
}

/// 1. A user with a token from a backend.
async fn static_token(
    coordinator: &Coordinator,
    server: &Listening,
) -> anyhow::Result<StreamVideo> {
    println!("1. John signs in with a static token.");
    let john = User::regular("john").name("John Doe").custom("team", "red");
    let client = StreamVideo::builder(KEY, john)
        .user_token(coordinator.token("john"))
        .options(options(server))
        .build()?;
    let token = client.connect().await?;
    println!(
        "   Connected until {}.",
        token.expires_at().context("an end")?
    );

    let greeted = coordinator.journal().count(|entry| {
        matches!(entry, Entry::Authenticated { user, user_details, products, .. }
            if *user == "john"
                && user_details["name"] == "John Doe"
                && user_details["custom"]["team"] == "red"
                && products.as_deref() == Some(&["video".to_owned()]))
    });
    ensure!(greeted == 1, "the coordinator greeted John {greeted} times");
    Ok(client)
}

/// 2. A user whose token expires in the midst of it.
async fn token_loader(
    coordinator: &Coordinator,
    server: &Listening,
) -> anyhow::Result<StreamVideo> {
    println!("2. Ada signs in with a token loader, and her token expires.");
    let loads = Arc::new(AtomicUsize::new(0));
    let (backend, counter) = (coordinator.clone(), Arc::clone(&loads));
    let client = StreamVideo::builder(KEY, User::regular("ada"))
        .token_loader(move |user_id| {
            counter.fetch_add(1, Ordering::Relaxed);
            let token = backend.token(&user_id);
            async move { token }
        })
        .options(options(server))
        .build()?;
    let mut events = client.events();
    let first = client.connect().await?;
    ensure!(
        loads.load(Ordering::Relaxed) == 1,
        "one load for the first token"
    );

    let before = coordinator.journal().mark();
    coordinator.expire_tokens("ada");
    let cause = until_lost(&mut events).await?;
    println!("   The service says: {cause}.");
    until_connected(&mut events).await?;
    let second = client.token().await?;
    ensure!(first != second, "the token was replaced");
    ensure!(
        loads.load(Ordering::Relaxed) == 2,
        "one more load, and no other"
    );
    let again =
        coordinator.journal().since(before).iter().any(
            |record| matches!(&record.entry, Entry::Authenticated { user, .. } if *user == "ada"),
        );
    ensure!(again, "the coordinator greeted Ada again");
    println!("   The loader was asked once, and the connection was made again.");
    Ok(client)
}

/// 3. Two users in one call.
async fn two_users(
    coordinator: &Coordinator,
    john: &StreamVideo,
    ada: &StreamVideo,
) -> anyhow::Result<Events> {
    println!("3. Ada creates a call, John watches it, and they talk.");
    let mut heard = john.events();
    let created = ada
        .call("default", "standup")
        .get_or_create()
        .members(["ada", "john"])
        .await?;
    ensure!(created.created, "the call is new");
    john.call("default", "standup").get().await?;
    ensure!(
        coordinator.watchers("default:standup").len() == 2,
        "both watch"
    );

    ada.call("default", "standup")
        .send_custom_event(&json!({"wave": "hello"}))
        .await?;
    let text = custom_of(&next_event(&mut heard, "custom").await?)?;
    println!("   John hears {text} from Ada.");
    ensure!(text == r#"{"wave":"hello"}"#, "the event is whole");
    ensure!(
        coordinator
            .journal()
            .count(|entry| entry.is_push_of("custom"))
            == 2,
        "one for each"
    );
    Ok(heard)
}

/// 4. A connection that breaks without a word.
async fn lost_connection(
    coordinator: &Coordinator,
    john: &StreamVideo,
    ada: &StreamVideo,
    heard: &mut Events,
) -> anyhow::Result<()> {
    println!("4. John's connection breaks.");
    let before = coordinator.journal().mark();
    ensure!(
        coordinator.drop_connections("john") > 0,
        "there was something to cut"
    );
    let cause = until_lost(heard).await?;
    println!("   John's client notices: {cause}.");
    until_connected(heard).await?;
    let journal = coordinator.journal();
    let watched = journal.wait_for_after(
        before,
        |entry| matches!(entry, Entry::Watched { cid, .. } if *cid == "default:standup"),
    );
    timeout(PATIENCE, watched)
        .await
        .context("John's client watches again")?;
    println!("   It is connected again, and watches the call again.");

    ada.call("default", "standup")
        .send_custom_event(&json!({"wave": "again"}))
        .await?;
    let text = custom_of(&next_event(heard, "custom").await?)?;
    ensure!(text == r#"{"wave":"again"}"#, "the event is whole");
    println!("   John hears {text} from Ada.");
    ensure!(john.last_error().is_none(), "healed");
    Ok(())
}

/// 7. A program that goes out of sight, and comes back.
async fn background(
    coordinator: &Coordinator,
    john: &StreamVideo,
    heard: &mut Events,
) -> anyhow::Result<()> {
    println!("7. John's program goes to the background, and comes back.");
    let before = coordinator.journal().mark();
    john.set_lifecycle(Lifecycle::Background).await;
    ensure!(matches!(*john.state().borrow(), ConnectionState::Paused));
    let closed = coordinator
        .journal()
        .since(before)
        .iter()
        .any(is_polite_end);
    ensure!(closed, "the coordinator saw the socket close");
    println!("   No call needs the connection, so it is closed.");

    john.set_lifecycle(Lifecycle::Foreground).await;
    until_connected(heard).await?;
    let back = coordinator.journal().since(before);
    let back = back.iter().filter(
        |record| matches!(&record.entry, Entry::Authenticated { user, .. } if *user == "john"),
    );
    ensure!(back.count() == 1, "the coordinator greeted John once");
    println!("   It is made again.");
    Ok(())
}

/// 8. The end.
async fn clean_shutdown(
    coordinator: &Coordinator,
    clients: [StreamVideo; 2],
    mut heard: Events,
) -> anyhow::Result<()> {
    println!("8. Both shut down.");
    let before = coordinator.journal().mark();
    for client in &clients {
        client.shutdown().await?;
    }
    while heard.next().await.is_some() {}
    let polite = coordinator
        .journal()
        .since(before)
        .iter()
        .filter(|record| is_polite_end(record))
        .count();
    ensure!(
        polite == 2,
        "both sockets were closed politely, not {polite}"
    );
    ensure!(
        coordinator.connections().is_empty(),
        "nobody is connected any more"
    );
    println!("   Both sockets are closed, and the event streams have ended.");
    Ok(())
}

fn is_polite_end(record: &Record) -> bool {
    matches!(
        record.entry,
        Entry::SocketClosed {
            code: Some(1000),
            by: ClosedBy::Client,
            ..
        }
    )
}

/// A short round against a service that is not ours.
async fn against_a_service(url: &str) -> anyhow::Result<()> {
    let var = |name: &str| std::env::var(name).with_context(|| format!("{name} is not set"));
    let user_id = var("STREAM_USER_ID")?;
    let socket = format!(
        "{}/video/connect",
        url.trim_end_matches('/').replacen("http", "ws", 1)
    );
    let options = StreamVideoOptions::default()
        .coordinator_rpc_url(url)
        .coordinator_ws_url(socket)
        .auto_connect(false);
    let client = StreamVideo::builder(var("STREAM_API_KEY")?, User::regular(&user_id))
        .user_token(var("STREAM_USER_TOKEN")?)
        .options(options)
        .build()?;
    let mut events = client.events();
    let token = client.connect().await?;
    println!("{user_id} is connected to {url} with {token:?}.");
    let call = client.call("default", format!("quickstart-{user_id}"));
    let details = call.get_or_create().await?;
    println!("{} has {} members.", call.cid(), details.members.len());
    call.send_custom_event(&json!({"wave": "hello"})).await?;
    let event = next_event(&mut events, "custom").await?;
    println!("The service delivers {}.", custom_of(&event)?);
    client.shutdown().await?;
    println!("Disconnected.");
    Ok(())
}

async fn next_event(events: &mut Events, kind: &str) -> anyhow::Result<Event> {
    let found = async {
        while let Some(item) = events.next().await {
            match item {
                EventItem::Event(event) if event.kind() == kind => return Some(event),
                _ => {}
            }
        }
        None
    };
    timeout(PATIENCE, found)
        .await?
        .with_context(|| format!("`{kind}` comes"))
}

async fn until_lost(events: &mut Events) -> anyhow::Result<String> {
    let found = async {
        while let Some(item) = events.next().await {
            if let EventItem::Connection(ConnectionState::Reconnecting { cause, .. }) = item {
                return Some(cause.to_string());
            }
        }
        None
    };
    timeout(PATIENCE, found).await?.context("the loss is told")
}

async fn until_connected(events: &mut Events) -> anyhow::Result<()> {
    let found = async {
        while let Some(item) = events.next().await {
            if matches!(&item, EventItem::Connection(state) if state.is_connected()) {
                return Some(());
            }
        }
        None
    };
    timeout(PATIENCE, found)
        .await?
        .context("the connection is told")
}

fn custom_of(event: &Event) -> anyhow::Result<String> {
    match event.payload()? {
        EventPayload::Custom(custom) => Ok(custom.custom.as_str().to_owned()),
        other => anyhow::bail!("not a custom event: {other:?}"),
    }
}
