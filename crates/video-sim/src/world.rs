//! A world that goes its way: clients, a service, a network between them, and one who looks on.

mod act;
mod ending;
mod look;

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::sleep;
use video_testkit::{Coordinator, Mark, VirtualWallClock};

use crate::log::Log;
use crate::member::{KEY, Member, Retired, SECRET, Surroundings};
use crate::network::Network;
use crate::op::Ops;
use crate::panics;
use crate::plan::Plan;
use crate::witness::Wire;

pub(crate) struct World {
    seed: u64,
    clock: VirtualWallClock,
    coordinator: Coordinator,
    network: Network,
    wire: Wire,
    members: Vec<Member>,
    /// The clients whose place another one has taken.
    retired: Vec<Retired>,
    /// The clients whose shutdown nobody has waited for, and when it has to be over.
    left: Vec<(usize, Duration)>,
    ops: Ops,
    log: Log,
    mark: Mark,
    pushed: u64,
    looks: u64,
    peace: Peace,
}

/// An invariant does not hold.
pub(crate) type Broken = String;

/// What became of the clients once nothing went wrong any more.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Peace {
    /// Who was to be connected, and is.
    pub connected: u64,
    /// Who was not to be connected.
    pub unwished: u64,
    /// Who is excused, because no waiting heals their failure, by what that is.
    pub failed: BTreeMap<&'static str, u64>,
    /// Who is excused, because the order of their last wishes is not known.
    pub uncertain: u64,
}

impl Peace {
    pub(crate) fn add(&mut self, other: Self) {
        self.connected += other.connected;
        self.unwished += other.unwished;
        for (excuse, count) in other.failed {
            *self.failed.entry(excuse).or_default() += count;
        }
        self.uncertain += other.uncertain;
    }
}

/// How long the service waits for a client that says nothing.
const SERVICE_PATIENCE: Duration = Duration::from_secs(60);

/// After how long without anything to do there is a look at everything. While nothing is to be done
/// the distance doubles from look to look.
const IDLE: Duration = Duration::from_secs(5);

/// The longest time without a look.
const LONGEST: Duration = Duration::from_secs(160);

impl World {
    /// To be made inside the runtime.
    pub(crate) fn new(seed: u64, plan: &Plan, log: Log) -> Self {
        panics::watch();
        let coordinator = Coordinator::builder(KEY, SECRET)
            .health_check_timeout(SERVICE_PATIENCE)
            .seed(seed)
            .build();
        let wire = Wire::default();
        let network = Network::new(coordinator.clone(), wire.clone(), plan.latency, seed);
        let clock = coordinator.clock();
        let mut world = Self {
            seed,
            ops: Ops::new(clock.clone()),
            clock,
            mark: coordinator.journal().mark(),
            coordinator,
            network,
            wire,
            members: Vec::new(),
            retired: Vec::new(),
            left: Vec::new(),
            log,
            pushed: 0,
            looks: 0,
            peace: Peace::default(),
        };
        for (number, plan) in plan.members.iter().enumerate() {
            let member = Member::new(number, plan.clone(), &world.surroundings());
            world.members.push(member);
        }
        world
    }

    pub(crate) fn clock(&self) -> VirtualWallClock {
        self.clock.clone()
    }

    /// Lives through a plan and comes to an end. Tells what became of the clients in peace.
    pub(crate) async fn live(mut self, plan: Plan) -> Result<Peace, Broken> {
        let lived = self.steps(plan).await;
        let lived = match lived {
            Ok(()) => self.end().await,
            Err(broken) => Err(broken),
        };
        if let Err(broken) = &lived {
            self.log
                .line(self.clock.elapsed(), format_args!("BROKEN: {broken}"));
        }
        lived.map(|()| self.peace)
    }

    async fn steps(&mut self, plan: Plan) -> Result<(), Broken> {
        for step in plan.steps {
            self.wait_until(step.at).await?;
            self.log.line(step.at, format_args!("> {:?}", step.action));
            self.act(step.action);
            self.look().await?;
        }
        Ok(())
    }

    async fn wait_until(&mut self, at: Duration) -> Result<(), Broken> {
        let mut distance = IDLE;
        while at.saturating_sub(self.clock.elapsed()) > distance {
            sleep(distance).await;
            self.look().await?;
            distance = LONGEST.min(distance * 2);
        }
        sleep(at.saturating_sub(self.clock.elapsed())).await;
        self.look().await
    }

    /// Lets time pass, and looks on.
    async fn pass(&mut self, span: Duration) -> Result<(), Broken> {
        let until = self.clock.elapsed() + span;
        loop {
            let rest = until.saturating_sub(self.clock.elapsed());
            if rest.is_zero() {
                return Ok(());
            }
            sleep(IDLE.min(rest)).await;
            self.look().await?;
        }
    }

    fn surroundings(&self) -> Surroundings<'_> {
        Surroundings {
            coordinator: &self.coordinator,
            network: &self.network,
            wire: &self.wire,
            seed: self.seed,
        }
    }
}

#[cfg(test)]
mod tests;
