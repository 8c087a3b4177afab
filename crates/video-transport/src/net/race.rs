//! Several addresses tried at once, as RFC 8305 ("Happy Eyeballs") has it.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use tokio::time::sleep;

use super::{DialError, DialErrorKind};

/// How long an attempt stays alone before the next one joins it.
pub(super) const HEAD_START: Duration = Duration::from_millis(250);

/// Connects to the first address that answers.
///
/// The next attempt begins when the last one to begin has had its head start, or at once when any
/// fails. Who loses is dropped, and so are all if this is dropped.
///
/// # Errors
///
/// The failure that says most, if all fail.
pub(super) async fn race<T, F, Fut>(
    addresses: impl IntoIterator<Item = SocketAddr>,
    head_start: Duration,
    connect: F,
) -> Result<T, DialError>
where
    F: Fn(SocketAddr) -> Fut,
    Fut: Future<Output = Result<T, DialError>>,
{
    let mut waiting = interleave(addresses).into_iter();
    let mut running = Vec::new();
    let mut failure = DialError::new(DialErrorKind::Resolve);
    loop {
        match waiting.next() {
            Some(address) => running.push(Box::pin(connect(address))),
            None if running.is_empty() => return Err(failure),
            None => {}
        }
        tokio::select! {
            biased;
            outcome = first(&mut running) => match outcome {
                Ok(stream) => return Ok(stream),
                Err(error) => failure = more_telling(failure, error),
            },
            () = sleep(head_start), if waiting.len() > 0 => {}
        }
    }
}

/// Alternates between the families, beginning with IPv6, and keeps the resolver's order in each.
fn interleave(addresses: impl IntoIterator<Item = SocketAddr>) -> Vec<SocketAddr> {
    let (six, four): (Vec<_>, Vec<_>) = addresses.into_iter().partition(SocketAddr::is_ipv6);
    let (mut six, mut four) = (six.into_iter(), four.into_iter());
    let mut order = Vec::with_capacity(six.len() + four.len());
    while six.len() + four.len() > 0 {
        order.extend(six.next());
        order.extend(four.next());
    }
    order
}

/// The outcome of the attempt that ends first. It is taken out of the list.
async fn first<Fut: Future>(running: &mut Vec<Pin<Box<Fut>>>) -> Fut::Output {
    std::future::poll_fn(|cx| {
        for (index, attempt) in running.iter_mut().enumerate() {
            if let Poll::Ready(output) = attempt.as_mut().poll(cx) {
                drop(running.remove(index));
                return Poll::Ready(output);
            }
        }
        Poll::Pending
    })
    .await
}

/// A host that refuses is known to live; one without a route says nothing but that.
fn more_telling(old: DialError, new: DialError) -> DialError {
    let says = |error: &DialError| match error.kind() {
        DialErrorKind::Refused => 3,
        DialErrorKind::Timeout => 2,
        DialErrorKind::Resolve => 0,
        _ => 1,
    };
    if says(&new) >= says(&old) { new } else { old }
}

#[cfg(test)]
mod tests;
