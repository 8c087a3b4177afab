//! The binary `video`, started for real.
#![cfg(test)]
#![cfg(feature = "emulator")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;

fn video(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_video"));
    command
        .args(args)
        .env_remove("STREAM_API_KEY")
        .env_remove("STREAM_API_SECRET");
    command
}

fn output(args: &[&str]) -> Output {
    video(args).output().unwrap()
}

/// A running emulator, which is killed if a test fails.
struct Emulator {
    process: Child,
    out: BufReader<ChildStdout>,
    ready: Value,
}

impl Emulator {
    fn start(mut command: Command) -> Self {
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut out = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        let ready = serde_json::from_str(&line).unwrap();
        Self {
            process,
            out,
            ready,
        }
    }

    fn address(&self) -> &str {
        let url = self.ready["url"].as_str().unwrap();
        url.strip_prefix("http://").unwrap()
    }

    fn get(&self, path: &str) -> String {
        let mut io = TcpStream::connect(self.address()).unwrap();
        io.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        write!(
            io,
            "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
        )
        .unwrap();
        let mut answer = String::new();
        io.read_to_string(&mut answer).unwrap();
        answer
    }

    /// Sends a signal and gives the status of the process and what it printed after its first line.
    fn stop(mut self, signal: &str) -> (Option<i32>, String) {
        let id = self.process.id().to_string();
        let sent = Command::new("kill").args(["-s", signal, &id]).status();
        assert!(sent.unwrap().success());
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).unwrap();
        (self.process.wait().unwrap().code(), rest)
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // Fails if the process has ended already, as it should have.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

const KEYS: [&str; 5] = ["emulate", "--api-key", "key", "--api-secret", "hush-hush"];

#[test]
fn the_emulator_says_where_it_is_answers_and_stops_on_sigterm() {
    let emulator = Emulator::start(video(&[&KEYS[..], &["--listen", "127.0.0.1:0"]].concat()));
    let address = emulator.address().to_owned();
    assert_eq!(emulator.ready["api_key"], "key");
    let ws_url = format!("ws://{address}/video/connect");
    assert_eq!(emulator.ready["ws_url"], ws_url.as_str());
    assert_eq!(emulator.ready.as_object().unwrap().len(), 3);

    let answer = emulator.get("/video/call/default/standup?api_key=wrong");
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
    assert!(answer.contains("\"code\":2"), "{answer}");
    let answer = emulator.get("/video/call/default/standup?api_key=key");
    assert!(answer.contains("\"code\":5"), "{answer}");

    assert_eq!(emulator.stop("TERM"), (Some(0), String::new()));
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn the_environment_may_name_the_application_and_sigint_stops_too() {
    let mut command = video(&["emulate"]);
    command
        .env("STREAM_API_KEY", "from-env")
        .env("STREAM_API_SECRET", "s");
    let emulator = Emulator::start(command);
    assert_eq!(emulator.ready["api_key"], "from-env");
    assert_eq!(emulator.stop("INT"), (Some(0), String::new()));
}

#[test]
fn an_idle_client_does_not_keep_the_emulator_from_stopping() {
    let emulator = Emulator::start(video(&KEYS));
    let _idle = TcpStream::connect(emulator.address()).unwrap();
    assert_eq!(emulator.stop("TERM").0, Some(0));
}

#[test]
fn wrong_arguments_end_with_status_2_and_a_message() {
    for args in [
        &[][..],
        &["dance"],
        &["emulate"],
        &["emulate", "--api-key", "k"],
        &[&KEYS[..], &["--listen", "nowhere"]].concat(),
        &[&KEYS[..], &["--listen", "0.0.0.0:0"]].concat(),
        &[
            "emulate",
            "--api-key",
            "k",
            "--api-secret-file",
            "/does/not/exist",
        ],
    ] {
        let output = output(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(output.stdout.is_empty());
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(
            message.starts_with("video: ") && message.contains("--help"),
            "{message}"
        );
        assert!(!message.contains("hush"), "{message}");
    }
}

#[test]
fn a_port_in_use_ends_with_status_1_and_a_message() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = output(&[&KEYS[..], &["--listen", &address]].concat());
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains(&address), "{message}");
}

#[test]
fn help_and_version_are_printed() {
    let help = output(&["--help"]);
    assert!(help.status.success());
    assert!(String::from_utf8(help.stdout).unwrap().contains("emulate"));
    let version = output(&["--version"]);
    let expected = format!("video {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(String::from_utf8(version.stdout).unwrap(), expected);
}
