//! `video emulate`: serves the embedded coordinator until somebody asks it to stop.

use std::io::Write as _;

use anyhow::Context as _;
use tokio::signal::unix::{SignalKind, signal};
use video_testkit::{Coordinator, Listening};

use crate::args::Emulate;

/// How much of the past is kept; nobody reads it here.
const JOURNAL: usize = 100;

/// Runs to the end: a signal, or a reason not to start.
pub(crate) fn run(emulate: &Emulate) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("the runtime can not be started")?;
    runtime.block_on(serve(emulate))
}

async fn serve(emulate: &Emulate) -> anyhow::Result<()> {
    // Before anything can be printed, so that no signal is missed once the line is out.
    let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT can not be caught")?;
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM can not be caught")?;

    let coordinator = Coordinator::builder(emulate.api_key.as_str(), emulate.secret())
        .real_clock()
        .journal_capacity(JOURNAL)
        .build();
    let server = coordinator
        .listen(emulate.listen)
        .await
        .with_context(|| format!("can not listen on {}", emulate.listen))?;
    announce(&server, &emulate.api_key).context("standard output is closed")?;

    tokio::select! {
        biased;
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    server.shutdown().await;
    Ok(())
}

/// Prints the one line that says that clients may come.
fn announce(server: &Listening, api_key: &str) -> std::io::Result<()> {
    let line = serde_json::json!({
        "url": server.url(),
        "ws_url": server.ws_url(),
        "api_key": api_key,
    });
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}
