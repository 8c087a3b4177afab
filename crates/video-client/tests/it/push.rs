//! Pushes: when the device of a user is registered, and when no more.
#![expect(clippy::panic, reason = "a manager that panics")]

use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::{Instant, sleep};
use video_client::model::PushProvider;
use video_client::{Devices, ErrorKind, PushError, PushNotificationManager, StreamVideo};
use video_testkit::Entry;

use crate::support::{SECOND, World, until_connected};

/// A manager that keeps a diary and registers a device.
struct Phone {
    devices: Devices,
    diary: Diary,
}

#[derive(Clone, Default)]
struct Diary(Arc<Mutex<Book>>);

#[derive(Default)]
struct Book {
    lines: Vec<&'static str>,
    behaviour: Behaviour,
}

#[derive(Clone, Copy, Default)]
enum Behaviour {
    #[default]
    Works,
    Fails,
    Hangs,
    Panics,
}

impl Diary {
    fn lines(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.0.lock().unwrap().lines)
    }

    fn behave(&self, behaviour: Behaviour) {
        self.0.lock().unwrap().behaviour = behaviour;
    }

    async fn write(&self, line: &'static str) -> Result<(), PushError> {
        let behaviour = {
            let mut book = self.0.lock().unwrap();
            book.lines.push(line);
            book.behaviour
        };
        match behaviour {
            Behaviour::Works => Ok(()),
            Behaviour::Fails => Err("no".into()),
            Behaviour::Hangs => pending().await,
            Behaviour::Panics => panic!("the manager panics"),
        }
    }
}

#[async_trait::async_trait]
impl PushNotificationManager for Phone {
    async fn register_device(&self) -> Result<(), PushError> {
        self.diary.write("register").await?;
        let device = self.devices.create("token", PushProvider::firebase());
        Ok(device.await?)
    }

    async fn unregister_device(&self) -> Result<(), PushError> {
        self.diary.write("unregister").await?;
        Ok(self.devices.delete("token").await?)
    }

    async fn dispose(&self) {
        drop(self.diary.write("dispose").await);
    }
}

fn client(world: &World) -> (StreamVideo, Diary) {
    let diary = Diary::default();
    let builder = world.builder("john").push_notification_manager_provider({
        let diary = diary.clone();
        move |devices| Phone { devices, diary }
    });
    let token = world.coordinator.token("john");
    (builder.user_token(token).build().unwrap(), diary)
}

/// Promise: CK093
#[tokio::test(start_paused = true)]
async fn a_device_is_registered_after_connecting_and_only_if_asked() {
    let world = World::new();
    let (client, diary) = client(&world);
    client.connect().register_push_device(false).await.unwrap();
    sleep(SECOND).await;
    assert!(diary.lines().is_empty());
    client.connect().await.unwrap();
    sleep(SECOND).await;
    assert_eq!(diary.lines(), ["register"]);
    assert_eq!(world.coordinator.devices("john").len(), 1);
    world.coordinator.drop_connections("john");
    sleep(SECOND).await;
    until_connected(&client).await;
    client.connect().await.unwrap();
    sleep(SECOND).await;
    assert!(diary.lines().is_empty(), "it is registered");
}

