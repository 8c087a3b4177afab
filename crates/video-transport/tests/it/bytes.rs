//! A proxy between a client and a server of this machine, which does to their bytes what a bad
//! network does.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy, sink};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

/// A direction, as the client sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Out,
    Back,
}

/// How much of a stream passes before something happens to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// This many bytes.
    Byte(usize),
    /// The head of HTTP and this many bytes.
    Frame(usize),
}

/// What happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Harm {
    /// Both sides see an orderly end of the stream.
    Cut,
    /// Both sides see that the connection was reset.
    Reset,
    /// This way nothing is read and nothing forwarded any more. The other way is open.
    Stall,
    /// Both ways everything is read and nothing forwarded, as if a cable had been pulled.
    Swallow,
    /// Each byte is a packet.
    Split,
    /// Each piece comes later.
    Delay(Duration),
}

/// What happens to a connection, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rule(pub(crate) Way, pub(crate) Place, pub(crate) Harm);

/// The proxy, for as long as it is held.
pub(crate) struct BytesProxy {
    address: SocketAddr,
    state: Arc<State>,
    _tasks: JoinSet<()>,
}

#[derive(Default)]
struct State {
    /// For the connections to come, one by one.
    plan: Mutex<VecDeque<Vec<Rule>>>,
    /// For those beyond the plan.
    always: Mutex<Vec<Rule>>,
    links: Mutex<Vec<Arc<Link>>>,
}

/// One connection.
#[derive(Default)]
struct Link {
    out: Flow,
    back: Flow,
    ended: watch::Sender<bool>,
}

/// One direction of it.
#[derive(Default)]
struct Flow {
    seen: AtomicUsize,
    rule: watch::Sender<Option<(Place, Harm)>>,
}

impl BytesProxy {
    /// A proxy to one server, which harms nothing yet.
    pub(crate) async fn to(upstream: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state: Arc<State> = Arc::default();
        let accepting = Arc::clone(&state);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut tunnels = JoinSet::new();
            loop {
                let (near, _) = listener.accept().await.unwrap();
                tunnels.spawn(tunnel(near, upstream, accepting.link()));
            }
        });
        Self {
            address,
            state,
            _tasks: tasks,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Harms the next connection that nothing is planned for yet.
    pub(crate) fn plan(&self, rules: &[Rule]) {
        self.state.plan.lock().unwrap().push_back(rules.to_vec());
    }

    /// Harms each connection that nothing is planned for.
    pub(crate) fn always(&self, rules: &[Rule]) {
        *self.state.always.lock().unwrap() = rules.to_vec();
    }

    /// Harms what is open, once so many more bytes have passed.
    pub(crate) fn strike(&self, way: Way, after: usize, harm: Harm) {
        for link in &*self.state.links.lock().unwrap() {
            let flow = link.flow(way);
            let place = Place::Byte(flow.seen.load(Ordering::SeqCst) + after);
            flow.rule.send_replace(Some((place, harm)));
        }
    }

    /// How many connections have been opened.
    pub(crate) fn accepted(&self) -> usize {
        self.state.links.lock().unwrap().len()
    }

    /// Waits until the client has let go of all its connections.
    pub(crate) async fn ended(&self) {
        let links = self.state.links.lock().unwrap().clone();
        for link in links {
            let mut ended = link.ended.subscribe();
            ended.wait_for(|ended| *ended).await.unwrap();
        }
    }
}

impl State {
    fn link(&self) -> Arc<Link> {
        let planned = self.plan.lock().unwrap().pop_front();
        let rules = planned.unwrap_or_else(|| self.always.lock().unwrap().clone());
        let link = Arc::new(Link::default());
        for Rule(way, place, harm) in rules {
            link.flow(way).rule.send_replace(Some((place, harm)));
        }
        self.links.lock().unwrap().push(Arc::clone(&link));
        link
    }
}

impl Link {
    fn flow(&self, way: Way) -> &Flow {
        match way {
            Way::Out => &self.out,
            Way::Back => &self.back,
        }
    }
}

