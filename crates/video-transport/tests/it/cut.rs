//! Sessions over real sockets whose bytes stop, end or crawl, wherever in the stream that is.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::time::timeout;
use video_core::Endpoint;
use video_testkit::{Coordinator, Listening};
use video_transport::{
    ConnectError, ConnectErrorKind, ConnectOptions, ConnectionState, Dialer, EventChannel,
    EventItem, Events, Phase, Session, SessionConfig, TcpDialer,
};

use crate::bytes::{BytesProxy, Harm, Place, Rule, Way, each};
use crate::counted::{Counted, Sockets};
use crate::{loopback, support};

/// A session whose bytes go through a proxy.
struct Rig {
    coordinator: Coordinator,
    proxy: BytesProxy,
    session: Session,
    sockets: Arc<Sockets>,
    _server: Listening,
}

impl Rig {
    /// A rig that is quick to notice one kind of failure.
    async fn new(encryption: Encryption, noticed: &ConnectErrorKind) -> Self {
        Self::with(encryption, |config| hasten(config, noticed)).await
    }

    async fn with(encryption: Encryption, change: impl FnOnce(&mut SessionConfig)) -> Self {
        let coordinator = Coordinator::builder(support::KEY, "secret").build();
        let (server, dialer) = encryption.serve(&coordinator).await;
        let proxy = BytesProxy::to(server.local_addr()).await;
        let sockets = Arc::new(Sockets::default());
        let connector = Counted(loopback::connector(dialer), Arc::clone(&sockets));
        let mut config = support::config(&through(&proxy, &server));
        config.reconnect.first_window = Duration::from_millis(20);
        change(&mut config);
        let session = support::session(config, connector, &coordinator.token("jane"));
        Self {
            coordinator,
            proxy,
            session,
            sockets,
            _server: server,
        }
    }

    /// Connects and tells what the first failure was on the way.
    async fn first_failure(&self) -> ConnectErrorKind {
        let mut events = self.session.events();
        self.session.connect(ConnectOptions::new()).await.unwrap();
        failure(&mut events).await.kind().clone()
    }

    fn push(&self, n: usize, padding: usize) {
        let event = json!({"type": "custom", "padding": "x".repeat(padding), "n": n});
        self.coordinator.push_to_user("jane", event);
    }
}

/// The endpoint of a server, by way of a proxy.
fn through(proxy: &BytesProxy, server: &Listening) -> Endpoint {
    let by_proxy = |url: String| {
        let (from, to) = (server.local_addr(), proxy.address());
        url.replace(&from.to_string(), &to.to_string())
    };
    Endpoint::new(&by_proxy(server.url()), &by_proxy(server.ws_url())).unwrap()
}

/// What is found out in a moment that usually takes half a minute. Only that: on a busy machine
/// all else has its time.
fn hasten(config: &mut SessionConfig, what: &ConnectErrorKind) {
    match what {
        ConnectErrorKind::Timeout(Phase::Open) => config.timeouts.open = MOMENT,
        ConnectErrorKind::Timeout(Phase::Greeting) => config.timeouts.greeting = MOMENT,
        ConnectErrorKind::Silent => {
            config.heartbeat.interval = MOMENT / 2;
            config.heartbeat.idle = MOMENT * 2;
        }
        _ => {}
    }
}

const MOMENT: Duration = Duration::from_millis(400);

async fn failure(events: &mut Events) -> ConnectError {
    loop {
        match events.next().await.expect("the stream has ended") {
            EventItem::Connection(ConnectionState::Reconnecting { cause, .. }) => return cause,
            EventItem::Connection(ConnectionState::Disconnected { reason }) => {
                panic!("{reason:?}")
            }
            _ => {}
        }
    }
}

/// Whether the bytes are plain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encryption {
    Plain,
    #[cfg(feature = "tls")]
    Tls,
}

impl Encryption {
    async fn serve(self, coordinator: &Coordinator) -> (Listening, Arc<dyn Dialer>) {
        match self {
            Self::Plain => {
                let server = coordinator.listen(loopback::port()).await.unwrap();
                (server, Arc::new(TcpDialer::default()))
            }
            #[cfg(feature = "tls")]
            Self::Tls => {
                let tls = coordinator.tls("127.0.0.1");
                let server = tls.listen(loopback::port()).await.unwrap();
                let roots = video_transport::TlsRoots::Pem(tls.root_pem());
                let dialer = video_transport::TlsDialer::new(TcpDialer::default(), roots);
                (server, Arc::new(dialer))
            }
        }
    }
}

/// An attempt that is harmed at one place heals, and told why it failed.
async fn heals(encryption: Encryption, rule: Rule, told: Vec<ConnectErrorKind>) {
    let rig = Rig::new(encryption, &told[0]).await;
    rig.proxy.plan(&[rule]);
    let failure = rig.first_failure().await;
    assert!(told.contains(&failure), "{rule:?}: {failure:?}");
    assert!(rig.session.state().borrow().is_connected(), "{rule:?}");
    assert_eq!(rig.sockets.most(), 1, "{rule:?}");
    rig.session.disconnect().await;
    assert_eq!(rig.sockets.open(), 0, "{rule:?}");
    rig.coordinator.assert_healthy();
}

