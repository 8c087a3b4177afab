//! A subscriber of `tracing` that hears what one client logs.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use tracing::dispatcher::{Dispatch, get_default, with_default};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::{Interest, NoSubscriber};
use tracing::{Event, Metadata, Subscriber, error};
use tracing_core::span::Current;

use super::LogHandler;
use super::priority::LogPriority;
use super::record::LogRecord;

/// The crates whose lines a handler gets.
const OURS: [&str; 3] = ["video_auth", "video_client", "video_transport"];

/// Gives the lines of our crates to a handler, and everything to the application's subscriber.
///
/// Spans are the application's alone. Its subscriber is asked before it is given anything, just as
/// if it were called directly; `Dispatch::downcast_ref` alone does not reach through.
pub(super) struct Tee {
    wanted: LevelFilter,
    handler: LogHandler,
    /// The application's subscriber, once there is one.
    parent: OnceLock<Dispatch>,
    none: Dispatch,
    /// Whether the handler has panicked, and whether the application was told.
    panicked: AtomicBool,
    reported: AtomicBool,
}

thread_local! {
    /// Whether a handler runs on this thread.
    static HANDLING: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is inside a handler, where no other subscriber can be entered.
pub(super) fn is_handling() -> bool {
    HANDLING.get()
}

/// The subscriber that is current once the tees of clients are put aside.
pub(super) fn outside() -> Dispatch {
    get_default(|current| match current.downcast_ref::<Tee>() {
        Some(tee) => tee.parent().clone(),
        None => current.clone(),
    })
}

impl Tee {
    pub(super) fn new(priority: LogPriority, handler: LogHandler) -> Self {
        let tee = Self {
            wanted: priority.filter(),
            handler,
            parent: OnceLock::new(),
            none: Dispatch::none(),
            panicked: AtomicBool::new(false),
            reported: AtomicBool::new(false),
        };
        tee.adopt();
        tee
    }

    /// Takes the current subscriber for the application's, if there was none yet.
    ///
    /// Interest that `tracing` keeps stays right: `register_callsite` promised nothing for a
    /// parent, and the new one has registered by itself.
    pub(super) fn adopt(&self) {
        if self.parent.get().is_none() {
            let current = outside();
            if !current.is::<NoSubscriber>() {
                self.parent.get_or_init(|| current);
            }
        }
    }

    fn parent(&self) -> &Dispatch {
        self.parent.get().unwrap_or(&self.none)
    }

    fn wants(&self, metadata: &Metadata<'_>) -> bool {
        let crate_name = metadata.target().split("::").next();
        metadata.is_event()
            && *metadata.level() <= self.wanted
            && crate_name.is_some_and(|name| OURS.contains(&name))
    }

    fn handle(&self, event: &Event<'_>) {
        HANDLING.set(true);
        let handled = catch_unwind(AssertUnwindSafe(|| {
            (self.handler.0)(&LogRecord::new(event));
        }));
        HANDLING.set(false);
        if handled.is_err() {
            self.panicked.store(true, Ordering::Relaxed);
        }
    }

    /// Tells the application, once, that its handler panics. Not possible while it is called.
    pub(super) fn report(&self) {
        let order = Ordering::Relaxed;
        if self.panicked.load(order) && !self.reported.swap(true, order) {
            with_default(self.parent(), || error!("the log handler panicked"));
        }
    }
}

impl Subscriber for Tee {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        let theirs = self.parent().register_callsite(metadata);
        if theirs.is_always() || !self.wants(metadata) {
            theirs
        } else {
            Interest::sometimes()
        }
    }

    /// The parent is asked here or in `event`, never twice: some keep the answer for the event.
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.wants(metadata) || self.parent().enabled(metadata)
    }

    /// That of the parent counts by itself, since it is registered too.
    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.wanted)
    }

    fn event(&self, event: &Event<'_>) {
        let wanted = self.wants(event.metadata());
        if !wanted || self.parent().enabled(event.metadata()) {
            self.parent().event(event);
        }
        if wanted {
            self.handle(event);
        }
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.parent().new_span(span)
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        self.parent().record(span, values);
    }

    fn record_follows_from(&self, span: &Id, follows: &Id) {
        self.parent().record_follows_from(span, follows);
    }

    fn enter(&self, span: &Id) {
        self.parent().enter(span);
    }

    fn exit(&self, span: &Id) {
        self.parent().exit(span);
    }

    fn clone_span(&self, id: &Id) -> Id {
        self.parent().clone_span(id)
    }

    fn try_close(&self, id: Id) -> bool {
        self.parent().try_close(id)
    }

    fn current_span(&self) -> Current {
        self.parent().current_span()
    }
}
