//! A push notification manager that keeps a diary.

use std::sync::{Arc, Mutex};

use tokio::time::{Duration, sleep};
use video_client::model::PushProvider;
use video_client::{Devices, PushError, PushNotificationManager, StreamVideoBuilder};

/// What a manager did, and how long its next calls take.
#[derive(Clone, Default)]
pub(crate) struct Diary(Arc<Mutex<Book>>);

#[derive(Default)]
struct Book {
    lines: Vec<&'static str>,
    under_way: usize,
    register: Duration,
    unregister: Duration,
}

/// Whatever happens, one call of the manager ends before the next.
struct UnderWay(Diary);

impl Diary {
    pub(crate) fn lines(&self) -> Vec<&'static str> {
        self.0.lock().unwrap().lines.clone()
    }

    /// Registering and unregistering take this long.
    pub(crate) fn slow(&self, register: Duration, unregister: Duration) {
        let mut book = self.0.lock().unwrap();
        (book.register, book.unregister) = (register, unregister);
    }

    /// How often the device was registered, and that it never was while it was.
    pub(crate) fn registrations(&self) -> usize {
        let mut registered = false;
        let lines = self.lines();
        for line in &lines {
            match *line {
                "register" => {
                    assert!(!registered, "{lines:?}");
                    registered = true;
                }
                "unregister" => {
                    assert!(registered, "{lines:?}");
                    registered = false;
                }
                _ => {}
            }
        }
        let disposals = lines.iter().filter(|line| **line == "dispose").count();
        assert!(disposals <= 1, "{lines:?}");
        assert!(
            disposals == 0 || lines.last() == Some(&"dispose"),
            "{lines:?}"
        );
        lines.iter().filter(|line| **line == "register").count()
    }

    fn begin(&self, line: &'static str) -> (UnderWay, Duration) {
        let mut book = self.0.lock().unwrap();
        book.lines.push(line);
        book.under_way += 1;
        assert_eq!(book.under_way, 1, "two calls at once: {:?}", book.lines);
        let takes = match line {
            "register" => book.register,
            "unregister" => book.unregister,
            _ => Duration::ZERO,
        };
        (UnderWay(self.clone()), takes)
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.0.lock().unwrap().under_way -= 1;
    }
}

/// Registers the device `phone` and keeps the diary.
struct Phone(Devices, Diary);

#[async_trait::async_trait]
impl PushNotificationManager for Phone {
    async fn register_device(&self) -> Result<(), PushError> {
        let (_under_way, takes) = self.1.begin("register");
        sleep(takes).await;
        Ok(self.0.create("phone", PushProvider::firebase()).await?)
    }

    async fn unregister_device(&self) -> Result<(), PushError> {
        let (_under_way, takes) = self.1.begin("unregister");
        sleep(takes).await;
        Ok(self.0.delete("phone").await?)
    }

    async fn dispose(&self) {
        let (_under_way, _) = self.1.begin("dispose");
    }
}

/// With a manager that keeps this diary.
pub(crate) fn pushed(builder: StreamVideoBuilder, diary: &Diary) -> StreamVideoBuilder {
    let diary = diary.clone();
    builder.push_notification_manager_provider(move |devices| Phone(devices, diary))
}