const NO_HANDSHAKE: ConnectErrorKind = ConnectErrorKind::Handshake { status: None };
const LATE_HANDSHAKE: ConnectErrorKind = ConnectErrorKind::Timeout(Phase::Open);
const LATE_GREETING: ConnectErrorKind = ConnectErrorKind::Timeout(Phase::Greeting);
const BROKEN: ConnectErrorKind = ConnectErrorKind::Broken;

#[tokio::test]
async fn an_attempt_that_ends_at_any_byte_is_made_again() {
    let places = [
        (Way::Out, Place::Byte(0), NO_HANDSHAKE),
        (Way::Out, Place::Byte(40), NO_HANDSHAKE),
        (Way::Out, Place::Frame(0), NO_HANDSHAKE),
        (Way::Out, Place::Frame(1), BROKEN),
        (Way::Out, Place::Frame(5), BROKEN),
        (Way::Out, Place::Frame(60), BROKEN),
        (Way::Back, Place::Byte(0), NO_HANDSHAKE),
        (Way::Back, Place::Byte(20), NO_HANDSHAKE),
        (Way::Back, Place::Frame(0), BROKEN),
        (Way::Back, Place::Frame(1), BROKEN),
        (Way::Back, Place::Frame(3), BROKEN),
        (Way::Back, Place::Frame(60), BROKEN),
    ];
    each(places.clone(), |(way, place, told)| {
        heals(Encryption::Plain, Rule(way, place, Harm::Cut), vec![told])
    })
    .await;
    // A reset may overtake the bytes before it.
    each(places, |(way, place, _)| {
        let told = vec![NO_HANDSHAKE, BROKEN];
        heals(Encryption::Plain, Rule(way, place, Harm::Reset), told)
    })
    .await;
}

#[tokio::test]
async fn an_attempt_that_falls_silent_at_any_byte_is_given_up_and_made_again() {
    let places = [
        (Way::Out, Place::Byte(0), LATE_HANDSHAKE),
        (Way::Out, Place::Byte(40), LATE_HANDSHAKE),
        (Way::Out, Place::Frame(0), LATE_GREETING),
        (Way::Out, Place::Frame(5), LATE_GREETING),
        (Way::Out, Place::Frame(60), LATE_GREETING),
        (Way::Back, Place::Byte(0), LATE_HANDSHAKE),
        (Way::Back, Place::Byte(20), LATE_HANDSHAKE),
        (Way::Back, Place::Frame(0), LATE_GREETING),
        (Way::Back, Place::Frame(3), LATE_GREETING),
        (Way::Back, Place::Frame(60), LATE_GREETING),
    ];
    each(places, |(way, place, told)| {
        heals(Encryption::Plain, Rule(way, place, Harm::Stall), vec![told])
    })
    .await;
}

#[cfg(feature = "tls")]
#[tokio::test]
async fn an_attempt_that_ends_or_falls_silent_while_tls_is_agreed_on_is_made_again() {
    use video_transport::DialErrorKind;

    let no_tls = ConnectErrorKind::Dial(DialErrorKind::Tls);
    let mut cases = Vec::new();
    for way in [Way::Out, Way::Back] {
        for at in [0, 3, 200] {
            for (harm, told) in [
                (Harm::Cut, &no_tls),
                (Harm::Reset, &no_tls),
                (Harm::Stall, &LATE_HANDSHAKE),
            ] {
                cases.push((Rule(way, Place::Byte(at), harm), told.clone()));
            }
        }
    }
    each(cases, |(rule, told)| {
        heals(Encryption::Tls, rule, vec![told])
    })
    .await;
}

