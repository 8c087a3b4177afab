//! The world around a session's machine: it obeys the contract of a driver, and is arbitrary else.

use std::time::{Duration, Instant};

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use video_core::{Event, TokenError, TokenErrorKind, UserId, UserToken};
use video_transport::__internals::{SessionInput, SessionMachine, SessionOutput, SocketNumber};
use video_transport::{
    CloseFrame, ConnectError, ConnectErrorKind, ConnectionState, DialErrorKind, DisconnectReason,
    Network, SocketError,
};

/// Something that happens.
#[derive(Debug, Arbitrary)]
pub struct Step<'a> {
    /// The machine's share of chance, in parts of 256.
    jitter: u8,
    /// Whether the first frame that this causes to be sent can not be sent.
    send_fails: bool,
    what: What<'a>,
}

#[derive(Debug, Arbitrary)]
enum What<'a> {
    Connect {
        patience_ms: Option<u16>,
    },
    Disconnect,
    Pause,
    Resume,
    Shutdown,
    Token(Answer),
    Opened(Which),
    OpenFailed(Which, Failure),
    Frame(Which, Said<'a>),
    Lost(Which, Loss<'a>),
    Network {
        online: bool,
    },
    Doubted,
    /// Time passes, and the machine is told when it wants to be.
    Wait {
        ms: u16,
    },
    /// Time passes, and the machine is told late.
    Sleep {
        seconds: u16,
    },
    /// The machine is told the time for no reason.
    Tick,
}

/// News of the latest socket, or of the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Arbitrary)]
enum Which {
    Latest,
    Before,
}

#[derive(Debug, Arbitrary)]
enum Answer {
    Token(u8),
    Loader,
    Unchanged,
    Stopped,
    NoLoader,
    GuestExpired,
}

#[derive(Debug, Arbitrary)]
enum Failure {
    Refused,
    Unreachable,
    NoRoots,
    Status(u16, i8),
}

#[derive(Debug, Arbitrary)]
enum Said<'a> {
    Accepted(u8),
    Refused(i8),
    Custom,
    Bytes(&'a [u8]),
}

#[derive(Debug, Arbitrary)]
enum Loss<'a> {
    Ended,
    Closed,
    ClosedWith(u16, &'a str),
    Broken,
    TooLarge,
}

/// What is wished for after a history, before the world behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Arbitrary)]
pub enum LastWish {
    Connect,
    Disconnect,
    Pause,
    Resume,
}

/// What is wished for: the last wish, unless its connection failed for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    Off,
    On,
    Paused,
}

/// A machine, the time, and what the machine has caused so far.
pub struct World {
    machine: SessionMachine,
    now: Instant,
    latest: SocketNumber,
    before: SocketNumber,
    opening: bool,
    socket: Option<Socket>,
    fetching: bool,
    connected: bool,
    shut: bool,
    offline: bool,
    wish: Wish,
    /// Until when those who wait to be connected wait.
    waiting: Option<Instant>,
    /// Whether somebody waits to be disconnected.
    closing: bool,
}

#[derive(Debug, Default)]
struct Socket {
    authenticated: bool,
    closed: bool,
}

/// What the machine may ask for at most because of one input.
const MAX_OUTPUTS: usize = 12;
/// The longest wait before an attempt.
const MAX_WAIT: Duration = Duration::from_secs(25);

impl World {
    /// A world in which nothing has happened.
    #[must_use]
    pub fn new(now: Instant) -> Self {
        Self {
            machine: SessionMachine::new(),
            now,
            latest: SocketNumber::default(),
            before: SocketNumber::default(),
            opening: false,
            socket: None,
            fetching: false,
            connected: false,
            shut: false,
            offline: false,
            wish: Wish::Off,
            waiting: None,
            closing: false,
        }
    }

    /// Lets something happen, if it can.
    ///
    /// # Panics
    ///
    /// If the machine breaks one of its promises.
    pub fn apply(&mut self, step: &Step<'_>) {
        if self.machine.is_finished() {
            return;
        }
        let jitter = f64::from(step.jitter) / 256.0;
        if let Some(input) = self.input_of(&step.what) {
            self.input(jitter, step.send_fails, input);
        }
    }

