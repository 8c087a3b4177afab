//! A world that is tampered with is found out.

use video_client::{ConnectionState, Network};
use video_testkit::Audience;

use super::*;
use crate::host::HostClock;
use crate::network::Loss;
use crate::plan::{Action, Goodbye, Kind, MemberPlan, Step};
use crate::witness::Message;

const SECOND: Duration = Duration::from_secs(1);

/// One client that connects and stays so.
fn quiet() -> Plan {
    let member = MemberPlan {
        kind: Kind::Loader,
        auto_connect: true,
        keep_alive_in_background: false,
        event_buffer: 64,
        token_lifetime: 3 * 3600 * SECOND,
        refresh_ahead: None,
        first_token: false,
        asks_for_hint: false,
        announcement: None,
    };
    let look = |at: u32| Step {
        at: at * SECOND,
        action: Action::Look,
    };
    Plan {
        members: vec![member],
        latency: (SECOND / 100, SECOND / 50),
        steps: [1, 2, 3, 200].map(look).to_vec(),
    }
}

/// A quiet world whose client has just connected.
async fn connected() -> World {
    let mut world = World::new(7, &quiet(), Log::new(false));
    assert_eq!(world.pass(2 * SECOND).await, Ok(()));
    assert!(world.client(0).state().borrow().is_connected());
    world
}

/// Lives through a quiet plan, into which `tamper` meddles once the client is connected.
async fn live(tamper: impl FnOnce(&World)) -> Result<(), Broken> {
    let world = connected().await;
    tamper(&world);
    world.live(quiet()).await.map(drop)
}

fn words(lived: Result<(), Broken>) -> String {
    lived.expect_err("it is noticed")
}

