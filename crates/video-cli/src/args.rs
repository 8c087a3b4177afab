//! The command line.

#[cfg(feature = "emulator")]
mod emulate;

use std::ffi::OsString;

use lexopt::prelude::{Long, Short, Value};

#[cfg(feature = "emulator")]
pub(crate) use emulate::Emulate;

pub(crate) const HELP: &str = "\
Usage: video <command> [options]

Commands:
  emulate   Serve the embedded coordinator over plain HTTP

Options of `emulate`:
  --listen ADDRESS        Where to listen [default: 127.0.0.1:0]
  --api-key KEY           Key of the application [env: STREAM_API_KEY]
  --api-secret SECRET     Secret of the application [env: STREAM_API_SECRET]
  --api-secret-file PATH  File that holds the secret
  --allow-remote          Allow an address that other machines can reach

Options:
  -h, --help              Print this text
  -V, --version           Print the version";

/// What the user wants.
#[derive(Debug)]
pub(crate) enum Command {
    Help,
    Version,
    #[cfg(feature = "emulator")]
    Emulate(Emulate),
}

impl Command {
    pub(crate) fn from_env() -> Result<Self, lexopt::Error> {
        Self::parse(lexopt::Parser::from_env(), &|name| std::env::var_os(name))
    }

    /// Parses arguments; `env` looks an environment variable up.
    #[cfg_attr(
        not(feature = "emulator"),
        expect(unused_variables, reason = "only `emulate` looks at the environment")
    )]
    fn parse(
        mut parser: lexopt::Parser,
        env: &dyn Fn(&str) -> Option<OsString>,
    ) -> Result<Self, lexopt::Error> {
        match parser.next()? {
            None => Err("a command is missing".into()),
            Some(Short('h') | Long("help")) => Ok(Self::Help),
            Some(Short('V') | Long("version")) => Ok(Self::Version),
            Some(Value(command)) => match command.to_str() {
                Some("help") => Ok(Self::Help),
                #[cfg(feature = "emulator")]
                Some("emulate") => Emulate::parse(&mut parser, env)
                    .map(|emulate| emulate.map_or(Self::Help, Self::Emulate)),
                _ => Err(format!("there is no command `{}`", command.display()).into()),
            },
            Some(other) => Err(other.unexpected()),
        }
    }
}

#[cfg(test)]
#[cfg(feature = "emulator")]
mod tests {
    use super::*;

    fn parse(args: &[&str], env: &[(&str, &str)]) -> Result<Command, String> {
        let parser = lexopt::Parser::from_args(args);
        let lookup = |name: &str| {
            let found = env.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| OsString::from(value))
        };
        Command::parse(parser, &lookup).map_err(|error| error.to_string())
    }

    fn emulate(args: &[&str], env: &[(&str, &str)]) -> Emulate {
        match parse(args, env) {
            Ok(Command::Emulate(emulate)) => emulate,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn flags_win_over_the_environment() {
        let env = [("STREAM_API_KEY", "k1"), ("STREAM_API_SECRET", "s1")];
        let from_env = emulate(&["emulate"], &env);
        assert_eq!((from_env.api_key.as_str(), from_env.secret()), ("k1", "s1"));
        assert_eq!(from_env.listen.to_string(), "127.0.0.1:0");
        let flags = [
            "emulate",
            "--api-key=k2",
            "--api-secret",
            "s2",
            "--listen",
            "[::1]:7",
        ];
        let from_flags = emulate(&flags, &env);
        assert_eq!(
            (from_flags.api_key.as_str(), from_flags.secret()),
            ("k2", "s2")
        );
        assert_eq!(from_flags.listen.to_string(), "[::1]:7");
    }

    #[test]
    fn what_is_wrong_is_named() {
        let error = |args: &[&str]| parse(args, &[]).unwrap_err();
        assert!(error(&[]).contains("command"));
        assert!(error(&["dance"]).contains("dance"));
        assert!(error(&["emulate", "--api-secret", "s"]).contains("--api-key"));
        assert!(error(&["emulate", "--api-key", "k"]).contains("--api-secret"));
        assert!(error(&["emulate", "--listen", "here"]).contains("here"));
        assert!(error(&["emulate", "--frobnicate"]).contains("--frobnicate"));
        let remote = [
            "emulate",
            "--api-key=k",
            "--api-secret=s",
            "--listen=0.0.0.0:1",
        ];
        assert!(error(&remote).contains("--allow-remote"));
        let allowed = [&remote[..], &["--allow-remote"]].concat();
        assert!(parse(&allowed, &[]).is_ok());
    }

    #[test]
    fn help_is_given_wherever_it_is_asked_for() {
        for args in [&["--help"][..], &["-h"], &["help"], &["emulate", "--help"]] {
            assert!(matches!(parse(args, &[]), Ok(Command::Help)), "{args:?}");
        }
        assert!(matches!(parse(&["-V"], &[]), Ok(Command::Version)));
    }

    #[test]
    fn debug_hides_the_secret() {
        let shown = format!(
            "{:?}",
            emulate(&["emulate", "--api-key=k", "--api-secret=hush"], &[])
        );
        assert!(shown.contains("\"k\"") && shown.contains("[redacted]"));
        assert!(!shown.contains("hush"));
    }
}