    /// From now on the world behaves: within a minute what is wished for is so.
    ///
    /// # Panics
    ///
    /// If it is not.
    pub fn settle(&mut self, last: LastWish) {
        self.behave(What::Network { online: true });
        if !self.shut {
            self.behave(match last {
                LastWish::Connect => What::Connect {
                    patience_ms: Some(60_000),
                },
                LastWish::Disconnect => What::Disconnect,
                LastWish::Pause => What::Pause,
                LastWish::Resume => What::Resume,
            });
        }
        for _ in 0..200 {
            if self.machine.is_finished() || (self.wish == Wish::On && self.connected) {
                break;
            }
            self.behave(What::Token(Answer::Token(1)));
            self.behave(What::Opened(Which::Latest));
            if !self.connected {
                self.behave(What::Frame(Which::Latest, Said::Accepted(1)));
            }
            self.behave(What::Wait { ms: 300 });
        }
        let wished = self.wish == Wish::On && !self.shut;
        match last {
            LastWish::Connect => assert!(wished || self.shut, "the wish failed"),
            LastWish::Disconnect | LastWish::Pause => assert!(!wished),
            // Of nothing that was paused, it changes nothing.
            LastWish::Resume => {}
        }
        assert_eq!(self.connected, wished, "the wish is not fulfilled");
        assert_eq!(self.machine.is_finished(), self.shut, "shut down, or not");
        assert_eq!(self.waiting, None, "somebody still waits to be connected");
        assert!(!self.closing, "somebody still waits to be disconnected");
        if !wished {
            assert!(!self.opening && self.socket.is_none(), "a socket is left");
            assert_eq!(self.machine.deadline(), None);
        }
    }

    fn behave(&mut self, what: What<'_>) {
        self.apply(&Step {
            jitter: 128,
            send_fails: false,
            what,
        });
    }

    /// What the machine hears of it, unless a driver could not say so now.
    fn input_of(&mut self, what: &What<'_>) -> Option<SessionInput> {
        Some(match what {
            What::Connect { patience_ms } => {
                let patience = patience_ms.map(|ms| Duration::from_millis(ms.into()));
                if let Some(patience) = patience {
                    let until = self.now + patience;
                    self.waiting = Some(self.waiting.map_or(until, |other| other.max(until)));
                }
                self.wish = Wish::On;
                SessionInput::Connect { patience }
            }
            What::Disconnect => {
                self.closing = true;
                self.wish = Wish::Off;
                SessionInput::Disconnect
            }
            What::Pause => {
                self.closing = true;
                if self.wish == Wish::On {
                    self.wish = Wish::Paused;
                }
                SessionInput::Pause
            }
            What::Resume => {
                if self.wish == Wish::Paused {
                    self.wish = Wish::On;
                }
                SessionInput::Resume
            }
            What::Shutdown => {
                self.shut = true;
                SessionInput::Shutdown
            }
            What::Token(answer) => {
                if !std::mem::take(&mut self.fetching) {
                    return None;
                }
                SessionInput::Token(match answer {
                    Answer::Token(name) => Ok(token(*name)),
                    Answer::Loader => Err(TokenError::new(TokenErrorKind::Loader)),
                    Answer::Unchanged => Err(TokenError::new(TokenErrorKind::Unchanged)),
                    Answer::Stopped => Err(TokenError::new(TokenErrorKind::Stopped)),
                    Answer::NoLoader => Err(TokenError::new(TokenErrorKind::NoLoader)),
                    Answer::GuestExpired => Err(TokenError::new(TokenErrorKind::GuestExpired)),
                })
            }
            What::Opened(which) => {
                if *which == Which::Latest {
                    if !std::mem::take(&mut self.opening) {
                        return None;
                    }
                    self.socket = Some(Socket::default());
                }
                SessionInput::Opened(self.number(*which))
            }
            What::OpenFailed(which, failure) => {
                if *which == Which::Latest && !std::mem::take(&mut self.opening) {
                    return None;
                }
                SessionInput::OpenFailed(self.number(*which), failure.error())
            }
            What::Frame(which, said) => {
                let number = self.number_of_socket(*which)?;
                match said.event() {
                    Some(event) => SessionInput::Received(number, event),
                    None => SessionInput::Heard(number),
                }
            }
            What::Lost(which, loss) => {
                let number = self.number_of_socket(*which)?;
                match loss {
                    Loss::Ended => SessionInput::Ended(number),
                    Loss::Closed => SessionInput::Closed(number, None),
                    Loss::ClosedWith(code, reason) => {
                        SessionInput::Closed(number, Some(CloseFrame::new(*code, *reason)))
                    }
                    Loss::Broken => SessionInput::Broken(number, broken()),
                    Loss::TooLarge => {
                        SessionInput::Broken(number, SocketError::TooLarge { limit: 1 })
                    }
                }
            }
            What::Wait { ms } => {
                self.wait(self.now + Duration::from_millis((*ms).into()));
                return None;
            }
            What::Sleep { seconds } => {
                self.now += Duration::from_secs((*seconds).into());
                return None;
            }
            What::Network { online } => {
                self.offline = !online;
                SessionInput::Network(match online {
                    true => Network::Online,
                    false => Network::Offline,
                })
            }
            What::Doubted => SessionInput::Doubted,
            What::Tick => SessionInput::Tick,
        })
    }

