//! As much of `Cargo.toml` as the tasks need to know.

/// A manifest, read line by line.
#[derive(Debug)]
pub(crate) struct Manifest {
    entries: Vec<Entry>,
}

/// One `key = value` of a manifest.
#[derive(Debug)]
struct Entry {
    line: usize,
    section: String,
    key: String,
    value: String,
}

impl Manifest {
    /// Reads the text of a `Cargo.toml`.
    pub(crate) fn parse(text: &str) -> Self {
        let mut section = String::new();
        let mut entries: Vec<Entry> = Vec::new();
        let mut open = 0_usize;
        for (index, line) in text.lines().enumerate() {
            let line = without_comment(line).trim();
            if open == 0 && line.starts_with('[') {
                line.trim_matches(['[', ']'])
                    .trim()
                    .clone_into(&mut section);
            } else if open > 0 {
                if let Some(entry) = entries.last_mut() {
                    entry.value.push_str(line);
                }
                open = (open + brackets(line, '[')).saturating_sub(brackets(line, ']'));
            } else if let Some((key, value)) = line.split_once('=') {
                open = brackets(value, '[').saturating_sub(brackets(value, ']'));
                entries.push(Entry {
                    line: index + 1,
                    section: section.clone(),
                    key: key.trim().trim_matches('"').to_owned(),
                    value: value.trim().to_owned(),
                });
            }
        }
        Self { entries }
    }

    /// Lists what the package needs outside of its tests and build scripts, with the lines.
    pub(crate) fn normal_dependencies(&self) -> Vec<(usize, &str)> {
        let mut found: Vec<(usize, &str)> = Vec::new();
        for entry in &self.entries {
            let section = entry.section.as_str();
            if section == "dependencies"
                || (section.starts_with("target.") && section.ends_with(".dependencies"))
            {
                let name = entry.key.split('.').next().unwrap_or(&entry.key);
                found.push((entry.line, package_of(&entry.value).unwrap_or(name)));
            } else if let Some((_, name)) = section.split_once("dependencies.")
                && !section.starts_with("dev-")
                && !section.starts_with("build-")
                && !section.contains(".dev-")
                && !section.contains(".build-")
            {
                let name = match entry.key.as_str() {
                    "package" => entry.value.trim_matches('"'),
                    _ => name,
                };
                found.push((entry.line, name));
            }
        }
        found
    }

    /// Lists the features that the package declares.
    pub(crate) fn features(&self) -> Vec<&str> {
        self.in_section("features")
            .map(|entry| entry.key.as_str())
            .collect()
    }

    /// Whether the package takes its lints from the workspace.
    pub(crate) fn inherits_lints(&self) -> bool {
        self.in_section("lints")
            .any(|entry| entry.key == "workspace" && entry.value == "true")
            || self
                .in_section("")
                .any(|entry| entry.key == "lints.workspace" && entry.value == "true")
    }

    fn in_section<'a>(&'a self, section: &'a str) -> impl Iterator<Item = &'a Entry> {
        self.entries
            .iter()
            .filter(move |entry| entry.section == section)
    }
}

/// The part of a line before its comment.
fn without_comment(line: &str) -> &str {
    let mut quoted = false;
    for (at, char) in line.char_indices() {
        match char {
            '"' => quoted = !quoted,
            '#' if !quoted => return &line[..at],
            _ => {}
        }
    }
    line
}

fn brackets(text: &str, bracket: char) -> usize {
    text.matches(bracket).count()
}

/// The real name of a dependency that was given another one.
fn package_of(value: &str) -> Option<&str> {
    let (_, rest) = value.split_once("package")?;
    let rest = rest.trim_start().strip_prefix('=')?;
    rest.trim_start().strip_prefix('"')?.split('"').next()
}

#[cfg(test)]
mod tests {
    use super::Manifest;

    const TEXT: &str = r#"
[package]
name = "demo" # not a dependency

[features]
default = [
    "tls",
    "more", # kept
]
tls = []
more = ["dep:serde"]

[dependencies]
bytes.workspace = true
web = { package = "hyper", version = "1" }

[dependencies.tokio]
version = "1"

[dev-dependencies]
mockall = "1"

[target.'cfg(unix)'.dependencies]
libc = "0.2"

[target.'cfg(unix)'.dev-dependencies.nix]
version = "0.2"

[lints]
workspace = true
"#;

    #[test]
    fn normal_dependencies_are_found_in_every_spelling() {
        let manifest = Manifest::parse(TEXT);
        let names: Vec<_> = manifest
            .normal_dependencies()
            .into_iter()
            .map(|(_, name)| name)
            .collect();
        assert_eq!(names, ["bytes", "hyper", "tokio", "libc"]);
    }

    #[test]
    fn features_may_span_lines() {
        assert_eq!(Manifest::parse(TEXT).features(), ["default", "tls", "more"]);
    }

    #[test]
    fn inherited_lints_are_seen_in_both_spellings() {
        assert!(Manifest::parse(TEXT).inherits_lints());
        assert!(Manifest::parse("lints.workspace = true\n[package]").inherits_lints());
        assert!(!Manifest::parse("[lints.rust]\nworkspace = true").inherits_lints());
    }
}
