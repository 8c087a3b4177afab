//! Named transcripts: what the machine does, line by line, with no clock and no socket.

mod cancelled;
mod histories;
mod host;
mod pauses;
mod wishes;

use std::time::{Duration, Instant};

use video_core::{ApiError, Event, TokenError, TokenErrorKind, UserId, UserToken};

use super::{Epoch, Input, Loss, Machine, Output, Policies};
use crate::error::{ConnectError, ConnectErrorKind};
use crate::net::DialErrorKind;
use crate::session::state::{ConnectionState, DisconnectReason};
use crate::socket::CloseFrame;

/// Half of each window.
const JITTER: f64 = 0.5;

pub(super) fn token(raw: &str) -> UserToken {
    UserToken::new(raw.into(), UserId::new("john").unwrap(), None, None)
}

pub(super) fn ok(id: &str) -> Event {
    let text = format!(r#"{{"type":"connection.ok","connection_id":"{id}"}}"#);
    Event::parse(text.into()).unwrap()
}

pub(super) fn error(code: i32) -> Event {
    let text =
        format!(r#"{{"type":"connection.error","error":{{"code":{code},"StatusCode":401}}}}"#);
    Event::parse(text.into()).unwrap()
}

pub(super) fn custom() -> Event {
    Event::parse(r#"{"type":"custom"}"#.into()).unwrap()
}

/// A machine with its clock and what it has done.
struct Script {
    machine: Machine,
    start: Instant,
    now: Instant,
    epoch: Epoch,
    lines: Vec<String>,
}

impl Script {
    #[expect(clippy::disallowed_methods, reason = "an arbitrary origin")]
    fn new() -> Self {
        let machine = Machine::new(Policies::default());
        let now = Instant::now();
        Self {
            machine,
            start: now,
            now,
            epoch: Epoch::default(),
            lines: Vec::new(),
        }
    }

    fn connecting() -> Self {
        let mut script = Self::new();
        script.input(Input::Connect {
            patience: Some(Duration::from_secs(15)),
        });
        script
    }

    /// Connected for `seconds`, with nothing written down yet.
    fn connected(seconds: u64) -> Self {
        let mut script = Self::connecting();
        script.open_and_greet("a", "c1");
        script.after(seconds * 1000);
        script.lines.clear();
        script
    }

    fn open_and_greet(&mut self, raw: &str, id: &str) {
        self.input(Input::Token(Ok(token(raw))));
        self.input(Input::Opened(self.epoch));
        self.input(Input::Received(self.epoch, ok(id)));
    }

    /// Lets time pass, hearing from the peer all the while if there is one.
    fn after(&mut self, millis: u64) {
        self.now += Duration::from_millis(millis);
        if self.machine.phase.is_live() {
            self.input(Input::Heard(self.epoch));
        }
    }

    /// Lets time pass until the machine wants to act, and lets it.
    fn tick(&mut self) {
        self.now = self.machine.deadline().expect("nothing is scheduled");
        self.input(Input::Tick);
    }

    fn input(&mut self, input: Input) {
        self.machine.handle(self.now, JITTER, input);
        while let Some(output) = self.machine.poll() {
            if let Output::Open(epoch) = output {
                self.epoch = epoch;
            }
            let at = (self.now - self.start).as_millis();
            self.lines.push(format!("{at:>5} {}", self.show(&output)));
        }
    }

    fn show(&self, output: &Output) -> String {
        match output {
            Output::Open(epoch) => format!("open {epoch:?}").replace("Epoch", ""),
            Output::FetchToken { rejected: None } => "fetch a token".to_owned(),
            Output::FetchToken {
                rejected: Some(token),
            } => {
                format!("fetch a token other than {}", token.expose())
            }
            Output::Authenticate(token) => format!("authenticate with {}", token.expose()),
            Output::Ping(id) => format!("ping {id}"),
            Output::Close => "close".to_owned(),
            Output::Discard => "discard".to_owned(),
            Output::Greeted(_) => "greeted".to_owned(),
            Output::Emit(event) => format!("emit {}", event.kind()),
            Output::Resolve(Ok(token)) => format!("resolve with {}", token.expose()),
            Output::Resolve(Err(error)) => format!("resolve: {error}"),
            Output::Closed => "closed".to_owned(),
            Output::State(state) => match state {
                ConnectionState::Reconnecting {
                    attempt,
                    cause,
                    next_at,
                } => {
                    let wait = next_at.saturating_duration_since(self.now);
                    format!("reconnecting #{attempt} in {wait:?}: {cause}")
                }
                ConnectionState::Connected { connection_id } => {
                    format!("connected {connection_id}")
                }
                ConnectionState::Offline { cause: None } => "offline".to_owned(),
                ConnectionState::Offline { cause: Some(cause) } => format!("offline: {cause}"),
                ConnectionState::Connecting { attempt } => format!("connecting #{attempt}"),
                ConnectionState::Disconnected {
                    reason: DisconnectReason::Failed(error),
                } => {
                    format!("failed: {error}")
                }
                other => format!("{other:?}").to_lowercase(),
            },
        }
    }

    #[track_caller]
    fn expect(&mut self, lines: &[&str]) {
        assert_eq!(self.lines, lines, "\n{:#?}", self.lines);
        self.lines.clear();
    }
}

fn dial_error(kind: DialErrorKind) -> ConnectError {
    ConnectError::new(ConnectErrorKind::Dial(kind))
}

/// Promise: W01, CK067
#[test]
fn a_connection_is_made_of_a_socket_a_token_and_the_service_s_word() {
    let mut script = Script::connecting();
    script.expect(&[
        "    0 connecting #0",
        "    0 open (1)",
        "    0 fetch a token",
    ]);
    script.after(100);
    script.input(Input::Token(Ok(token("a"))));
    script.expect(&[]);
    script.after(200);
    script.input(Input::Opened(script.epoch));
    script.expect(&["  300 authenticate with a"]);
    script.after(100);
    script.input(Input::Received(script.epoch, ok("c1")));
    script.expect(&[
        "  400 greeted",
        "  400 connected c1",
        "  400 resolve with a",
        "  400 emit connection.ok",
    ]);
}

#[test]
fn a_socket_waits_two_seconds_for_its_token_and_is_dialled_again_once_it_is_there() {
    let mut script = Script::connecting();
    script.after(100);
    script.input(Input::Opened(script.epoch));
    script.lines.clear();
    script.tick();
    script.expect(&[" 2100 discard"]);
    script.after(900);
    script.input(Input::Token(Ok(token("a"))));
    script.expect(&[" 3000 open (2)"]);
    script.input(Input::Opened(script.epoch));
    script.expect(&[" 3000 authenticate with a"]);
}

/// Promise: W07, CK073
#[test]
fn one_failure_schedules_one_attempt_even_if_it_is_reported_twice() {
    let mut script = Script::connected(60);
    let lost = || Input::Lost(script.epoch, Loss::Ended);
    let (first, second) = (lost(), lost());
    script.input(first);
    script.input(second);
    script.expect(&[
        "60000 discard",
        "60000 reconnecting #1 in 250ms: the connection broke",
    ]);
    script.tick();
    script.expect(&[
        "60250 connecting #1",
        "60250 open (2)",
        "60250 fetch a token",
    ]);
}

/// Promise: W09, BD01
#[test]
fn a_normal_close_by_the_service_is_a_loss_like_any_other() {
    let mut script = Script::connected(60);
    let frame = Some(CloseFrame::new(1000, "bye"));
    script.input(Input::Lost(script.epoch, Loss::Closed(frame)));
    script.expect(&[
        "60000 discard",
        "60000 reconnecting #1 in 250ms: the service closed the connection with code 1000",
    ]);
}

#[test]
fn a_service_that_goes_away_is_given_distance() {
    for code in [1001, 1012, 1013] {
        let mut script = Script::connected(60);
        let frame = Some(CloseFrame::new(code, ""));
        script.input(Input::Lost(script.epoch, Loss::Closed(frame)));
        assert!(script.lines[1].contains("in 2.5s"), "{:?}", script.lines);
    }
    let mut script = Script::connecting();
    script.input(Input::OpenFailed(
        script.epoch,
        dial_error(DialErrorKind::Refused),
    ));
    assert!(
        script.lines.last().unwrap().contains("in 2.5s"),
        "{:?}",
        script.lines
    );
}

/// Promise: W11, CK041
#[test]
fn an_expired_token_is_replaced_at_once_and_the_connection_made_again() {
    let mut script = Script::connected(60);
    script.input(Input::Received(script.epoch, error(40)));
    script.expect(&[
        "60000 discard",
        "60000 reconnecting #0 in 0ns: the service refused the token of `john` \
         (code 40, status 401)",
        "60000 connecting #1",
        "60000 open (2)",
        "60000 fetch a token other than a",
        "60000 emit connection.error",
    ]);
    script.open_and_greet("b", "c2");
    script.expect(&[
        "60000 authenticate with b",
        "60000 greeted",
        "60000 connected c2",
        "60000 resolve with b",
        "60000 emit connection.ok",
    ]);
}

#[test]
fn a_token_that_ends_after_a_stable_connection_is_replaced_at_once_whatever_failed_before() {
    let mut script = Script::connected(1);
    script.input(Input::Lost(script.epoch, Loss::Ended));
    script.tick();
    script.open_and_greet("a", "c2");
    script.after(60_000);
    script.lines.clear();
    script.input(Input::Received(script.epoch, error(40)));
    assert!(script.lines[1].contains("reconnecting #0 in 0ns"));
    assert!(script.lines[2].contains("connecting #1"));
}

#[test]
fn a_token_that_is_refused_in_the_handshake_is_given_distance() {
    let mut script = Script::connecting();
    let api = ApiError::from_response(401, br#"{"code":40}"#);
    let kind = ConnectErrorKind::Handshake { status: Some(401) };
    let refused = ConnectError::new(kind).refused_with(api);
    script.input(Input::OpenFailed(script.epoch, refused));
    let last = script.lines.last().unwrap();
    assert!(last.contains("reconnecting #1 in 2.5s"), "{last}");
}

/// Promise: W10
#[test]
fn the_first_error_in_mid_session_counts_and_so_does_each_later_one() {
    let mut script = Script::connected(60);
    for (code, id) in [(40, "c2"), (17, "c3"), (40, "c4")] {
        script.input(Input::Received(script.epoch, error(code)));
        assert!(!script.machine.phase.is_live(), "{code}");
        while !script.machine.phase.wants_token() || script.machine.phase.deadline().is_none() {
            script.tick();
        }
        if matches!(script.machine.phase, super::Phase::Waiting { .. }) {
            script.tick();
        }
        script.open_and_greet("b", id);
        assert!(script.machine.phase.is_live(), "{code}");
        script.after(60_000);
    }
}

/// Promise: W24, CK042
#[test]
fn a_static_token_that_is_refused_ends_the_session_at_once() {
    for code in [40, 43] {
        let mut script = Script::connecting();
        script.input(Input::Token(Ok(token("a"))));
        script.input(Input::Opened(script.epoch));
        script.input(Input::Received(script.epoch, error(code)));
        script.lines.clear();
        let error = TokenError::new(TokenErrorKind::NoLoader);
        script.input(Input::Token(Err(error)));
        let words = format!(
            "the service refused the token of `john`; the static token was refused and there is \
             no token loader to get another (code {code}, status 401)"
        );
        script.expect(&[
            "    0 discard",
            &format!("    0 failed: {words}"),
            &format!("    0 resolve: {words}"),
        ]);
        assert_eq!(script.machine.deadline(), None);
    }
}

#[test]
fn a_second_token_that_is_refused_ends_the_session() {
    let mut script = Script::connecting();
    script.input(Input::Token(Ok(token("a"))));
    script.input(Input::Opened(script.epoch));
    script.input(Input::Received(script.epoch, error(41)));
    script.input(Input::Token(Ok(token("b"))));
    script.input(Input::Opened(script.epoch));
    script.lines.clear();
    script.input(Input::Received(script.epoch, error(41)));
    assert!(script.lines[1].contains("failed: the service refused the token"));
    assert_eq!(script.machine.deadline(), None);
}

#[test]
fn a_wrong_api_key_ends_the_session_and_asks_for_no_token() {
    let mut script = Script::connecting();
    script.input(Input::Token(Ok(token("a"))));
    script.input(Input::Opened(script.epoch));
    script.lines.clear();
    script.input(Input::Received(script.epoch, error(2)));
    script.expect(&[
        "    0 discard",
        "    0 failed: the service refused the connection (code 2, status 401)",
        "    0 resolve: the service refused the connection (code 2, status 401)",
    ]);
}

/// Promise: W12, BD09
#[test]
fn a_token_loader_that_fails_does_not_end_the_reconnection() {
    let mut script = Script::connected(60);
    script.input(Input::Received(script.epoch, error(40)));
    script.lines.clear();
    let failed = || Input::Token(Err(TokenError::new(TokenErrorKind::Loader)));
    script.input(failed());
    script.expect(&[
        "60000 discard",
        "60000 reconnecting #2 in 500ms: there is no token to show",
    ]);
    script.tick();
    script.expect(&[
        "60500 connecting #2",
        "60500 open (3)",
        "60500 fetch a token other than a",
    ]);
    script.open_and_greet("b", "c2");
    assert!(script.machine.phase.is_live());
}

/// Promise: W22, CK067
#[test]
fn a_service_that_accepts_and_drops_is_dialled_ever_more_slowly() {
    let mut script = Script::connected(1);
    let mut waits = Vec::new();
    for _ in 0..7 {
        script.input(Input::Lost(script.epoch, Loss::Ended));
        let next = script.machine.deadline().unwrap();
        waits.push((next - script.now).as_millis());
        script.tick();
        script.open_and_greet("a", "c");
        script.after(1000);
    }
    assert_eq!(waits, [250, 500, 1000, 2000, 4000, 8000, 12_500]);
    script.after(29_000);
    script.input(Input::Lost(script.epoch, Loss::Ended));
    assert_eq!(
        script.machine.deadline().unwrap() - script.now,
        Duration::from_millis(250)
    );
}

#[test]
fn a_token_that_is_accepted_and_refused_again_and_again_is_replaced_ever_more_slowly() {
    let mut script = Script::connected(1);
    let mut waits = Vec::new();
    for _ in 0..4 {
        script.input(Input::Received(script.epoch, error(40)));
        let waiting = matches!(script.machine.phase, super::Phase::Waiting { .. });
        let before = script.now;
        if waiting {
            script.tick();
        }
        waits.push((script.now - before).as_millis());
        script.open_and_greet("a", "c");
        script.after(1000);
    }
    assert_eq!(waits, [0, 500, 1000, 2000]);
}

/// Promise: W02, CK027
#[test]
fn a_socket_that_never_speaks_is_given_up_within_the_greeting_timeout() {
    let mut script = Script::connecting();
    script.input(Input::Token(Ok(token("a"))));
    script.input(Input::Opened(script.epoch));
    script.lines.clear();
    script.tick();
    script.expect(&[
        " 5000 discard",
        " 5000 reconnecting #1 in 250ms: the service did not answer the token in time",
    ]);
}

/// Promise: W03, CK078
#[test]
fn a_dial_that_never_ends_is_given_up_and_tried_again() {
    let mut script = Script::connecting();
    script.lines.clear();
    script.tick();
    script.expect(&[
        " 5000 discard",
        " 5000 reconnecting #1 in 250ms: the service did not open in time",
    ]);
    script.tick();
    // The token is still being fetched, so it is not asked for twice.
    script.expect(&[" 5250 connecting #1", " 5250 open (2)"]);
}

#[test]
fn whoever_connects_learns_the_last_cause_when_patience_ends() {
    let mut script = Script::connecting();
    script.input(Input::OpenFailed(
        script.epoch,
        dial_error(DialErrorKind::Resolve),
    ));
    while script.machine.deadline().is_some() {
        script.tick();
    }
    let last = script.lines.last().unwrap().clone();
    assert_eq!(last, "15000 resolve: there was no connection in time");
    assert!(
        script
            .lines
            .iter()
            .any(|line| line.contains("failed: there was no connection"))
    );
}

#[test]
fn a_standing_wish_outlives_the_patience_of_who_waits() {
    let mut script = Script::new();
    script.input(Input::Connect { patience: None });
    script.input(Input::OpenFailed(
        script.epoch,
        dial_error(DialErrorKind::Resolve),
    ));
    script.input(Input::Connect {
        patience: Some(Duration::from_millis(100)),
    });
    script.lines.clear();
    script.tick();
    script.expect(&["  100 resolve: there was no connection in time"]);
    script.tick();
    assert!(script.lines[0].contains("connecting #1"));
}

/// Promise: W06, CK019
#[test]
fn a_disconnect_while_connecting_leaves_no_socket_and_no_success() {
    let mut script = Script::connecting();
    script.lines.clear();
    let epoch = script.epoch;
    script.input(Input::Disconnect);
    script.expect(&[
        "    0 disconnected { reason: requested }",
        "    0 resolve: the client was told to disconnect",
        "    0 discard",
        "    0 closed",
    ]);
    script.input(Input::Opened(epoch));
    script.input(Input::Token(Ok(token("a"))));
    script.input(Input::Received(epoch, ok("c1")));
    script.expect(&[]);
    assert_eq!(script.machine.deadline(), None);
}

/// Promise: CK020, BD02
#[test]
fn a_disconnect_during_the_pause_between_attempts_ends_the_attempts() {
    let mut script = Script::connected(60);
    script.input(Input::Lost(script.epoch, Loss::Ended));
    script.lines.clear();
    script.input(Input::Disconnect);
    assert_eq!(script.lines.last().unwrap(), "60000 closed");
    assert_eq!(script.machine.deadline(), None);
}

/// Promise: W35
#[test]
fn a_disconnect_ends_within_a_second_even_if_the_service_never_answers() {
    let mut script = Script::connected(60);
    script.input(Input::Disconnect);
    script.expect(&[
        "60000 disconnected { reason: requested }",
        "60000 resolve: the client was told to disconnect",
        "60000 close",
    ]);
    script.tick();
    script.expect(&["61000 discard", "61000 closed"]);
}

/// Promise: CK018, BD20
#[test]
fn a_connect_during_a_disconnect_waits_for_it_and_makes_a_new_connection() {
    let mut script = Script::connected(60);
    script.input(Input::Disconnect);
    script.input(Input::Connect { patience: None });
    script.lines.clear();
    script.input(Input::Lost(script.epoch, Loss::Closed(None)));
    script.expect(&[
        "60000 discard",
        "60000 closed",
        "60000 connecting #0",
        "60000 open (2)",
        "60000 fetch a token",
    ]);
}

/// Promise: W20, CK074
#[test]
fn news_of_a_socket_that_was_given_up_is_ignored() {
    let mut script = Script::connected(60);
    let old = script.epoch;
    script.input(Input::Lost(old, Loss::Ended));
    script.tick();
    script.open_and_greet("a", "c2");
    script.lines.clear();
    script.input(Input::Received(old, custom()));
    script.input(Input::Received(old, error(2)));
    script.input(Input::Lost(old, Loss::Ended));
    script.expect(&[]);
    script.input(Input::Received(script.epoch, custom()));
    script.expect(&["60250 emit custom"]);
}

/// Promise: W13, CK069
#[test]
fn a_silent_service_is_asked_and_then_declared_dead_time_after_time() {
    let mut script = Script::connected(0);
    script.tick();
    script.expect(&["25000 ping c1"]);
    script.tick();
    script.expect(&[
        "35000 discard",
        "35000 reconnecting #1 in 250ms: the service was silent for too long",
    ]);
    script.tick();
    script.open_and_greet("a", "c2");
    script.lines.clear();
    script.tick();
    script.expect(&["60250 ping c2"]);
    script.tick();
    script.expect(&[
        "70250 discard",
        "70250 reconnecting #1 in 250ms: the service was silent for too long",
    ]);
}

/// Promise: CK070
#[test]
fn thirty_five_seconds_without_a_frame_close_the_socket_and_reconnect() {
    let mut script = Script::connected(0);
    script.now += Duration::from_millis(34_999);
    script.input(Input::Tick);
    script.expect(&["34999 ping c1"]);
    script.now += Duration::from_millis(1);
    script.input(Input::Tick);
    script.expect(&[
        "35000 discard",
        "35000 reconnecting #1 in 250ms: the service was silent for too long",
    ]);
    script.tick();
    script.expect(&[
        "35250 connecting #1",
        "35250 open (2)",
        "35250 fetch a token",
    ]);
}

/// Promise: W14
#[test]
fn an_event_of_any_type_or_a_frame_of_any_kind_proves_life() {
    let signs: [fn(&Script) -> Input; 3] = [
        |script| Input::Received(script.epoch, custom()),
        |script| {
            let unknown = Event::parse(r#"{"type":"never.heard.of"}"#.into());
            Input::Received(script.epoch, unknown.unwrap())
        },
        |script| Input::Heard(script.epoch),
    ];
    for sign in signs {
        let mut script = Script::connected(0);
        for _ in 0..3 {
            // Nobody else says anything meanwhile: this alone is what is heard.
            script.now += Duration::from_millis(34_999);
            let input = sign(&script);
            script.input(input);
            script.now += Duration::from_millis(34_999);
            script.input(Input::Tick);
            assert!(script.machine.phase.is_live(), "{:?}", script.lines);
            script.input(Input::Heard(script.epoch));
        }
    }
}

#[test]
fn a_pause_closes_the_socket_and_a_resume_makes_a_new_connection() {
    let mut script = Script::connected(60);
    script.input(Input::Pause);
    script.input(Input::Lost(script.epoch, Loss::Closed(None)));
    script.expect(&[
        "60000 paused",
        "60000 resolve: the client was told to disconnect",
        "60000 close",
        "60000 discard",
        "60000 closed",
    ]);
    script.input(Input::Resume);
    script.expect(&[
        "60000 connecting #0",
        "60000 open (2)",
        "60000 fetch a token",
    ]);
    let mut script = Script::new();
    script.input(Input::Resume);
    script.expect(&[]);
}

#[test]
fn a_disconnect_amid_a_pause_ends_the_pause() {
    let mut script = Script::connected(60);
    script.input(Input::Pause);
    script.lines.clear();
    script.input(Input::Disconnect);
    script.expect(&[
        "60000 disconnected { reason: requested }",
        "60000 resolve: the client was told to disconnect",
    ]);
    script.tick();
    script.expect(&["61000 discard", "61000 closed"]);
}

/// Promise: U03
#[test]
fn after_a_failure_the_same_wish_makes_a_real_new_attempt() {
    let mut script = Script::connecting();
    script.input(Input::Token(Ok(token("a"))));
    script.input(Input::Opened(script.epoch));
    script.input(Input::Received(script.epoch, error(2)));
    script.lines.clear();
    script.input(Input::Connect { patience: None });
    script.expect(&[
        "    0 connecting #0",
        "    0 open (2)",
        "    0 fetch a token",
    ]);
}

#[test]
fn a_shutdown_is_for_ever() {
    let mut script = Script::connected(60);
    script.input(Input::Shutdown);
    script.input(Input::Connect { patience: None });
    script.expect(&[
        "60000 disconnected { reason: shutdown }",
        "60000 resolve: the client is shut down",
        "60000 close",
        "60000 resolve: the client is shut down",
    ]);
    assert!(!script.machine.is_finished(), "the socket is still closing");
    script.input(Input::Lost(script.epoch, Loss::Ended));
    assert!(script.machine.is_finished());
    assert_eq!(script.machine.deadline(), None);
}

#[test]
fn whoever_loses_patience_while_a_socket_closes_does_not_strand_who_waits_for_the_close() {
    let mut script = Script::connected(60);
    script.input(Input::Disconnect);
    script.input(Input::Connect {
        patience: Some(Duration::from_millis(500)),
    });
    script.lines.clear();
    script.tick();
    script.expect(&[
        "60500 discard",
        "60500 closed",
        "60500 failed: there was no connection in time",
        "60500 resolve: there was no connection in time",
    ]);
}

#[test]
fn a_disconnect_that_comes_after_a_shutdown_does_not_take_it_back() {
    let mut script = Script::connected(60);
    script.input(Input::Shutdown);
    script.lines.clear();
    script.input(Input::Disconnect);
    script.input(Input::Connect { patience: None });
    script.expect(&["60000 resolve: the client is shut down"]);
    script.tick();
    script.expect(&["61000 discard", "61000 closed"]);
    assert!(script.machine.is_finished());
}

#[test]
fn a_later_wish_has_all_of_its_time_whatever_became_of_the_earlier() {
    let mut script = Script::connecting();
    script.input(Input::Opened(script.epoch));
    script.now += Duration::from_millis(14_500);
    script.input(Input::Connect {
        patience: Some(Duration::from_secs(15)),
    });
    script.now = script.start + Duration::from_secs(20);
    script.input(Input::Tick);
    assert!(
        !script.lines.iter().any(|line| line.contains("resolve")),
        "{:?}",
        script.lines
    );
    script.now = script.start + Duration::from_millis(29_500);
    script.input(Input::Tick);
    assert!(
        script
            .lines
            .iter()
            .any(|line| line.contains("29500 resolve")),
        "{:?}",
        script.lines
    );
}
