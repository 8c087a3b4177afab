//! Streams over TCP.

use std::net::SocketAddr;
use std::time::Duration;

use async_trait::async_trait;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use super::race::{HEAD_START, race};
use super::{BoxIo, DialError, DialErrorKind, Dialer, Target};

/// Dials over TCP, without encryption.
///
/// A host with several addresses is tried as [RFC 8305] ("Happy Eyeballs") has it: IPv6 and IPv4
/// by turns, the next address 250 ms after the last, or at once when one fails, and the first that
/// answers wins. So a host whose IPv6 leads nowhere costs a quarter of a second.
///
/// [RFC 8305]: https://www.rfc-editor.org/rfc/rfc8305
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

    async fn connect(&self, address: SocketAddr) -> Result<TcpStream, DialError> {
        let stream = timeout(self.attempt_timeout, TcpStream::connect(address))
            .await
            .map_err(|_| DialError::new(DialErrorKind::Timeout))??;
        stream.set_nodelay(true)?;
        Ok(stream)
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
        let stream = race(addresses, HEAD_START, |address| self.connect(address)).await?;
        Ok(BoxIo::new(stream))
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn a_service_that_only_ipv4_leads_to_is_found_and_spoken_to_without_delay() {
        let ipv6 = SocketAddr::from((Ipv6Addr::LOCALHOST, 0));
        let closed = TcpListener::bind(ipv6).await.expect("`::1`");
        let open = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let (ipv4, ipv6) = (open.local_addr().unwrap(), closed.local_addr().unwrap());
        drop(closed);
        let dialer = TcpDialer::default();
        let connect = |address| dialer.connect(address);
        let stream = race([ipv4, ipv6], HEAD_START, connect).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), ipv4);
        assert!(stream.nodelay().unwrap());
    }
}
