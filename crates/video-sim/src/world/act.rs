//! Does what the plan says.

use std::convert::Infallible;

use serde_json::json;
use video_client::{Lifecycle, Network, StreamVideo, WallClock as _};
use video_testkit::{Audience, Fault};

use super::World;
use crate::host::jump;
use crate::member::{Life, Surroundings};
use crate::network::Dialling;
use crate::op::What;
use crate::plan::{Action, Goodbye, Kind, Leave, Place};

impl World {
    /// Begins what an action says. Nothing here takes time.
    pub(super) fn act(&mut self, action: Action) {
        match action {
            Action::Look => {}
            Action::Connect(who, leave) => self.connect(who, leave),
            Action::Disconnect(who, leave) => self.disconnect(who, leave),
            Action::Pause(who, leave) => {
                self.members[who].life.wish.pause(self.clock.elapsed());
                self.begin(who, What::Pause, leave, |client| async move {
                    client.pause().await;
                });
            }
            Action::Resume(who) => {
                self.members[who].life.wish.resume(self.clock.elapsed());
                self.begin(who, What::Resume, None, |client| async move {
                    client.resume().await;
                });
            }
            Action::Lifecycle(who, lifecycle, leave) => self.lifecycle(who, lifecycle, leave),
            Action::Watch(..) | Action::Join(..) | Action::Get(..) | Action::Send(..) => {
                self.request(&action);
            }
            Action::Token(who, leave) => {
                let client = self.client(who);
                let token = async move { client.token().await };
                self.ops
                    .begin(self.of(who), (What::Token, None), leave, token);
            }
            Action::NewGuest(who, leave) => self.new_guest(who, leave),
            Action::Subscribe(who) => self.members[who]
                .life
                .subscribe(self.clock.elapsed(), &self.wire),
            Action::Replace(who, goodbye) => self.replace(who, goodbye),
            Action::Push(who, count) => {
                let user = self.members[who].user_id();
                self.push(&Audience::User(user), count);
            }
            Action::PushCall(call, count) => {
                let cid = format!("default:{call}");
                self.push(&Audience::Call(video_client::CallCid::new(cid)), count);
            }
            Action::Garbage(who, count) => self.garbage(who, count),
            Action::Revoke(who) => {
                let user = self.members[who].user_id();
                self.coordinator.expire_tokens(&user);
            }
            Action::Loader(who, mode) => self.members[who].desk.set(mode),
            Action::Jump(seconds) => jump(&self.clock, seconds),
            Action::HostClock(who, seconds) => self.host_clock(who, seconds),
            Action::Network(who, network) => self.host_network(who, network),
            Action::Cut(who) => self.network.cut(self.members[who].life.number),
            Action::HalfOpen(who, loss) => {
                self.network.half_open(self.members[who].life.number, loss);
            }
            Action::Dialling(who, dialling) => {
                self.network
                    .set_dialling(self.members[who].life.number, dialling);
            }
            Action::Service(dialling) => {
                self.network.set_service(dialling);
                if dialling != Dialling::Works {
                    self.coordinator.drop_connections(Audience::All);
                }
            }
            Action::Close(code) => {
                self.coordinator.close_connections(code, "planned");
            }
            Action::Fault(place, fault, times) => self.fault(place, fault, times),
        }
    }

    pub(super) fn connect(&mut self, who: usize, leave: Leave) {
        if self.members[who].plan.kind != Kind::Anonymous {
            self.members[who].life.wish.connect(self.clock.elapsed());
        }
        let client = self.client(who);
        let connect = async move { client.connect().await };
        self.ops
            .begin(self.of(who), (What::Connect, None), leave, connect);
    }

    /// The clock of a host jumps.
    pub(super) fn host_clock(&mut self, who: usize, seconds: i64) {
        let (member, now) = (&self.members[who], self.clock.elapsed());
        let mut witness = self.wire.lock();
        let wire = witness.client(member.life.number);
        wire.clock_jumps(seconds, member.host.now(), now);
        member.host.jump(seconds);
    }

    /// A host says something of its network.
    pub(super) fn host_network(&mut self, who: usize, network: Network) {
        let (life, now) = (&self.members[who].life, self.clock.elapsed());
        life.client.set_network(network);
        let mut witness = self.wire.lock();
        witness.client(life.number).sockets.told(network, now);
    }

    fn disconnect(&mut self, who: usize, leave: Leave) {
        self.begin(who, What::Disconnect, leave, |client| async move {
            client.disconnect().await;
        });
        self.forget(who);
    }

