//! A network in memory and in virtual time: slow, lossy, and repeatable.

mod frames;
mod link;
mod tap;

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::time::sleep;
use video_testkit::{Coordinator, VirtualWallClock};

use crate::witness::Wire;
pub(crate) use link::End;
use link::{Link, Parts, Side};
pub(crate) use tap::Purpose;
use tap::Tap;

/// Which bytes a connection loses that is half open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loss {
    /// What the client sends.
    Up,
    /// What the service sends.
    Down,
    Both,
}

/// What happens to whoever dials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Dialling {
    #[default]
    Works,
    /// Nobody listens.
    Refused,
    /// There is no way to the host.
    Unreachable,
    /// Nobody ever answers.
    Lost,
}

/// A cheap handle to the network between the clients and one coordinator.
#[derive(Clone)]
pub(crate) struct Network {
    coordinator: Coordinator,
    shared: Arc<Shared>,
}

struct Shared {
    clock: VirtualWallClock,
    wire: Wire,
    /// The least and the most that one way takes.
    latency: (Duration, Duration),
    state: Mutex<State>,
}

struct State {
    rng: fastrand::Rng,
    next_link: u64,
    /// By client; who is not there has no trouble.
    dialling: Vec<Dialling>,
    /// Whether the service is there at all.
    service: Dialling,
    links: Vec<Kept>,
}

/// A connection that may still be open.
struct Kept {
    client: usize,
    id: u64,
    link: Weak<Link>,
}

impl Network {
    pub(crate) fn new(
        coordinator: Coordinator,
        wire: Wire,
        latency: (Duration, Duration),
        seed: u64,
    ) -> Self {
        let clock = coordinator.clock();
        let state = Mutex::new(State {
            rng: fastrand::Rng::with_seed(seed),
            next_link: 0,
            dialling: Vec::new(),
            service: Dialling::Works,
            links: Vec::new(),
        });
        Self {
            coordinator,
            shared: Arc::new(Shared {
                clock,
                wire,
                latency,
                state,
            }),
        }
    }

    /// Opens a connection for a client. It takes one round trip.
    pub(crate) async fn dial(self, client: usize, purpose: Purpose) -> io::Result<End> {
        let (id, latency, rng) = self.shared.state().begin(self.shared.latency);
        let now = self.shared.clock.elapsed();
        let dial = Dial::begin(&self.shared.wire, (id, now), client, purpose);
        sleep(latency * 2).await;
        let verdict = self.shared.state().verdict(client);
        match verdict {
            Dialling::Works => {}
            Dialling::Refused => return Err(io::ErrorKind::ConnectionRefused.into()),
            Dialling::Unreachable => return Err(io::ErrorKind::HostUnreachable.into()),
            Dialling::Lost => std::future::pending().await,
        }
        let (link, near, far) = link::connect(Parts {
            clock: self.shared.clock.clone(),
            wire: self.shared.wire.clone(),
            latency,
            rng,
            tap: Tap::new(client, id, purpose, dial.alive.clone()),
        });
        if purpose == Purpose::Socket {
            self.shared.wire.lock().client(client).socket_came(id);
        }
        self.shared.state().keep(client, id, &link);
        self.coordinator.serve_io(far);
        Ok(near)
    }

    /// Sets what happens when a client dials.
    pub(crate) fn set_dialling(&self, client: usize, dialling: Dialling) {
        let mut state = self.shared.state();
        let clients = state.dialling.len().max(client + 1);
        state.dialling.resize(clients, Dialling::Works);
        state.dialling[client] = dialling;
    }

    /// Sets what happens when anybody dials.
    pub(crate) fn set_service(&self, dialling: Dialling) {
        self.shared.state().service = dialling;
    }

    /// Cuts all connections of a client, and both ends learn of it.
    pub(crate) fn cut(&self, client: usize) {
        for (_, link) in self.shared.state().of(client) {
            link.cut();
        }
    }

    /// Lets the connections of a client that are open now lose what is sent, and tells nobody.
    pub(crate) fn half_open(&self, client: usize, loss: Loss) {
        let now = self.shared.clock.elapsed();
        for (id, link) in self.shared.state().of(client) {
            if loss != Loss::Down {
                link.lose(Side::Client);
            }
            if loss != Loss::Up {
                link.lose(Side::Server);
                self.shared
                    .wire
                    .lock()
                    .client(client)
                    .sockets
                    .deafened(id, now);
            }
        }
    }

    /// Everybody can dial again. What is half open stays so: to notice that is the client's work.
    pub(crate) fn heal(&self) {
        let mut state = self.shared.state();
        state.dialling.clear();
        state.service = Dialling::Works;
    }

    /// Cuts what the client has let go of while it was half open, of which the service may never
    /// learn.
    pub(crate) fn cut_orphans(&self) {
        let state = self.shared.state();
        let links = state.links.iter().filter_map(|kept| kept.link.upgrade());
        links
            .filter(|link| link.is_orphan())
            .for_each(|link| link.cut());
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn begin(&mut self, (least, most): (Duration, Duration)) -> (u64, Duration, fastrand::Rng) {
        self.next_link += 1;
        let span = most.saturating_sub(least).mul_f64(self.rng.f64());
        (self.next_link, least + span, self.rng.fork())
    }

    fn verdict(&self, client: usize) -> Dialling {
        match self.dialling.get(client) {
            None | Some(Dialling::Works) => self.service,
            Some(trouble) => *trouble,
        }
    }

    fn keep(&mut self, client: usize, id: u64, link: &Arc<Link>) {
        self.links.retain(|kept| kept.link.strong_count() > 0);
        let link = Arc::downgrade(link);
        self.links.push(Kept { client, id, link });
    }

    fn of(&self, client: usize) -> Vec<(u64, Arc<Link>)> {
        let links = self.links.iter().filter(|kept| kept.client == client);
        let open = links.filter_map(|kept| Some((kept.id, kept.link.upgrade()?)));
        open.collect()
    }
}

/// A dial that is not over.
struct Dial<'a> {
    wire: &'a Wire,
    id: u64,
    client: usize,
    purpose: Purpose,
    /// The connection that was alive when it began.
    alive: Option<String>,
}

impl<'a> Dial<'a> {
    fn begin(wire: &'a Wire, (id, now): (u64, Duration), client: usize, purpose: Purpose) -> Self {
        let mut witness = wire.lock();
        let alive = match purpose {
            Purpose::Socket => {
                witness.client(client).socket_dial_begins(now);
                None
            }
            Purpose::Rest => witness.client(client).request_dial_begins(id),
        };
        Self {
            wire,
            id,
            client,
            purpose,
            alive,
        }
    }
}

impl Drop for Dial<'_> {
    fn drop(&mut self) {
        let mut witness = self.wire.lock();
        let client = witness.client(self.client);
        match self.purpose {
            Purpose::Socket => client.sockets.dial_ends(),
            Purpose::Rest => client.request_dial_ends(self.id),
        }
    }
}

#[cfg(test)]
mod tests;
