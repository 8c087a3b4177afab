//! Where the files of the workspace are.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use anyhow::Context as _;

use crate::source::Source;

/// The workspace that this program was started in.
#[derive(Debug)]
pub(crate) struct Workspace {
    root: PathBuf,
}

/// One package of the workspace.
#[derive(Debug)]
pub(crate) struct Member {
    /// Its directory, relative to the root, with forward slashes.
    pub(crate) dir: String,
    /// The text of its manifest.
    pub(crate) manifest: String,
}

impl Member {
    /// The package's name: by convention that of its directory.
    pub(crate) fn name(&self) -> &str {
        self.dir.rsplit('/').next().unwrap_or(&self.dir)
    }

    /// Whether this package is part of the product, not of its tooling.
    pub(crate) fn is_crate(&self) -> bool {
        self.dir.starts_with("crates/")
    }
}

impl Workspace {
    /// Finds the workspace around this program's manifest.
    pub(crate) fn find() -> Self {
        let manifest_dir = env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = manifest_dir.parent().unwrap_or(&manifest_dir).to_path_buf();
        Self { root }
    }

    /// The directory of the root manifest.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The directory that cargo builds into.
    pub(crate) fn target_dir(&self) -> PathBuf {
        match env::var_os("CARGO_TARGET_DIR") {
            Some(dir) => self.root.join(dir),
            None => self.root.join("target"),
        }
    }

    /// Lists the packages, those under `crates` first, each group by name.
    pub(crate) fn members(&self) -> anyhow::Result<Vec<Member>> {
        let mut dirs: Vec<String> = Vec::new();
        for name in self.list("crates")? {
            dirs.push(format!("crates/{name}"));
        }
        dirs.push("xtask".to_owned());
        dirs.retain(|dir| self.exists(&format!("{dir}/Cargo.toml")));
        dirs.into_iter()
            .map(|dir| {
                let manifest = self.read(&format!("{dir}/Cargo.toml"))?;
                Ok(Member { dir, manifest })
            })
            .collect()
    }

    /// Reads every Rust file of the packages: sources, tests, examples and benches.
    pub(crate) fn sources(&self) -> anyhow::Result<Vec<Source>> {
        let mut paths = Vec::new();
        for member in self.members()? {
            for part in ["src", "tests", "examples", "benches"] {
                self.walk(&format!("{}/{part}", member.dir), &mut paths)?;
            }
        }
        paths.retain(|path| has_extension(path, "rs"));
        paths.sort();
        let mut sources = Vec::new();
        for path in paths {
            let text = self.read(&path)?;
            sources.push(Source::new(path, text));
        }
        Source::mark_test_modules(&mut sources);
        Ok(sources)
    }

    /// Reads the Markdown files that people see: the READMEs and what is in `docs`.
    pub(crate) fn documents(&self) -> anyhow::Result<Vec<(String, String)>> {
        let mut paths = vec!["README.md".to_owned()];
        for member in self.members()? {
            paths.push(format!("{}/README.md", member.dir));
        }
        self.walk("docs", &mut paths)?;
        paths.retain(|path| has_extension(path, "md") && self.exists(path));
        paths
            .into_iter()
            .map(|path| {
                let text = self.read(&path)?;
                Ok((path, text))
            })
            .collect()
    }

    /// Whether there is a file or directory at `path`, relative to the root.
    pub(crate) fn exists(&self, path: &str) -> bool {
        self.root.join(path).exists()
    }

    /// Reads a file, given relative to the root.
    pub(crate) fn read(&self, path: &str) -> anyhow::Result<String> {
        fs::read_to_string(self.root.join(path)).with_context(|| format!("cannot read {path}"))
    }

    /// Lists the names in a directory in order; a directory that does not exist is empty.
    pub(crate) fn list(&self, dir: &str) -> anyhow::Result<Vec<String>> {
        let entries = match fs::read_dir(self.root.join(dir)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.with_context(|| format!("cannot list {dir}"))?,
        };
        let mut names = Vec::new();
        for entry in entries {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        Ok(names)
    }

    /// Adds all files below `dir` to `into`.
    fn walk(&self, dir: &str, into: &mut Vec<String>) -> anyhow::Result<()> {
        for name in self.list(dir)? {
            let path = format!("{dir}/{name}");
            if self.root.join(&path).is_dir() {
                self.walk(&path, into)?;
            } else {
                into.push(path);
            }
        }
        Ok(())
    }
}

fn has_extension(path: &str, extension: &str) -> bool {
    Path::new(path).extension() == Some(OsStr::new(extension))
}
