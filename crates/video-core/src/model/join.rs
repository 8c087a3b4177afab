//! What is needed to enter a call on a media server.

use serde::{Deserialize, Deserializer};

use super::call::CallDetails;
use super::secret::Secret;
use crate::lenient::nullable;

/// The answer to a join request.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct JoinResponse {
    /// The call, as from a get.
    pub details: CallDetails,
    /// Where to go and how to prove who is coming.
    pub credentials: JoinCredentials,
    /// What the service wants to know about the media.
    pub stats_options: StatsOptions,
}

impl<'de> Deserialize<'de> for JoinResponse {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;

        #[derive(Deserialize)]
        struct Own {
            credentials: JoinCredentials,
            #[serde(default, deserialize_with = "nullable")]
            stats_options: StatsOptions,
        }

        // Read twice instead of flattened: `Json` fields need the original text.
        let text = crate::json::Json::deserialize(deserializer)?;
        let own: Own = text.parse().map_err(D::Error::custom)?;
        let details = text.parse().map_err(D::Error::custom)?;
        Ok(Self {
            details,
            credentials: own.credentials,
            stats_options: own.stats_options,
        })
    }
}

/// A seat on a media server. `Debug` shows the server, never the secrets.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct JoinCredentials {
    /// The media server.
    pub server: SfuServer,
    /// The token for that server alone.
    token: Secret,
    /// Servers that help media through networks.
    #[serde(default, deserialize_with = "nullable")]
    pub ice_servers: Vec<IceServer>,
}

impl JoinCredentials {
    /// The token for the media server, for the wire alone.
    #[must_use]
    pub fn expose_token(&self) -> &str {
        self.token.expose()
    }
}

/// A media server.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct SfuServer {
    /// Its name, which later joins quote to avoid it.
    #[serde(default, deserialize_with = "nullable")]
    pub edge_name: String,
    /// The base of its calls; already ends in `/twirp`.
    pub url: String,
    /// Its socket.
    pub ws_endpoint: String,
}

/// A STUN or TURN server.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct IceServer {
    /// Its addresses.
    #[serde(default, deserialize_with = "nullable")]
    pub urls: Vec<String>,
    /// The user name, empty if none is needed.
    #[serde(default, deserialize_with = "nullable")]
    pub username: String,
    #[serde(default, deserialize_with = "nullable")]
    password: Secret,
}

impl IceServer {
    /// The password, empty if none is needed.
    #[must_use]
    pub fn expose_password(&self) -> &str {
        self.password.expose()
    }
}

/// What the service wants to know about the media.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct StatsOptions {
    /// Whether traces of the media engine are wanted.
    #[serde(default, deserialize_with = "nullable")]
    pub enable_rtc_stats: bool,
    /// Milliseconds between reports; zero or less means none.
    #[serde(default, deserialize_with = "nullable")]
    pub reporting_interval_ms: i64,
}
