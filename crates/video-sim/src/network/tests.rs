//! The network alone, with a coordinator behind it.
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use super::*;

const SECOND: Duration = Duration::from_secs(1);
const REQUEST: &[u8] = b"GET /nowhere HTTP/1.1\r\nhost: a\r\n\r\n";

fn network() -> Network {
    let coordinator = Coordinator::builder("key", "secret").build();
    let wire = Wire::default();
    wire.lock().add_client(None, None);
    let latency = Duration::from_millis(10);
    Network::new(coordinator, wire, (latency, latency), 1)
}

async fn dial(network: &Network) -> io::Result<End> {
    network.clone().dial(0, Purpose::Rest).await
}

/// Whether something comes back within a second.
async fn answers(end: &mut End) -> io::Result<bool> {
    end.write_all(REQUEST).await?;
    let mut buffer = [0; 1024];
    match timeout(SECOND, end.read(&mut buffer)).await {
        Ok(read) => Ok(read? > 0),
        Err(_) => Ok(false),
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_takes_a_round_trip_and_no_real_time() {
    let network = network();
    let clock = network.coordinator.clock();
    let mut end = dial(&network).await.unwrap();
    assert_eq!(clock.elapsed(), Duration::from_millis(20));
    assert!(answers(&mut end).await.unwrap());
    let taken = clock.elapsed();
    assert!(taken >= Duration::from_millis(40) && taken <= Duration::from_millis(62));
}

#[tokio::test(start_paused = true)]
async fn what_is_cut_breaks_and_what_is_half_open_is_silent_for_ever() {
    let network = network();
    let mut end = dial(&network).await.unwrap();
    network.cut(0);
    assert!(answers(&mut end).await.is_err());
    for loss in [Loss::Up, Loss::Down, Loss::Both] {
        let mut end = dial(&network).await.unwrap();
        network.half_open(0, loss);
        assert!(!answers(&mut end).await.unwrap(), "{loss:?}");
        network.heal();
        network.cut_orphans();
        assert!(!answers(&mut end).await.unwrap(), "{loss:?}");
        drop(end);
        network.cut_orphans();
        sleep(SECOND).await;
        assert_eq!(network.coordinator.open_links(), 0, "{loss:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn dials_fail_as_they_are_told_to() {
    let network = network();
    network.set_dialling(0, Dialling::Unreachable);
    let error = dial(&network).await.err().unwrap();
    assert_eq!(error.kind(), io::ErrorKind::HostUnreachable);
    network.set_dialling(0, Dialling::Works);
    network.set_service(Dialling::Refused);
    let error = dial(&network).await.err().unwrap();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    network.set_service(Dialling::Lost);
    assert!(timeout(60 * SECOND, dial(&network)).await.is_err());
    network.heal();
    assert!(dial(&network).await.is_ok());
}
