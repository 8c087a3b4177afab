//! Bodies of requests and responses.
//!
//! Reading is lenient: what may be missing or null is empty, what is not known is ignored, and
//! only identifiers are insisted on. Writing leaves out what was not set.
//!
//! Protocol: coordinator API v236, surface `/video`.

mod call;
mod device;
mod edge;
mod guest;
mod join;
mod request;
mod secret;
mod user;

pub use call::{CallDetails, CallInfo, CallParticipant, CallSession, Member, QueryCallsPage};
pub use device::{CreateDeviceRequest, Device, DeviceList, PushProvider};
pub use edge::{Edge, EdgeList};
pub use guest::{CreateGuestRequest, CreateGuestResponse};
pub use join::{IceServer, JoinCredentials, JoinResponse, SfuServer, StatsOptions};
pub use request::{
    CallData, GetOrCreateCallRequest, JoinCallRequest, MemberRequest, QueryCallsRequest,
    SendCallEventRequest, UpdateCallRequest,
};
pub use user::{OwnUser, UserInfo};
