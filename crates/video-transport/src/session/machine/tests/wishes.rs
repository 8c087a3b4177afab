//! Wishes: those that find nothing to do, and what each of them leaves to the next.

use std::error::Error as _;
use std::time::Duration;

use super::super::{Input, Loss, Output};
use super::{Script, dial_error, error, token};
use crate::net::DialErrorKind;
use crate::session::state::Network;

/// Somebody who waits to be connected, but not for long.
fn impatient() -> Input {
    Input::Connect {
        patience: Some(Duration::from_millis(100)),
    }
}

/// Lets whoever waits lose their patience, and tells what they learn of the cause.
fn cause_of_lost_patience(script: &mut Script) -> Option<String> {
    script.now = script.machine.deadline().expect("nobody waits");
    script
        .machine
        .handle(script.now, super::JITTER, Input::Tick);
    std::iter::from_fn(|| script.machine.poll()).find_map(|output| match output {
        Output::Resolve(Err(error)) => Some(error.source()?.to_string()),
        _ => None,
    })
}

#[test]
fn a_pause_of_what_is_not_wished_for_is_done_at_once_and_resumes_to_nothing() {
    let mut script = Script::new();
    script.input(Input::Pause);
    script.expect(&["    0 closed"]);
    script.input(Input::Resume);
    script.expect(&[]);
}

#[test]
fn a_pause_amid_a_disconnect_waits_for_its_close_and_resumes_to_nothing() {
    let mut script = Script::connected(60);
    script.input(Input::Disconnect);
    script.lines.clear();
    script.input(Input::Pause);
    script.expect(&[]);
    script.tick();
    script.expect(&["61000 discard", "61000 closed"]);
    script.input(Input::Resume);
    script.expect(&[]);
}

#[test]
fn a_pause_amid_a_shutdown_does_not_take_it_back() {
    let mut script = Script::connected(60);
    script.input(Input::Shutdown);
    script.input(Input::Pause);
    script.tick();
    assert!(script.machine.is_finished());
}

#[test]
fn a_disconnect_of_what_was_never_connected_is_no_news_and_a_shutdown_is() {
    let mut script = Script::new();
    script.input(Input::Disconnect);
    script.expect(&[
        "    0 resolve: the client was told to disconnect",
        "    0 discard",
        "    0 closed",
    ]);
    script.input(Input::Shutdown);
    script.expect(&[
        "    0 disconnected { reason: shutdown }",
        "    0 resolve: the client is shut down",
        "    0 discard",
        "    0 closed",
    ]);
    assert!(script.machine.is_finished());
}

#[test]
fn a_wish_that_is_not_granted_tells_its_own_trouble_and_none_before_it() {
    let mut script = Script::connected(60);
    script.input(Input::Lost(script.epoch, Loss::Ended));
    script.input(impatient());
    let cause = cause_of_lost_patience(&mut script);
    assert_eq!(cause.as_deref(), Some("the connection broke"));
    script.tick();
    script.input(Input::Opened(script.epoch));
    script.input(Input::Disconnect);
    script.input(impatient());
    assert_eq!(cause_of_lost_patience(&mut script), None);
}

#[test]
fn a_new_wish_knows_nothing_of_failures_and_refusals_before_a_disconnect() {
    let mut script = Script::connected(1);
    script.input(Input::Lost(script.epoch, Loss::Ended));
    script.tick();
    script.open_and_greet("a", "c2");
    script.input(Input::Received(script.epoch, error(40)));
    script.input(Input::Disconnect);
    script.lines.clear();
    script.input(Input::Connect { patience: None });
    script.expect(&[
        " 1250 connecting #0",
        " 1250 open (3)",
        " 1250 fetch a token",
    ]);
    script.input(Input::Disconnect);
    script.input(Input::Network(Network::Offline));
    script.lines.clear();
    script.input(Input::Connect { patience: None });
    script.expect(&[" 1250 offline"]);
}

#[test]
fn a_new_wish_knows_nothing_of_what_ended_the_one_before_it() {
    let mut script = Script::connecting();
    script.input(Input::Token(Ok(token("a"))));
    script.input(Input::Opened(script.epoch));
    script.input(Input::Received(script.epoch, error(2)));
    script.input(Input::Network(Network::Offline));
    script.lines.clear();
    script.input(Input::Connect { patience: None });
    script.expect(&["    0 offline"]);
}

#[test]
fn a_connection_that_was_made_once_is_made_again_whoever_loses_patience() {
    let mut script = Script::connected(60);
    script.input(Input::Lost(script.epoch, Loss::Ended));
    script.input(impatient());
    script.lines.clear();
    script.tick();
    script.expect(&["60100 resolve: there was no connection in time"]);
    script.tick();
    assert_eq!(script.lines.first().unwrap(), "60250 connecting #1");
}

#[test]
fn a_wish_that_was_paused_stands_whoever_loses_patience_after_the_resume() {
    let mut script = Script::connecting();
    script.input(Input::Pause);
    script.input(Input::Resume);
    script.input(impatient());
    script.lines.clear();
    script.tick();
    script.expect(&["  100 resolve: there was no connection in time"]);
}

#[test]
fn a_standing_wish_that_failed_for_good_does_not_make_the_next_a_standing_one() {
    let mut script = Script::new();
    script.input(Input::Connect { patience: None });
    script.input(Input::OpenFailed(
        script.epoch,
        dial_error(DialErrorKind::NoRoots),
    ));
    script.input(impatient());
    script.lines.clear();
    script.tick();
    script.expect(&[
        "  100 discard",
        "  100 failed: there was no connection in time",
        "  100 resolve: there was no connection in time",
    ]);
}
