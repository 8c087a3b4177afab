//! Operations under way, each with the time within which it has to end.

use std::fmt;
use std::time::Duration;

use tokio::task::{JoinError, JoinSet};
use tokio::time::sleep;
use video_testkit::VirtualWallClock;

use crate::plan::Leave;

/// What an operation is, which says how long it may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    Connect,
    Disconnect,
    Pause,
    Resume,
    Lifecycle,
    Shutdown,
    NewGuest,
    Watch,
    Join,
    Get,
    Send,
    Token,
}

impl What {
    /// How long it may take, whatever goes wrong.
    const fn limit(self) -> Duration {
        Duration::from_millis(match self {
            Self::Disconnect | Self::Shutdown => 1_000,
            Self::Resume => 0,
            // The change before it, and its own.
            Self::Lifecycle | Self::Pause => 2_000,
            // The connect timeout, and a second for who came late; the close, the request with its
            // margin, and whoever hears of the token.
            Self::Connect | Self::NewGuest => 16_000,
            // A load that is under way, a load, and whoever hears of the tokens.
            Self::Token => 28_000,
            // A token, a connection, the call itself, and another token and connection in its midst.
            Self::Watch | Self::Join | Self::Get | Self::Send => 76_000,
        })
    }
}

/// One operation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Op {
    pub(crate) number: u64,
    pub(crate) member: usize,
    /// Which client of the member.
    pub(crate) client: usize,
    pub(crate) what: What,
    /// The call that it is about, if it is about one.
    pub(crate) call: Option<usize>,
    began: Duration,
}

/// How an operation came to its end.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) op: Op,
    at: Duration,
    pub(crate) outcome: Outcome,
}

/// What became of an operation.
#[derive(Debug)]
pub(crate) enum Outcome {
    Done,
    Failed(String),
    /// Its future was dropped.
    Left,
}

impl Op {
    /// When it has to be over.
    pub(crate) fn until(&self) -> Duration {
        self.began + self.what.limit() + GRAIN
    }
}

/// All operations that are under way.
pub(crate) struct Ops {
    clock: VirtualWallClock,
    jobs: JoinSet<Ended>,
    under_way: Vec<Op>,
    count: u64,
}

/// How exact timers are.
const GRAIN: Duration = Duration::from_millis(5);

impl Ops {
    pub(crate) fn new(clock: VirtualWallClock) -> Self {
        Self {
            clock,
            jobs: JoinSet::new(),
            under_way: Vec::new(),
            count: 0,
        }
    }

    /// Begins an operation, which is dropped after `leave`.
    pub(crate) fn begin<T: Send + 'static, E: fmt::Display + Send + 'static>(
        &mut self,
        (member, client): (usize, usize),
        (what, call): (What, Option<usize>),
        leave: Leave,
        work: impl Future<Output = Result<T, E>> + Send + 'static,
    ) -> u64 {
        self.count += 1;
        let op = Op {
            number: self.count,
            member,
            client,
            what,
            call,
            began: self.clock.elapsed(),
        };
        if what == What::NewGuest {
            // Who waits to be another guest waits for the one that was wished for last.
            let renewals = self
                .under_way
                .iter_mut()
                .filter(|other| other.client == client && other.what == What::NewGuest);
            renewals.for_each(|other| other.began = op.began);
        }
        let clock = self.clock.clone();
        self.jobs.spawn(async move {
            let outcome = async {
                match work.await {
                    Ok(_) => Outcome::Done,
                    Err(error) => Outcome::Failed(error.to_string()),
                }
            };
            let outcome = match leave {
                None => outcome.await,
                Some(after) => tokio::select! {
                    biased;
                    outcome = outcome => outcome,
                    () = sleep(after) => Outcome::Left,
                },
            };
            let at = clock.elapsed();
            Ended { op, at, outcome }
        });
        self.under_way.push(op);
        op.number
    }

    /// The operations that have ended since the last time.
    pub(crate) fn ended(&mut self) -> Vec<Result<Ended, JoinError>> {
        let mut ended = Vec::new();
        while let Some(mut end) = self.jobs.try_join_next() {
            if let Ok(end) = &mut end {
                let mut under_way = self.under_way.iter();
                if let Some(at) = under_way.position(|op| op.number == end.op.number) {
                    end.op = self.under_way.remove(at);
                }
            }
            ended.push(end);
        }
        ended
    }

    /// An operation that should have ended, and has not.
    pub(crate) fn late(&self) -> Option<Op> {
        let now = self.clock.elapsed();
        let mut under_way = self.under_way.iter();
        under_way.find(|op| now > op.until()).copied()
    }

    /// How many there were.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    pub(crate) fn are_over(&self) -> bool {
        self.under_way.is_empty()
    }
}

impl Ended {
    /// Whether it took longer than it may.
    pub(crate) fn is_late(&self) -> bool {
        self.at > self.op.until()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_operation_that_does_not_end_in_time_is_noticed() {
        let clock = VirtualWallClock::starting_at(std::time::SystemTime::UNIX_EPOCH);
        let mut ops = Ops::new(clock);
        let never = std::future::pending::<Result<(), String>>();
        ops.begin((0, 0), (What::Disconnect, None), None, never);
        sleep(Duration::from_millis(900)).await;
        assert!(ops.late().is_none());
        sleep(Duration::from_millis(200)).await;
        assert_eq!(ops.late().unwrap().what, What::Disconnect);
    }

    #[tokio::test(start_paused = true)]
    async fn who_becomes_another_guest_has_the_time_of_whoever_wished_it_last() {
        let clock = VirtualWallClock::starting_at(std::time::SystemTime::UNIX_EPOCH);
        let mut ops = Ops::new(clock);
        let (what, limit) = ((What::NewGuest, None), What::NewGuest.limit());
        let work = async move {
            sleep(limit * 3 / 2).await;
            Ok::<_, String>(())
        };
        ops.begin((0, 0), what, None, work);
        sleep(limit / 2 + GRAIN).await;
        let never = std::future::pending::<Result<(), String>>;
        ops.begin((1, 1), what, None, never());
        ops.begin((0, 0), what, None, never());
        sleep(limit).await;
        assert!(ops.late().is_none());
        assert!(!ops.ended().pop().unwrap().unwrap().is_late());
        sleep(GRAIN * 2).await;
        assert!(ops.late().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn an_operation_that_is_left_is_over_and_not_late() {
        let clock = VirtualWallClock::starting_at(std::time::SystemTime::UNIX_EPOCH);
        let mut ops = Ops::new(clock);
        let leave = Some(Duration::from_secs(10));
        let never = std::future::pending::<Result<(), String>>();
        ops.begin((0, 0), (What::Token, None), leave, never);
        sleep(Duration::from_secs(11)).await;
        let ended = ops.ended().pop().unwrap().unwrap();
        assert!(matches!(ended.outcome, Outcome::Left) && !ended.is_late());
        assert!(ops.are_over());
    }
}
