//! The driver of one connection, from its first byte to its last.

mod admission;
mod cors;
mod http;
mod late;
mod probe;
mod read;
mod rest;
mod upgrade;

use std::io;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{Notify, watch};

use crate::fault::{Fault, FaultPlace};
use crate::journal::Entry;
use crate::shared::Shared;
use crate::socket;

pub(crate) use upgrade::PendingSocket;

/// Tells a connection that it shall come to an end.
#[derive(Clone)]
pub(crate) struct Shutdown {
    requested: watch::Receiver<bool>,
}

impl Shutdown {
    pub(crate) fn new(requested: watch::Receiver<bool>) -> Self {
        Self { requested }
    }

    /// Waits for the request; for ever if nobody is left to make it.
    pub(crate) async fn requested(&mut self) {
        if self
            .requested
            .wait_for(|requested| *requested)
            .await
            .is_err()
        {
            std::future::pending::<()>().await;
        }
    }
}

/// An entry in the list of open connections.
struct Link {
    shared: Arc<Shared>,
    id: u64,
    cut: Arc<Notify>,
}

impl Link {
    fn open(shared: Arc<Shared>) -> Self {
        let (id, cut) = shared.hub().open_link();
        Self { shared, id, cut }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.shared.hub().close_link(self.id);
    }
}

/// Serves one connection, which is ready once `accept` has finished. The scheme is that of the
/// port it came in at; in memory there is none.
pub(crate) async fn serve<I>(
    shared: Arc<Shared>,
    accept: impl Future<Output = io::Result<I>>,
    scheme: Option<&'static str>,
    shutdown: Shutdown,
) where
    I: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let link = Link::open(shared);
    tokio::select! {
        biased;
        () = link.cut.notified() => {}
        () = run(&link, accept, scheme, shutdown) => {}
    }
}

async fn run<I>(
    link: &Link,
    accept: impl Future<Output = io::Result<I>>,
    scheme: Option<&'static str>,
    mut shutdown: Shutdown,
) where
    I: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let shared = &link.shared;
    shared.journal.write(Entry::Dialed);
    match shared.fault(FaultPlace::Dial, "*", "") {
        Some(Fault::Refuse) => return,
        Some(Fault::Stall) => std::future::pending().await,
        Some(Fault::Delay(span)) => tokio::time::sleep(span).await,
        _ => {}
    }
    let io = match accept.await {
        Ok(io) => io,
        Err(error) => {
            tracing::debug!(%error, "a connection was not accepted");
            return;
        }
    };

    let upgraded = Arc::new(Mutex::new(None::<PendingSocket>));
    let service = service_fn(|request| {
        let (shared, upgraded) = (Arc::clone(shared), Arc::clone(&upgraded));
        http::answer(shared, upgraded, scheme, request)
    });
    let connection = http1::Builder::new()
        .auto_date_header(false)
        .header_read_timeout(None)
        .serve_connection(TokioIo::new(io), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        biased;
        () = shutdown.requested() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
        ended = connection.as_mut() => ended,
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
        // A client that went before the 101 gets no socket: hyper would never hand over the stream.
        return;
    }
    let pending = upgraded
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take();
    if let Some(pending) = pending {
        socket::serve(shared, pending, Arc::clone(&link.cut), shutdown).await;
    }
}
