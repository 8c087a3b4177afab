//! The faults stop: everybody gets what they wish, and in the end nothing is left.

use std::time::Duration;

use serde_json::json;
use tokio::runtime::Handle;
use tokio::time::sleep;
use video_client::{ConnectionId, ConnectionState, Lifecycle, Network};
use video_testkit::Audience;

use super::{Broken, World};
use crate::desk::Mode;
use crate::member::Member;
use crate::plan::{Goodbye, Kind};
use crate::wish::Want;

/// Within which time the wish comes true once nothing goes wrong any more.
const PEACE: Duration = Duration::from_secs(60);

impl World {
    /// Ends the faults, and then everything.
    pub(super) async fn end(&mut self) -> Result<(), Broken> {
        self.stop_faults();
        self.pass(PEACE).await?;
        self.wishes_came_true()?;
        self.service_agrees().await?;
        self.all_connect().await?;
        self.clocks_jump().await?;
        self.all_lose_their_connection().await?;
        self.all_leave().await
    }

    fn stop_faults(&mut self) {
        self.log.line(self.clock.elapsed(), "> peace");
        self.network.heal();
        self.coordinator.faults().clear();
        for who in 0..self.members.len() {
            self.members[who].desk.set(Mode::Good(Duration::ZERO));
            let number = self.members[who].life.number;
            // Who was told nothing is told nothing now, which would have it doubt its connection.
            let is_offline = self.wire.lock().client(number).sockets.are_offline();
            if is_offline {
                self.host_network(who, Network::Online);
            }
        }
    }

    fn wishes_came_true(&mut self) -> Result<(), Broken> {
        for member in &self.members {
            let life = &member.life;
            let state = life.client.state().borrow().clone();
            match life.wish.known() {
                Some(Want::On) if !state.is_connected() => {
                    let number = life.number;
                    return Err(format!(
                        "client {number} is not connected after {PEACE:?} of peace"
                    ));
                }
                Some(Want::On) => self.peace.connected += 1,
                // A failure is a wish that is over.
                _ if let Some(excuse) = life.wish.excuse() => {
                    *self.peace.failed.entry(excuse).or_default() += 1;
                }
                Some(_) => self.peace.unwished += 1,
                None => self.peace.uncertain += 1,
            }
        }
        Ok(())
    }

    /// Whatever they are, they can be connected.
    async fn all_connect(&mut self) -> Result<(), Broken> {
        for who in 0..self.members.len() {
            self.lifecycle(who, Lifecycle::Foreground, None);
        }
        self.pass(Duration::from_secs(4)).await?;
        // The second time is for whoever gave up waiting in the midst of a long pause.
        for _ in 0..2 {
            for who in 0..self.members.len() {
                let member = &self.members[who];
                if member.plan.kind == Kind::Guest && member.is_stuck(&self.wire) {
                    self.new_guest(who, None);
                    self.pass(Duration::from_secs(2)).await?;
                }
                self.connect(who, None);
            }
            self.pass(PEACE / 2).await?;
        }
        self.are_connected("after a new wish")?;
        self.service_agrees().await
    }

    /// The service knows of each connection that a client believes in. One of them may learn a little
    /// later than the other that it is lost, so this looks twice.
    pub(super) async fn service_agrees(&mut self) -> Result<(), Broken> {
        let before = self.unknown_connections();
        self.pass(Duration::from_secs(2)).await?;
        let after = self.unknown_connections();
        match after.iter().find(|id| before.contains(id)) {
            Some(id) => Err(format!("the service knows nothing of the connection {id}")),
            None => Ok(()),
        }
    }

    /// What clients believe in, and the service knows nothing of.
    fn unknown_connections(&self) -> Vec<ConnectionId> {
        let known = self.coordinator.connections();
        let is_known = |id: &ConnectionId| known.iter().any(|known| known.connection_id == *id);
        let believed = self.members.iter().filter_map(connection);
        believed.filter(|id| !is_known(id)).collect()
    }

    /// A clock that jumps ahead may mean that the host slept, so the service is asked whether it is
    /// still there, and answers. Neither that nor a clock that is put back ends a connection.
    pub(super) async fn clocks_jump(&mut self) -> Result<(), Broken> {
        for (seconds, is_doubt) in [(3_600, true), (-7_200, false)] {
            let now = self.clock.elapsed();
            self.log.line(
                now,
                format_args!("> the clocks of all hosts jump: {seconds} s"),
            );
            let before: Vec<_> = self.members.iter().map(connection).collect();
            for who in 0..self.members.len() {
                self.host_clock(who, seconds);
            }
            self.pass(Duration::from_secs(14)).await?;
            for (member, before) in self.members.iter().zip(before) {
                let number = member.life.number;
                if before.is_none() || member.is_stuck(&self.wire) {
                    continue;
                }
                if connection(member) != before {
                    return Err(format!("client {number} lost a connection by its clock"));
                }
                let mut witness = self.wire.lock();
                let newest = witness.client(number).arrivals().next_back();
                if is_doubt && newest.is_none_or(|arrival| arrival.at <= now) {
                    return Err(format!("client {number} may have slept and did not ask"));
                }
            }
        }
        Ok(())
    }

