//! Listening to a flood of events: with a client, and with a loop around a bare socket.

use std::net::SocketAddr;

use anyhow::{Context as _, bail, ensure};
use serde::Deserialize;
use tokio::task::JoinSet;
use video_client::event::Custom;
use video_client::{EventItem, EventPayload, Events};

use crate::bare;
use crate::client::Account;
use crate::sample::Sample;

/// Lets a client hear all events, with this many listeners. Tells how many items were missed.
pub(crate) async fn with_client(
    server: SocketAddr,
    account: &Account,
    sample: Sample,
    count: usize,
    listeners: usize,
) -> anyhow::Result<u64> {
    let client = account.client(server, "")?;
    let mut tasks = JoinSet::new();
    for _ in 0..listeners {
        let events = client.events();
        tasks.spawn(listen(events, sample, count));
    }
    client.connect().await?;
    let mut missed = 0;
    while let Some(listener) = tasks.join_next().await {
        missed += listener??;
    }
    client.shutdown().await?;
    Ok(missed)
}

async fn listen(mut events: Events, sample: Sample, count: usize) -> anyhow::Result<u64> {
    let (mut heard, mut missed) = (0, 0);
    while heard + usize::try_from(missed)? < count {
        match events.next().await.context("the stream goes on")? {
            EventItem::Event(event) if sample == Sample::Custom && event.kind() == "custom" => {
                let EventPayload::Custom(custom) = event.payload()? else {
                    bail!("no custom event");
                };
                ensure!(!custom.custom.is_empty(), "an empty event");
                heard += 1;
            }
            EventItem::Event(event) if sample == Sample::Ring && event.kind() == "call.ring" => {
                heard += 1;
            }
            EventItem::Lagged { missed: more } => missed += more,
            EventItem::Connection(state) if state.error().is_some() => bail!("{state:?}"),
            _ => {}
        }
    }
    Ok(missed)
}

/// Reads all events from a bare socket: decodes those that a client would decode, and reads only
/// the type of the others.
pub(crate) async fn with_bare_loop(
    server: SocketAddr,
    account: &Account,
    sample: Sample,
    count: usize,
) -> anyhow::Result<()> {
    #[derive(Deserialize)]
    struct Peek<'a> {
        #[serde(rename = "type")]
        kind: &'a str,
    }
    let mut socket = bare::connect(server, None, account).await?;
    for _ in 0..count {
        let frame = socket.read_frame().await?;
        match sample {
            Sample::Custom => {
                let event: Custom = serde_json::from_slice(&frame.payload)?;
                ensure!(!event.custom.is_empty(), "an empty event");
            }
            Sample::Ring => {
                let event: Peek<'_> = serde_json::from_slice(&frame.payload)?;
                ensure!(event.kind == "call.ring", "another event");
            }
        }
    }
    Ok(())
}
