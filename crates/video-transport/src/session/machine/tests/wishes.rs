//! Pauses that find nothing to pause.

use super::super::Input;
use super::Script;

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
