//! Devices that pushes are sent to.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::lenient::{moment, nullable};
use crate::time::Timestamp;

/// Who delivers pushes to a device.
///
/// A provider that this version has no constant for is made with [`new`](Self::new).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PushProvider(String);

impl PushProvider {
    /// A provider by the service's name for it.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// Apple's push notification service.
    #[must_use]
    pub fn apn() -> Self {
        Self::new("apn")
    }

    /// Firebase cloud messaging.
    #[must_use]
    pub fn firebase() -> Self {
        Self::new("firebase")
    }

    /// Huawei's push kit.
    #[must_use]
    pub fn huawei() -> Self {
        Self::new("huawei")
    }

    /// Xiaomi's push service.
    #[must_use]
    pub fn xiaomi() -> Self {
        Self::new("xiaomi")
    }

    /// The service's name for it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PushProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A device to be registered.
///
/// Protocol: `CreateDeviceRequest`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CreateDeviceRequest {
    /// The token that the provider gave to the device.
    pub id: String,
    /// Who delivers.
    pub push_provider: PushProvider,
    /// Which of the application's configurations of the provider is meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub push_provider_name: Option<String>,
    /// Whether the token is one for calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voip_token: Option<bool>,
}

impl CreateDeviceRequest {
    /// A device with what every device has.
    #[must_use]
    pub fn new(id: impl Into<String>, push_provider: PushProvider) -> Self {
        Self {
            id: id.into(),
            push_provider,
            push_provider_name: None,
            voip_token: None,
        }
    }
}

/// A registered device.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Device {
    /// The token that the provider gave to the device.
    pub id: String,
    /// Who delivers.
    pub push_provider: PushProvider,
    /// Which of the application's configurations of the provider is meant.
    #[serde(default)]
    pub push_provider_name: Option<String>,
    /// The user that it belongs to.
    #[serde(default, deserialize_with = "nullable")]
    pub user_id: String,
    /// Whether the token is one for calls.
    #[serde(default, deserialize_with = "nullable")]
    pub voip: bool,
    /// Whether the service no longer sends to it.
    #[serde(default, deserialize_with = "nullable")]
    pub disabled: bool,
    /// Why not.
    #[serde(default)]
    pub disabled_reason: Option<String>,
    /// When it was registered.
    #[serde(default, deserialize_with = "moment")]
    pub created_at: Option<Timestamp>,
}

/// The devices of a user.
///
/// Protocol: `ListDevicesResponse`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct DeviceList {
    /// The devices.
    #[serde(default, deserialize_with = "nullable")]
    pub devices: Vec<Device>,
}