    async fn all_lose_their_connection(&mut self) -> Result<(), Broken> {
        self.log.line(self.clock.elapsed(), "> the last loss");
        self.coordinator.drop_connections(Audience::All);
        self.pass(PEACE).await?;
        self.are_connected("after the last loss")?;
        for member in &self.members {
            let life = &member.life;
            let state = life.client.state().borrow().clone();
            // Who is stuck may have been let in just before the token ended.
            let Some(id) = state
                .connection_id()
                .filter(|_| !member.is_stuck(&self.wire))
            else {
                continue;
            };
            for call in &life.watched {
                let watchers = self.coordinator.watchers(&format!("default:{call}"));
                if !watchers.contains(id) {
                    return Err(format!(
                        "client {} does not watch call {call} again",
                        life.number
                    ));
                }
            }
        }
        self.last_event().await
    }

    /// Each connection gets an event, and each listener hears it.
    pub(super) async fn last_event(&mut self) -> Result<(), Broken> {
        self.slow_listeners_catch_up()?;
        let connected: Vec<_> = self.members.iter().map(connection).collect();
        let reached = self
            .coordinator
            .push(Audience::All, json!({ "type": "custom", "last": true }));
        let expected = connected.iter().flatten().count();
        if reached < expected {
            return Err(format!(
                "the last event went to {reached} connections of {expected}"
            ));
        }
        self.pass(Duration::from_secs(2)).await?;
        self.slow_listeners_catch_up()?;
        for (member, before) in self.members.iter().zip(&connected) {
            // Who is stuck may be thrown out at any time.
            if before.is_none() || (member.is_stuck(&self.wire) && connection(member) != *before) {
                continue;
            }
            let life = &member.life;
            for (listener, name) in [(&life.quick, "quick"), (&life.slow, "slow")] {
                if !listener.has_heard_the_last() {
                    let number = life.number;
                    return Err(format!(
                        "the {name} listener of client {number} has not heard the last event"
                    ));
                }
            }
        }
        Ok(())
    }

    /// Who listens rarely hears all that there is, and has then heard all that arrived.
    fn slow_listeners_catch_up(&mut self) -> Result<(), Broken> {
        let now = self.clock.elapsed();
        for member in &mut self.members {
            let life = &mut member.life;
            let (number, state) = (life.number, life.client.state().borrow().clone());
            let heard = life.slow.hear((number, &self.wire), None);
            let heard = heard.and_then(|()| {
                let mut witness = self.wire.lock();
                let wire = witness.client(number);
                life.slow.delivery().settled(now, &state, wire)
            });
            heard.map_err(|broken| format!("client {number}, slow listener: {broken}"))?;
        }
        Ok(())
    }

    fn are_connected(&self, when: &str) -> Result<(), Broken> {
        for member in self
            .members
            .iter()
            .filter(|m| m.plan.kind != Kind::Anonymous)
        {
            let number = member.life.number;
            let state = member.life.client.state().borrow().clone();
            let is_stuck = member.is_stuck(&self.wire);
            let failed = matches!(state, ConnectionState::Disconnected { .. });
            let is_well = state.is_connected() || (is_stuck && failed);
            if !is_well {
                return Err(format!("client {number} is not connected {when}"));
            }
        }
        Ok(())
    }

    /// Some are shut down, some of these midway, of others the last handle is dropped. Nothing is left
    /// of any.
    async fn all_leave(&mut self) -> Result<(), Broken> {
        self.log.line(self.clock.elapsed(), "> the end");
        let members = std::mem::take(&mut self.members);
        let mut rng = fastrand::Rng::with_seed(self.seed);
        for (who, member) in members.into_iter().enumerate() {
            self.part(who, member.life, Goodbye::of(&mut rng));
        }
        while !self.ops.are_over() {
            self.pass(Duration::from_secs(2)).await?;
        }
        self.pass(Duration::from_secs(2)).await?;
        // Handles on what was shut down are held until the end.
        let mut all = std::mem::take(&mut self.retired);
        for retired in &mut all {
            let number = retired.number;
            for listener in &mut retired.listeners {
                listener
                    .hear((number, &self.wire), None)
                    .map_err(|broken| format!("client {number}, at its end: {broken}"))?;
                if !listener.has_ended() {
                    return Err(format!("the events of client {number} do not end with it"));
                }
            }
            self.has_no_socket(number, "has left")?;
        }
        let left = self.nothing_is_left().await;
        drop(all);
        left
    }

    async fn nothing_is_left(&mut self) -> Result<(), Broken> {
        self.network.cut_orphans();
        // What is under way to the service arrives.
        sleep(Duration::from_secs(2)).await;
        self.look().await?;
        let links = self.coordinator.open_links();
        if links > 0 {
            return Err(format!(
                "{links} connections are open after all clients have left"
            ));
        }
        match Handle::current().metrics().num_alive_tasks() {
            0 => Ok(()),
            tasks => Err(format!(
                "{tasks} tasks are alive after all clients have left"
            )),
        }
    }
}

/// The connection of a member, if there is one.
fn connection(member: &Member) -> Option<ConnectionId> {
    let state = member.life.client.state().borrow().clone();
    state.connection_id().cloned()
}
