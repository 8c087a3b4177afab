//! Holds connections and tells how much memory that takes: a process of its own, as
//! `bench hold WHAT ADDRESS COUNT…`, with the certificate on the standard input.

use std::io::{self, Read as _, Write as _};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use video_client::StreamVideo;
use video_transport::{
    BoxIo, DialError, Dialer, Proxy, ProxyDialer, Target, TcpDialer, TlsDialer, TlsRoots,
};

use crate::bare;
use crate::client::{Account, options};
use crate::runtime;
use crate::usage;

/// What is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Held {
    /// Sockets with a task that reads each.
    Bare,
    /// Clients, each with what it makes for itself.
    Client,
    /// Clients that share one dialer, and so one set of trusted certificates.
    SharedDialer,
}

impl Held {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Bare => "bare",
            Self::Client => "client",
            Self::SharedDialer => "shared-dialer",
        }
    }
}

/// How many connect at once.
const AT_ONCE: usize = 32;

/// How long everything may settle before the memory is read.
const SETTLE: Duration = Duration::from_millis(500);

pub(crate) fn run(args: &[String]) -> anyhow::Result<()> {
    let [held, address, counts @ ..] = args else {
        bail!("hold what, of whom, how many?");
    };
    let held = [Held::Bare, Held::Client, Held::SharedDialer]
        .into_iter()
        .find(|kind| kind.name() == held)
        .context("hold what?")?;
    let counts: Vec<usize> = counts.iter().map(|n| n.parse()).collect::<Result<_, _>>()?;
    let mut pem = String::new();
    io::stdin().read_to_string(&mut pem)?;
    let place = Place {
        held,
        server: address.parse()?,
        tls: (!pem.is_empty()).then(|| bare::tls(&pem)).transpose()?,
        dialer: Shared(Arc::new(TlsDialer::new(
            ProxyDialer::new(TcpDialer::new(Duration::from_secs(5)), Proxy::none()),
            TlsRoots::Pem(pem.clone()),
        ))),
        pem,
    };
    runtime::two_workers(hold(place, counts))
}

/// What each connection needs.
#[derive(Clone)]
struct Place {
    held: Held,
    server: SocketAddr,
    pem: String,
    tls: Option<TlsConnector>,
    dialer: Shared,
}

async fn hold(place: Place, counts: Vec<usize>) -> anyhow::Result<()> {
    let account = Account::new("john");
    let (mut clients, mut sockets) = (Vec::new(), JoinSet::new());
    let mut so_far = 0;
    for count in counts {
        let mut connecting = JoinSet::new();
        while so_far < count || !connecting.is_empty() {
            if so_far < count && connecting.len() < AT_ONCE {
                so_far += 1;
                connecting.spawn(connect(place.clone(), account.clone()));
                continue;
            }
            match connecting.join_next().await {
                Some(Ok(Ok(Connected::Client(client)))) => clients.push(client),
                Some(Ok(Ok(Connected::Bare(mut socket)))) => {
                    sockets.spawn(async move { while socket.read_frame().await.is_ok() {} });
                }
                Some(failed) => {
                    failed??;
                }
                None => {}
            }
        }
        tokio::time::sleep(SETTLE).await;
        println!("{count} {}", usage::resident_kib()?);
        io::stdout().flush()?;
    }
    println!("cpu {}", usage::cpu_seconds());
    // The process ends, and all that it holds with it.
    std::process::exit(0);
}

enum Connected {
    Client(StreamVideo),
    Bare(Box<bare::Socket>),
}

async fn connect(place: Place, account: Account) -> anyhow::Result<Connected> {
    let options = match place.held {
        Held::Bare => {
            let socket = bare::connect(place.server, place.tls.as_ref(), &account).await?;
            return Ok(Connected::Bare(Box::new(socket)));
        }
        Held::Client => options(place.server, &place.pem),
        Held::SharedDialer => options(place.server, &place.pem).dialer(place.dialer),
    };
    let client = account.client_with(options)?;
    client.connect().await?;
    Ok(Connected::Client(client))
}

/// A dialer that several clients have.
#[derive(Debug, Clone)]
struct Shared(Arc<TlsDialer<ProxyDialer<TcpDialer>>>);

#[async_trait::async_trait]
impl Dialer for Shared {
    async fn dial(&self, target: &Target) -> Result<BoxIo, DialError> {
        self.0.dial(target).await
    }
}
