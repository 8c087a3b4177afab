//! Losses, one after the other: what is over has no say in what follows.

use std::time::Duration;

use video_core::{TokenError, TokenErrorKind};

use super::{Script, custom, dial_error, error, ok, token};
use crate::net::DialErrorKind;
use crate::session::machine::{Input, Loss};
use crate::socket::CloseFrame;

/// Promise: W05
#[test]
fn a_failed_attempt_answers_those_who_waited_for_it_and_nobody_after_them() {
    let mut script = Script::connecting();
    let first = script.epoch;
    script.input(Input::Token(Ok(token("a"))));
    script.input(Input::Opened(first));
    script.lines.clear();
    script.input(Input::Received(first, error(2)));
    let refused = "the service refused the connection (code 2, status 401)";
    assert_eq!(
        script.lines.last(),
        Some(&format!("    0 resolve: {refused}"))
    );
    script.input(Input::Connect { patience: None });
    script.lines.clear();
    // The first attempt fails once more, too late to concern anybody.
    script.input(Input::OpenFailed(first, dial_error(DialErrorKind::Resolve)));
    script.input(Input::Lost(first, Loss::Ended));
    script.expect(&[]);
    script.open_and_greet("b", "c2");
    assert!(script.lines.contains(&"    0 resolve with b".to_owned()));
}

/// Promise: W08, BD11
#[test]
fn the_deadline_of_a_finished_attempt_changes_nothing_in_the_next() {
    let mut script = Script::connecting();
    script.input(Input::Token(Ok(token("a"))));
    script.input(Input::Opened(script.epoch));
    script.after(4000);
    // The service closes a second before the handshake would have been given up.
    script.input(Input::Lost(script.epoch, Loss::Ended));
    script.tick();
    script.lines.clear();
    script.after(1000);
    script.input(Input::Tick);
    script.expect(&[]);
    // The next attempt has its whole time, and no more.
    script.tick();
    script.expect(&[
        " 9250 discard",
        " 9250 reconnecting #2 in 500ms: the service did not open in time",
    ]);
}

/// Promise: W25
#[test]
fn the_failures_of_one_session_are_not_counted_against_another() {
    let mut unlucky = Script::connecting();
    let mut other = Script::connecting();
    for _ in 0..4 {
        let failed = Input::OpenFailed(unlucky.epoch, dial_error(DialErrorKind::Resolve));
        unlucky.input(failed);
        unlucky.tick();
    }
    assert_eq!(unlucky.machine.failures, 4);
    other.lines.clear();
    let failed = Input::OpenFailed(other.epoch, dial_error(DialErrorKind::Resolve));
    other.input(failed);
    other.expect(&[
        "    0 discard",
        "    0 reconnecting #1 in 250ms: the service could not be reached",
    ]);
}

/// Promise: CK075, BD19
#[test]
fn while_it_retries_the_state_tells_attempt_and_cause() {
    let mut script = Script::connected(60);
    script.input(Input::Lost(script.epoch, Loss::Ended));
    for (attempt, wait) in [(1, "250ms"), (2, "500ms"), (3, "1s")] {
        let state = format!("reconnecting #{attempt} in {wait}: ");
        let last = script.lines.last().unwrap();
        assert!(last.contains(&state), "{last}");
        script.tick();
        assert!(script.lines.iter().any(|line| line.contains("connecting")));
        let failed = Input::OpenFailed(script.epoch, dial_error(DialErrorKind::Timeout));
        script.input(failed);
    }
    let last = script.lines.last().unwrap();
    assert!(last.ends_with("the service could not be reached"), "{last}");
}

/// Promise: BD04
#[test]
fn an_error_and_the_close_after_it_are_one_loss() {
    let mut script = Script::connected(60);
    let epoch = script.epoch;
    let close = Some(CloseFrame::new(1000, ""));
    script.input(Input::Received(epoch, error(17)));
    script.input(Input::Lost(epoch, Loss::Closed(close)));
    script.input(Input::Lost(epoch, Loss::Ended));
    script.expect(&[
        "60000 discard",
        "60000 reconnecting #1 in 250ms: the service refused the connection (code 17, status 401)",
        "60000 emit connection.error",
    ]);
    // A missed answer, then the close.
    let mut script = Script::connected(0);
    script.tick();
    script.tick();
    script.lines.clear();
    script.input(Input::Lost(script.epoch, Loss::Ended));
    script.expect(&[]);
    assert_eq!(script.machine.failures, 1);
}