    fn number(&self, which: Which) -> SocketNumber {
        match which {
            Which::Latest => self.latest,
            Which::Before => self.before,
        }
    }

    fn number_of_socket(&self, which: Which) -> Option<SocketNumber> {
        (which == Which::Before || self.socket.is_some()).then(|| self.number(which))
    }

    fn wait(&mut self, until: Instant) {
        let mut at_once = 0;
        while let Some(deadline) = self.machine.deadline().filter(|at| *at <= until) {
            at_once = if deadline > self.now { 1 } else { at_once + 1 };
            assert!(at_once <= 4, "a deadline stays in the past");
            self.now = self.now.max(deadline);
            self.input(0.5, false, SessionInput::Tick);
        }
        self.now = self.now.max(until);
    }

    fn input(&mut self, jitter: f64, mut send_fails: bool, input: SessionInput) {
        let mut next = Some(input);
        while let Some(input) = next.take() {
            let stale = self.is_stale(&input);
            let loses = !stale
                && matches!(
                    input,
                    SessionInput::Closed(..) | SessionInput::Broken(..) | SessionInput::Ended(_)
                );
            let deadline = self.machine.deadline();
            let may_hear = self
                .socket
                .as_ref()
                .is_some_and(|socket| socket.authenticated);
            self.machine.handle(self.now, jitter, input);
            let mut outputs = 0;
            while let Some(output) = self.machine.poll() {
                outputs += 1;
                assert!(outputs <= MAX_OUTPUTS, "there is no end of outputs");
                if self.observe(output, may_hear) && std::mem::take(&mut send_fails) {
                    next = Some(SessionInput::Broken(self.latest, broken()));
                }
            }
            if stale {
                assert_eq!(outputs, 0, "news of an old socket");
                assert_eq!(self.machine.deadline(), deadline, "news of an old socket");
            }
            if loses && deadline.is_some() {
                assert!(self.socket.is_none(), "a lost socket is kept");
            }
            self.check();
        }
    }

    fn is_stale(&self, input: &SessionInput) -> bool {
        match input {
            SessionInput::Opened(number)
            | SessionInput::OpenFailed(number, _)
            | SessionInput::Received(number, _)
            | SessionInput::Heard(number)
            | SessionInput::Closed(number, _)
            | SessionInput::Broken(number, _)
            | SessionInput::Ended(number) => *number != self.latest,
            _ => false,
        }
    }

