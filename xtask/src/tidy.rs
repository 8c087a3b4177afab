//! `tidy`: checks the invariants of the layers and the layout of the sources.
//!
//! Every check is a pure function from text to findings, so that a deliberate breach of each can
//! be tested here. This file only gathers the texts.

mod ambient;
mod edges;
mod ids;
mod layout;
mod prose;
mod queues;
mod surface;

pub(crate) use prose::{KINDS, fragment_kind};

use anyhow::bail;
use xshell::Shell;

use crate::finding::Finding;
use crate::tree::Tree;
use crate::workspace::Workspace;

/// Runs all checks and reports all that they found.
pub(crate) fn run(sh: &Shell, workspace: &Workspace) -> anyhow::Result<()> {
    let mut findings = check(sh, workspace)?;
    findings.sort();
    findings.dedup();
    for finding in &findings {
        eprintln!("{finding}");
    }
    match findings.len() {
        0 => {
            println!("tidy: nothing to report");
            Ok(())
        }
        count => bail!("tidy: {count} findings"),
    }
}

fn check(sh: &Shell, workspace: &Workspace) -> anyhow::Result<Vec<Finding>> {
    let members = workspace.members()?;
    let sources = workspace.sources()?;
    let documents = workspace.documents()?;
    let mut findings = Vec::new();

    for (package, rule) in &edges::RULES {
        let tree = Tree::with_all_features(sh, package)?;
        findings.extend(edges::forbidden_packages(package, rule, &tree));
    }
    findings.extend(edges::core_is_small(&Tree::of(sh, "video-core")?));
    let sdp = Tree::with_all_features(sh, "video-sdp")?;
    findings.extend(edges::sdp_stands_alone(&sdp));
    for member in &members {
        findings.extend(edges::network_stack(member));
        findings.extend(layout::manifest(member));
        findings.extend(layout::licences(member, |path| workspace.exists(path)));
    }
    for source in &sources {
        findings.extend(surface::foreign_types(source));
        findings.extend(ids::beyond_identifiers(source));
        findings.extend(queues::unbounded(source));
        findings.extend(layout::source(source));
        findings.extend(prose::ignored_examples(&source.path, &source.text));
    }
    findings.extend(ambient::effects(&sources, ambient::LEGAL));
    findings.extend(ambient::lots(&sources));
    findings.extend(layout::sizes(&sources));
    for (path, text) in &documents {
        findings.extend(prose::ignored_examples(path, text));
    }
    let architecture = documents
        .iter()
        .find(|(path, _)| path == prose::ARCHITECTURE)
        .map_or("", |(_, text)| text);
    findings.extend(prose::guards(architecture, &sources));
    for (path, text) in &documents {
        if prose::VOUCHING.contains(&path.as_str()) {
            findings.extend(prose::vouchers(path, text, &sources));
        }
    }
    for name in workspace.list("docs/changelog.d")? {
        findings.extend(prose::fragment(&name));
    }
    Ok(findings)
}
