//! The options of `video emulate`.

use std::ffi::OsString;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use lexopt::ValueExt;
use lexopt::prelude::{Long, Short};

/// What to serve, and where.
pub(crate) struct Emulate {
    pub(crate) listen: SocketAddr,
    pub(crate) api_key: String,
    secret: String,
}

impl Emulate {
    /// Parses what follows the command. None means that the user asks for help.
    pub(super) fn parse(
        parser: &mut lexopt::Parser,
        env: &dyn Fn(&str) -> Option<OsString>,
    ) -> Result<Option<Self>, lexopt::Error> {
        let mut listen = SocketAddr::from(([127, 0, 0, 1], 0));
        let (mut api_key, mut secret, mut secret_file) = (None, None, None);
        let mut allow_remote = false;
        while let Some(argument) = parser.next()? {
            match argument {
                Long("listen") => listen = parser.value()?.parse()?,
                Long("api-key") => api_key = Some(parser.value()?.string()?),
                Long("api-secret") => secret = Some(parser.value()?.string()?),
                Long("api-secret-file") => secret_file = Some(PathBuf::from(parser.value()?)),
                Long("allow-remote") => allow_remote = true,
                Long("help") | Short('h') => return Ok(None),
                other => return Err(other.unexpected()),
            }
        }
        if !listen.ip().is_loopback() && !allow_remote {
            return Err(format!(
                "{listen} can be reached from other machines; say --allow-remote if that is meant"
            )
            .into());
        }
        let from_env = |name: &str| env(name).map(ValueExt::string).transpose();
        let api_key = match api_key {
            Some(key) => Some(key),
            None => from_env("STREAM_API_KEY")?,
        };
        let secret = match (secret, secret_file) {
            (Some(_), Some(_)) => {
                return Err("--api-secret and --api-secret-file exclude each other".into());
            }
            (Some(secret), None) => Some(secret),
            (None, Some(path)) => Some(read(&path)?),
            (None, None) => from_env("STREAM_API_SECRET")?,
        };
        Ok(Some(Self {
            listen,
            api_key: given(api_key, "--api-key")?,
            secret: given(secret, "--api-secret")?,
        }))
    }

    pub(crate) fn secret(&self) -> &str {
        &self.secret
    }
}

impl fmt::Debug for Emulate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Emulate")
            .field("listen", &self.listen)
            .field("api_key", &self.api_key)
            .field("secret", &"[redacted]")
            .finish()
    }
}

fn given(value: Option<String>, flag: &str) -> Result<String, lexopt::Error> {
    match value {
        Some(value) if !value.is_empty() => Ok(value),
        _ => Err(format!("{flag} is missing").into()),
    }
}

fn read(path: &Path) -> Result<String, lexopt::Error> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(text.trim_end().to_owned()),
        Err(error) => Err(format!("{} can not be read: {error}", path.display()).into()),
    }
}
