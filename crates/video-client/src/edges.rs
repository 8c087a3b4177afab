//! The edges of the service, and which of them is near.

use std::sync::{Arc, Mutex, PoisonError};

use video_core::model::Edge;
use video_transport::HttpTransport;

use crate::client::StreamVideo;
use crate::error::Result;
use crate::latency::{EdgeLatency, LatencySettings, best_of, measure};

/// Measures edges, and keeps the best.
#[derive(Debug)]
pub(crate) struct Edges {
    http: Arc<dyn HttpTransport>,
    settings: LatencySettings,
    best: Mutex<Option<Edge>>,
}

impl Edges {
    pub(crate) fn new(http: Arc<dyn HttpTransport>, settings: LatencySettings) -> Self {
        Self {
            http,
            settings,
            best: Mutex::new(None),
        }
    }

    async fn measure(&self, edges: Vec<Edge>) -> Vec<EdgeLatency> {
        let measured = measure(&self.http, edges, self.settings).await;
        *self.best() = best_of(&measured).cloned();
        measured
    }

    fn best(&self) -> std::sync::MutexGuard<'_, Option<Edge>> {
        self.best.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StreamVideo {
    /// The edges of the service.
    ///
    /// # Errors
    ///
    /// An [`Error`](crate::Error) if the service does not tell.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn edges(&self) -> Result<Vec<Edge>> {
        self.api().get_edges().await
    }

    /// Measures how far away the edges are, in their order.
    ///
    /// Gets the list and then, in each round, the latency address of each edge, without the user's
    /// token or anything else of this client. How many rounds there are and how long they take is
    /// chosen by [`latency_settings`](crate::StreamVideoOptions::latency_settings), by default 3
    /// in 3 s, to which the request for the list is added. What is still under way then is
    /// dropped. An address without TLS is asked on this machine alone.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(client: video_client::StreamVideo) -> Result<(), video_client::Error> {
    /// for measured in client.measure_latencies().await? {
    ///     println!("{}: {:?}", measured.edge.id, measured.median());
    /// }
    /// if let Some(edge) = client.best_edge() {
    ///     println!("{} is the nearest", edge.id);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// An [`Error`](crate::Error) if the service does not tell its edges. That an edge does not
    /// answer is none: see [`EdgeLatency::samples`].
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the requests are dropped, and the best edge stays what it was.
    pub async fn measure_latencies(&self) -> Result<Vec<EdgeLatency>> {
        let edges = self.edges().await?;
        let measuring = self.measured_edges().measure(edges);
        Ok(self.log().wrap(measuring).await)
    }

    /// The edge with the best [median](EdgeLatency::median) in the last measuring that was
    /// finished. Nothing is sent: `None` if there was no measuring, or no edge answered in it.
    #[must_use]
    pub fn best_edge(&self) -> Option<Edge> {
        self.measured_edges().best().clone()
    }
}