    /// What holds whenever the machine has said all.
    fn check(&self) {
        if self.connected {
            let socket = self.socket.as_ref().expect("connected without a socket");
            assert!(socket.authenticated && !socket.closed);
        }
        if let Some(until) = self.waiting {
            let deadline = self.machine.deadline().expect("somebody waits for ever");
            assert!(deadline <= until, "somebody waits for too long");
        }
        if self.machine.is_finished() {
            assert!(self.shut, "the end without a shutdown");
            assert!(!self.opening && self.socket.is_none() && self.machine.deadline().is_none());
        }
    }

    /// Does what the machine asks for. Gives whether that is to send something.
    fn observe(&mut self, output: SessionOutput, may_hear: bool) -> bool {
        match output {
            SessionOutput::Open(number) => {
                assert!(!self.shut, "a socket after the shutdown");
                assert!(!self.offline, "a dial without a network");
                assert!(!self.opening && self.socket.is_none(), "two sockets");
                assert!(number > self.latest, "a number is used again");
                (self.before, self.latest) = (self.latest, number);
                self.opening = true;
            }
            SessionOutput::FetchToken { .. } => {
                assert!(!self.shut, "a token after the shutdown");
                assert!(!std::mem::replace(&mut self.fetching, true), "two fetches");
            }
            SessionOutput::Authenticate(_) => {
                assert!(!self.shut, "a token is shown after the shutdown");
                let socket = self.socket.as_mut().expect("a token without a socket");
                assert!(!socket.closed, "a token after the close");
                assert!(!std::mem::replace(&mut socket.authenticated, true), "twice");
                return true;
            }
            SessionOutput::Ping(_) => {
                assert!(self.connected, "a question before the greeting");
                return true;
            }
            SessionOutput::Close => {
                let socket = self.socket.as_mut().expect("a close without a socket");
                assert!(!std::mem::replace(&mut socket.closed, true), "closed twice");
                return true;
            }
            SessionOutput::Discard => (self.opening, self.socket) = (false, None),
            SessionOutput::State(state) => {
                if let ConnectionState::Reconnecting { next_at, .. } = &state {
                    assert!((self.now..=self.now + MAX_WAIT).contains(next_at));
                }
                self.connected = state.is_connected();
                if let ConnectionState::Disconnected {
                    reason: DisconnectReason::Failed(_),
                } = state
                {
                    self.wish = Wish::Off;
                }
            }
            SessionOutput::Greeted(_) => assert!(may_hear, "a greeting before the token"),
            SessionOutput::Emit(_) => assert!(may_hear, "an event before the token"),
            SessionOutput::Resolve(result) => {
                self.waiting = None;
                assert!(
                    result.is_err() || self.connected,
                    "a success without a connection"
                );
            }
            SessionOutput::Closed => self.closing = false,
        }
        false
    }
}

impl Failure {
    fn error(&self) -> ConnectError {
        let dial = |kind| ConnectError::new(ConnectErrorKind::Dial(kind));
        match self {
            Self::Refused => dial(DialErrorKind::Refused),
            Self::Unreachable => dial(DialErrorKind::Unreachable),
            Self::NoRoots => dial(DialErrorKind::NoRoots),
            Self::Status(status, code) => {
                let body = format!(r#"{{"code":{code}}}"#);
                let api = video_core::ApiError::from_response(*status, body.as_bytes());
                let status = Some(*status);
                ConnectError::new(ConnectErrorKind::Handshake { status }).refused_with(api)
            }
        }
    }
}

impl Said<'_> {
    fn event(&self) -> Option<Event> {
        let text = match self {
            Self::Accepted(id) => format!(r#"{{"type":"connection.ok","connection_id":"{id}"}}"#),
            Self::Refused(code) => {
                format!(r#"{{"type":"connection.error","error":{{"code":{code}}}}}"#)
            }
            Self::Custom => r#"{"type":"custom"}"#.to_owned(),
            Self::Bytes(bytes) => return Event::parse(bytes.to_vec().into()).ok(),
        };
        Event::parse(text.into()).ok()
    }
}

fn token(name: u8) -> UserToken {
    let user = UserId::new("john").expect("an id");
    UserToken::new(format!("token {name}").into(), user, None, None)
}

fn broken() -> SocketError {
    SocketError::Broken("broken".into())
}
