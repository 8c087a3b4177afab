//! Calls and their members.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use video_core::{CallCid, CallId, CallType, UserId};

use super::World;
use crate::wire::error::ApiError;
use crate::wire::request::{self, CallData, MemberData};
use crate::wire::settings;

#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) kind: CallType,
    pub(crate) id: CallId,
    pub(crate) cid: CallCid,
    pub(crate) created_by: UserId,
    pub(crate) custom: Map<String, Value>,
    pub(crate) settings: Value,
    pub(crate) team: Option<String>,
    pub(crate) starts_at: Option<String>,
    pub(crate) ended_at: Option<String>,
    pub(crate) created_at: String,
    pub(crate) updated_at: String,
    pub(crate) members: BTreeMap<UserId, Member>,
    /// Counts calls in the order of their creation.
    pub(crate) number: u64,
}

#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) user: UserId,
    pub(crate) role: String,
    pub(crate) custom: Map<String, Value>,
    pub(crate) created_at: String,
}

impl World {
    /// Makes a call; its members come into being as users if need be.
    pub(crate) fn create_call(
        &mut self,
        kind: CallType,
        id: CallId,
        created_by: &UserId,
        data: CallData,
        now: &str,
    ) -> Result<(), ApiError> {
        let members = members(data.members.unwrap_or_default(), now)?;
        let mut settings = settings::defaults();
        if let Some(change) = data.settings_override {
            settings::overlay(&mut settings, &Value::Object(change));
        }
        if let Some(video) = data.video {
            settings["video"]["camera_default_on"] = video.into();
        }
        let call = Call {
            cid: CallCid::of(&kind, &id),
            kind,
            id,
            created_by: created_by.clone(),
            custom: data.custom.unwrap_or_default(),
            settings,
            team: data.team,
            starts_at: request::starts_at(data.starts_at)?,
            ended_at: None,
            created_at: now.to_owned(),
            updated_at: now.to_owned(),
            members,
            number: 0,
        };
        self.user_or_new(created_by, now);
        for user in call.members.keys() {
            self.user_or_new(user, now);
        }
        self.insert_call(call);
        Ok(())
    }
}

fn members(list: Vec<MemberData>, now: &str) -> Result<BTreeMap<UserId, Member>, ApiError> {
    if list.len() > 100 {
        return Err(ApiError::input("members", "must not be more than 100"));
    }
    let member = |data: MemberData| {
        let user = UserId::new(&data.user_id)
            .map_err(|error| ApiError::input("members", error.to_string()))?;
        let member = Member {
            user: user.clone(),
            role: data.role.unwrap_or_else(|| "user".to_owned()),
            custom: data.custom.unwrap_or_default(),
            created_at: now.to_owned(),
        };
        Ok((user, member))
    };
    list.into_iter().map(member).collect()
}
