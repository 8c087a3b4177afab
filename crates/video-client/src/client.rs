//! The client.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use video_core::model::OwnUser;
use video_core::{ApiKey, CallCid, Event, User, UserToken};
use video_sdp::SdpPolicy;
use video_transport::{
    ConnectError, ConnectOptions, ConnectionState, Events, HyperTransport, Network, Online,
    WaitError,
};

use crate::api::Api;
use crate::builder::StreamVideoBuilder;
use crate::call::Call;
use crate::devices::Devices;
use crate::edges::Edges;
use crate::error::{Error, Result};
use crate::identity::Identity;
use crate::latency::LatencySettings;
use crate::lifecycle::{ActiveCall, ActiveCallMedia, BackgroundPolicy, Lifecycle, LifecycleKeeper};
use crate::location::LocationHint;
use crate::logging::LogBridge;
use crate::parts::Parts;
use crate::push::{Push, PushProviderFn};
use crate::rewatch::Watched;

/// A user of Stream Video, signed in or about to be.
///
/// A cheap clone: all clones are the same client. When the last one is dropped the socket is
/// closed politely, in the background; [`shutdown`](Self::shutdown) waits for that.
///
/// # Examples
///
/// ```no_run
/// use video_client::{StreamVideo, User};
///
/// # async fn example() -> Result<(), video_client::Error> {
/// let client = StreamVideo::builder("api-key", User::regular("john").name("John Doe"))
///     .user_token("token from your backend")
///     .build()?;
/// let token = client.connect().await?;
/// println!("connected until {:?}", token.expires_at());
/// # Ok(())
/// # }
/// ```
///
/// # Recovery
///
/// A lost connection is made again for as long as it is wished for, ever more slowly while it
/// fails, and calls that were watched are watched again on the new one. A token that the service
/// refuses is replaced once through the loader. What can not heal by itself (a wrong key, a
/// static token that is refused, a second refusal in a row) ends in
/// [`ConnectionState::Disconnected`] with the reason, and waits for a new `connect()`.
#[derive(Clone)]
pub struct StreamVideo {
    inner: Arc<Inner>,
}

struct Inner {
    parts: Parts,
    api: Api,
    watched: Watched,
    owned: Owned,
    /// Counts the wishes to connect.
    connects: AtomicU64,
    push: Option<Push>,
    lifecycle: LifecycleKeeper,
    location: LocationHint,
    edges: Edges,
    sdp_policy: SdpPolicy,
    log: LogBridge,
}

/// What runs beneath a client, to be ended with it.
#[derive(Debug, Default)]
pub(crate) struct Owned {
    pub(crate) api_key: Option<ApiKey>,
    pub(crate) identity: Option<Identity>,
    pub(crate) http: Option<Arc<HyperTransport>>,
}

/// What a client made of doubles can do without.
#[derive(Debug, Default)]
pub(crate) struct Extras {
    pub(crate) owned: Owned,
    pub(crate) background: BackgroundPolicy,
    pub(crate) push_provider: Option<PushProviderFn>,
    pub(crate) location: Option<LocationHint>,
    pub(crate) latency: LatencySettings,
    pub(crate) sdp_policy: SdpPolicy,
    pub(crate) log: LogBridge,
}

impl StreamVideo {
    /// Begins with the two things that every client needs: the key of the application, and who
    /// connects.
    pub fn builder(api_key: impl Into<String>, user: User) -> StreamVideoBuilder {
        StreamVideoBuilder::new(api_key.into(), user)
    }

    pub(crate) fn assemble(parts: Parts, extras: Extras) -> Self {
        let api = Api::new(Arc::clone(&parts.rpc), extras.log.clone());
        let state = parts.events.state();
        let push = extras.push_provider.map(|provider| {
            let manager = provider.call(Devices::new(api.clone()));
            Push::new(manager, state.clone())
        });
        let lifecycle = LifecycleKeeper::new(Arc::clone(&parts.events), extras.background);
        let location = extras.location;
        Self {
            inner: Arc::new(Inner {
                location: location
                    .unwrap_or_else(|| LocationHint::asked_by_default(Arc::clone(&parts.http))),
                edges: Edges::new(Arc::clone(&parts.http), extras.latency),
                watched: Watched::new(api.clone(), state),
                parts,
                api,
                owned: extras.owned,
                connects: AtomicU64::new(0),
                push,
                lifecycle,
                sdp_policy: extras.sdp_policy,
                log: extras.log,
            }),
        }
    }

    /// A client made of these parts, of which a test may double any, with default options.
    #[cfg(feature = "test-util")]
    #[must_use]
    pub fn from_parts(parts: Parts) -> Self {
        Self::assemble(parts, Extras::default())
    }

