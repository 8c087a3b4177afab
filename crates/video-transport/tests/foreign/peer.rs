//! A peer that a client can connect to, and what it reports.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::process::Child;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinSet;

/// The close code that the first connection of each case brought. `None` if it ended without.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reports(Arc<watch::Sender<HashMap<String, Option<u16>>>>);

impl Reports {
    pub(crate) fn ended(&self, case: &str, code: Option<u16>) {
        self.0.send_modify(|reports| {
            reports.entry(case.to_owned()).or_insert(code);
        });
    }

    async fn of(&self, case: &str) -> Option<u16> {
        let mut reports = self.0.subscribe();
        let reports = reports.wait_for(|reports| reports.contains_key(case));
        reports.await.unwrap()[case]
    }
}

/// A peer, for as long as it is held.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    pub(crate) reports: Reports,
    pub(crate) _tasks: JoinSet<()>,
    pub(crate) process: Option<Child>,
}

impl Peer {
    /// With which code the client closed the first connection of a case.
    pub(crate) async fn told(&self, case: &str) -> Option<u16> {
        self.reports.of(case).await
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            // It may have ended by itself, which the test has noticed then.
            drop(process.kill());
            drop(process.wait());
        }
    }
}
