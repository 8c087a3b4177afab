//! Looking at what a coordinator knows.

use video_core::{CallCid, ConnectionId, UserId};

use super::Coordinator;
use crate::world::Device;

/// A live socket.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectionInfo {
    /// The id that the coordinator gave it.
    pub connection_id: ConnectionId,
    /// The user that it belongs to.
    pub user_id: UserId,
}

/// A device that news can be pushed to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeviceInfo {
    /// The push token that it was registered with.
    pub id: String,
    /// Who brings the news: `apn`, `firebase`, `huawei` or `xiaomi`.
    pub push_provider: String,
    /// Which of the application's set-ups with that provider is meant.
    pub push_provider_name: Option<String>,
    /// Whether the token is one for calls alone.
    pub voip: bool,
}

/// What the coordinator knows at the moment.
impl Coordinator {
    /// The live sockets, oldest first.
    #[must_use]
    pub fn connections(&self) -> Vec<ConnectionInfo> {
        let list = self.inner.shared.hub().world.connections(|_| true);
        let info = |(connection_id, user_id)| ConnectionInfo {
            connection_id,
            user_id,
        };
        list.into_iter().map(info).collect()
    }

    /// The devices of a user, oldest first.
    #[must_use]
    pub fn devices(&self, user: &str) -> Vec<DeviceInfo> {
        let hub = self.inner.shared.hub();
        let info = |device: &Device| DeviceInfo {
            id: device.id.clone(),
            push_provider: device.push_provider.clone(),
            push_provider_name: device.push_provider_name.clone(),
            voip: device.voip,
        };
        hub.world.devices(user).iter().map(info).collect()
    }

    /// The ids of the guests that were made, oldest first.
    #[must_use]
    pub fn guests(&self) -> Vec<UserId> {
        self.inner.shared.hub().world.guests().to_vec()
    }

    /// How many connections are open below: those with a socket, and those for requests alone.
    #[must_use]
    pub fn open_links(&self) -> usize {
        self.inner.shared.hub().links()
    }

    /// The sockets that watch a call, given as `type:id`, oldest first.
    #[must_use]
    pub fn watchers(&self, cid: &str) -> Vec<ConnectionId> {
        self.inner.shared.hub().world.watchers(&CallCid::new(cid))
    }
}
