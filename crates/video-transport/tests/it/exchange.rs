//! Requests over real sockets whose bytes stop or end: what is known of their execution then.

use std::sync::Arc;
use std::time::Duration;

use http::{Method, Uri};
use video_core::{Classify, Endpoint, FailureClass};
use video_testkit::{Coordinator, Listening};
use video_transport::{
    Dialer, RpcChannel, RpcErrorKind, RpcLimits, RpcRequest, RpcTransport, TcpDialer,
};

use crate::bytes::{BytesProxy, Harm, Place, Rule, Way, each};
use crate::{loopback, support};

const PATH: &str = "/video/call/default/standup";

/// A channel whose bytes go through a proxy.
struct Rig {
    coordinator: Coordinator,
    proxy: BytesProxy,
    channel: RpcChannel,
    _server: Listening,
}

impl Rig {
    /// A rig whose attempts have their usual time, or little if it is to be used up.
    async fn new(harm: Harm) -> Self {
        let coordinator = Coordinator::builder(support::KEY, "secret").build();
        let server = coordinator.listen(loopback::port()).await.unwrap();
        let proxy = BytesProxy::to(server.local_addr()).await;
        let base: Uri = format!("http://{}", proxy.address()).parse().unwrap();
        let endpoint = Endpoint::new(&server.url(), &server.ws_url()).unwrap();
        let dialer: Arc<dyn Dialer> = Arc::new(TcpDialer::default());
        let token = coordinator.token("jane");
        let connector = loopback::connector(Arc::clone(&dialer));
        let session = support::session(support::config(&endpoint), connector, &token);
        let mut limits = RpcLimits::default();
        if harm == Harm::Stall {
            limits.attempt = Duration::from_secs(1);
        }
        let channel = loopback::channel(&base, dialer, &token, &session).limits(limits);
        Self {
            coordinator,
            proxy,
            channel,
            _server: server,
        }
    }

    /// How often the service was asked.
    fn executed(&self) -> usize {
        let journal = self.coordinator.journal();
        journal.count(|entry| entry.is_rest("POST", PATH))
    }
}

fn request() -> RpcRequest {
    RpcRequest::new(Method::POST, &["call", "default", "standup"]).body("{}")
}

/// Where an exchange ends, and how often it was executed by then.
const PLACES: [(Way, Place, usize); 8] = [
    (Way::Out, Place::Byte(0), 0),
    (Way::Out, Place::Byte(9), 0),
    (Way::Out, Place::Byte(100), 0),
    // The head has gone, the body has not.
    (Way::Out, Place::Frame(1), 0),
    (Way::Back, Place::Byte(1), 1),
    (Way::Back, Place::Byte(30), 1),
    (Way::Back, Place::Frame(0), 1),
    (Way::Back, Place::Frame(40), 1),
];

async fn is_not_repeated(harm: Harm, kind: RpcErrorKind) {
    each(PLACES, |(way, place, executed)| async move {
        let rig = Rig::new(harm).await;
        rig.proxy.plan(&[Rule(way, place, harm)]);
        let error = rig.channel.call(request()).await.unwrap_err();
        let case = format!("{harm:?} {way:?} {place:?}");
        assert_eq!(error.kind(), kind, "{case}");
        assert_eq!(error.class(), FailureClass::Transient, "{case}");
        assert!(error.may_have_been_executed(), "{case}");
        assert_eq!(error.attempts(), 1, "{case}");
        assert_eq!(rig.proxy.accepted(), 1, "{case}");
        assert_eq!(rig.executed(), executed, "{case}");
    })
    .await;
}

#[tokio::test]
async fn a_call_that_breaks_off_anywhere_may_have_been_executed_and_is_not_repeated() {
    is_not_repeated(Harm::Cut, RpcErrorKind::Exchange).await;
    is_not_repeated(Harm::Reset, RpcErrorKind::Exchange).await;
}

#[tokio::test]
async fn a_call_that_falls_silent_anywhere_may_have_been_executed_and_is_not_repeated() {
    is_not_repeated(Harm::Stall, RpcErrorKind::Timeout).await;
}

#[tokio::test]
async fn a_call_that_does_no_harm_is_repeated_on_another_connection() {
    let harms = [Harm::Cut, Harm::Reset, Harm::Stall];
    let cases = harms
        .into_iter()
        .flat_map(|harm| PLACES.map(|place| (harm, place)));
    each(cases, |(harm, (way, place, executed))| async move {
        let rig = Rig::new(harm).await;
        rig.proxy.plan(&[Rule(way, place, harm)]);
        let case = format!("{harm:?} {way:?} {place:?}");
        let call = request().idempotent();
        rig.channel.call(call).await.expect(&case);
        assert_eq!(rig.proxy.accepted(), 2, "{case}");
        assert_eq!(rig.executed(), executed + 1, "{case}");
    })
    .await;
}

/// The server ends a kept connection while nobody uses it.
#[tokio::test]
async fn a_kept_connection_that_has_ended_is_not_used_again() {
    for harm in [Harm::Cut, Harm::Reset] {
        let rig = Rig::new(harm).await;
        rig.channel.call(request()).await.unwrap();
        rig.channel.call(request()).await.unwrap();
        assert_eq!(rig.proxy.accepted(), 1);
        rig.proxy.strike(Way::Back, 0, harm);
        rig.proxy.ended().await;
        rig.channel.call(request()).await.unwrap();
        assert_eq!(rig.proxy.accepted(), 2);
        assert_eq!(rig.executed(), 3);
    }
}
