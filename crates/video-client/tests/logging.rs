//! What the log handler of a client gets, and what it leaves to the application's subscriber.
//!
//! A process of its own: which log lines are built is decided once for a whole process, and other
//! tests should not depend on these.
#![expect(clippy::unwrap_used, reason = "a helper that fails the test")]

#[path = "it/support.rs"]
#[expect(dead_code, reason = "helpers shared with the other tests")]
mod support;

use std::fmt;
use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Waker};

use tracing::Level;
use tracing::instrument::WithSubscriber;
use tracing_subscriber::filter::dynamic_filter_fn;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use video_client::test_util::dialer_fn;
use video_client::{LogPriority, LogRecord, StreamVideo, StreamVideoOptions};
use video_testkit::Fault;

use support::{SECOND, SECRET, World, until_connected};

/// Priority, tag and message.
type Line = (LogPriority, &'static str, String);

/// The lines that a handler got.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<Line>>>);

impl Lines {
    /// A handler that keeps everything.
    fn keep(&self) -> impl Fn(&LogRecord<'_>) + Send + Sync + 'static {
        let lines = self.clone();
        move |line| {
            let kept = (line.priority(), line.tag(), line.message().to_string());
            lines.0.lock().unwrap().push(kept);
        }
    }

    fn all(&self) -> Vec<Line> {
        self.0.lock().unwrap().clone()
    }

    fn text(&self) -> String {
        format!("{:#?}", self.all())
    }

    fn has(&self, tag: &str, words: &str) -> bool {
        let mut lines = self.all().into_iter();
        lines.any(|(_, actual, message)| actual == tag && message.contains(words))
    }
}

/// A subscriber of the application, and what it wrote.
#[derive(Clone, Default)]
struct App(Arc<Mutex<Vec<u8>>>);

impl App {
    fn subscriber(&self) -> impl tracing::Subscriber + Send + Sync + use<> {
        tracing_subscriber::fmt()
            .with_max_level(Level::TRACE)
            .without_time()
            .with_ansi(false)
            .with_writer(self.clone())
            .finish()
    }

    /// One that decides anew for each line, and for each of its two layers.
    fn picky(&self) -> impl tracing::Subscriber + Send + Sync + use<> {
        let layer = || {
            tracing_subscriber::fmt::layer()
                .without_time()
                .with_ansi(false)
                .with_writer(self.clone())
        };
        let of_rpc = dynamic_filter_fn(|metadata, _| metadata.target().contains("rpc"));
        let loud = dynamic_filter_fn(|metadata, _| *metadata.level() < Level::DEBUG);
        tracing_subscriber::registry().with(vec![
            layer().with_filter(of_rpc).boxed(),
            layer().with_filter(loud).boxed(),
        ])
    }

    fn text(&self) -> String {
        let written = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&written).into_owned()
    }
}

impl Write for App {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for App {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// A client of `user` with a loader and these options.
fn client(world: &World, user: &str, options: StreamVideoOptions) -> StreamVideo {
    let coordinator = world.coordinator.clone();
    let builder = world.builder(user).options(options);
    builder
        .token_loader(move |user_id| {
            let token = coordinator.token(&user_id);
            async move { token }
        })
        .build()
        .unwrap()
}

/// A client whose handler keeps its lines from `priority` on.
fn heard(world: &World, user: &str, priority: LogPriority) -> (StreamVideo, Lines) {
    let lines = Lines::default();
    let options = world
        .options()
        .log_priority(priority)
        .log_handler_function(lines.keep());
    (client(world, user, options), lines)
}

/// Makes each task of a client log something.
async fn live_through_a_day(world: &World, client: &StreamVideo) {
    let user = client.current_user();
    client.connect().await.unwrap();
    let (faults, path) = (
        world.coordinator.faults(),
        format!("/video/call/default/{}", user.id()),
    );
    faults.rest("*", &path, Fault::status(503, ""));
    let call = client.call("default", user.id());
    call.get_or_create().await.unwrap();
    world.coordinator.drop_connections(user.id());
    tokio::time::sleep(SECOND).await;
    until_connected(client).await;
    tokio::time::sleep(SECOND).await;
    client.disconnect().await;
}

/// Counts how often it is rendered.
#[derive(Default)]
struct Counting(AtomicUsize);

impl fmt::Display for Counting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fetch_add(1, Ordering::Relaxed);
        f.write_str("counted")
    }
}

/// Promise: CK099
#[tokio::test(start_paused = true)]
async fn lines_below_the_priority_are_not_rendered_and_the_handler_gets_the_others() {
    let world = World::new();
    let (below, above) = (Arc::<Counting>::default(), Arc::<Counting>::default());
    let (quiet, loud) = (Arc::clone(&below), Arc::clone(&above));
    let coordinator = world.coordinator.clone();
    // What runs inside the client, and logs as if it were part of it.
    let dialer = dialer_fn(move |_| {
        tracing::debug!(target: "video_client::test", value = %quiet, "below");
        tracing::warn!(target: "video_client::test", value = %loud, "above");
        tracing::error!(target: "application", value = %loud, "not the client's");
        let io = coordinator.connect();
        async move { Ok(io) }
    });
    let lines = Lines::default();
    let (keep, calls) = (lines.keep(), Arc::new(AtomicUsize::new(0)));
    let counter = Arc::clone(&calls);
    let options = world
        .options()
        .dialer(dialer)
        .log_priority(LogPriority::Info)
        .log_handler_function(move |line| {
            // The first message is not asked for.
            if counter.fetch_add(1, Ordering::Relaxed) > 0 {
                keep(line);
            }
        });
    let client = client(&world, "john", options);
    client.connect().await.unwrap();
    client.disconnect().await;
    assert_eq!((calls.load(Ordering::Relaxed), lines.all().len()), (1, 0));
    assert_eq!(above.0.load(Ordering::Relaxed), 0, "rendered unasked");
    client.connect().await.unwrap();
    let expected = (
        LogPriority::Warning,
        "video_client::test",
        "above value=counted".to_owned(),
    );
    assert_eq!(lines.all(), [expected]);
    assert_eq!(above.0.load(Ordering::Relaxed), 1);
    assert_eq!(below.0.load(Ordering::Relaxed), 0, "rendered in vain");
}

#[tokio::test(start_paused = true)]
async fn the_priority_none_is_silent() {
    let world = World::new();
    let (client, lines) = heard(&world, "john", LogPriority::None);
    live_through_a_day(&world, &client).await;
    assert_eq!(lines.all(), []);
}

/// Promise: BD58
#[tokio::test(start_paused = true)]
async fn each_handler_gets_the_lines_of_its_client_alone() {
    let world = World::new();
    let (john, of_john) = heard(&world, "john", LogPriority::Debug);
    let (jane, of_jane) = heard(&world, "jane", LogPriority::Warning);
    let nobody = client(&world, "nobody", world.options());
    live_through_a_day(&world, &nobody).await;
    assert_eq!((of_john.all(), of_jane.all()), (vec![], vec![]));
    live_through_a_day(&world, &john).await;
    assert_eq!(of_jane.all(), []);
    for (tag, words) in [
        ("video_auth::worker", "loaded a token"),
        ("video_transport::session::driver", "connection"),
        ("video_transport::session::driver", "Reconnecting"),
        ("video_transport::rpc::channel", "attempt failed"),
        ("video_client::rewatch", "watching again"),
    ] {
        assert!(of_john.has(tag, words), "{tag} {words}: {}", of_john.text());
    }
    let before = of_john.all().len();
    live_through_a_day(&world, &jane).await;
    assert_eq!(of_jane.all(), [], "there was nothing to warn of");
    world
        .coordinator
        .faults()
        .rest("*", "/video/calls", Fault::ApiError(16));
    live_through_a_day(&world, &jane).await;
    let warnings = of_jane.all();
    let all_warn = |line: &Line| line.0 == LogPriority::Warning;
    assert!(!warnings.is_empty() && warnings.iter().all(all_warn));
    assert_eq!(of_john.all().len(), before);
}

/// All that a subscriber of the application hears of a client with this priority, but for numbers.
fn overheard<S>(priority: LogPriority, subscriber: impl FnOnce(&App) -> S) -> String
where
    S: tracing::Subscriber + Send + Sync,
{
    let app = App::default();
    let _guard = tracing::subscriber::set_default(subscriber(&app));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let world = World::new();
        let coordinator = world.coordinator.clone();
        let dialer = dialer_fn(move |_| {
            tracing::info!(target: "application", "dials");
            tracing::debug!(target: "application", "what the picky one does not want");
            let io = coordinator.connect();
            async move { Ok(io) }
        });
        let options = world.options().dialer(dialer).log_priority(priority);
        let client = client(&world, "john", options.log_handler_function(|_| {}));
        live_through_a_day(&world, &client).await;
        client.shutdown().await.unwrap();
    });
    // Some numbers are times.
    app.text().replace(|c: char| c.is_ascii_digit(), "")
}