    /// Connects and waits until that is so. Gives the token in use.
    ///
    /// When connected already it gives the token at once. When an attempt is under way it joins
    /// that. While a disconnect is under way it waits for that and then connects.
    ///
    /// # Errors
    ///
    /// When awaited, an [`Error`](crate::Error) if the service refuses, there is no connection
    /// within the connect timeout (15 s), or `disconnect` is called meanwhile. With auto-connect
    /// the attempts go on after the timeout; otherwise they end with it.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the attempts go on, nobody waits for them.
    pub fn connect(&self) -> Connect<'_> {
        Connect {
            client: self,
            options: ConnectOptions::new(),
            register_push_device: true,
        }
    }

    pub(crate) fn connect_in_background(&self, options: ConnectOptions) {
        self.connecting(true);
        self.inner.parts.events.connect_in_background(options);
    }

    /// What else there is to do when the client connects.
    fn connecting(&self, register_push_device: bool) {
        let identity = self.inner.owned.identity.as_ref();
        if identity.is_some_and(Identity::is_anonymous) {
            return;
        }
        self.inner.connects.fetch_add(1, Ordering::Relaxed);
        self.inner.lifecycle.end_pause();
        self.inner.location.prefetch();
        if let Some(push) = &self.inner.push {
            push.connecting(register_push_device);
        }
    }

    /// Disconnects and waits until the socket is closed, a second at most, after what is being
    /// written: 5 s at most, if the service does not take it. Never fails, and does nothing if there
    /// is nothing to do. The client can connect again: the newest wish counts.
    ///
    /// No call is active or watched from then on. The unregistration of the device for pushes
    /// begins before the close, which does not wait for its end.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the socket is closed all the same.
    pub async fn disconnect(&self) {
        self.leave(SigningOut::Yes).await;
    }

    /// Disconnects, and unless the same user goes on elsewhere, ends their pushes.
    pub(crate) async fn leave(&self, signing_out: SigningOut) {
        let Inner { parts, log, .. } = &*self.inner;
        log.wrap(async {
            let unfinished = DisconnectOnDrop::new(&self.inner);
            self.inner.watched.clear();
            self.inner.lifecycle.forget_calls();
            if let Some(push) = &self.inner.push
                && signing_out == SigningOut::Yes
            {
                push.disconnecting().await;
            }
            if !unfinished.is_superseded() {
                parts.events.disconnect().await;
            }
            unfinished.disarm();
        })
        .await;
    }

    /// Whether both clients are of one user of one application.
    pub(crate) fn is_of_the_user_of(&self, other: &Self) -> bool {
        self.inner.owned.api_key == other.inner.owned.api_key
            && self.current_user().id() == other.current_user().id()
    }

    /// Closes the socket and keeps the wish to be connected for [`resume`](Self::resume). A new
    /// `connect()` ends the pause too; going to the background and back does not.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the socket is closed all the same.
    pub async fn pause(&self) {
        let Inner { lifecycle, log, .. } = &*self.inner;
        log.wrap(lifecycle.pause()).await;
    }

    /// Begins to connect again after a [`pause`](Self::pause), unless the program is in the
    /// [background](Self::set_lifecycle).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it is done all the same.
    pub async fn resume(&self) {
        let Inner { lifecycle, log, .. } = &*self.inner;
        log.wrap(lifecycle.resume()).await;
    }

    /// Disconnects for ever, ends all event streams and requests, and waits until nothing runs any
    /// more: two seconds at most if a push notification manager is slow to end, else one; after what
    /// is being written, as in [`disconnect`](Self::disconnect).
    ///
    /// # Errors
    ///
    /// An [`Error`](crate::Error) if the task behind the connection had panicked.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the client ends all the same.
    pub async fn shutdown(&self) -> Result<()> {
        let Inner { parts, owned, .. } = &*self.inner;
        let ending = async {
            let rest = CloseOnDrop(&self.inner);
            let push = async {
                if let Some(push) = &self.inner.push {
                    push.dispose().await;
                }
            };
            let (ended, ..) = tokio::join!(
                parts.events.shutdown(),
                push,
                self.inner.watched.stop(),
                self.inner.lifecycle.stop(),
                self.inner.location.stop(),
            );
            // Only now: an unregistration needs them.
            drop(rest);
            if let Some(identity) = &owned.identity {
                identity.shutdown().await;
            }
            if let Some(http) = &owned.http {
                http.shutdown().await;
            }
            Ok(ended?)
        };
        self.inner.log.wrap(ending).await
    }

    /// A handle on a call. Nothing is sent.
    ///
    /// Ids that are not valid are reported by the first request.
    #[must_use]
    pub fn call(&self, call_type: impl AsRef<str>, id: impl AsRef<str>) -> Call {
        Call::new(self.clone(), call_type.as_ref(), id.as_ref())
    }

    /// The events from now on, and the changes of the connection among them.
    #[must_use]
    pub fn events(&self) -> Events {
        self.inner.parts.events.events()
    }

    /// Waits for the first event, from now on, that fulfils a condition.
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
    /// # async fn example(client: video_client::StreamVideo) -> Result<(), Box<dyn std::error::Error>> {
    /// let ring = client.wait_for(|event| event.kind() == "call.ring").await?;
    /// println!("{:?} rings", ring.call_cid());
    /// # Ok(())
    /// # }
    /// ```
    pub fn wait_for<F>(
        &self,
        wanted: F,
    ) -> impl Future<Output = std::result::Result<Event, WaitError>> + use<F>
    where
        F: FnMut(&Event) -> bool,
    {
        let mut events = self.events();
        async move { events.wait_for(wanted).await }
    }

    /// Tells whether the user sees the program, and waits until all is as that wants.
    ///
    /// In the background the connection is closed if no call is active, unless
    /// [`keep_connections_alive_when_in_background`] says otherwise, and taken up again in the
    /// foreground. A `connect()` in the background connects all the same, until the lifecycle is
    /// told again. The media of [active calls](Call::activate) are muted if the options say so,
    /// and what was muted is restored.
    ///
    /// [`keep_connections_alive_when_in_background`]: crate::StreamVideoOptions::keep_connections_alive_when_in_background
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it is done all the same. Of quick changes the last counts.
    pub async fn set_lifecycle(&self, lifecycle: Lifecycle) {
        let Inner {
            lifecycle: keeper,
            log,
            ..
        } = &*self.inner;
        log.wrap(keeper.set(lifecycle)).await;
    }

    /// Tells what the host says of its network, if the program can know. While there is none
    /// nothing is dialled; when there is one again, or another, an attempt begins at once, and a
    /// connection that outlived the change is asked whether it still works.
    ///
    /// Without this all heals as well, only later.
    pub fn set_network(&self, network: Network) {
        self.inner.parts.events.set_network(network);
    }

    /// Whether the user is online, for a user interface: without the blips that
    /// [`state`](Self::state) shows.
    #[must_use]
    pub fn online(&self) -> Online {
        let events = &self.inner.parts.events;
        Online::new(events.state(), events.network())
    }

    /// The calls that are going on: those that a media engine has [activated](Call::activate).
    #[must_use]
    pub fn active_calls(&self) -> Vec<CallCid> {
        self.inner.lifecycle.active_calls()
    }

    pub(crate) fn activate(&self, cid: CallCid, media: Arc<dyn ActiveCallMedia>) -> ActiveCall {
        self.inner.lifecycle.activate(cid, media)
    }

    /// The devices of the user, to which the service sends pushes.
    #[must_use]
    pub fn devices(&self) -> Devices {
        Devices::new(self.api())
    }

    /// The state of the connection, now and as it changes.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(client: video_client::StreamVideo) {
    /// let mut state = client.state();
    /// while state.changed().await.is_ok() {
    ///     println!("{:?}", *state.borrow_and_update());
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn state(&self) -> watch::Receiver<ConnectionState> {
        self.inner.parts.events.state()
    }

    /// What last went wrong with the connection, unless it has healed.
    #[must_use]
    pub fn last_error(&self) -> Option<ConnectError> {
        self.state().borrow().error().cloned()
    }

    /// The token in use, loaded if there is none yet: for services of your own that know the same
    /// users.
    ///
    /// # Errors
    ///
    /// An [`Error`](crate::Error) if there is no token.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a load goes on for others.
    pub async fn token(&self) -> Result<UserToken> {
        let Inner { parts, log, .. } = &*self.inner;
        Ok(log.wrap(parts.tokens.token()).await?)
    }

    /// The user of this client. A guest is another one once the service has created them.
    #[must_use]
    pub fn current_user(&self) -> Arc<User> {
        Arc::clone(&self.inner.parts.user.borrow())
    }

    /// The user of this client, now and as it becomes another: a guest that the service creates.
    #[must_use]
    pub fn user(&self) -> watch::Receiver<Arc<User>> {
        self.inner.parts.user.subscribe()
    }

    /// The signed-in user as the service knows them: from each new connection, and from each
    /// event that tells of a change. `None` while nobody is signed in.
    #[must_use]
    pub fn own_user(&self) -> watch::Receiver<Option<Arc<OwnUser>>> {
        self.inner.parts.events.me()
    }

    /// Disconnects, and becomes a new guest. Who the guest was is lost.
    ///
    /// The token of a guest can not be replaced: when it ends, the connection ends with
    /// [`TokenErrorKind::GuestExpired`](crate::TokenErrorKind::GuestExpired), and nothing happens
    /// by itself, since another guest is somebody else to everyone in a call.
    ///
    /// # Errors
    ///
    /// An [`Error`](crate::Error) if this is no guest, or the new one is not created. The next
    /// request or `connect()` tries again then.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: either the guest is the former one, or the next request or `connect()` creates
    /// the new one.
    pub async fn become_new_guest(&self) -> Result<Arc<User>> {
        let identity = self.inner.owned.identity.as_ref();
        let guest = identity.and_then(Identity::guest);
        let guest = guest.ok_or_else(Error::not_a_guest)?;
        if let Some(push) = &self.inner.push {
            // While the token is still that of whose device it is.
            self.inner.log.wrap(push.forget(FORGET_LIMIT)).await;
        }
        guest.renew()?;
        self.disconnect().await;
        loop {
            let token = self.token().await?;
            let user = self.current_user();
            // Else another change came in between, and this waits for its guest.
            if user.id() == token.user_id().as_str() {
                return Ok(user);
            }
        }
    }

    /// What a media engine does to session descriptions, as the options have it.
    pub fn sdp_policy(&self) -> &SdpPolicy {
        &self.inner.sdp_policy
    }

    pub(crate) fn api(&self) -> Api {
        self.inner.api.clone()
    }

    pub(crate) fn watched(&self) -> &Watched {
        &self.inner.watched
    }

    pub(crate) async fn location(&self) -> String {
        let Inner { location, log, .. } = &*self.inner;
        log.wrap(location.get()).await
    }

    pub(crate) fn log(&self) -> &LogBridge {
        &self.inner.log
    }

    pub(crate) fn measured_edges(&self) -> &Edges {
        &self.inner.edges
    }
}

