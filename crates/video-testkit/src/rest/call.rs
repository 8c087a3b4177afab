//! The operations on one call.

use serde_json::{Value, json};
use video_core::{CallCid, ConnectionId};

use super::operation::CallName;
use super::{Context, Reply, token};
use crate::wire::error::ApiError;
use crate::wire::request::{self, CallData, GetOrCreate, Join, SendEvent, UpdateCall};
use crate::wire::{call, event, settings};
use crate::world::{Call, Caller, Effect, World};

/// Somebody who asks something.
pub(super) struct Asking<'a> {
    pub(super) world: &'a mut World,
    pub(super) context: &'a Context<'a>,
    pub(super) caller: &'a Caller,
}

impl Asking<'_> {
    pub(super) fn get(
        self,
        name: &CallName,
        connection: Option<&ConnectionId>,
        members_limit: Option<&str>,
    ) -> Result<Reply, ApiError> {
        let limit = match members_limit {
            None | Some("") => None,
            Some(text) => Some(text.parse().unwrap_or(-1)),
        };
        let limit = request::members_limit(limit)?;
        self.caller.check_entry(&name.cid())?;
        self.world.check_connection(connection, self.caller)?;
        let found = self.world.existing_call(&name.cid())?;
        let body = call::answer(self.world, found, self.caller, limit);
        let effects = self.world.watch(connection, &name.cid());
        Ok(Reply {
            status: 200,
            body,
            effects: effects.into_iter().collect(),
        })
    }

    pub(super) fn get_or_create(
        mut self,
        name: CallName,
        connection: Option<&ConnectionId>,
        body: Option<Value>,
    ) -> Result<Reply, ApiError> {
        let body: GetOrCreate = request::read(body)?;
        let limit = request::members_limit(body.members_limit)?;
        self.world.check_connection(connection, self.caller)?;
        let cid = name.cid();
        let data = with_video(body.data, body.video);
        let (created, effects) = self.ensure(name, connection, data)?;
        let found = self.world.existing_call(&cid)?;
        let mut body = call::answer(self.world, found, self.caller, limit);
        body["created"] = created.into();
        Ok(Reply {
            status: 201,
            body,
            effects,
        })
    }

    pub(super) fn join(
        mut self,
        name: CallName,
        connection: Option<&ConnectionId>,
        body: Option<Value>,
    ) -> Result<Reply, ApiError> {
        let body: Join = request::read(body)?;
        if body.location.is_none_or(|location| location.is_empty()) {
            return Err(ApiError::input("location", "is required"));
        }
        let limit = request::members_limit(body.members_limit)?;
        let cid = name.cid();
        self.caller.check_entry(&cid)?;
        self.world.check_connection(connection, self.caller)?;
        if body.create != Some(true) {
            self.world.existing_call(&cid)?;
        }
        let data = with_video(body.data, body.video);
        let (created, effects) = self.ensure(name, connection, data)?;
        let found = self.world.existing_call(&cid)?;
        let mut body = call::answer(self.world, found, self.caller, limit);
        let sfu = &self.context.config.sfu;
        let token = token::sfu(self.context, self.caller.id(), &cid);
        body["created"] = created.into();
        body["credentials"] = call::credentials(&sfu.url, &sfu.ws_endpoint, &token);
        body["stats_options"] = json!({"reporting_interval_ms": 60_000, "enable_rtc_stats": true});
        Ok(Reply {
            status: 201,
            body,
            effects,
        })
    }

    pub(super) fn update(self, name: &CallName, body: Option<Value>) -> Result<Reply, ApiError> {
        let cid = name.cid();
        let found = self.world.call_mut(&cid)?;
        let body: UpdateCall = request::read(body)?;
        let starts_at = request::starts_at(body.starts_at)?;
        found.starts_at = starts_at.or_else(|| found.starts_at.take());
        if let Some(custom) = body.custom {
            found.custom = custom;
        }
        if let Some(change) = body.settings_override {
            settings::overlay(&mut found.settings, &Value::Object(change));
        }
        self.context.now.clone_into(&mut found.updated_at);
        let found = self.world.existing_call(&cid)?;
        let limit = request::members_limit(None)?;
        Ok(Reply {
            status: 200,
            body: call::answer(self.world, found, self.caller, limit),
            effects: vec![self.tell(
                &cid,
                event::call_updated(self.world, found, self.context.now),
            )],
        })
    }

    pub(super) fn end(self, name: &CallName) -> Result<Reply, ApiError> {
        let cid = name.cid();
        let now = self.context.now;
        let by = self.world.user_or_new(self.caller.user()?, now).clone();
        let found = self.world.call_mut(&cid)?;
        found.ended_at = Some(now.to_owned());
        now.clone_into(&mut found.updated_at);
        let found = self.world.existing_call(&cid)?;
        let event = event::call_ended(self.world, found, &by, now);
        Ok(Reply::done(201).with(self.tell(&cid, event)))
    }

    pub(super) fn send_event(
        self,
        name: &CallName,
        body: Option<Value>,
    ) -> Result<Reply, ApiError> {
        let cid = name.cid();
        self.world.existing_call(&cid)?;
        let body: SendEvent = request::read(body)?;
        let custom = Value::Object(body.custom.unwrap_or_default());
        let (user, now) = (self.caller.user()?, self.context.now);
        let by = self.world.user_or_new(user, now).clone();
        let event = event::custom(&cid, &by, &custom, now);
        Ok(Reply::done(201).with(self.tell(&cid, event)))
    }

    /// Makes the call unless it is there, and lets the connection watch it.
    fn ensure(
        &mut self,
        name: CallName,
        connection: Option<&ConnectionId>,
        data: CallData,
    ) -> Result<(bool, Vec<Effect>), ApiError> {
        let now = self.context.now;
        let cid = name.cid();
        let created = self.world.call(&cid).is_none();
        if created {
            let CallName { kind, id } = name;
            self.world
                .create_call(kind, id, self.caller.user()?, data, now)?;
        }
        let mut effects: Vec<_> = self.world.watch(connection, &cid).into_iter().collect();
        if created {
            let found: &Call = self.world.existing_call(&cid)?;
            effects.push(self.tell(&cid, event::call_created(self.world, found, now)));
        }
        Ok((created, effects))
    }

    fn tell(&self, cid: &CallCid, event: Value) -> Effect {
        Effect::Event {
            to: self.world.audience(cid),
            event,
        }
    }
}

fn with_video(data: Option<CallData>, video: Option<bool>) -> CallData {
    let mut data = data.unwrap_or_default();
    data.video = data.video.or(video);
    data
}
