#![doc = include_str!("../README.md")]

mod carry;
mod entropy;
mod error;
mod give_way;
mod http;
mod net;
mod rpc;
mod session;
mod socket;
#[cfg(feature = "test-util")]
pub mod test_util;

pub use self::http::{HttpError, HttpErrorKind, HttpTransport, HyperTransport};
pub use carry::carry_subscriber;
pub use entropy::Entropy;
pub use error::{ConnectError, ConnectErrorKind, Phase};
pub use net::{
    BoxIo, DialError, DialErrorKind, Dialer, InvalidProxy, Io, Proxy, ProxyDialer, Target,
    TcpDialer,
};
#[cfg(feature = "tls")]
pub use net::{TlsDialer, TlsRoots};
pub use rpc::{
    Credentials, RpcChannel, RpcError, RpcErrorKind, RpcLimits, RpcRequest, RpcResponse,
    RpcTransport,
};
pub use session::{
    ConnectOptions, ConnectionGate, ConnectionState, DisconnectReason, EventChannel, EventItem,
    EventStream, Events, Network, NoSession, NotConnected, Online, Session, SessionConfig,
    SessionTimeouts, SkippedFrame, WaitError,
};
pub use socket::{
    CloseFrame, EventConnector, EventSocket, Frame, SocketError, SocketLimits, WebSocketConnector,
};

/// What the fuzz targets feed. No part of the interface: it changes without notice.
#[cfg(feature = "__internals")]
#[doc(hidden)]
pub mod __internals {
    pub use crate::rpc::internals::retry_after;
    pub use crate::session::internals::{
        SessionInput, SessionMachine, SessionOutput, SocketNumber,
    };
    pub use crate::socket::internals::{Assembler, upgrade};
}

/// The vocabulary that this crate speaks.
#[doc(no_inline)]
pub use video_core;