/// How long a former guest waits for the end of their pushes.
const FORGET_LIMIT: Duration = Duration::from_secs(2);

/// Whether a disconnect is the user's end on this device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SigningOut {
    Yes,
    No,
}

/// Disconnects when whoever waits for that goes away before it is told to the session, unless there
/// is a newer wish to connect.
struct DisconnectOnDrop<'a> {
    inner: &'a Inner,
    /// How many wishes to connect there were.
    connects: u64,
    armed: bool,
}

impl<'a> DisconnectOnDrop<'a> {
    fn new(inner: &'a Inner) -> Self {
        Self {
            inner,
            connects: inner.connects.load(Ordering::Relaxed),
            armed: true,
        }
    }

    /// Whether somebody wished to connect since.
    fn is_superseded(&self) -> bool {
        self.inner.connects.load(Ordering::Relaxed) != self.connects
    }

    fn disarm(mut self) {
        self.armed = false;
    }
}

impl Drop for DisconnectOnDrop<'_> {
    fn drop(&mut self) {
        if self.armed && !self.is_superseded() {
            self.inner.parts.events.disconnect_in_background();
        }
    }
}

/// Begins to end what is left of a client.
struct CloseOnDrop<'a>(&'a Inner);

impl Drop for CloseOnDrop<'_> {
    fn drop(&mut self) {
        let Inner { api, owned, .. } = self.0;
        api.close();
        if let Some(identity) = &owned.identity {
            identity.close();
        }
        if let Some(http) = &owned.http {
            http.close();
        }
    }
}

