//! What the host says: that it has no network, that it has one again, that it has slept.

use std::time::Duration;

use super::super::{Input, Loss};
use super::{Script, error};
use crate::session::state::Network;

/// Lets time pass in which nobody says anything.
fn silently(script: &mut Script, millis: u64) {
    let until = script.now + Duration::from_millis(millis);
    while script.machine.deadline().is_some_and(|at| at <= until) {
        script.tick();
    }
    script.now = until;
}

/// Promise: W23, CK077
#[test]
fn nothing_is_dialled_without_a_network_and_at_once_with_it() {
    let mut script = Script::connected(60);
    script.input(Input::Network(Network::Offline));
    script.expect(&[]);
    script.input(Input::Lost(script.epoch, Loss::Ended));
    script.expect(&["60000 discard", "60000 offline: the connection broke"]);
    silently(&mut script, 3_600_000);
    script.expect(&[]);
    script.input(Input::Network(Network::Online));
    script.expect(&[
        "3660000 connecting #1",
        "3660000 open (2)",
        "3660000 fetch a token",
    ]);
}

#[test]
fn a_token_refused_without_a_network_is_told_as_offline_once() {
    let mut script = Script::connected(60);
    script.input(Input::Network(Network::Offline));
    script.input(Input::Received(script.epoch, error(40)));
    let told = script.lines.iter().filter(|line| line.contains("offline"));
    assert_eq!(told.count(), 1, "{:?}", script.lines);
}

/// Promise: CK076
#[test]
fn the_return_of_the_network_cuts_the_pause_between_attempts_short() {
    let mut script = Script::connected(60);
    script.input(Input::Lost(script.epoch, Loss::Ended));
    script.lines.clear();
    script.input(Input::Network(Network::Online));
    script.expect(&[
        "60000 connecting #1",
        "60000 open (2)",
        "60000 fetch a token",
    ]);
}

#[test]
fn a_pause_between_attempts_ends_with_the_network() {
    let mut script = Script::connected(60);
    script.input(Input::Lost(script.epoch, Loss::Ended));
    script.lines.clear();
    script.input(Input::Network(Network::Offline));
    script.expect(&["60000 offline: the connection broke"]);
    silently(&mut script, 60_000);
    script.expect(&[]);
}

#[test]
fn a_connect_without_a_network_waits_for_it_and_ends_with_its_patience() {
    let mut script = Script::new();
    script.input(Input::Network(Network::Offline));
    let patience = Some(Duration::from_secs(15));
    script.input(Input::Connect { patience });
    script.expect(&["    0 offline"]);
    silently(&mut script, 15_000);
    script.expect(&[
        "15000 discard",
        "15000 failed: there was no connection in time",
        "15000 resolve: there was no connection in time",
    ]);
}

/// Promise: CK076, BD05
#[test]
fn losing_the_network_keeps_the_deadline_of_a_silent_service() {
    let mut script = Script::connected(0);
    script.input(Input::Network(Network::Offline));
    silently(&mut script, 35_000);
    script.expect(&[
        "25000 ping c1",
        "35000 discard",
        "35000 offline: the service was silent for too long",
    ]);
}

#[test]
fn a_connection_that_outlived_the_network_is_asked_and_has_two_seconds() {
    let mut script = Script::connected(10);
    script.input(Input::Network(Network::Offline));
    script.input(Input::Network(Network::Online));
    script.expect(&["10000 ping c1"]);
    silently(&mut script, 1_000);
    script.input(Input::Heard(script.epoch));
    silently(&mut script, 20_000);
    script.expect(&[]);
    script.input(Input::Network(Network::Online));
    silently(&mut script, 2_000);
    script.lines.truncate(2);
    script.expect(&["31000 ping c1", "33000 discard"]);
}

#[test]
fn a_host_that_slept_only_asks_whether_the_service_is_still_there() {
    let mut script = Script::connected(10);
    script.input(Input::Doubted);
    script.expect(&["10000 ping c1"]);
    script.input(Input::Doubted);
    script.expect(&[]);
    script.input(Input::Heard(script.epoch));
    silently(&mut script, 10_000);
    script.expect(&[]);

    let mut script = Script::connecting();
    script.lines.clear();
    script.input(Input::Doubted);
    script.expect(&[]);
}
