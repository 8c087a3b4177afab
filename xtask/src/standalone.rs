//! Programs that depend on one layer alone, built outside of the workspace.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use xshell::{Shell, cmd};

use crate::workspace::Workspace;

/// The layers that must be of use without the facade, and a program for each.
const PROGRAMS: [(&str, &str); 4] = [
    ("video-core", include_str!("../standalone/video-core.rs")),
    ("video-auth", include_str!("../standalone/video-auth.rs")),
    (
        "video-transport",
        include_str!("../standalone/video-transport.rs"),
    ),
    ("video-sdp", include_str!("../standalone/video-sdp.rs")),
];

/// Checks that each program builds, with the versions that the workspace has locked.
pub(crate) fn run(sh: &Shell, workspace: &Workspace) -> anyhow::Result<()> {
    let target = workspace.target_dir();
    for (package, program) in PROGRAMS {
        let dir = target.join("xtask/standalone").join(package);
        let path = workspace.root().join("crates").join(package);
        fs::create_dir_all(dir.join("src"))?;
        fs::write(dir.join("src/main.rs"), program)?;
        let manifest = dir.join("Cargo.toml");
        fs::write(&manifest, manifest_text(package, &path))?;
        fs::copy(workspace.root().join("Cargo.lock"), dir.join("Cargo.lock"))
            .context("cannot copy Cargo.lock")?;
        cmd!(
            sh,
            "cargo check --quiet --manifest-path {manifest} --target-dir {target}"
        )
        .run()?;
    }
    Ok(())
}

/// A manifest with one dependency, outside of any workspace.
fn manifest_text(package: &str, path: &Path) -> String {
    format!(
        "[workspace]\n\n\
         [package]\n\
         name = \"standalone-{package}\"\n\
         edition = \"2024\"\n\n\
         [dependencies]\n\
         {package} = {{ path = '{}' }}\n",
        path.display()
    )
}
