//! Somebody who takes part: a client, who listens to it, and what is wished of it.

use std::collections::BTreeSet;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::{JoinSet, unconstrained};
use video_client::test_util::dialer_fn;
use video_client::{
    ConnectionState, Entropy, EventItem, Events, RefreshPolicy, StreamVideo, StreamVideoOptions,
    User,
};
use video_testkit::Coordinator;

use crate::delivery::{Delivery, words};
use crate::desk::Desk;
use crate::host::HostClock;
use crate::log::Log;
use crate::network::{Network, Purpose};
use crate::plan::{Goodbye, Kind, MemberPlan};
use crate::wish::Wish;
use crate::witness::Wire;

pub(crate) const KEY: &str = "key";
pub(crate) const SECRET: &str = "secret";

/// What clients are made in.
pub(crate) struct Surroundings<'a> {
    pub(crate) coordinator: &'a Coordinator,
    pub(crate) network: &'a Network,
    pub(crate) wire: &'a Wire,
    pub(crate) seed: u64,
}

pub(crate) struct Member {
    pub(crate) plan: MemberPlan,
    pub(crate) desk: Desk,
    /// What its clients run on, one after the other.
    pub(crate) host: HostClock,
    pub(crate) life: Life,
}

/// One client of a member.
pub(crate) struct Life {
    /// The number of the client, among all that there ever were.
    pub(crate) number: usize,
    pub(crate) client: StreamVideo,
    pub(crate) wish: Wish,
    /// Hears everything at once.
    pub(crate) quick: Listener,
    /// Hears everything rarely.
    pub(crate) slow: Listener,
    /// The calls that were watched since the last disconnect.
    pub(crate) watched: BTreeSet<usize>,
    /// The first operation that counts for them.
    pub(crate) watched_since: u64,
    /// How often it was told to become another guest.
    pub(crate) renewals: usize,
}

impl Member {
    pub(crate) fn new(number: usize, plan: MemberPlan, around: &Surroundings<'_>) -> Self {
        let user = format!("user-{number}");
        let (coordinator, wire) = (around.coordinator.clone(), around.wire.clone());
        let host = HostClock::set_by(&coordinator.clock());
        let desk = Desk::new(coordinator, wire, host.clone(), &user, plan.token_lifetime);
        let life = Life::begin(&plan, &desk, host.clone(), around);
        Self {
            plan,
            desk,
            host,
            life,
        }
    }

    /// Another client takes the place of the one that is given back.
    pub(crate) fn replace(&mut self, around: &Surroundings<'_>) -> Life {
        let life = Life::begin(&self.plan, &self.desk, self.host.clone(), around);
        std::mem::replace(&mut self.life, life)
    }

    /// The id under which the service knows the user.
    pub(crate) fn user_id(&self) -> String {
        self.life.client.current_user().id().to_owned()
    }

    /// Whether there can be no other token than one that is refused.
    pub(crate) fn is_stuck(&self, wire: &Wire) -> bool {
        matches!(self.plan.kind, Kind::Static | Kind::Guest)
            && wire.lock().client(self.life.number).tokens.is_refused()
    }
}

impl Life {
    #[expect(
        clippy::expect_used,
        reason = "what is built here is valid by construction"
    )]
    fn begin(plan: &MemberPlan, desk: &Desk, host: HostClock, around: &Surroundings<'_>) -> Self {
        let user = desk.user();
        let has_token = match plan.kind {
            Kind::Static => true,
            Kind::Loader => plan.first_token,
            Kind::Guest | Kind::Anonymous => false,
        };
        let token = has_token.then(|| desk.issue());
        let number = (around.wire.lock()).add_client(token.clone(), plan.refresh_ahead);
        let network = around.network.clone();
        let dialer = dialer_fn(move |target| {
            let purpose = match target.host.as_str() {
                SOCKET_HOST => Purpose::Socket,
                _ => Purpose::Rest,
            };
            network.clone().dial(number, purpose)
        });
        let options = StreamVideoOptions::default()
            .coordinator_rpc_url("http://localhost")
            .coordinator_ws_url(format!("ws://{SOCKET_HOST}/video/connect"))
            .auto_connect(plan.auto_connect)
            .keep_connections_alive_when_in_background(plan.keep_alive_in_background)
            .event_buffer(plan.event_buffer)
            .dialer(dialer)
            .wall_clock(host)
            .entropy(Entropy::seeded(around.seed.wrapping_add(number as u64)));
        let options = match plan.asks_for_hint {
            true => options.location_hint_url("http://localhost/hint"),
            false => options,
        };
        let options = match plan.refresh_ahead {
            Some(lead) => options.refresh_policy(RefreshPolicy::before_expiry(lead)),
            None => options,
        };
        let who = match plan.kind {
            Kind::Static | Kind::Loader => User::regular(user),
            Kind::Guest => User::guest(user),
            Kind::Anonymous => User::anonymous(),
        };
        let mut builder = StreamVideo::builder(KEY, who).options(options);
        if let Some(token) = token {
            builder = builder.user_token(token);
        }
        if plan.kind == Kind::Loader {
            let desk = desk.clone();
            builder = builder.token_loader(move |_| desk.clone().load(number));
        }
        if let Some(pause) = plan.announcement {
            builder = builder.on_token_updated(move |_| tokio::time::sleep(pause));
        }
        let client = builder.build().expect("a client");
        let now = around.coordinator.clock().elapsed();
        let mut witness = around.wire.lock();
        let wire = witness.client(number);
        wire.watch(client.state());
        let state = client.state().borrow().clone();
        let delivery = || Delivery::from(now, wire, &state);
        let connects = plan.auto_connect && plan.kind != Kind::Anonymous;
        Self {
            number,
            wish: Wish::new(now, connects, plan.keep_alive_in_background),
            quick: Listener::prompt(client.events(), delivery()),
            slow: Listener::rare(client.events(), delivery()),
            client,
            watched: BTreeSet::new(),
            watched_since: 0,
            renewals: 0,
        }
    }

    /// Listens anew, and with nothing that came before.
    pub(crate) fn subscribe(&mut self, now: Duration, wire: &Wire) {
        let state = self.client.state().borrow().clone();
        self.subscribe_as(now, wire, &state);
    }

    /// The same, if the client is in this state.
    pub(crate) fn subscribe_as(&mut self, now: Duration, wire: &Wire, state: &ConnectionState) {
        let mut witness = wire.lock();
        let delivery = Delivery::from(now, witness.client(self.number), state);
        let delivery = delivery.after(self.quick.delivery());
        self.quick = Listener::prompt(self.client.events(), delivery);
    }
}

