//! What happens when many fail at once, in virtual time.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::sleep;
use video_client::test_util::dialer_fn;
use video_client::{Entropy, ReconnectPolicy, StreamVideo, StreamVideoOptions, User};
use video_testkit::{Audience, Coordinator};

use crate::figures::float;
use crate::row::Row;
use crate::runtime;
use crate::server::{KEY, SECRET};
use crate::stopwatch::Stopwatch;
use crate::usage;

const REQUESTS: usize = 1_000;
const CLIENTS: usize = 10_000;
/// The resolution of the dial rate.
const SLOT: Duration = Duration::from_millis(10);

/// A thousand requests whose token is refused at once.
pub(crate) fn refused() -> anyhow::Result<Vec<Row>> {
    let cpu = usage::cpu_seconds();
    let (loads, failures) = runtime::paused(refuse())?;
    Ok(vec![Row {
        what: format!("{REQUESTS} requests refused with 40 at once"),
        measured: format!("{loads} loader calls, {failures} requests failed"),
        floor: "–".to_owned(),
        ratio: "–".to_owned(),
        goal: "1 call, all succeed",
        met: (loads, failures) == (1, 0),
        cpu: usage::cpu_seconds() - cpu,
        load: usage::load(),
    }])
}

async fn refuse() -> anyhow::Result<(usize, usize)> {
    let coordinator = Coordinator::builder(KEY, SECRET).build();
    let loads = Arc::new(AtomicUsize::new(0));
    let (service, counter) = (coordinator.clone(), Arc::clone(&loads));
    let client = StreamVideo::builder(KEY, User::regular("john"))
        .token_loader(move |user_id| {
            counter.fetch_add(1, Ordering::Relaxed);
            let token = service.token(&user_id);
            async move {
                sleep(Duration::from_millis(150)).await;
                token
            }
        })
        .options(in_memory(&coordinator, Entropy::seeded(1), || ()))
        .build()?;
    client.connect().await?;
    let call = client.call("default", "bench");
    call.get_or_create().watch(false).await?;
    loads.store(0, Ordering::Relaxed);
    coordinator.expire_tokens("john");
    let mut requests = JoinSet::new();
    for _ in 0..REQUESTS {
        let call = call.clone();
        requests.spawn(async move { call.get_or_create().watch(false).await });
    }
    let mut failures = 0;
    while let Some(result) = requests.join_next().await {
        failures += usize::from(result?.is_err());
    }
    client.shutdown().await?;
    Ok((loads.load(Ordering::Relaxed), failures))
}

/// Ten thousand clients that lose the server in the same moment.
pub(crate) fn lost_server() -> anyhow::Result<Vec<Row>> {
    let cpu = usage::cpu_seconds();
    let window = ReconnectPolicy::default().first_window;
    let dials = runtime::paused(lose())?;
    let mut slots = BTreeMap::<u128, usize>::new();
    for dial in &dials {
        *slots
            .entry(dial.as_millis() / SLOT.as_millis())
            .or_default() += 1;
    }
    let peak = float(slots.values().copied().max().unwrap_or(0));
    let mean = float(CLIENTS) * SLOT.as_secs_f64() / window.as_secs_f64();
    let (all, last) = (dials.len(), dials.iter().max().copied().unwrap_or_default());
    Ok(vec![Row {
        what: format!("{CLIENTS} clients, virtual time, lose the server at once"),
        measured: format!("at most {peak} dials in {SLOT:?}; {all} dials, the last after {last:?}"),
        floor: format!("{mean} (evenly over the window of {window:?})"),
        ratio: format!("{:.2}", peak / mean),
        goal: "≤ 2 ×",
        met: peak <= 2.0 * mean && all >= CLIENTS,
        cpu: usage::cpu_seconds() - cpu,
        load: usage::load(),
    }])
}

/// When the clients dialled, counted from the loss.
async fn lose() -> anyhow::Result<Vec<Duration>> {
    let coordinator = Coordinator::builder(KEY, SECRET)
        .journal_capacity(1)
        .build();
    let dials = Arc::new(Mutex::new(Vec::new()));
    let start = Stopwatch::start_wall();
    let mut connecting = JoinSet::new();
    for n in 0..CLIENTS {
        let user = format!("user-{n}");
        let dials = Arc::clone(&dials);
        let note = move || {
            let mut dials = dials.lock().unwrap_or_else(PoisonError::into_inner);
            dials.push(start.wall());
        };
        let seed = u64::try_from(n)?;
        let client = StreamVideo::builder(KEY, User::regular(&user))
            .user_token(coordinator.token(&user))
            .options(in_memory(&coordinator, Entropy::seeded(seed), note))
            .build()?;
        connecting.spawn(async move { client.connect().await.map(|_| client) });
    }
    let mut clients = Vec::new();
    while let Some(client) = connecting.join_next().await {
        clients.push(client??);
    }
    let lost = start.wall();
    coordinator.drop_connections(Audience::All);
    sleep(Duration::from_secs(60)).await;
    anyhow::ensure!(
        clients
            .iter()
            .all(|client| client.state().borrow().is_connected()),
        "not all have connected again"
    );
    let dials = dials.lock().unwrap_or_else(PoisonError::into_inner);
    let after = dials.iter().skip(CLIENTS);
    Ok(after.map(|dial| dial.saturating_sub(lost)).collect())
}

/// Options that lead to a coordinator in memory, and tell of each dial.
fn in_memory(
    coordinator: &Coordinator,
    entropy: Entropy,
    note: impl Fn() + Send + Sync + 'static,
) -> StreamVideoOptions {
    let coordinator = coordinator.clone();
    StreamVideoOptions::default()
        .coordinator_rpc_url("http://localhost")
        .coordinator_ws_url("ws://localhost/video/connect")
        .auto_connect(false)
        .entropy(entropy)
        .dialer(dialer_fn(move |_target| {
            note();
            let io = coordinator.connect();
            async move { Ok(io) }
        }))
}
