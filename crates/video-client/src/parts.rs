//! What a client is made of, so that a test can make one of doubles.

use std::sync::Arc;

use tokio::sync::watch;
use video_core::{TokenSource, User};
use video_transport::{EventChannel, HttpTransport, RpcTransport};

/// What a client is made of.
///
/// With the feature `test-util` a test makes a client of doubles:
/// [`StreamVideo::from_parts`](crate::StreamVideo::from_parts).
#[derive(Debug, Clone)]
#[cfg_attr(
    not(feature = "test-util"),
    expect(unreachable_pub, reason = "public for tests")
)]
#[expect(clippy::exhaustive_structs, reason = "a test names all parts")]
pub struct Parts {
    /// The user, who becomes another when a guest is created.
    pub user: Arc<watch::Sender<Arc<User>>>,
    /// Makes requests.
    pub rpc: Arc<dyn RpcTransport>,
    /// Asks others than the service: where the user is, and how far away edges are.
    pub http: Arc<dyn HttpTransport>,
    /// Holds the connection.
    pub events: Arc<dyn EventChannel>,
    /// Supplies tokens.
    pub tokens: Arc<dyn TokenSource>,
}