    pub(super) fn lifecycle(&mut self, who: usize, lifecycle: Lifecycle, leave: Leave) {
        let now = self.clock.elapsed();
        self.members[who].life.wish.lifecycle(now, lifecycle);
        self.begin(who, What::Lifecycle, leave, move |client| async move {
            client.set_lifecycle(lifecycle).await;
        });
    }

    pub(super) fn new_guest(&mut self, who: usize, leave: Leave) {
        let client = self.client(who);
        let renew = async move { client.become_new_guest().await };
        self.ops
            .begin(self.of(who), (What::NewGuest, None), leave, renew);
        if self.members[who].plan.kind == Kind::Guest {
            self.members[who].life.renewals += 1;
            self.forget(who);
        }
    }

    /// The client is told to disconnect, and to watch nothing any more.
    fn forget(&mut self, who: usize) {
        let life = &mut self.members[who].life;
        life.wish.disconnect(self.clock.elapsed());
        life.watched.clear();
        life.watched_since = self.ops.count() + 1;
    }

    fn request(&mut self, action: &Action) {
        let (Action::Watch(who, call, leave)
        | Action::Join(who, call, leave)
        | Action::Get(who, call, leave)
        | Action::Send(who, call, leave)) = *action
        else {
            return;
        };
        let (of, about) = (self.of(who), Some(call));
        let call = self.client(who).call("default", call.to_string());
        match action {
            Action::Watch(..) => {
                let watch = async move { call.get_or_create().await };
                self.ops.begin(of, (What::Watch, about), leave, watch);
            }
            Action::Join(..) => {
                let join = async move { call.join_credentials().create(true).await };
                self.ops.begin(of, (What::Join, about), leave, join);
            }
            Action::Get(..) => {
                let get = async move { call.get().watch(false).await };
                self.ops.begin(of, (What::Get, about), leave, get);
            }
            _ => {
                self.pushed += 1;
                let custom = json!({ "n": self.pushed });
                let send = async move { call.send_custom_event(&custom).await };
                self.ops.begin(of, (What::Send, about), leave, send);
            }
        }
    }

    fn replace(&mut self, who: usize, goodbye: Goodbye) {
        let around = Surroundings {
            coordinator: &self.coordinator,
            network: &self.network,
            wire: &self.wire,
            seed: self.seed,
        };
        let old = self.members[who].replace(&around);
        self.part(who, old, goodbye);
    }

    /// A client of a member ends.
    pub(super) fn part(&mut self, who: usize, old: Life, goodbye: Goodbye) {
        if let Goodbye::Shutdown(leave) = goodbye {
            let client = old.client.clone();
            let shutdown = async move { client.shutdown().await };
            let of = (who, old.number);
            self.ops.begin(of, (What::Shutdown, None), leave, shutdown);
        }
        self.retired.push(old.retire(goodbye));
    }

    fn push(&mut self, to: &Audience, count: u32) {
        for _ in 0..count {
            self.pushed += 1;
            let event = json!({ "type": "custom", "n": self.pushed });
            self.coordinator.push(to.clone(), event);
        }
    }

    /// Sends what is no event, each of another length than the one before.
    fn garbage(&mut self, who: usize, count: u32) {
        let user = self.members[who].user_id();
        for _ in 0..count {
            self.pushed += 1;
            let text = "{\"type\": \"call.created\", \"call_cid\": \"default:1\"";
            let kept = 1 + usize::try_from(self.pushed).unwrap_or_default() % text.len();
            self.coordinator.push_raw(user.as_str(), &text[..kept]);
        }
    }

    fn fault(&self, place: Place, fault: Fault, times: usize) {
        let faults = self.coordinator.faults();
        let planned = match place {
            Place::Dial => faults.dial(fault),
            Place::Upgrade => faults.upgrade(fault),
            Place::Greeting => faults.greeting(fault),
            Place::HealthCheck => faults.health_check(fault),
            Place::Hint => faults.hint(fault),
            Place::Rest => faults.rest_where("*", |_| true, fault),
        };
        planned.times(times);
    }

    /// Begins what can not fail.
    fn begin<F>(
        &mut self,
        who: usize,
        what: What,
        leave: Leave,
        work: impl FnOnce(StreamVideo) -> F,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        let work = work(self.client(who));
        let work = async move {
            work.await;
            Ok::<_, Infallible>(())
        };
        self.ops.begin(self.of(who), (what, None), leave, work);
    }

    pub(super) fn client(&self, who: usize) -> StreamVideo {
        self.members[who].life.client.clone()
    }

    /// A member and the number of its client.
    pub(super) fn of(&self, who: usize) -> (usize, usize) {
        (who, self.members[who].life.number)
    }
}