#[test]
fn the_application_s_subscriber_hears_what_it_would_hear_without_a_handler() {
    let without = overheard(LogPriority::None, App::subscriber);
    assert!(without.contains("call{method=POST"), "{without}");
    let picked = overheard(LogPriority::None, App::picky);
    assert!(picked.contains("dials") && !picked.contains("does not want"));
    for priority in [
        LogPriority::Error,
        LogPriority::Info,
        LogPriority::Debug,
        LogPriority::Verbose,
    ] {
        assert_eq!(overheard(priority, App::subscriber), without);
        assert_eq!(overheard(priority, App::picky), picked);
    }
}

#[tokio::test(start_paused = true)]
async fn a_scoped_subscriber_hears_the_tasks_of_a_client_without_a_handler() {
    let world = World::new();
    let client = client(&world, "john", world.options());
    let app = App::default();
    live_through_a_day(&world, &client)
        .with_subscriber(app.subscriber())
        .await;
    let text = app.text();
    for tag in [
        "video_auth::worker",
        "video_transport::session::driver",
        "video_client::rewatch",
    ] {
        assert!(text.contains(tag), "{tag}: {text}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_subscriber_that_comes_later_hears_tasks_that_run_already() {
    let world = World::new();
    let client = client(&world, "john", world.options());
    client.connect().await.unwrap();
    let app = App::default();
    let _guard = tracing::subscriber::set_default(app.subscriber());
    world.coordinator.drop_connections("john");
    tokio::time::sleep(SECOND).await;
    until_connected(&client).await;
    assert!(app.text().contains("Reconnecting"), "{}", app.text());
}

#[tokio::test(start_paused = true)]
async fn a_subscriber_that_comes_after_a_client_with_a_handler_hears_it_too() {
    let world = World::new();
    let (client, lines) = heard(&world, "john", LogPriority::Debug);
    client.connect().await.unwrap();
    client.disconnect().await;
    let app = App::default();
    async { live_through_a_day(&world, &client).await }
        .with_subscriber(app.subscriber())
        .await;
    assert!(app.text().contains("watching again"), "{}", app.text());
    assert!(lines.has("video_client::rewatch", "watching again"));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_is_used_by_the_loader_of_another_does_not_log_to_its_handler() {
    let world = Arc::new(World::new());
    let lines = Lines::default();
    let inner = Arc::clone(&world);
    let john = world
        .builder("john")
        .options(
            world
                .options()
                .log_priority(LogPriority::Verbose)
                .log_handler_function(lines.keep()),
        )
        .token_loader(move |user_id| {
            let world = Arc::clone(&inner);
            async move {
                let jane = client(&world, "jane", world.options());
                live_through_a_day(&world, &jane).await;
                world.coordinator.token(&user_id)
            }
        })
        .build()
        .unwrap();
    john.connect().await.unwrap();
    assert!(lines.has("video_auth::worker", "john"), "{}", lines.text());
    assert!(!lines.text().contains("jane"), "{}", lines.text());
    assert!(!lines.text().contains("watching again"), "{}", lines.text());
}

#[tokio::test(start_paused = true)]
async fn a_handler_gets_no_token_no_first_frame_and_no_secret() {
    let world = World::new();
    let shown = App::default();
    let sink = shown.clone();
    let options = world
        .options()
        .log_priority(LogPriority::Verbose)
        .log_handler_function(move |line| writeln!(sink.clone(), "{line}\n{line:?}").unwrap());
    let client = client(&world, "john", options);
    let mut tokens = vec![client.connect().await.unwrap()];
    world.coordinator.expire_tokens("john");
    tokio::time::sleep(SECOND).await;
    live_through_a_day(&world, &client).await;
    tokens.push(client.connect().await.unwrap());
    let shown = shown.text();
    assert_ne!(tokens[0], tokens[1]);
    for token in tokens {
        let signature = token.expose().rsplit_once('.').unwrap().1;
        assert!(!shown.contains(signature), "a token was handed out");
    }
    assert!(!shown.contains(SECRET) && !shown.contains("user_details\":"));
    assert!(shown.contains("DEBUG video_auth::worker: loaded a token"));
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_panics_harms_nothing_and_is_reported_once() {
    let world = World::new();
    let app = App::default();
    let calls = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&calls);
    let options = world
        .options()
        .log_priority(LogPriority::Verbose)
        .log_handler_function(move |_| {
            counter.fetch_add(1, Ordering::Relaxed);
            panic!("on purpose");
        });
    async {
        let client = client(&world, "john", options);
        live_through_a_day(&world, &client).await;
        live_through_a_day(&world, &client).await;
    }
    .with_subscriber(app.subscriber())
    .await;
    assert!(calls.load(Ordering::Relaxed) > 10);
    assert_eq!(app.text().matches("the log handler panicked").count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_handler_may_log_and_use_its_client() {
    let world = World::new();
    let (heard, returned) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (on_line, on_return) = (Arc::clone(&heard), Arc::clone(&returned));
    let itself = Arc::new(OnceLock::<StreamVideo>::new());
    let client_itself = Arc::clone(&itself);
    let options = world
        .options()
        .log_priority(LogPriority::Verbose)
        .log_handler_function(move |line| {
            on_line.fetch_add(1, Ordering::Relaxed);
            tracing::error!(target: "video_client::test", "heard {line}");
            let Some(client) = client_itself.get() else {
                return;
            };
            let mut connect = client.connect().into_future();
            // Whether it is ready does not matter here.
            let _ready = connect
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop()));
            on_return.fetch_add(1, Ordering::Relaxed);
        });
    let client = itself.get_or_init(|| client(&world, "john", options));
    live_through_a_day(&world, client).await;
    let heard = heard.load(Ordering::Relaxed);
    assert!(heard > 10 && heard < 100, "{heard}");
    assert_eq!(returned.load(Ordering::Relaxed), heard, "a use panicked");
}
