//! Serving a TCP port.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::Coordinator;
use crate::serve::{self, Shutdown};
use crate::shared::{Shared, Tasks};

/// How long an orderly shutdown waits for its connections.
const GRACE: Duration = Duration::from_secs(2);

/// How long to wait after an error of the listening socket, such as a lack of file descriptors.
const PAUSE: Duration = Duration::from_millis(50);

/// A TCP port that a coordinator serves. Dropping it ends the port and all its connections.
#[derive(Debug)]
#[must_use = "dropping it ends the service"]
pub struct Listening {
    local_addr: SocketAddr,
    secure: bool,
    shutdown: watch::Sender<bool>,
    task: JoinSet<()>,
}

impl Coordinator {
    /// Serves a TCP port. Port 0 lets the system choose one.
    ///
    /// # Errors
    ///
    /// What the system says if the address can not be listened at.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: nothing is served until it returns.
    pub async fn listen(&self, address: SocketAddr) -> io::Result<Listening> {
        self.listen_with(address, false, |stream| std::future::ready(Ok(stream)))
            .await
    }

    /// Serves a port; each connection goes through `accept` first.
    pub(crate) async fn listen_with<F, A, I>(
        &self,
        address: SocketAddr,
        secure: bool,
        accept: F,
    ) -> io::Result<Listening>
    where
        F: Fn(TcpStream) -> A + Send + 'static,
        A: Future<Output = io::Result<I>> + Send + 'static,
        I: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let listener = TcpListener::bind(address).await?;
        let local_addr = listener.local_addr()?;
        let shutdown = watch::Sender::new(false);
        let requested = Shutdown::new(shutdown.subscribe());
        let shared = Arc::clone(&self.inner.shared);
        let mut task = JoinSet::new();
        let scheme = if secure { "https" } else { "http" };
        task.spawn(accept_all(shared, listener, scheme, requested, accept));
        Ok(Listening {
            local_addr,
            secure,
            shutdown,
            task,
        })
    }
}

impl Listening {
    /// The address, with the port that is really used.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// The base of the REST paths, without a slash at the end: `http://127.0.0.1:4000`.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = if self.secure { "https" } else { "http" };
        format!("{scheme}://{}", self.local_addr)
    }

    /// Where sockets are opened: `ws://127.0.0.1:4000/video/connect`.
    #[must_use]
    pub fn ws_url(&self) -> String {
        let scheme = if self.secure { "wss" } else { "ws" };
        format!("{scheme}://{}/video/connect", self.local_addr)
    }

    /// Where the location hint is asked for: `http://127.0.0.1:4000/hint`.
    #[must_use]
    pub fn hint_url(&self) -> String {
        format!("{}/hint", self.url())
    }

    /// Stops listening, says goodbye to all clients and waits a little while for them to go.
    ///
    /// # Cancel safety
    ///
    /// Cancelling it is the same as dropping the port: what is still open is cut.
    pub async fn shutdown(mut self) {
        self.shutdown.send_replace(true);
        while self.task.join_next().await.is_some() {}
    }
}

async fn accept_all<F, A, I>(
    shared: Arc<Shared>,
    listener: TcpListener,
    scheme: &'static str,
    mut shutdown: Shutdown,
    accept: F,
) where
    F: Fn(TcpStream) -> A + Send,
    A: Future<Output = io::Result<I>> + Send + 'static,
    I: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let mut connections = Tasks::default();
    loop {
        let accepted = tokio::select! {
            biased;
            () = shutdown.requested() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                // Only speed suffers if the system refuses.
                drop(stream.set_nodelay(true));
                let accepted = accept(stream);
                let task = serve::serve(
                    Arc::clone(&shared),
                    accepted,
                    Some(scheme),
                    shutdown.clone(),
                );
                connections.spawn(&shared, task);
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    drop(listener);
    // Connections that do not end in time are cut.
    drop(tokio::time::timeout(GRACE, connections.join(&shared)).await);
}