impl Life {
    /// Drops the client, or keeps a handle on it if it is shut down: it ends although somebody has
    /// one. Its listeners stay.
    pub(crate) fn retire(self, goodbye: Goodbye) -> Retired {
        Retired {
            number: self.number,
            listeners: [self.quick, self.slow],
            kept: matches!(goodbye, Goodbye::Shutdown(_)).then_some(self.client),
        }
    }
}

/// What is left of a client.
pub(crate) struct Retired {
    pub(crate) number: usize,
    pub(crate) listeners: [Listener; 2],
    #[expect(dead_code, reason = "a handle that is held")]
    kept: Option<StreamVideo>,
}

const SOCKET_HOST: &str = "127.0.0.1";

/// Somebody who hears what a client says.
pub(crate) struct Listener {
    source: Source,
    delivery: Delivery,
    has_ended: bool,
    has_heard_the_last: bool,
}

enum Source {
    /// What a task of its own has heard as it came.
    Task(
        mpsc::Receiver<EventItem>,
        #[expect(dead_code, reason = "owns the task")] JoinSet<()>,
    ),
    /// Heard when it is looked at.
    Events(Events),
}

impl Source {
    async fn next(&mut self) -> Option<EventItem> {
        match self {
            Self::Task(heard, _) => heard.recv().await,
            Self::Events(events) => events.next().await,
        }
    }
}

/// More than comes between two looks.
const INBOX: usize = 1 << 16;

impl Listener {
    fn prompt(mut events: Events, delivery: Delivery) -> Self {
        let (inbox, heard) = mpsc::channel(INBOX);
        let mut task = JoinSet::new();
        task.spawn(async move {
            while let Some(item) = events.next().await {
                if inbox.send(item).await.is_err() {
                    return;
                }
            }
        });
        Self::new(Source::Task(heard, task), delivery)
    }

    fn rare(events: Events, delivery: Delivery) -> Self {
        Self::new(Source::Events(events), delivery)
    }

    fn new(source: Source, delivery: Delivery) -> Self {
        Self {
            source,
            delivery,
            has_ended: false,
            has_heard_the_last: false,
        }
    }

    /// Judges all that is there to be heard now.
    pub(crate) fn hear(
        &mut self,
        (number, wire): (usize, &Wire),
        mut log: Option<(Duration, &mut Log)>,
    ) -> Result<(), String> {
        let mut context = Context::from_waker(Waker::noop());
        loop {
            // The runtime gives a task only so many items at once, and a stream of events too; this
            // takes all.
            let mut next = std::pin::pin!(unconstrained(self.source.next()));
            let poll = match next.as_mut().poll(&mut context) {
                Poll::Pending => next.poll(&mut context),
                ready @ Poll::Ready(_) => ready,
            };
            let item = match poll {
                Poll::Pending => return Ok(()),
                Poll::Ready(None) => {
                    self.has_ended = true;
                    return Ok(());
                }
                Poll::Ready(Some(item)) => item,
            };
            if let Some((at, log)) = &mut log
                && log.is_kept()
            {
                log.line(*at, format_args!("client {number} hears {}", show(&item)));
            }
            if let EventItem::Event(event) = &item {
                self.has_heard_the_last |= event.raw().contains("\"last\":true");
            }
            let mut witness = wire.lock();
            self.delivery.heard(&item, witness.client(number))?;
        }
    }

    pub(crate) fn delivery(&self) -> &Delivery {
        &self.delivery
    }

    /// Whether it has heard the event that is sent when all is at peace.
    pub(crate) fn has_heard_the_last(&self) -> bool {
        self.has_heard_the_last
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.has_ended
    }
}

fn show(item: &EventItem) -> String {
    match item {
        EventItem::Event(event) => event.raw().to_owned(),
        EventItem::Connection(state) => words(state),
        EventItem::Lagged { missed } => format!("that it missed {missed}"),
        EventItem::Skipped(skipped) => format!(
            "that {} bytes were skipped, of message {}",
            skipped.error.frame_len(),
            skipped.total
        ),
        other => format!("{other:?}"),
    }
}
