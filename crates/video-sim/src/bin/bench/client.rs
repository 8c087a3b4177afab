//! Clients of the server.

use std::net::SocketAddr;

use anyhow::Context as _;
use video_client::{StreamVideo, StreamVideoOptions, TlsRoots, User};
use video_testkit::Coordinator;

use crate::server::{KEY, SECRET};

/// Whom a client talks to and as whom.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    pub(crate) user: String,
    pub(crate) token: String,
}

impl Account {
    pub(crate) fn new(user: &str) -> Self {
        let signer = Coordinator::builder(KEY, SECRET).real_clock().build();
        Self {
            user: user.to_owned(),
            token: signer.token(user),
        }
    }

    /// A client, not connected. With a certificate it speaks TLS.
    pub(crate) fn client(&self, server: SocketAddr, pem: &str) -> anyhow::Result<StreamVideo> {
        let options = options(server, pem);
        self.client_with(options)
    }

    pub(crate) fn client_with(&self, options: StreamVideoOptions) -> anyhow::Result<StreamVideo> {
        StreamVideo::builder(KEY, User::regular(&self.user))
            .user_token(self.token.as_str())
            .options(options)
            .build()
            .context("a client")
    }

    /// The first frame of a socket.
    pub(crate) fn greeting(&self) -> Vec<u8> {
        let Self { user, token } = self;
        format!(
            r#"{{"token":"{token}","products":["video"],"user_details":{{"id":"{user}","custom":{{}}}}}}"#
        )
        .into_bytes()
    }
}

pub(crate) fn options(server: SocketAddr, pem: &str) -> StreamVideoOptions {
    let s = if pem.is_empty() { "" } else { "s" };
    let mut options = StreamVideoOptions::default()
        .coordinator_rpc_url(format!("http{s}://{server}"))
        .coordinator_ws_url(format!("ws{s}://{server}/video/connect"))
        .auto_connect(false);
    if !pem.is_empty() {
        options = options.tls_roots(TlsRoots::Pem(pem.to_owned()));
    }
    options
}
