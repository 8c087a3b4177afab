//! Wishes that find nothing to do.

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