/// A live connection is harmed while an event comes: the event is lost and nothing else.
async fn loses_one_event(encryption: Encryption, harm: Harm, after: usize, told: ConnectErrorKind) {
    let case = format!("{encryption:?} {harm:?} after {after}");
    let rig = Rig::new(encryption, &told).await;
    rig.session.connect(ConnectOptions::new()).await.unwrap();
    let mut events = rig.session.events();
    let old = rig.session.state().borrow().connection_id().cloned();
    rig.proxy.strike(Way::Back, after, harm);
    rig.push(1, 100_000);
    assert_eq!(failure(&mut events).await.kind(), &told, "{case}");

    let state = support::state(&rig.session, ConnectionState::is_connected).await;
    assert_ne!(state.connection_id(), old.as_ref(), "{case}");
    rig.push(2, 0);
    let heard = support::event(&mut events, "custom").await;
    assert!(heard.contains(r#""n":2"#), "{case}: {heard:.200}");
    assert_eq!(rig.sockets.most(), 1, "{case}");
    rig.coordinator.assert_healthy();
}

/// In a live stream: before a frame, inside its header, inside its payload.
const LIVE: [usize; 5] = [0, 1, 3, 12, 50_000];

async fn loses_one_event_anywhere(encryption: Encryption) {
    let mut cases = Vec::new();
    for after in LIVE {
        for (harm, told) in [
            (Harm::Cut, BROKEN),
            (Harm::Reset, BROKEN),
            (Harm::Stall, ConnectErrorKind::Silent),
            (Harm::Swallow, ConnectErrorKind::Silent),
        ] {
            cases.push((harm, after, told));
        }
    }
    each(cases, |(harm, after, told)| {
        loses_one_event(encryption, harm, after, told)
    })
    .await;
}

#[tokio::test]
async fn a_connection_that_ends_or_falls_silent_inside_an_event_is_replaced() {
    loses_one_event_anywhere(Encryption::Plain).await;
}

#[cfg(feature = "tls")]
#[tokio::test]
async fn a_connection_that_ends_or_falls_silent_inside_a_record_of_tls_is_replaced() {
    loses_one_event_anywhere(Encryption::Tls).await;
}

/// The service hears nothing any more, but its words still arrive: they count as life.
#[tokio::test]
async fn a_connection_that_only_brings_events_stays() {
    let rig = Rig::new(Encryption::Plain, &ConnectErrorKind::Silent).await;
    rig.session.connect(ConnectOptions::new()).await.unwrap();
    let mut events = rig.session.events();
    rig.proxy.strike(Way::Out, 0, Harm::Stall);
    for n in 0..9 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        rig.push(n, 0);
        support::event(&mut events, "custom").await;
    }
    assert!(rig.session.state().borrow().is_connected());
    assert_eq!(rig.proxy.accepted(), 1);
    assert_eq!(failure(&mut events).await.kind(), &ConnectErrorKind::Silent);
}

/// A message of which there is always something more is life as well, however long it takes.
#[tokio::test]
async fn a_message_that_takes_longer_than_a_silence_may_last_arrives() {
    let rig = Rig::new(Encryption::Plain, &ConnectErrorKind::Silent).await;
    rig.session.connect(ConnectOptions::new()).await.unwrap();
    let mut events = rig.session.events();
    let slow = Harm::Delay(MOMENT / 8);
    rig.proxy.strike(Way::Back, 0, slow);
    // At least 28 pieces, so 1.4 s; a silence lasts 0.8 s.
    rig.push(1, 28 * 16 * 1024);
    let heard = support::event(&mut events, "custom").await;
    assert!(heard.contains(r#""n":1"#), "{heard:.200}");
    assert_eq!(rig.proxy.accepted(), 1);
}

async fn visits(encryption: Encryption, harm: Harm) {
    let rules = [Way::Out, Way::Back].map(|way| Rule(way, Place::Byte(0), harm));
    let coordinator = Coordinator::builder(support::KEY, "secret").build();
    let (server, dialer) = encryption.serve(&coordinator).await;
    let proxy = BytesProxy::to(server.local_addr()).await;
    proxy.always(&rules);
    loopback::visit(&coordinator, &through(&proxy, &server), &dialer).await;
    // One for the socket, one for requests.
    assert_eq!(proxy.accepted(), 2);
    coordinator.assert_healthy();
}

#[tokio::test]
async fn bytes_that_come_one_by_one_or_late_change_nothing() {
    visits(Encryption::Plain, Harm::Split).await;
    visits(Encryption::Plain, Harm::Delay(Duration::from_millis(20))).await;
}

#[cfg(feature = "tls")]
#[tokio::test]
async fn bytes_of_tls_that_come_one_by_one_or_late_change_nothing() {
    visits(Encryption::Tls, Harm::Split).await;
    visits(Encryption::Tls, Harm::Delay(Duration::from_millis(20))).await;
}

#[tokio::test]
async fn disconnecting_does_not_wait_for_a_peer_that_is_gone() {
    let harms = [Harm::Stall, Harm::Swallow];
    let cases = harms
        .into_iter()
        .flat_map(|harm| [(Way::Out, harm), (Way::Back, harm)]);
    each(cases, |(way, harm)| async move {
        let rig = Rig::with(Encryption::Plain, |config| config.timeouts.close = MOMENT).await;
        rig.session.connect(ConnectOptions::new()).await.unwrap();
        rig.proxy.strike(way, 0, harm);
        let disconnect = timeout(MOMENT * 10, rig.session.disconnect());
        disconnect.await.expect("it waits");
        assert_eq!(rig.sockets.open(), 0);
        rig.session.shutdown().await.unwrap();
    })
    .await;
}

/// Promise: BD42
#[tokio::test]
async fn who_connects_to_a_service_that_never_answers_is_told_what_was_late() {
    let rig = Rig::with(Encryption::Plain, |config| {
        config.timeouts.open = MOMENT;
        config.timeouts.connect = MOMENT * 5 / 2;
    })
    .await;
    let silent = Rule(Way::Back, Place::Byte(0), Harm::Stall);
    rig.proxy.always(&[silent]);
    let error = rig
        .session
        .connect(ConnectOptions::new())
        .await
        .unwrap_err();
    let late = ConnectErrorKind::Timeout(Phase::Connect);
    assert_eq!(error.kind(), &late);
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(cause, "the service did not open in time");
    assert!(rig.proxy.accepted() <= 3, "{}", rig.proxy.accepted());
    assert_eq!(rig.sockets.most(), 1);
    assert_eq!(rig.sockets.open(), 0);
}
