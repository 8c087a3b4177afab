//! A call.

mod requests;

use std::future::Future;
use std::sync::Arc;

use serde::Serialize;
use video_core::{CallCid, Event};
use video_transport::{Events, WaitError};

use crate::api::Answer;
use crate::client::StreamVideo;
use crate::lifecycle::{ActiveCall, ActiveCallMedia};
use crate::rewatch::Era;

pub(crate) use requests::Answer as RequestFuture;
pub use requests::{
    EndCall, GetCall, GetOrCreateCall, JoinCall, SendCustomEvent, UNKNOWN_LOCATION, UpdateCall,
};

/// A handle on a call. A cheap clone; nothing is sent before one of its requests is awaited.
///
/// The requests that can watch do so unless told otherwise: they wait for a live connection, and
/// from then on the events of the call are delivered to this client, also after the connection
/// was lost and made again.
///
/// # Examples
///
/// ```no_run
/// # async fn example(client: video_client::StreamVideo) -> Result<(), video_client::Error> {
/// let call = client.call("default", "standup");
/// let details = call.get_or_create().members(["ada", "tom"]).ring(true).await?;
/// println!("{} members", details.members.len());
/// call.send_custom_event(&serde_json::json!({"type": "wave"})).await?;
/// call.end().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Call {
    client: StreamVideo,
    cid: CallCid,
}

impl Call {
    pub(crate) fn new(client: StreamVideo, call_type: &str, id: &str) -> Self {
        Self {
            client,
            cid: CallCid::of(call_type, id),
        }
    }

    /// The full name, `type:id`.
    #[must_use]
    pub fn cid(&self) -> &CallCid {
        &self.cid
    }

    /// The client that the call belongs to.
    #[must_use]
    pub fn client(&self) -> &StreamVideo {
        &self.client
    }

    /// Gets the call. Fails with code 16 if there is none.
    pub fn get(&self) -> GetCall {
        GetCall::new(self.clone())
    }

    /// Gets the call, and creates it if there is none.
    pub fn get_or_create(&self) -> GetOrCreateCall {
        GetOrCreateCall::new(self.clone())
    }

    /// Changes the call.
    pub fn update(&self) -> UpdateCall {
        UpdateCall::new(self.clone())
    }

    /// Ends the call for everyone.
    pub fn end(&self) -> EndCall {
        EndCall::new(self.clone())
    }

    /// Sends an event of the application's own to everybody who watches the call, this client
    /// included. Never repeated by itself once it may have been sent.
    pub fn send_custom_event(&self, custom: &(impl Serialize + ?Sized)) -> SendCustomEvent {
        SendCustomEvent::new(self.clone(), custom)
    }

    /// Asks for a seat on a media server: its address, a token for it, and servers that help
    /// media through networks.
    pub fn join_credentials(&self) -> JoinCall {
        JoinCall::new(self.clone())
    }

    /// The events of this call from now on, and the changes of the connection among them.
    ///
    /// They come for as long as the call is watched; a request of this handle makes it so.
    #[must_use]
    pub fn events(&self) -> Events {
        self.client.events().of_call(&self.cid)
    }

    /// Waits for the first event of this call, from now on, that fulfils a condition.
    ///
    /// # Errors
    ///
    /// [`WaitError`] if there are no more events, or some were missed.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(call: video_client::Call) -> Result<(), Box<dyn std::error::Error>> {
    /// let ended = call.wait_for(|event| event.kind() == "call.ended");
    /// call.end().await?;
    /// ended.await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn wait_for<F>(&self, wanted: F) -> impl Future<Output = Result<Event, WaitError>> + use<F>
    where
        F: FnMut(&Event) -> bool,
    {
        let mut events = self.events();
        async move { events.wait_for(wanted).await }
    }

    /// Tells the client that the call is going on, until the guard is dropped: an active call
    /// keeps the connection open in the background, and its media are muted there if the options
    /// say so. This is for media engines.
    pub fn activate(&self, media: impl ActiveCallMedia) -> ActiveCall {
        self.client.activate(self.cid.clone(), Arc::new(media))
    }

    /// A request that may watch begins now.
    fn begin(&self) -> Era {
        self.client.watched().era()
    }

    /// Remembers that the call is watched, if the answer says so and nobody disconnected meanwhile.
    fn note<T>(&self, begun: Era, answer: Answer<T>) -> T {
        if let Some(connection) = answer.watched_on {
            self.client.watched().note(begun, &self.cid, connection);
        }
        answer.body
    }

    /// Stops watching: the call is not watched again on the next connection.
    ///
    /// The service goes on delivering its events until the current connection ends.
    pub fn unwatch(&self) {
        self.client.watched().remove(&self.cid);
    }
}
