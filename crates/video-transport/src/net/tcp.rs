//! Streams over TCP.

use std::time::Duration;

use async_trait::async_trait;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use super::{BoxIo, DialError, DialErrorKind, Dialer, Target};

/// Dials over TCP, without encryption.
#[derive(Debug, Clone)]
pub struct TcpDialer {
    attempt_timeout: Duration,
}

impl TcpDialer {
    /// A dialer that gives each address of a host `attempt_timeout` to answer.
    #[must_use]
    pub fn new(attempt_timeout: Duration) -> Self {
        Self { attempt_timeout }
    }
}

impl Default for TcpDialer {
    /// Five seconds for each address.
    fn default() -> Self {
        Self::new(Duration::from_secs(5))
    }
}

#[async_trait]
impl Dialer for TcpDialer {
    async fn dial(&self, target: &Target) -> Result<BoxIo, DialError> {
        if target.secure {
            return Err(DialError::new(DialErrorKind::NoTls));
        }
        let addresses = lookup_host((target.host.as_str(), target.port))
            .await
            .map_err(|error| DialError::with_source(DialErrorKind::Resolve, error))?;
        let mut last = DialError::new(DialErrorKind::Resolve);
        for address in addresses {
            match timeout(self.attempt_timeout, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => {
                    stream.set_nodelay(true)?;
                    return Ok(BoxIo::new(stream));
                }
                Ok(Err(error)) => last = error.into(),
                Err(_) => last = DialError::new(DialErrorKind::Timeout),
            }
        }
        Err(last)
    }
}