#[tokio::test(start_paused = true)]
async fn a_connect_amid_a_disconnect_is_the_newer_wish() {
    let world = World::new();
    let (client, _diary) = client(&world);
    client.connect().await.unwrap();
    sleep(SECOND).await;
    let ((), connected) = tokio::join!(client.disconnect(), client.connect().into_future());
    connected.unwrap();
    sleep(SECOND).await;
    assert!(client.state().borrow().is_connected());
    assert_eq!(world.coordinator.devices("john").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn no_device_is_registered_for_a_connection_that_is_not_made() {
    let world = World::new();
    let (client, diary) = client(&world);
    world.coordinator.expire_tokens("john");
    client.connect().await.unwrap_err();
    sleep(SECOND).await;
    assert!(diary.lines().is_empty());
}

/// Promise: CK023, BD24
#[tokio::test(start_paused = true)]
async fn unregistering_begins_before_the_close_and_can_neither_delay_nor_prevent_it() {
    for behaviour in [
        Behaviour::Works,
        Behaviour::Fails,
        Behaviour::Hangs,
        Behaviour::Panics,
    ] {
        let world = World::new();
        let (client, diary) = client(&world);
        client.connect().await.unwrap();
        sleep(SECOND).await;
        assert_eq!(diary.lines(), ["register"]);
        diary.behave(behaviour);
        let start = now();
        client.disconnect().await;
        assert_eq!(start.elapsed(), Duration::ZERO);
        assert_eq!(diary.lines(), ["unregister"]);
        assert!(world.coordinator.connections().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_device_that_signs_out_is_forgotten_and_registered_again_at_the_next_sign_in() {
    let world = World::new();
    let (client, diary) = client(&world);
    for _ in 0..2 {
        client.connect().await.unwrap();
        sleep(SECOND).await;
        assert_eq!(world.coordinator.devices("john").len(), 1);
        client.disconnect().await;
        sleep(SECOND).await;
        assert!(world.coordinator.devices("john").is_empty());
    }
    assert_eq!(
        diary.lines(),
        ["register", "unregister", "register", "unregister"]
    );
    client.disconnect().await;
    assert!(diary.lines().is_empty());
}

/// Promise: CK028
#[tokio::test(start_paused = true)]
async fn shutdown_and_drop_dispose_of_the_manager_and_leave_the_device_registered() {
    let world = World::new();
    let (client, diary) = client(&world);
    client.connect().await.unwrap();
    sleep(SECOND).await;
    client.shutdown().await.unwrap();
    client.shutdown().await.unwrap();
    drop(client);
    assert_eq!(diary.lines(), ["register", "dispose"]);
    assert_eq!(world.coordinator.devices("john").len(), 1);

    let (client, diary) = self::client(&world);
    client.connect().await.unwrap();
    sleep(SECOND).await;
    drop(client);
    sleep(SECOND).await;
    assert_eq!(diary.lines(), ["register", "dispose"]);

    let (client, diary) = self::client(&world);
    client.shutdown().await.unwrap();
    assert_eq!(diary.lines(), ["dispose"]);
    drop((client, world));
    sleep(10 * SECOND).await;
    assert_eq!(Handle::current().metrics().num_alive_tasks(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_manager_that_hangs_or_panics_holds_no_shutdown_up() {
    for behaviour in [Behaviour::Hangs, Behaviour::Panics] {
        let world = World::new();
        let (client, diary) = client(&world);
        client.connect().await.unwrap();
        diary.behave(behaviour);
        let start = now();
        client.shutdown().await.unwrap();
        assert!(start.elapsed() <= SECOND);
    }
}

#[tokio::test(start_paused = true)]
async fn a_registration_that_panics_is_tried_again_at_the_next_sign_in() {
    let world = World::new();
    let (client, diary) = client(&world);
    diary.behave(Behaviour::Panics);
    client.connect().await.unwrap();
    sleep(SECOND).await;
    client.disconnect().await;
    diary.behave(Behaviour::Works);
    diary.lines();
    client.connect().await.unwrap();
    sleep(SECOND).await;
    assert_eq!(diary.lines(), ["register"]);
    assert_eq!(world.coordinator.devices("john").len(), 1);
}

/// Promise: BD59
#[tokio::test(start_paused = true)]
async fn each_user_has_devices_of_their_own() {
    let world = World::new();
    let (john, _) = client(&world);
    john.connect().await.unwrap();
    sleep(SECOND).await;
    john.disconnect().await;
    sleep(SECOND).await;
    let jane = world.client("jane");
    let devices = jane.devices();
    assert!(devices.list().await.unwrap().is_empty());
    john.connect().await.unwrap();
    sleep(SECOND).await;
    assert_eq!(john.devices().list().await.unwrap()[0].id, "token");
    assert!(devices.list().await.unwrap().is_empty());
}

/// Promise: CK094
#[tokio::test(start_paused = true)]
async fn devices_are_created_listed_and_deleted() {
    let world = World::new();
    let client = world.client("john");
    let devices = client.devices();
    devices
        .create("voip token", PushProvider::apn())
        .provider_name("apn-voip")
        .voip(true)
        .await
        .unwrap();
    let created = &devices.list().await.unwrap()[0];
    assert_eq!((&*created.id, created.voip), ("voip token", true));
    assert_eq!(created.push_provider, PushProvider::apn());
    assert_eq!(created.user_id, "john");
    let body = serde_json::json!({
        "id": "voip token",
        "push_provider": "apn",
        "push_provider_name": "apn-voip",
        "voip_token": true
    });
    let sent = |entry: &Entry| {
        let call = entry.as_rest();
        call.is_some_and(|call| call.path == "/video/devices" && call.body.as_ref() == Some(&body))
    };
    assert_eq!(world.coordinator.journal().count(sent), 1);
    devices.delete("voip token").await.unwrap();
    assert!(devices.list().await.unwrap().is_empty());
    let error = devices
        .create("x", PushProvider::new("carrier-pigeon"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
}

#[expect(clippy::disallowed_methods, reason = "virtual time")]
fn now() -> Instant {
    Instant::now()
}