impl fmt::Debug for StreamVideo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamVideo")
            .field("user", &self.current_user().id())
            .field("state", &*self.state().borrow())
            .finish_non_exhaustive()
    }
}

/// A wish to connect. Await it.
#[derive(Debug)]
#[must_use = "does nothing until awaited"]
pub struct Connect<'a> {
    client: &'a StreamVideo,
    options: ConnectOptions,
    register_push_device: bool,
}

impl Connect<'_> {
    /// Sets whether the service is told name, image and custom data of the user. True by default.
    pub fn include_user_details(mut self, include: bool) -> Self {
        self.options = self.options.include_user_details(include);
        self
    }

    /// Sets whether the device is registered for pushes once the client is connected. True by
    /// default, and without effect if there is no push notification manager.
    pub fn register_push_device(mut self, register: bool) -> Self {
        self.register_push_device = register;
        self
    }
}

impl<'a> IntoFuture for Connect<'a> {
    type Output = Result<UserToken>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<UserToken>> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        let Self {
            client,
            options,
            register_push_device,
        } = self;
        Box::pin(async move {
            let Inner { parts, log, .. } = &*client.inner;
            let connect = async {
                client.connecting(register_push_device);
                parts.events.connect(options).await
            };
            Ok(log.wrap(connect).await?)
        })
    }
}
