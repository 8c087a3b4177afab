//! How the client introduces itself.

use std::fmt;

/// The value of `X-Stream-Client`: `stream-video-rust-v…|app=…|os=…`.
///
/// Only visible ASCII survives, and no separator, so any name of any application is safe in a
/// header.
///
/// # Examples
///
/// ```
/// use video_core::ClientTag;
///
/// let tag = ClientTag::new().app("Zoë's|app", "1.0");
/// assert!(tag.to_string().contains("|app=Zo?'s?app|app_version=1.0|os="));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientTag {
    app: Option<(String, String)>,
    os: String,
    device_model: Option<String>,
}

impl ClientTag {
    /// The tag of this library on this operating system.
    #[must_use]
    pub fn new() -> Self {
        Self {
            app: None,
            os: clean(std::env::consts::OS),
            device_model: None,
        }
    }

    /// Adds the name and the version of the application.
    #[must_use]
    pub fn app(mut self, name: &str, version: &str) -> Self {
        self.app = Some((clean(name), clean(version)));
        self
    }

    /// Adds the model of the device.
    #[must_use]
    pub fn device_model(mut self, model: &str) -> Self {
        self.device_model = Some(clean(model));
        self
    }
}

impl Default for ClientTag {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for ClientTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "stream-video-rust-v{}", env!("CARGO_PKG_VERSION"))?;
        if let Some((name, version)) = &self.app {
            write!(f, "|app={name}|app_version={version}")?;
        }
        write!(f, "|os={}", self.os)?;
        if let Some(model) = &self.device_model {
            write!(f, "|device_model={model}")?;
        }
        Ok(())
    }
}

fn clean(value: &str) -> String {
    let keep = |c: char| {
        if matches!(c, ' '..='~') && c != '|' {
            c
        } else {
            '?'
        }
    };
    value.chars().map(keep).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Promise: CK052, T11
    #[test]
    fn the_tag_has_the_piped_form_and_only_visible_ascii() {
        let tag = ClientTag::new()
            .app("a\r\nb|c", "ü")
            .device_model("日")
            .to_string();
        let version = env!("CARGO_PKG_VERSION");
        let os = std::env::consts::OS;
        assert_eq!(
            tag,
            format!("stream-video-rust-v{version}|app=a??b?c|app_version=?|os={os}|device_model=?")
        );
        assert!(http::HeaderValue::from_str(&tag).is_ok());
    }

    /// Promise: BD48
    #[test]
    fn a_name_of_any_character_makes_a_header_that_can_be_sent() {
        for c in (0..=0x2ff).filter_map(char::from_u32) {
            let name = format!("a{c}b");
            let tag = ClientTag::new()
                .app(&name, &name)
                .device_model(&name)
                .to_string();
            assert!(http::HeaderValue::from_str(&tag).is_ok(), "{c:?}");
            assert!(
                tag.bytes().all(|byte| (b' '..=b'~').contains(&byte)),
                "{c:?}"
            );
            assert_eq!(tag.split('|').count(), 5, "{c:?}");
        }
    }
}
