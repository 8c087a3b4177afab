//! The server in its own process: this program again, with the argument `serve`.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, bail};
use serde_json::{Value, json};
use tokio::runtime;
use video_testkit::Coordinator;

use crate::flood;
use crate::sample::Sample;

pub(crate) const KEY: &str = "bench-key";
pub(crate) const SECRET: &str = "bench-secret";

/// A running server. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    /// The certificate to trust, empty without TLS.
    pub(crate) pem: String,
}

impl Server {
    /// The coordinator on a port.
    pub(crate) fn plain() -> anyhow::Result<Self> {
        Self::start(&["plain"])
    }

    /// The coordinator on a port, behind TLS.
    pub(crate) fn tls() -> anyhow::Result<Self> {
        Self::start(&["tls"])
    }

    /// One that sends `count` events to whoever connects.
    pub(crate) fn flood(sample: Sample, count: usize) -> anyhow::Result<Self> {
        Self::start(&["flood", sample.name(), &count.to_string()])
    }

    fn start(args: &[&str]) -> anyhow::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("serve")
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let out = child.stdout.take().context("the server has an output")?;
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line)?;
        let told: Value = serde_json::from_str(&line).context("the server did not start")?;
        let port = told["port"].as_u64().context("no port")?;
        Ok(Self {
            child,
            address: (Ipv4Addr::LOCALHOST, u16::try_from(port)?).into(),
            pem: told["pem"].as_str().unwrap_or_default().to_owned(),
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has ended already if this fails.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The other side: serves until the process that started this one is gone.
pub(crate) fn serve(args: &[String]) -> anyhow::Result<()> {
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    std::thread::spawn(|| {
        // The end of the input is the end of the parent.
        drop(io::copy(&mut io::stdin(), &mut io::sink()));
        std::process::exit(0);
    });
    match args.as_slice() {
        ["flood", sample, count] => {
            let sample = Sample::named(sample).context("no such sample")?;
            let count = count.parse()?;
            let runtime = runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            runtime.block_on(flood::serve(sample, count, |port| announce(port, "")))
        }
        ["plain" | "tls"] => {
            let runtime = runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()?;
            runtime.block_on(coordinator(args == ["tls"]))
        }
        _ => bail!("no such server"),
    }
}

async fn coordinator(secure: bool) -> anyhow::Result<()> {
    let coordinator = Coordinator::builder(KEY, SECRET)
        .real_clock()
        .journal_capacity(1)
        .build();
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let (listening, pem) = if secure {
        let tls = coordinator.tls("127.0.0.1");
        (tls.listen(any).await?, tls.root_pem())
    } else {
        (coordinator.listen(any).await?, String::new())
    };
    announce(listening.local_addr().port(), &pem);
    std::future::pending().await
}

fn announce(port: u16, pem: &str) {
    println!("{}", json!({ "port": port, "pem": pem }));
    // The parent is gone if this fails.
    drop(io::stdout().flush());
}