/// How a connection ends.
enum End {
    Cut,
    Reset,
    Swallow,
}

async fn tunnel(mut near: TcpStream, upstream: SocketAddr, link: Arc<Link>) {
    let mut far = TcpStream::connect(upstream).await.unwrap();
    near.set_nodelay(true).unwrap();
    far.set_nodelay(true).unwrap();
    let end = {
        let (near_read, near_write) = near.split();
        let (far_read, far_write) = far.split();
        tokio::select! {
            end = pump(near_read, far_write, &link.out) => end,
            end = pump(far_read, near_write, &link.back) => end,
        }
    };
    match end {
        End::Reset => {
            // Fails only if the other side was quicker.
            drop((near.set_zero_linger(), far.set_zero_linger()));
        }
        End::Cut => {
            drop(tokio::join!(near.shutdown(), far.shutdown()));
            // Bytes that nobody has read would turn the end into a reset.
            tokio::join!(drain(&mut near), drain(&mut far));
        }
        End::Swallow => {
            tokio::join!(drain(&mut near), drain(&mut far));
        }
    }
    link.ended.send_replace(true);
}

async fn drain(stream: &mut TcpStream) {
    // An error is an end as well.
    drop(copy(stream, &mut sink()).await);
}

/// Forwards one way, until something happens.
async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    flow: &Flow,
) -> End {
    let mut rule = flow.rule.subscribe();
    let mut head = HeadEnd::default();
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let current = *rule.borrow_and_update();
        let seen = flow.seen.load(Ordering::SeqCst);
        let left = current.map(|(place, harm)| (head.left(place, seen), harm));
        let (limit, pace) = match left {
            Some((0, Harm::Cut)) => return End::Cut,
            Some((0, Harm::Reset)) => return End::Reset,
            Some((0, Harm::Swallow)) => return End::Swallow,
            Some((0, Harm::Stall)) => std::future::pending().await,
            Some((0, pace)) => (buffer.len(), Some(pace)),
            Some((left, _)) => (left.min(buffer.len()), None),
            None => (buffer.len(), None),
        };
        let read = tokio::select! {
            biased;
            _ = rule.changed() => continue,
            read = from.read(&mut buffer[..limit]) => read,
        };
        let Ok(count @ 1..) = read else {
            return End::Cut;
        };
        head.pass(&buffer[..count], seen);
        flow.seen.store(seen + count, Ordering::SeqCst);
        if let Some(Harm::Delay(pause)) = pace {
            sleep(pause).await;
        }
        let piece = if pace == Some(Harm::Split) { 1 } else { count };
        for piece in buffer[..count].chunks(piece) {
            if to.write_all(piece).await.is_err() {
                return End::Cut;
            }
        }
    }
}

/// Finds the end of the first head of HTTP.
#[derive(Default)]
struct HeadEnd {
    last: [u8; 4],
    at: Option<usize>,
}

impl HeadEnd {
    /// How many bytes may pass without looking again.
    fn left(&self, place: Place, seen: usize) -> usize {
        match (place, self.at) {
            (Place::Byte(at), _) => at.saturating_sub(seen),
            (Place::Frame(at), Some(head)) => (head + at).saturating_sub(seen),
            (Place::Frame(_), None) => 1,
        }
    }

    fn pass(&mut self, bytes: &[u8], seen: usize) {
        for (index, byte) in bytes.iter().enumerate() {
            if self.at.is_some() {
                return;
            }
            self.last.rotate_left(1);
            self.last[3] = *byte;
            if self.last == *b"\r\n\r\n" {
                self.at = Some(seen + index + 1);
            }
        }
    }
}

/// Runs all cases at once, because most of them wait.
pub(crate) async fn each<C, F>(cases: impl IntoIterator<Item = C>, run: impl Fn(C) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let mut running: JoinSet<()> = cases.into_iter().map(run).collect();
    while let Some(result) = running.join_next().await {
        result.unwrap();
    }
}