#[tokio::test(start_paused = true)]
async fn a_quiet_life_breaks_nothing() {
    assert_eq!(live(|_| {}).await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn an_event_that_arrives_and_is_not_delivered_is_noticed() {
    let lived = live(|world| {
        let mut witness = world.wire.lock();
        let wire = witness.client(0);
        let link = wire.arrivals().last().expect("an arrival").link;
        wire.arrived(
            (link, world.clock.elapsed()),
            None,
            Message::Event("{}".to_owned()),
        );
    });
    assert!(words(lived.await).contains("never delivered: {}"));
}

#[tokio::test(start_paused = true)]
async fn garbage_that_arrives_and_is_not_told_of_is_noticed() {
    let lived = live(|world| {
        let mut witness = world.wire.lock();
        let wire = witness.client(0);
        let link = wire.arrivals().last().expect("an arrival").link;
        wire.arrived((link, world.clock.elapsed()), None, Message::Garbage(9));
    });
    assert!(words(lived.await).contains("never delivered: 9 bytes"));
}

#[tokio::test(start_paused = true)]
async fn a_listener_that_is_told_of_no_connection_is_noticed() {
    let mut world = connected().await;
    // Whoever listens from now on, and believes in a state that has passed.
    let life = &mut world.members[0].life;
    life.subscribe_as(world.clock.elapsed(), &world.wire, &ConnectionState::Idle);
    let look = words(world.look().await);
    assert!(
        look.contains("was told `idle`, but it is `connected"),
        "{look}"
    );
}

#[tokio::test(start_paused = true)]
async fn an_event_that_is_delivered_and_never_arrived_is_noticed() {
    let world = connected().await;
    world
        .coordinator
        .push_to_user("user-0", serde_json::json!({ "type": "custom" }));
    sleep(SECOND).await;
    *world.wire.lock().client(0) = crate::witness::ClientWire::default();
    let words = words(world.live(quiet()).await.map(drop));
    assert!(words.contains("out of nowhere"), "{words}");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_is_connected_on_no_socket_is_noticed() {
    let lived = live(|world| {
        let mut witness = world.wire.lock();
        let wire = witness.client(0);
        let link = wire.arrivals().last().expect("an arrival").link;
        wire.sockets.left(link);
    });
    assert!(words(lived.await).contains("with 0 open sockets"));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_is_connected_where_nothing_arrives_is_noticed() {
    let lived = live(|world| {
        let mut witness = world.wire.lock();
        let wire = witness.client(0);
        let link = wire.arrivals().last().expect("an arrival").link;
        wire.sockets.deafened(link, world.clock.elapsed());
    });
    assert!(words(lived.await).contains("where nothing arrives any more"));
}

#[tokio::test(start_paused = true)]
async fn a_connection_of_which_the_service_knows_nothing_is_noticed() {
    let mut world = connected().await;
    assert_eq!(world.service_agrees().await, Ok(()));
    world.network.half_open(0, Loss::Both);
    world.coordinator.drop_connections(Audience::All);
    assert!(words(world.service_agrees().await).contains("knows nothing of"));
}

#[tokio::test(start_paused = true)]
async fn a_socket_that_outlives_a_disconnect_or_a_pause_is_noticed() {
    for action in [Action::Disconnect(0, None), Action::Pause(0, None)] {
        let mut world = connected().await;
        world.act(action);
        sleep(SECOND / 2).await;
        world
            .wire
            .lock()
            .client(0)
            .sockets
            .dial_begins(SECOND)
            .expect("nothing before");
        let look = words(world.look().await);
        assert!(look.contains("is through with a"), "{look}");
        // Nor may it come later.
        assert_eq!(world.look().await, Ok(()));
        let pass = words(world.pass(4 * SECOND).await);
        assert!(pass.contains("and 1 that it dials"), "{pass}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_socket_that_outlives_a_shutdown_that_was_left_is_noticed() {
    for leave in [Duration::ZERO, SECOND / 100] {
        let mut world = connected().await;
        world.act(Action::Replace(0, Goodbye::Shutdown(Some(leave))));
        assert_eq!(world.pass(3 * SECOND).await, Ok(()));
        assert_eq!(world.left.len(), 1, "it takes a round trip");
        world.wire.lock().client(0).socket_dial_begins(9 * SECOND);
        let look = words(world.look().await);
        assert!(
            look.contains("client 0 was told to shut down with"),
            "{look}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_anonymous_client_that_dials_is_noticed() {
    let mut plan = quiet();
    plan.members[0].kind = Kind::Anonymous;
    let mut world = World::new(7, &plan, Log::new(false));
    assert_eq!(world.pass(2 * SECOND).await, Ok(()));
    world.wire.lock().client(0).socket_dial_begins(SECOND);
    assert!(words(world.look().await).contains("is anonymous with 0 open sockets and 1"));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_what_it_was_not_told_is_noticed() {
    let lived = live(|world| {
        let client = world.client(0);
        let mut jobs = tokio::task::JoinSet::new();
        jobs.spawn(async move { client.disconnect().await });
        jobs.detach_all();
    });
    assert!(words(lived.await).contains("is not what is wished: On"));
}

#[tokio::test(start_paused = true)]
async fn a_task_that_stays_is_noticed() {
    let lived = live(|_| {
        let mut jobs = tokio::task::JoinSet::new();
        jobs.spawn(std::future::pending::<()>());
        jobs.detach_all();
    });
    assert!(words(lived.await).contains("1 tasks are alive"));
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_stays_is_noticed() {
    let lived = live(|world| {
        let coordinator = world.coordinator.clone();
        let mut jobs = tokio::task::JoinSet::new();
        jobs.spawn(async move {
            // After the last loss, which takes every connection.
            sleep(408 * SECOND).await;
            let _kept = coordinator.connect();
            std::future::pending::<()>().await;
        });
        jobs.detach_all();
    });
    assert!(words(lived.await).contains("1 connections are open"));
}

#[tokio::test(start_paused = true)]
async fn a_loader_that_is_called_for_nothing_is_noticed() {
    let lived = live(|world| world.wire.lock().client(0).load_begins(world.clock.now()));
    assert!(words(lived.await).contains("nobody has refused its token"));
}

#[tokio::test(start_paused = true)]
async fn a_last_event_that_is_not_heard_or_goes_to_nobody_is_noticed() {
    let mut world = connected().await;
    world.network.half_open(0, Loss::Down);
    let last = words(world.last_event().await);
    assert!(last.contains("has not heard the last"), "{last}");
    let mut world = connected().await;
    world.coordinator.drop_connections(Audience::All);
    let last = words(world.last_event().await);
    assert!(last.contains("to 0 connections of 1"), "{last}");
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_ends_a_connection_or_is_not_looked_at_is_noticed() {
    let mut world = connected().await;
    assert_eq!(world.clocks_jump().await, Ok(()));
    // The service does not answer, so the connection is replaced.
    world.network.half_open(0, Loss::Up);
    let jump = words(world.clocks_jump().await);
    assert!(jump.contains("lost a connection by its clock"), "{jump}");
    let mut world = connected().await;
    world.members[0].host = HostClock::set_by(&world.clock);
    let jump = words(world.clocks_jump().await);
    assert!(jump.contains("may have slept and did not ask"), "{jump}");
}

#[tokio::test(start_paused = true)]
async fn what_a_host_says_of_its_network_and_is_not_heeded_is_noticed() {
    let mut world = connected().await;
    let now = world.clock.elapsed();
    (world.wire.lock().client(0).sockets).told(Network::Offline, now);
    world.network.cut(0);
    let look = words(world.look().await);
    assert!(look.contains("its host has no network"), "{look}");
    let look = words(world.pass(9 * SECOND).await);
    assert!(look.contains("dials although"), "{look}");
    let world = connected().await;
    world.client(0).set_network(Network::Offline);
    world.network.cut(0);
    let lived = words(world.live(quiet()).await.map(drop));
    assert!(lived.contains("a network that its host has"), "{lived}");
}

#[tokio::test(start_paused = true)]
async fn a_task_that_panics_is_noticed() {
    let lived = live(|_| {
        let mut jobs = tokio::task::JoinSet::new();
        jobs.spawn(async { panic!("on purpose") });
        jobs.detach_all();
    });
    let lived = words(lived.await);
    assert!(lived.contains("on purpose"), "{lived}");
}

#[tokio::test(start_paused = true)]
async fn what_is_wrong_only_in_the_midst_of_a_long_rest_is_noticed() {
    let lived = live(|world| {
        let client = world.client(0);
        let mut jobs = tokio::task::JoinSet::new();
        jobs.spawn(async move {
            sleep(60 * SECOND).await;
            client.disconnect().await;
            sleep(60 * SECOND).await;
            client.connect().await.expect("a connection");
        });
        jobs.detach_all();
    });
    assert!(words(lived.await).contains("is not what is wished: On"));
}

#[tokio::test(start_paused = true)]
async fn who_is_connected_in_peace_is_counted() {
    let peace = connected().await.live(quiet()).await.expect("a quiet life");
    assert_eq!((peace.connected, peace.uncertain), (1, 0));
    assert_eq!(peace.failed.len(), 0);
}
