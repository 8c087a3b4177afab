//! What a session makes of odd wishes and of what comes late, over scripted sockets.

use std::time::Duration;

use tokio::runtime::Builder;
use video_core::Endpoint;
use video_transport::test_util::{ScriptedConnector, SocketScript};
use video_transport::{
    ConnectErrorKind, ConnectOptions, EventChannel, Frame, Session, SessionConfig,
};

use crate::support;

const SECOND: Duration = Duration::from_secs(1);

async fn connected(config: SessionConfig) -> (Session, SocketScript) {
    let connector = ScriptedConnector::new();
    let mut script = connector.expect_open();
    let session = support::session(config, connector, "a.b.c");
    let (token, ()) = tokio::join!(session.connect(ConnectOptions::new()), async {
        script.hear().await.unwrap();
        let greeting = r#"{"type":"connection.ok","connection_id":"c1"}"#;
        script.say(greeting).await;
    });
    token.unwrap();
    (session, script)
}

#[tokio::test(start_paused = true)]
async fn an_interval_of_nothing_is_one_of_a_second_and_the_session_goes_on_listening() {
    let mut config = support::config(&Endpoint::default());
    config.heartbeat.interval = Duration::ZERO;
    let (session, mut script) = connected(config).await;
    for _ in 0..10 {
        tokio::time::sleep(SECOND).await;
        script.say(r#"{"type":"health.check"}"#).await;
    }
    let mut pings = 0;
    while script.from_client.try_recv().is_ok() {
        pings += 1;
    }
    assert!((8..=10).contains(&pings), "{pings} pings");
    let over = tokio::time::timeout(2 * SECOND, session.disconnect());
    over.await.expect("it hears the wish");
}

#[tokio::test(start_paused = true)]
async fn after_a_close_nothing_more_is_sent_and_the_answer_is_waited_for() {
    let (session, mut script) = connected(support::config(&Endpoint::default())).await;
    let ((), ()) = tokio::join!(session.disconnect(), async {
        let close = script.from_client.recv().await.unwrap();
        assert!(matches!(close, Frame::Close(Some(_))), "{close:?}");
        script
            .to_client
            .send(Ok(Frame::Ping("late".into())))
            .await
            .unwrap();
        tokio::time::sleep(SECOND / 2).await;
        assert!(!script.to_client.is_closed(), "the answer is waited for");
        script.to_client.send(Ok(Frame::Close(None))).await.unwrap();
        assert!(
            script.from_client.recv().await.is_none(),
            "nothing follows a close"
        );
    });
}

#[tokio::test(start_paused = true)]
async fn a_session_that_was_shut_down_before_it_began_begins_no_more() {
    let session = support::session(
        support::config(&Endpoint::default()),
        ScriptedConnector::new(),
        "a.b.c",
    );
    session.shutdown().await.unwrap();
    let error = session.connect(ConnectOptions::new()).await.unwrap_err();
    assert_eq!(error.kind(), &ConnectErrorKind::Shutdown);
    session.disconnect().await;
    session.shutdown().await.unwrap();
}

/// Whoever wins, both end.
#[test]
fn a_first_connect_and_a_shutdown_at_the_same_time_both_end() {
    let runtime = || Builder::new_current_thread().enable_time().build().unwrap();
    for _ in 0..300 {
        let connector = ScriptedConnector::new();
        let _script = connector.expect_open();
        let config = support::config(&Endpoint::default());
        let session = support::session(config, connector, "a.b.c");
        let error = std::thread::scope(|scope| {
            // Fails if the runtime of the other goes first.
            scope.spawn(|| drop(runtime().block_on(session.shutdown())));
            runtime()
                .block_on(session.connect(ConnectOptions::new()))
                .unwrap_err()
        });
        assert_eq!(error.kind(), &ConnectErrorKind::Shutdown);
    }
}
