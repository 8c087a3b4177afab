//! Gives what a client logs to a handler of its own.

mod priority;
mod record;
mod tee;

use std::fmt;
use std::future::{Future, poll_fn};
use std::io::Write;
use std::pin::pin;
use std::sync::Arc;

use tracing::dispatcher::{Dispatch, get_default, with_default};

use self::tee::Tee;

pub use self::priority::LogPriority;
pub use self::record::{LogMessage, LogRecord};

/// What hears the log lines of a client.
#[derive(Clone)]
pub(crate) struct LogHandler(Arc<dyn Fn(&LogRecord<'_>) + Send + Sync>);

impl LogHandler {
    pub(crate) fn new(handler: impl Fn(&LogRecord<'_>) + Send + Sync + 'static) -> Self {
        Self(Arc::new(handler))
    }

    /// Writes lines to the standard error, for who sets a priority and no handler.
    fn stderr() -> Self {
        Self::new(|record| {
            // A closed standard error is nothing that could be told anywhere.
            drop(writeln!(std::io::stderr(), "{record}"));
        })
    }
}

impl fmt::Debug for LogHandler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LogHandler")
    }
}

/// What a client does inside of this is logged by its handler, too.
///
/// Tasks take it along, because all of our crates spawn with the subscriber that is current. A
/// client without a handler has no bridge, and nothing is wrapped.
#[derive(Debug, Clone, Default)]
pub(crate) struct LogBridge(Option<Arc<Bridge>>);

#[derive(Debug)]
struct Bridge {
    dispatch: Dispatch,
    /// While `tracing` knows of one subscriber alone it asks the one that is current instead, and
    /// who first logs outside of the client would silence a line inside for ever.
    _twin: Option<Dispatch>,
}

impl LogBridge {
    /// A bridge for lines from `priority` on.
    pub(crate) fn new(priority: LogPriority, handler: Option<LogHandler>) -> Self {
        if priority == LogPriority::None {
            return Self::out_of_others();
        }
        let handler = handler.unwrap_or_else(LogHandler::stderr);
        let tee = Arc::new(Tee::new(priority, handler));
        Self(Some(Arc::new(Bridge {
            _twin: Some(Dispatch::new(Arc::clone(&tee))),
            dispatch: Dispatch::new(tee),
        })))
    }

    /// None, unless the client is built by what another client calls: its lines are not the
    /// other's.
    fn out_of_others() -> Self {
        let inside = get_default(Dispatch::is::<Tee>);
        Self(inside.then(|| {
            Arc::new(Bridge {
                dispatch: tee::outside(),
                _twin: None,
            })
        }))
    }

    /// Runs `f` inside.
    pub(crate) fn enter<T>(&self, f: impl FnOnce() -> T) -> T {
        let Some(bridge) = &self.0 else { return f() };
        // `tracing` is at work, and can not be entered from below.
        if tee::is_handling() {
            return f();
        }
        let tee = bridge.dispatch.downcast_ref::<Tee>();
        if let Some(tee) = tee {
            tee.adopt();
        }
        let result = with_default(&bridge.dispatch, f);
        if let Some(tee) = tee {
            tee.report();
        }
        result
    }

    /// Runs a future inside.
    pub(crate) async fn wrap<F: Future>(&self, future: F) -> F::Output {
        let mut future = pin!(future);
        poll_fn(|cx| self.enter(|| future.as_mut().poll(cx))).await
    }
}
