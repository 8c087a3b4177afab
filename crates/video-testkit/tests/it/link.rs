//! Connections with a round-trip time are exact in virtual time.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use video_testkit::DelayDialer;

use crate::client::{KEY, Socket, coordinator, greeting, now};

const RTT: Duration = Duration::from_millis(100);

#[tokio::test(start_paused = true)]
async fn dialling_takes_one_round_trip_and_an_answer_another() {
    let dialer = DelayDialer::new(coordinator(), RTT);
    let start = now();
    let mut io = dialer.dial(false).await.unwrap();
    assert_eq!(start.elapsed(), RTT);
    let request = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    io.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    io.read_to_end(&mut answer).await.unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 200 OK"));
    assert_eq!(start.elapsed(), RTT * 2);
    assert_eq!(dialer.dials(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_socket_is_authenticated_after_three_round_trips() {
    let coordinator = coordinator();
    let dialer = DelayDialer::new(coordinator.clone(), RTT);
    let start = now();
    let io = dialer.dial(false).await.unwrap();
    let mut socket = Socket::over(io, KEY).await.ok().unwrap();
    socket
        .send(&greeting(Some(&coordinator.token("john")), "john"))
        .await;
    assert_eq!(socket.event().await["type"], "connection.ok");
    assert_eq!(start.elapsed(), RTT * 3);
    let noted = coordinator.journal().entries();
    let at: Vec<_> = noted.iter().map(|record| record.at).collect();
    assert_eq!(
        at,
        [RTT, RTT + RTT / 2, RTT * 2 + RTT / 2, RTT * 2 + RTT / 2]
    );
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_connection_takes_half_a_round_trip() {
    let coordinator = coordinator();
    let dialer = DelayDialer::new(coordinator.clone(), RTT);
    let io = dialer.dial(false).await.unwrap();
    let mut socket = Socket::over(io, KEY).await.ok().unwrap();
    let start = now();
    coordinator.drop_connections(video_testkit::Audience::All);
    assert!(socket.is_cut().await);
    assert_eq!(start.elapsed(), RTT / 2);
}

#[tokio::test(start_paused = true)]
async fn a_network_without_tls_refuses_a_secure_connection() {
    let dialer = DelayDialer::new(coordinator(), RTT);
    let refused = dialer.dial(true).await.unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::Unsupported);
}
