//! Uses `video-transport` alone: the streams, and the sockets over them.

use std::sync::Arc;
use std::time::Duration;

use video_transport::{
    DialError, Dialer, Entropy, HyperTransport, RpcLimits, SocketLimits, Target, TcpDialer,
    WebSocketConnector,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dialer: Arc<dyn Dialer> = Arc::new(TcpDialer::new(Duration::from_secs(5)));
    let sockets = WebSocketConnector::new(
        Arc::clone(&dialer),
        SocketLimits::default(),
        Entropy::seeded(1),
    );
    let limits = RpcLimits::default();
    let http = HyperTransport::new(Arc::clone(&dialer), limits.attempt, 1024 * 1024);
    println!("{sockets:?} and {http:?}, {:?} for a call", limits.call);

    let target = target("wss://video.example.test/video/connect")?;
    println!("a dialer would be asked for {target}");
    Ok(())
}

fn target(uri: &str) -> Result<Target, Box<dyn std::error::Error>> {
    let target: Result<Target, DialError> = Target::of(&uri.parse()?);
    Ok(target?)
}
