//! I1, I2, I3, I6, I9: which package may stand on which.

use crate::finding::Finding;
use crate::manifest::Manifest;
use crate::tree::Tree;
use crate::workspace::Member;

/// What a package may not have below it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rule {
    invariant: &'static str,
    packages: &'static [&'static str],
    why: &'static str,
}

/// The rules about trees, by package.
pub(crate) const RULES: [(&str, Rule); 4] = [
    (
        "video-core",
        Rule {
            invariant: "I1",
            packages: &[
                "tokio",
                "hyper",
                "mio",
                "socket2",
                "fastwebsockets",
                "rustls",
                "video-auth",
                "video-transport",
                "video-client",
                "video-testkit",
            ],
            why: "the vocabulary knows no runtime, no network and no other layer",
        },
    ),
    (
        "video-auth",
        Rule {
            invariant: "I2",
            packages: &[
                "video-transport",
                "video-client",
                "video-testkit",
                "hyper",
                "fastwebsockets",
            ],
            why: "tokens are kept without a network; the facade introduces the two layers",
        },
    ),
    (
        "video-transport",
        Rule {
            invariant: "I2",
            packages: &["video-auth", "video-client", "video-testkit"],
            why: "the transport takes tokens through the port in video-core",
        },
    ),
    (
        "video-testkit",
        Rule {
            invariant: "I6",
            packages: &["video-auth", "video-transport", "video-client", "video-cli"],
            why: "a double of the service must not share code with what it tests",
        },
    ),
];

/// The packages that speak to the network, and the only crates that may name them: the two ends of
/// the wire, and the benchmarks, which measure against them.
const NETWORK: [&str; 3] = ["hyper", "hyper-util", "fastwebsockets"];
const NETWORK_CRATES: [&str; 3] = ["video-transport", "video-testkit", "video-sim"];

/// The largest number of packages below `video-core`.
pub(crate) const CORE_LIMIT: usize = 30;

/// I1, I2, I6: finds packages that a tree may not contain.
pub(crate) fn forbidden_packages(package: &str, rule: &Rule, tree: &Tree) -> Vec<Finding> {
    tree.names()
        .filter(|name| rule.packages.contains(name))
        .map(|name| {
            Finding::new(
                format!("crates/{package}/Cargo.toml"),
                1,
                format!(
                    "{}: {name} is in the tree of {package}, but {}; \
                     see `cargo tree -p {package} -e normal -i {name}` and remove the edge",
                    rule.invariant, rule.why
                ),
            )
        })
        .collect()
}

/// I1: finds that `video-core` has grown.
pub(crate) fn core_is_small(tree: &Tree) -> Option<Finding> {
    let count = tree.dependencies();
    (count > CORE_LIMIT).then(|| {
        Finding::new(
            "crates/video-core/Cargo.toml",
            1,
            format!("I1: {count} packages are below video-core; at most {CORE_LIMIT}: drop some"),
        )
    })
}

/// I9: finds that `video-sdp` stands on something.
pub(crate) fn sdp_stands_alone(tree: &Tree) -> Option<Finding> {
    (tree.dependencies() > 0).then(|| {
        Finding::new(
            "crates/video-sdp/Cargo.toml",
            1,
            "I9: video-sdp has a dependency; it takes text and gives text: drop it",
        )
    })
}

/// I3: finds crates that name the network stack without being entitled to.
pub(crate) fn network_stack(member: &Member) -> Vec<Finding> {
    if NETWORK_CRATES.contains(&member.name()) {
        return Vec::new();
    }
    Manifest::parse(&member.manifest)
        .normal_dependencies()
        .into_iter()
        .filter(|(_, name)| NETWORK.contains(name))
        .map(|(line, name)| {
            Finding::new(
                format!("{}/Cargo.toml", member.dir),
                line,
                format!(
                    "I3: {} names {name}; only {} may: use a seam of video-transport",
                    member.name(),
                    NETWORK_CRATES.join(", ")
                ),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{RULES, core_is_small, forbidden_packages, network_stack, sdp_stands_alone};
    use crate::finding::tests::render;
    use crate::tree::Tree;
    use crate::workspace::Member;

    fn breaches(package: &str, output: &str) -> String {
        let (_, rule) = RULES
            .iter()
            .find(|(name, _)| *name == package)
            .expect("a rule for the package");
        render(&forbidden_packages(package, rule, &Tree::parse(output)))
    }

    fn member(name: &str, manifest: &str) -> Member {
        Member {
            dir: format!("crates/{name}"),
            manifest: manifest.to_owned(),
        }
    }

    #[test]
    fn a_runtime_in_the_core_is_found() {
        let found = breaches(
            "video-core",
            "video-core v0.1.0 (/x)\ntokio v1.54.1\nbytes v1.0.0",
        );
        assert!(
            found.contains("I1: tokio is in the tree of video-core"),
            "{found}"
        );
        assert_eq!(
            breaches("video-core", "video-core v0.1.0 (/x)\nbytes v1.0.0"),
            ""
        );
    }

    #[test]
    fn siblings_that_meet_are_found() {
        let found = breaches(
            "video-auth",
            "video-auth v0.1.0\nvideo-transport v0.1.0 (/x)",
        );
        assert!(found.contains("I2: video-transport"), "{found}");
        let found = breaches(
            "video-transport",
            "video-transport v0.1.0\nvideo-auth v0.1.0 (/x)",
        );
        assert!(found.contains("I2: video-auth"), "{found}");
        assert_eq!(
            breaches("video-transport", "video-core v0.1.0\nhyper v1.0.0"),
            ""
        );
    }

    #[test]
    fn a_double_that_uses_what_it_tests_is_found() {
        let found = breaches(
            "video-testkit",
            "video-testkit v0.1.0\nvideo-transport v0.1.0",
        );
        assert!(found.contains("I6: video-transport"), "{found}");
        assert_eq!(
            breaches("video-testkit", "video-testkit v0.1.0\nvideo-core v0.1.0"),
            ""
        );
    }

    #[test]
    fn a_core_that_grows_is_found() {
        let lines = |count: usize| {
            (0..=count)
                .map(|n| format!("p{n} v1.0.0"))
                .collect::<Vec<_>>()
                .join("\n")
        };
        assert!(core_is_small(&Tree::parse(&lines(31))).is_some());
        assert!(core_is_small(&Tree::parse(&lines(30))).is_none());
    }

    #[test]
    fn anything_below_the_session_descriptions_is_found() {
        let alone = |output| sdp_stands_alone(&Tree::parse(output));
        assert!(alone("video-sdp v0.1.0 (/x)\nbytes v1.0.0").is_some());
        assert_eq!(alone("video-sdp v0.1.0 (/x)"), None);
    }

    #[test]
    fn a_network_stack_outside_the_transport_is_found() {
        let manifest = "[dependencies]\nbytes = \"1\"\nhyper.workspace = true\n";
        let found = render(&network_stack(&member("video-auth", manifest)));
        assert!(found.starts_with("crates/video-auth/Cargo.toml:3: I3: video-auth names hyper"));
        assert_eq!(network_stack(&member("video-transport", manifest)), []);
        let in_tests = "[dev-dependencies]\nhyper.workspace = true\n";
        assert_eq!(network_stack(&member("video-client", in_tests)), []);
    }
}
