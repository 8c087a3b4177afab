//! One look at everything: what must hold at any time.

use std::time::Duration;

use tokio::task::yield_now;
use video_client::ConnectionState;
use video_testkit::Entry;

use super::{Broken, World};
use crate::delivery::words;
use crate::member::Member;
use crate::op::{Ended, Outcome, What};
use crate::panics;
use crate::plan::Kind;
use crate::wish::Want;
use crate::witness::Wire;

/// How often other tasks get their turn before a look, so that nothing is half done.
const TURNS: usize = 16;

/// How many looks a slow listener lets pass.
const SLOWNESS: u64 = 9;

impl World {
    pub(super) async fn look(&mut self) -> Result<(), Broken> {
        for _ in 0..TURNS {
            yield_now().await;
        }
        self.looks += 1;
        self.service()?;
        self.operations()?;
        let now = self.clock.elapsed();
        for member in &mut self.members {
            let number = member.life.number;
            let heard = member
                .life
                .quick
                .hear((number, &self.wire), Some((now, &mut self.log)));
            heard.map_err(|broken| format!("client {number} {broken}"))?;
            if self.looks.is_multiple_of(SLOWNESS) {
                let heard = member.life.slow.hear((number, &self.wire), None);
                heard.map_err(|broken| format!("client {number}, slow listener: {broken}"))?;
            }
            state(member, now, &self.wire).map_err(|broken| format!("client {number} {broken}"))?;
        }
        // Nobody waits for the end of their shutdown, which comes all the same.
        let late = self.left.iter().filter(|(_, until)| now > *until);
        for (client, _) in late {
            self.has_no_socket(*client, "was told to shut down")?;
        }
        if let Some(panic) = panics::seen() {
            return Err(panic);
        }
        match self.wire.lock().accusations().first() {
            Some(accusation) => Err(accusation.clone()),
            None => Ok(()),
        }
    }

    /// What happened at the service.
    fn service(&mut self) -> Result<(), Broken> {
        let journal = self.coordinator.journal();
        let records = journal.since(self.mark);
        self.mark = journal.mark();
        for record in records {
            if self.log.is_kept() {
                self.log
                    .line(record.at, format_args!("service: {}", record.entry));
            }
            match record.entry {
                Entry::IgnoredFrame { connection_id, .. } => {
                    return Err(format!("a frame without meaning came from {connection_id}"));
                }
                Entry::Refused { code: 4 } => {
                    return Err("the first frame of a socket was no greeting".to_owned());
                }
                _ => {}
            }
        }
        for (at, words) in self.wire.lock().notes() {
            self.log.line(at, words);
        }
        self.coordinator.assert_healthy();
        Ok(())
    }

    fn operations(&mut self) -> Result<(), Broken> {
        for ended in self.ops.ended() {
            let ended = ended.map_err(|error| format!("an operation panicked: {error}"))?;
            let Ended { op, outcome, .. } = &ended;
            let (number, client, what) = (op.number, op.client, op.what);
            self.log.line(
                self.clock.elapsed(),
                format_args!("client {client} operation {number}, {what:?}: {outcome:?}"),
            );
            if ended.is_late() {
                return Err(format!("client {client}: {what:?} took too long"));
            }
            self.note(&ended)?;
        }
        match self.ops.late() {
            Some(op) => Err(format!("client {}: {:?} does not end", op.client, op.what)),
            None => Ok(()),
        }
    }

    /// What an operation changes in what is expected.
    fn note(&mut self, ended: &Ended) -> Result<(), Broken> {
        let Ended { op, outcome, .. } = ended;
        let is_done = matches!(outcome, Outcome::Done);
        match op.what {
            What::Watch | What::Join if is_done => {
                let life = &mut self.members[op.member].life;
                if life.number == op.client && op.number >= life.watched_since {
                    life.watched.extend(op.call);
                }
            }
            What::Shutdown => {
                if let Outcome::Failed(error) = outcome {
                    return Err(format!("client {}: shutdown failed: {error}", op.client));
                }
                if is_done {
                    self.has_no_socket(op.client, "is shut down")?;
                } else {
                    self.left.push((op.client, op.until()));
                }
            }
            What::Disconnect | What::Pause if is_done => {
                let life = &self.members[op.member].life;
                let is_wished = matches!(
                    life.wish.known(),
                    Some(Want::Nothing | Want::Off | Want::Paused)
                );
                if life.number == op.client && is_wished {
                    self.has_no_socket(op.client, &format!("is through with a {:?}", op.what))?;
                }
            }
            _ => {}
        }
        Ok(())
    }
}

impl World {
    pub(super) fn has_no_socket(&self, client: usize, what: &str) -> Result<(), Broken> {
        let none = self.wire.lock().client(client).sockets.are_none(what);
        none.map_err(|broken| format!("client {client} {broken}"))
    }
}

fn state(member: &mut Member, now: Duration, wire: &Wire) -> Result<(), Broken> {
    let kind = member.plan.kind;
    let life = &mut member.life;
    let state = life.client.state().borrow().clone();
    let mut witness = wire.lock();
    let wire = witness.client(life.number);
    life.wish.allows(now, &state, kind, &wire.troubles)?;
    life.quick.delivery().settled(now, &state, wire)?;
    if wire.sockets.open() > 1 {
        return Err(format!("has {} sockets", wire.sockets.open()));
    }
    if kind == Kind::Anonymous {
        wire.sockets.are_none("is anonymous")?;
    }
    match &state {
        ConnectionState::Offline { .. } if !wire.sockets.are_offline() => {
            return Err("waits for a network that its host has".to_owned());
        }
        ConnectionState::Reconnecting { .. } if wire.sockets.are_offline() => {
            return Err("waits for a moment, and its host has no network".to_owned());
        }
        ConnectionState::Connected { connection_id } => {
            wire.sockets.carry(now, connection_id.as_ref())?;
        }
        // An attempt may be anywhere, and a socket may wait for the answer to its close.
        ConnectionState::Connecting { .. } => {}
        _ if life.wish.may_be_closing(now) => {}
        _ => wire.sockets.are_none(&format!("is {}", words(&state)))?,
    }
    if wire.guests_received() > 1 + life.renewals {
        let (guests, renewals) = (wire.guests_received(), life.renewals);
        return Err(format!(
            "was {guests} guests, and told to be another one {renewals} times"
        ));
    }
    Ok(())
}
