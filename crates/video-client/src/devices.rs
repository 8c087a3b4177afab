//! The devices that pushes are sent to.

use std::future::IntoFuture;

use video_core::model::{CreateDeviceRequest, Device, PushProvider};

use crate::api::Api;
use crate::call::RequestFuture;
use crate::error::Result;

/// The devices of the user, to which the service sends pushes.
///
/// # Examples
///
/// ```no_run
/// use video_client::model::PushProvider;
///
/// # async fn example(client: video_client::StreamVideo) -> Result<(), video_client::Error> {
/// let devices = client.devices();
/// devices.create("token of the device", PushProvider::firebase()).await?;
/// for device in devices.list().await? {
///     println!("{} by {}", device.id, device.push_provider);
/// }
/// devices.delete("token of the device").await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Devices(Api);

impl Devices {
    pub(crate) fn new(api: Api) -> Self {
        Self(api)
    }

    /// Registers a device by the token that a provider of pushes gave it. One that is registered
    /// already is replaced.
    pub fn create(&self, token: impl Into<String>, provider: PushProvider) -> CreateDevice {
        CreateDevice {
            api: self.0.clone(),
            body: CreateDeviceRequest::new(token, provider),
        }
    }

    /// The registered devices.
    ///
    /// # Errors
    ///
    /// An [`Error`](crate::Error) if the service can not be asked, or refuses.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn list(&self) -> Result<Vec<Device>> {
        Ok(self.0.list_devices().await?.devices)
    }

    /// Removes a device, by its token.
    ///
    /// # Errors
    ///
    /// An [`Error`](crate::Error) if the service can not be asked, or refuses.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe, but the device may have been removed.
    pub async fn delete(&self, token: &str) -> Result<()> {
        self.0.delete_device(token).await
    }
}

/// A wish to register a device. Await it.
#[derive(Debug)]
#[must_use = "does nothing until awaited"]
pub struct CreateDevice {
    api: Api,
    body: CreateDeviceRequest,
}

impl CreateDevice {
    /// Sets which of the application's configurations of the provider is meant.
    pub fn provider_name(mut self, name: impl Into<String>) -> Self {
        self.body.push_provider_name = Some(name.into());
        self
    }

    /// Sets whether the token is one for calls.
    pub fn voip(mut self, voip: bool) -> Self {
        self.body.voip_token = Some(voip);
        self
    }
}

impl IntoFuture for CreateDevice {
    type Output = Result<()>;
    type IntoFuture = RequestFuture<()>;

    fn into_future(self) -> RequestFuture<()> {
        Box::pin(async move { self.api.create_device(&self.body).await })
    }
}