/// Promise: BD08
#[test]
fn a_second_greeting_replaces_the_connection_id() {
    let mut script = Script::connected(0);
    script.input(Input::Received(script.epoch, ok("c2")));
    script.expect(&[
        "    0 greeted",
        "    0 connected c2",
        "    0 emit connection.ok",
    ]);
    // The same id again is no change.
    script.input(Input::Received(script.epoch, ok("c2")));
    script.expect(&["    0 greeted", "    0 emit connection.ok"]);
    script.tick();
    script.expect(&["25000 ping c2"]);
}

/// Promise: BD13
#[test]
fn delays_double_and_each_is_jittered_over_its_whole_window() {
    let waits = |jitter: f64| -> Vec<u128> {
        let mut script = Script::connected(60);
        let mut loss = Input::Lost(script.epoch, Loss::Ended);
        let mut waits = Vec::new();
        for _ in 0..8 {
            script.machine.handle(script.now, jitter, loss);
            let wait = script.machine.deadline().unwrap() - script.now;
            waits.push(wait.as_millis());
            script.tick();
            loss = Input::OpenFailed(script.epoch, dial_error(DialErrorKind::Timeout));
        }
        waits
    };
    assert_eq!(
        waits(0.5),
        [250, 500, 1000, 2000, 4000, 8000, 12_500, 12_500]
    );
    assert_eq!(waits(0.0), [0; 8]);
    assert_eq!(waits(0.99)[0], 495);
}

/// Promise: BD15
#[test]
fn ordinary_traffic_proves_life_and_pings_stay_rare() {
    let mut script = Script::connected(0);
    let mut pings = 0;
    for _ in 0..600 {
        script.now += Duration::from_secs(1);
        script.input(Input::Received(script.epoch, custom()));
        script.input(Input::Tick);
        pings += script
            .lines
            .drain(..)
            .filter(|line| line.contains("ping"))
            .count();
    }
    assert!(script.machine.phase.is_live());
    assert_eq!(pings, 600 / 25);
}

#[test]
fn a_dial_that_fails_after_it_was_given_up_changes_nothing() {
    let failed =
        |script: &Script| Input::OpenFailed(script.epoch, dial_error(DialErrorKind::Refused));
    let mut script = Script::connecting();
    script.tick();
    script.lines.clear();
    script.input(failed(&script));
    script.expect(&[]);
    script.input(Input::Disconnect);
    script.lines.clear();
    script.input(failed(&script));
    script.expect(&[]);
    assert_eq!(script.machine.deadline(), None);
}

#[test]
fn a_token_that_can_not_be_had_concerns_nobody_after_a_disconnect() {
    let failed = || Input::Token(Err(TokenError::new(TokenErrorKind::NoLoader)));
    let mut script = Script::connecting();
    script.input(Input::Disconnect);
    script.lines.clear();
    script.input(failed());
    script.expect(&[]);

    let mut script = Script::connecting();
    script.input(Input::Opened(script.epoch));
    script.input(Input::Disconnect);
    script.lines.clear();
    script.input(failed());
    script.tick();
    script.expect(&[" 1000 discard", " 1000 closed"]);
}

#[test]
fn what_arrives_of_an_old_socket_proves_no_life_of_the_next() {
    let mut script = Script::connected(60);
    let old = script.epoch;
    script.input(Input::Lost(old, Loss::Ended));
    script.tick();
    script.open_and_greet("a", "c2");
    script.lines.clear();
    script.now += Duration::from_secs(34);
    script.input(Input::Heard(old));
    script.now += Duration::from_secs(1);
    script.input(Input::Tick);
    script.expect(&[
        "95250 discard",
        "95250 reconnecting #1 in 250ms: the service was silent for too long",
    ]);
}

/// Promise: BD21
#[test]
fn what_was_cancelled_does_not_act_on_the_session_after_it() {
    let mut script = Script::connected(60);
    // A reconnect is scheduled, then cancelled.
    script.input(Input::Lost(script.epoch, Loss::Ended));
    let scheduled = script.machine.deadline().unwrap();
    script.input(Input::Disconnect);
    script.input(Input::Connect { patience: None });
    let cancelled = script.epoch;
    // So is the attempt after it, with a token and a socket on their way.
    script.input(Input::Disconnect);
    script.input(Input::Connect { patience: None });
    script.lines.clear();
    script.now = scheduled;
    script.input(Input::Tick);
    script.input(Input::Opened(cancelled));
    script.input(Input::Received(cancelled, ok("c2")));
    script.input(Input::Lost(cancelled, Loss::Ended));
    script.expect(&[]);
    script.open_and_greet("b", "c3");
    assert!(
        script
            .lines
            .iter()
            .any(|line| line.ends_with("connected c3"))
    );
}
