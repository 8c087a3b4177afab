//! The requests of a call: set what you need, then await.

use std::future::{Future, IntoFuture};
use std::pin::Pin;

use serde::Serialize;
use video_core::model::{
    CallData, CallDetails, GetOrCreateCallRequest, JoinCallRequest, JoinResponse, MemberRequest,
    UpdateCallRequest,
};
use video_core::{Json, Timestamp};

use super::Call;
use crate::error::Result;

pub(crate) type Answer<T> = Pin<Box<dyn Future<Output = Result<T>> + Send>>;

/// What is sent as the user's location until it is known. The service takes it for "somewhere".
pub const UNKNOWN_LOCATION: &str = "ERR";

/// Makes a request awaitable.
macro_rules! awaitable {
    ($name:ident -> $output:ty, |$this:ident| $run:expr) => {
        impl IntoFuture for $name {
            type Output = Result<$output>;
            type IntoFuture = Answer<$output>;

            fn into_future(self) -> Answer<$output> {
                let $this = self;
                Box::pin($run)
            }
        }
    };
}

/// Setters that need JSON: the first value that can not be encoded is reported when the request
/// is awaited.
macro_rules! json_setter {
    ($(#[$meta:meta])* $name:ident => $($field:ident).+) => {
        $(#[$meta])*
        pub fn $name(mut self, value: &(impl Serialize + ?Sized)) -> Self {
            match Json::encode(value) {
                Ok(json) => self.$($field).+ = Some(json),
                Err(error) => self.invalid = self.invalid.or(Some(error)),
            }
            self
        }
    };
}

macro_rules! watch_setter {
    () => {
        /// Sets whether the events of the call are to be delivered, until it is
        /// [unwatched](Call::unwatch) or the client disconnects. True by default.
        pub fn watch(mut self, watch: bool) -> Self {
            self.watch = watch;
            self
        }
    };
}

macro_rules! loud_setters {
    () => {
        /// Sets whether the members are rung. Such a request is never repeated by itself once it
        /// may have been sent.
        pub fn ring(mut self, ring: bool) -> Self {
            self.body.ring = Some(ring);
            self
        }

        /// Sets whether the members are notified. Such a request is never repeated by itself once
        /// it may have been sent.
        pub fn notify(mut self, notify: bool) -> Self {
            self.body.notify = Some(notify);
            self
        }

        /// Sets whether it rings as a video call.
        pub fn video(mut self, video: bool) -> Self {
            self.body.video = Some(video);
            self
        }

        /// Sets how many members the answer holds, at most 100.
        pub fn members_limit(mut self, limit: u32) -> Self {
            self.body.members_limit = Some(limit);
            self
        }
    };
}

macro_rules! data_setters {
    () => {
        /// Sets who is a member of a new call.
        pub fn members(mut self, members: impl IntoIterator<Item: Into<MemberRequest>>) -> Self {
            self.body.data.members = members.into_iter().map(Into::into).collect();
            self
        }

        /// Sets everything about a new call at once.
        pub fn data(mut self, data: CallData) -> Self {
            self.body.data = data;
            self
        }

        /// Sets when a new call is due.
        pub fn starts_at(mut self, starts_at: Timestamp) -> Self {
            self.body.data.starts_at = Some(starts_at);
            self
        }

        /// Sets the team that owns a new call.
        pub fn team(mut self, team: impl Into<String>) -> Self {
            self.body.data.team = Some(team.into());
            self
        }
    };
}

/// A wish to get a call. Await it.
#[derive(Debug)]
#[must_use = "does nothing until awaited"]
pub struct GetCall {
    call: Call,
    members_limit: Option<u32>,
    watch: bool,
}

impl GetCall {
    pub(super) fn new(call: Call) -> Self {
        Self {
            call,
            members_limit: None,
            watch: true,
        }
    }

    /// Sets how many members the answer holds, at most 100.
    pub fn members_limit(mut self, limit: u32) -> Self {
        self.members_limit = Some(limit);
        self
    }

    watch_setter!();
}

awaitable!(GetCall -> CallDetails, |this| async move {
    let Self { call, members_limit, watch } = this;
    let begun = call.begin();
    let got = call.client.api().get_call(&call.cid, members_limit, watch).await?;
    Ok(call.note(begun, got))
});

/// A wish to get a call, or to create it. Await it.
#[derive(Debug)]
#[must_use = "does nothing until awaited"]
pub struct GetOrCreateCall {
    call: Call,
    body: GetOrCreateCallRequest,
    invalid: Option<serde_json::Error>,
    watch: bool,
}

impl GetOrCreateCall {
    pub(super) fn new(call: Call) -> Self {
        Self {
            call,
            body: GetOrCreateCallRequest::default(),
            invalid: None,
            watch: true,
        }
    }

    json_setter!(
        /// Sets custom data of a new call.
        custom => body.data.custom
    );
    json_setter!(
        /// Sets where the settings of a new call differ from those of its type.
        settings_override => body.data.settings_override
    );
    data_setters!();
    loud_setters!();
    watch_setter!();
}

awaitable!(GetOrCreateCall -> CallDetails, |this| async move {
    let Self { call, body, invalid, watch } = this;
    invalid.map_or(Ok(()), Err)?;
    let begun = call.begin();
    let got = call.client.api().get_or_create_call(&call.cid, &body, watch).await?;
    Ok(call.note(begun, got))
});

/// A wish to change a call. Await it.
#[derive(Debug)]
#[must_use = "does nothing until awaited"]
pub struct UpdateCall {
    call: Call,
    body: UpdateCallRequest,
    invalid: Option<serde_json::Error>,
}

impl UpdateCall {
    pub(super) fn new(call: Call) -> Self {
        Self {
            call,
            body: UpdateCallRequest::default(),
            invalid: None,
        }
    }

    json_setter!(
        /// Replaces the custom data. Left as it is if not set.
        custom => body.custom
    );
    json_setter!(
        /// Sets the settings to change.
        settings_override => body.settings_override
    );

    /// Sets when the call is due.
    pub fn starts_at(mut self, starts_at: Timestamp) -> Self {
        self.body.starts_at = Some(starts_at);
        self
    }
}

awaitable!(UpdateCall -> CallDetails, |this| async move {
    let Self { call, body, invalid } = this;
    invalid.map_or(Ok(()), Err)?;
    Ok(call.client.api().update_call(&call.cid, &body).await?.body)
});

/// A wish to end a call for everyone. Await it.
#[derive(Debug)]
#[must_use = "does nothing until awaited"]
pub struct EndCall {
    call: Call,
}

impl EndCall {
    pub(super) fn new(call: Call) -> Self {
        Self { call }
    }
}

awaitable!(EndCall -> (), |this| async move { this.call.client.api().end_call(&this.call.cid).await });

/// A wish to send an event of the application's own. Await it.
#[derive(Debug)]
#[must_use = "does nothing until awaited"]
pub struct SendCustomEvent {
    call: Call,
    custom: std::result::Result<Json, serde_json::Error>,
}

impl SendCustomEvent {
    pub(super) fn new(call: Call, custom: &(impl Serialize + ?Sized)) -> Self {
        Self {
            call,
            custom: Json::encode(custom),
        }
    }
}

awaitable!(SendCustomEvent -> (), |this| async move {
    let Self { call, custom } = this;
    call.client.api().send_event(&call.cid, custom?).await
});

/// A wish for a seat on a media server. Await it.
#[derive(Debug)]
#[must_use = "does nothing until awaited"]
pub struct JoinCall {
    call: Call,
    location: Option<String>,
    body: JoinCallRequest,
    invalid: Option<serde_json::Error>,
    watch: bool,
}

impl JoinCall {
    pub(super) fn new(call: Call) -> Self {
        Self {
            call,
            location: None,
            body: JoinCallRequest::default(),
            invalid: None,
            watch: true,
        }
    }

    /// Sets where the user is, such as `AMS`. Otherwise it is what the client has found out, or
    /// [`UNKNOWN_LOCATION`]: a join waits for that at most 2 s, and only if it is not known yet.
    pub fn location(mut self, location: impl Into<String>) -> Self {
        self.location = Some(location.into());
        self
    }

    /// Sets whether the call is created if there is none.
    pub fn create(mut self, create: bool) -> Self {
        self.body.create = Some(create);
        self
    }

    /// Names the media servers that failed, the last one last, so that another is given.
    pub fn migrating_from(mut self, servers: impl IntoIterator<Item: Into<String>>) -> Self {
        self.body.migrating_from_list = servers.into_iter().map(Into::into).collect();
        self.body.migrating_from = self.body.migrating_from_list.last().cloned();
        self
    }

    json_setter!(
        /// Sets custom data of a new call.
        custom => body.data.custom
    );
    json_setter!(
        /// Sets where the settings of a new call differ from those of its type.
        settings_override => body.data.settings_override
    );
    data_setters!();
    loud_setters!();
    watch_setter!();
}

awaitable!(JoinCall -> JoinResponse, |this| async move {
    let Self { call, location, mut body, invalid, watch } = this;
    invalid.map_or(Ok(()), Err)?;
    body.location = match location {
        Some(location) => location,
        None => call.client.location().await,
    };
    let begun = call.begin();
    let joined = call.client.api().join_call(&call.cid, &body, watch).await?;
    Ok(call.note(begun, joined))
});
