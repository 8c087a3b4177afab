//! A real TCP port. These tests run in real time and wait for nothing.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::{Client, KEY, Socket, coordinator};

#[tokio::test]
async fn a_port_serves_requests_until_it_is_shut_down() {
    let coordinator = coordinator();
    let server = coordinator
        .listen("127.0.0.1:0".parse().unwrap())
        .await
        .unwrap();
    let address = server.local_addr();
    assert_eq!(server.url(), format!("http://{address}"));
    assert_eq!(server.ws_url(), format!("ws://{address}/video/connect"));

    let mut io = TcpStream::connect(address).await.unwrap();
    let request = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    io.write_all(request).await.unwrap();
    let mut answer = String::new();
    io.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK"));

    let io = TcpStream::connect(address).await.unwrap();
    let mut socket = Socket::over(io, KEY).await.ok().unwrap();
    let idle = TcpStream::connect(address).await.unwrap();
    let (code, ()) = tokio::join!(socket.close_code(), server.shutdown());
    assert_eq!(code, 1001);
    drop(idle);
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_dropped_port_cuts_its_connections_and_no_others() {
    let coordinator = coordinator();
    let server = coordinator
        .listen("127.0.0.1:0".parse().unwrap())
        .await
        .unwrap();
    let io = TcpStream::connect(server.local_addr()).await.unwrap();
    let mut socket = Socket::over(io, KEY).await.ok().unwrap();
    let (mut in_memory, _) = Client::new(&coordinator, "john").connect("john").await;
    drop(server);
    assert!(socket.is_cut().await);
    coordinator.push("john", serde_json::json!({"type": "still here"}));
    assert_eq!(in_memory.event().await["type"], "still here");
}
