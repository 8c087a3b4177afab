//! Test doubles of the traits of this crate.
//!
//! Call-and-return seams have mocks made by `mockall`: [`MockHttpTransport`],
//! [`MockRpcTransport`], [`MockEventConnector`], [`MockEventChannel`]. A socket is a stream, which
//! a mock can not keep waiting, so it has a scripted double: [`ScriptedSocket`]. A dialer is a
//! closure: [`dialer_fn`]. An exchange that takes time, which a mock can not express, is one
//! too: [`http_fn`].

mod dialer;
mod http;
mod socket;

pub use self::http::{HttpFn, http_fn};
pub use dialer::{DialerFn, dialer_fn};
pub use socket::{ScriptedConnector, ScriptedSocket, SocketScript};

pub use crate::http::MockHttpTransport;
pub use crate::rpc::MockRpcTransport;
pub use crate::session::MockEventChannel;
pub use crate::socket::MockEventConnector;
