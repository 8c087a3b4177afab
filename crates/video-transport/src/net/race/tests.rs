//! Races with scripted attempts, in virtual time.

use std::cell::RefCell;
use std::rc::Rc;

use tokio::time::{Instant, timeout};

use super::*;

const V6: [&str; 2] = ["[2001:db8::1]:443", "[2001:db8::2]:443"];
const V4: [&str; 2] = ["192.0.2.1:443", "192.0.2.2:443"];

/// What happens to an attempt, and after how many milliseconds.
#[derive(Clone, Copy)]
enum Fate {
    Silence,
    Connects(u64),
    Fails(u64, DialErrorKind),
}

use Fate::{Connects, Fails, Silence};

#[expect(clippy::disallowed_methods, reason = "paused time, which says when")]
fn now() -> Instant {
    Instant::now()
}

/// Writes into the log when it is dropped.
struct Attempt(Rc<RefCell<Vec<String>>>, SocketAddr);

impl Drop for Attempt {
    fn drop(&mut self) {
        self.0.borrow_mut().push(format!("drop {}", self.1.ip()));
    }
}

struct Script {
    fates: Vec<(SocketAddr, Fate)>,
    log: Rc<RefCell<Vec<String>>>,
}

impl Script {
    fn new(fates: &[(&str, Fate)]) -> Self {
        let fates = fates.iter().map(|(at, fate)| (at.parse().unwrap(), *fate));
        Self {
            fates: fates.collect(),
            log: Rc::default(),
        }
    }

    async fn run(&self) -> Result<SocketAddr, DialError> {
        let start = now();
        let addresses = self.fates.iter().map(|(address, _)| *address);
        race(addresses, HEAD_START, |address| {
            let after = start.elapsed().as_millis();
            let begun = format!("{after} {}", address.ip());
            self.log.borrow_mut().push(begun);
            let attempt = Attempt(Rc::clone(&self.log), address);
            let fate = self.fates.iter().find(|(at, _)| *at == address);
            let fate = fate.unwrap().1;
            async move {
                let _attempt = attempt;
                match fate {
                    Silence => std::future::pending().await,
                    Connects(after) => {
                        sleep(Duration::from_millis(after)).await;
                        Ok(address)
                    }
                    Fails(after, kind) => {
                        sleep(Duration::from_millis(after)).await;
                        Err(DialError::new(kind))
                    }
                }
            }
        })
        .await
    }

    fn log(&self) -> Vec<String> {
        self.log.borrow().clone()
    }

    /// When and to whom attempts were begun.
    fn begun(&self) -> Vec<String> {
        let log = self.log().into_iter();
        log.filter(|line| !line.starts_with("drop")).collect()
    }
}

#[test]
fn the_families_alternate_and_keep_the_order_of_the_resolver() {
    let of = |texts: &[&str]| {
        let addresses = texts.iter().map(|text| text.parse().unwrap());
        let order = interleave(addresses.collect::<Vec<_>>());
        order.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(
        of(&[V4[0], V4[1], V6[0], V6[1]]),
        [V6[0], V4[0], V6[1], V4[1]]
    );
    assert_eq!(of(&[V4[1], V6[0], V4[0]]), [V6[0], V4[1], V4[0]]);
    assert_eq!(of(&V4), V4);
    assert_eq!(of(&V6), V6);
}

#[tokio::test(start_paused = true)]
async fn a_host_whose_ipv6_swallows_everything_is_reached_after_a_quarter_of_a_second() {
    let script = Script::new(&[(V6[0], Silence), (V4[0], Connects(20))]);
    let start = now();
    assert_eq!(script.run().await.unwrap(), V4[0].parse().unwrap());
    assert_eq!(start.elapsed(), Duration::from_millis(270));
    let mut log = script.log();
    log.sort();
    let expected = [
        "0 2001:db8::1",
        "250 192.0.2.1",
        "drop 192.0.2.1",
        "drop 2001:db8::1",
    ];
    assert_eq!(log, expected, "the loser is dropped");
}

#[tokio::test(start_paused = true)]
async fn an_address_that_is_slow_may_still_win_and_the_third_is_not_tried() {
    let script = Script::new(&[(V6[0], Connects(300)), (V4[0], Silence), (V4[1], Silence)]);
    assert_eq!(script.run().await.unwrap(), V6[0].parse().unwrap());
    assert_eq!(script.begun(), ["0 2001:db8::1", "250 192.0.2.1"]);
}

#[tokio::test(start_paused = true)]
async fn an_address_that_answers_within_its_head_start_stays_alone() {
    let script = Script::new(&[(V6[0], Connects(249)), (V4[0], Connects(0))]);
    assert_eq!(script.run().await.unwrap(), V6[0].parse().unwrap());
    assert_eq!(script.begun(), ["0 2001:db8::1"]);
}

#[tokio::test(start_paused = true)]
async fn a_failure_begins_the_next_attempt_at_once() {
    let script = Script::new(&[
        (V6[0], Fails(10, DialErrorKind::Unreachable)),
        (V4[0], Fails(30, DialErrorKind::Refused)),
        (V4[1], Connects(5)),
    ]);
    assert_eq!(script.run().await.unwrap(), V4[1].parse().unwrap());
    let begun = ["0 2001:db8::1", "10 192.0.2.1", "40 192.0.2.2"];
    assert_eq!(script.begun(), begun);
}

#[tokio::test(start_paused = true)]
async fn the_last_attempt_is_waited_for_however_many_failed() {
    let script = Script::new(&[
        (V6[0], Fails(400, DialErrorKind::Timeout)),
        (V4[0], Connects(2000)),
    ]);
    assert_eq!(script.run().await.unwrap(), V4[0].parse().unwrap());
}

#[tokio::test(start_paused = true)]
async fn if_all_fail_the_most_telling_failure_is_reported_in_whatever_order_they_come() {
    use DialErrorKind::{Refused, Resolve, Timeout, Unreachable};
    let cases = [
        ([Refused, Unreachable, Timeout], Refused),
        ([Timeout, Refused, Unreachable], Refused),
        ([Unreachable, Timeout, Unreachable], Timeout),
        ([Unreachable, Unreachable, Unreachable], Unreachable),
    ];
    for (kinds, expected) in cases {
        let [a, b, c] = kinds.map(|kind| Fails(1, kind));
        let script = Script::new(&[(V6[0], a), (V4[0], b), (V4[1], c)]);
        let error = script.run().await.unwrap_err();
        assert_eq!(error.kind(), expected, "{kinds:?}");
    }
    let nowhere = Script::new(&[]).run().await.unwrap_err();
    assert_eq!(nowhere.kind(), Resolve, "a name without addresses");
}

#[tokio::test(start_paused = true)]
async fn who_gives_up_drops_every_attempt() {
    let script = Script::new(&[(V6[0], Silence), (V4[0], Silence), (V4[1], Silence)]);
    let given_up = timeout(Duration::from_millis(300), script.run()).await;
    assert!(given_up.is_err());
    let mut log = script.log();
    log.sort();
    let expected = [
        "0 2001:db8::1",
        "250 192.0.2.1",
        "drop 192.0.2.1",
        "drop 2001:db8::1",
    ];
    assert_eq!(log, expected);
}
