//! The client against peers that others wrote, and against one that breaks every rule.
//!
//! The table in `table.rs` says what comes of each case. `cargo xtask foreign` installs the peers
//! and runs all of it; without them the cases of the raw peer run.
#![cfg(test)]

mod case;
mod peer;
mod process;
mod raw;
mod table;

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;
use video_core::{ApiKey, Endpoint, MockTokenSource, User, UserId, UserToken};
use video_transport::{
    ConnectError, ConnectErrorKind, ConnectOptions, ConnectionState, Entropy, EventChannel,
    EventItem, Session, SessionConfig, SocketLimits, TcpDialer, WebSocketConnector,
};

use case::{Case, Kind, Outcome, Step};
use peer::Peer;
use raw::EachTime;
use table::table;

/// The cases of a peer.
fn cases(kind: Kind) -> Vec<Case> {
    let mut cases = table();
    cases.retain(|case| case.peers.contains(&kind));
    cases
}

fn session(peer: &Peer, case: &str) -> Session {
    let url = format!("ws://{}/{}", peer.address, raw::path(case));
    let endpoint = Endpoint::new(&format!("http://{}", peer.address), &url).unwrap();
    let user = Arc::new(User::regular("jane"));
    let mut config = SessionConfig::new(&endpoint, ApiKey::new("key").unwrap(), user);
    config.entropy = Entropy::seeded(1);
    config.reconnect.first_window = Duration::from_millis(20);
    config.reconnect.slow_window = Duration::from_millis(20);
    let token = UserToken::new("a.b.c".into(), UserId::new("jane").unwrap(), None, None);
    let mut tokens = MockTokenSource::new();
    tokens.expect_token().returning(move || Ok(token.clone()));
    let dialer = Arc::new(TcpDialer::default());
    let connector = WebSocketConnector::new(dialer, SocketLimits::default(), Entropy::seeded(2));
    Session::new(config, Arc::new(connector), Arc::new(tokens)).unwrap()
}

/// What a client meets until it hears that the case is over.
#[derive(Debug, Default)]
struct Met {
    /// On the first connection.
    events: Vec<String>,
    skipped: usize,
    /// What ended the first connection.
    failure: Option<ConnectError>,
}

/// Goes through a case: through one connection, or two if the first one fails.
async fn meet(session: &Session) -> Met {
    let mut met = Met::default();
    let mut events = session.events();
    session.connect_in_background(ConnectOptions::new());
    loop {
        match events.next().await.expect("the stream has ended") {
            EventItem::Event(event) if event.kind() == "done" => return met,
            EventItem::Event(event) if event.kind() == "custom" && met.failure.is_none() => {
                met.events.push(event.raw().to_owned());
            }
            EventItem::Skipped(_) => met.skipped += 1,
            EventItem::Connection(ConnectionState::Reconnecting { cause, .. }) => {
                met.failure.get_or_insert(cause);
            }
            EventItem::Lagged { .. } => panic!("{met:?}"),
            _ => {}
        }
    }
}

/// Checks a case, and tells what is wrong about it.
async fn check(case: &Case, peer: &Peer) -> Result<(), String> {
    let session = session(peer, case.name);
    let met = timeout(PATIENCE, meet(&session)).await;
    let met = met.map_err(|_| format!("hangs: {:?}", session.state().borrow()))?;
    drop(session.shutdown().await);
    let told = timeout(PATIENCE, peer.told(&raw::path(case.name))).await;
    let told = told.map_err(|_| "the peer does not notice the end".to_owned())?;

    let why = met.failure.as_ref().map(words).unwrap_or_default();
    let kind = met.failure.as_ref().map(ConnectError::kind);
    let is_as_said = match &case.outcome {
        Outcome::Arrives => {
            let said: Vec<_> = case.steps.iter().filter_map(Step::event).collect();
            met.events == said && met.skipped == 0 && kind.is_none() && told == Some(1000)
        }
        Outcome::Skipped => {
            met.events.is_empty() && met.skipped == 1 && kind.is_none() && told == Some(1000)
        }
        Outcome::Fails {
            kind: expected,
            why: words,
            told: code,
        } => kind == Some(expected) && why.contains(words) && code.fits(told),
    };
    if is_as_said {
        return Ok(());
    }
    Err(format!(
        "{} events, {} skipped, {kind:?} ({why}), the peer is told {told:?}",
        met.events.len(),
        met.skipped,
    ))
}

/// More than the slowest machine takes.
const PATIENCE: Duration = Duration::from_secs(8);

/// An error and its causes.
fn words(error: &ConnectError) -> String {
    let mut words = String::new();
    let mut cause = error.source();
    while let Some(error) = cause {
        words.push_str(&error.to_string());
        words.push_str("; ");
        cause = error.source();
    }
    words
}

async fn holds(kind: Kind, cases: &[Case], peer: Peer) {
    let mut wrong = Vec::new();
    for case in cases {
        let result = check(case, &peer).await;
        println!("{kind:?}: {}: {result:?}", case.name);
        if let Err(met) = result {
            wrong.push(format!("{}: {met}; not {:?}", case.name, case.outcome));
        }
    }
    assert!(wrong.is_empty(), "{kind:?}:\n{}", wrong.join("\n"));
    assert!(cases.len() > 20, "the table has shrunk");
}

#[tokio::test]
async fn the_table_holds_for_a_peer_that_breaks_every_rule() {
    let cases = cases(Kind::Raw);
    let peer = raw::start(&cases, EachTime::FirstOnly).await;
    holds(Kind::Raw, &cases, peer).await;
}

#[tokio::test]
#[ignore = "needs node and its package `ws`: cargo xtask foreign"]
async fn the_table_holds_for_the_package_ws_of_npm() {
    let cases = cases(Kind::Ws);
    let peer = process::start(Kind::Ws, &cases);
    holds(Kind::Ws, &cases, peer).await;
}

#[tokio::test]
#[ignore = "needs Python and its package `websockets`: cargo xtask foreign"]
async fn the_table_holds_for_the_package_websockets_of_pypi() {
    let cases = cases(Kind::Websockets);
    let peer = process::start(Kind::Websockets, &cases);
    holds(Kind::Websockets, &cases, peer).await;
}

#[test]
fn the_table_names_each_case_once() {
    let mut paths: Vec<_> = table().iter().map(|case| raw::path(case.name)).collect();
    let count = paths.len();
    paths.sort();
    paths.dedup();
    assert_eq!(paths.len(), count);
}

/// A service that greets and then violates a limit, again and again: its greetings do not make
/// the client forget the failures.
#[tokio::test]
async fn a_service_that_always_says_too_much_is_given_more_and_more_distance() {
    let mut cases = cases(Kind::Raw);
    cases.retain(|case| case.name == "length of 2^63");
    let peer = raw::start(&cases, EachTime::Yes).await;
    let session = session(&peer, cases[0].name);
    let mut events = session.events();
    session.connect_in_background(ConnectOptions::new());
    let (mut attempts, mut connected) = (Vec::new(), 0);
    while attempts.len() < 5 {
        match events.next().await.expect("the stream has ended") {
            EventItem::Connection(ConnectionState::Connected { .. }) => connected += 1,
            EventItem::Connection(ConnectionState::Reconnecting { attempt, cause, .. }) => {
                assert_eq!(cause.kind(), &ConnectErrorKind::Protocol);
                attempts.push(attempt);
            }
            _ => {}
        }
    }
    assert_eq!((attempts, connected), (vec![1, 2, 3, 4, 5], 5));
}
