//! Which tests claim which promises.

use crate::finding::Finding;
use crate::source::Source;

/// The words that open a claim.
const OPENING: &str = "/// Promise:";

/// How many promises one test may claim: a test has one reason to fail.
const MOST: usize = 2;

/// All claims of the sources.
#[derive(Debug, Default)]
pub(crate) struct Claims {
    /// The claims, in the order of the files.
    pub(crate) claims: Vec<Claim>,
    /// What is wrong with them.
    pub(crate) findings: Vec<Finding>,
}

/// One test, and what it claims to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Claim {
    /// Where the claim is written.
    pub(crate) path: String,
    /// On which line.
    pub(crate) line: usize,
    /// The promises.
    pub(crate) ids: Vec<String>,
    /// The test.
    pub(crate) test: Test,
    /// Whether the test is switched off.
    pub(crate) ignored: bool,
    /// On which level it shows them.
    pub(crate) level: Level,
}

/// On which level a test shows something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    /// Inside of a crate.
    Machine,
    /// From outside, with a runtime around it.
    Stack,
    /// From outside, by plain calls: of a machine that is public, or of what starts a runtime.
    Either,
}

impl Level {
    /// Whether it may be what the list of the promises calls so.
    pub(crate) fn is(self, name: &str) -> bool {
        match name {
            "machine" => self != Self::Stack,
            "stack" | "loopback" => self != Self::Machine,
            // The compiler shows it, wherever that is.
            _ => true,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Machine => "machine",
            Self::Stack => "stack",
            Self::Either => "either",
        }
    }
}

/// The full name of a test.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Test {
    /// The program it is compiled into: `package`, `package::bin` or `package::test-target`.
    pub(crate) suite: String,
    /// Its path in that program.
    pub(crate) name: String,
}

impl Test {
    /// The package that the test belongs to.
    pub(crate) fn package(&self) -> &str {
        self.suite.split("::").next().unwrap_or(&self.suite)
    }
}

impl Claims {
    /// Finds the claims in the sources and tests of the crates.
    pub(crate) fn read(sources: &[Source]) -> Self {
        let mut all = Self::default();
        for source in sources {
            if let Some(place) = Place::of(source) {
                all.read_file(source, &place);
            }
        }
        all
    }

    fn read_file(&mut self, source: &Source, place: &Place) {
        let mut scope = Scope::default();
        let mut pending: Option<(usize, Vec<String>)> = None;
        let mut ignored = false;
        for ((line, code), text) in source.lines().zip(source.text.lines()) {
            if let Some(ids) = text.trim_start().strip_prefix(OPENING) {
                let ids = ids.split(',').map(|id| id.trim().to_owned());
                let (_, all) = pending.get_or_insert((line, Vec::new()));
                all.extend(ids.filter(|id| !id.is_empty()));
            }
            ignored |= code.contains("#[ignore");
            match (function_name(code), pending.take_if(|_| ends(code))) {
                (Some(name), Some((line, ids))) => {
                    let level = match (place.outside, code.contains("async fn ")) {
                        (false, _) => Level::Machine,
                        (true, true) => Level::Stack,
                        (true, false) => Level::Either,
                    };
                    self.add(Claim {
                        path: source.path.clone(),
                        line,
                        ids,
                        test: place.test(&scope, name),
                        ignored,
                        level,
                    });
                }
                (None, Some((line, _))) => self.findings.push(Finding::new(
                    &source.path,
                    line,
                    "the promise is not claimed by a test: put the line above a function",
                )),
                (_, None) => {}
            }
            if ends(code) {
                ignored = false;
            }
            scope.pass(code);
        }
    }

    fn add(&mut self, claim: Claim) {
        let count = claim.ids.len();
        if count > MOST || count == 0 {
            let problem = format!("a test claims one or two promises, not {count}");
            self.findings
                .push(Finding::new(&claim.path, claim.line, problem));
        }
        self.claims.push(claim);
    }
}

/// Whether a line of code begins a body or ends an item, and thereby what was said above it.
fn ends(code: &str) -> bool {
    code.contains(['{', ';']) || function_name(code).is_some()
}

/// The name in `fn name`.
fn function_name(code: &str) -> Option<&str> {
    let (before, rest) = code.split_once("fn ")?;
    let is_keyword = before.is_empty() || before.ends_with([' ', ']', '\t']);
    let rest = rest.trim_start();
    let end = rest.find(|char: char| !char.is_alphanumeric() && char != '_')?;
    (is_keyword && end > 0).then(|| &rest[..end])
}

/// The modules around a line.
#[derive(Debug, Default)]
struct Scope {
    depth: usize,
    modules: Vec<(usize, String)>,
}

impl Scope {
    fn pass(&mut self, code: &str) {
        let mut module = code
            .split_once("mod ")
            .filter(|(before, _)| before.is_empty() || before.ends_with([' ', ']']))
            .and_then(|(_, rest)| rest.split_once('{'))
            .map(|(name, _)| name.trim().to_owned());
        for char in code.chars() {
            match char {
                '{' => {
                    self.depth += 1;
                    if let Some(name) = module.take() {
                        self.modules.push((self.depth, name));
                    }
                }
                '}' => {
                    self.modules.retain(|(depth, _)| *depth < self.depth);
                    self.depth = self.depth.saturating_sub(1);
                }
                _ => {}
            }
        }
    }
}

/// The program and the module that a file is compiled into.
#[derive(Debug)]
struct Place {
    suite: String,
    modules: Vec<String>,
    /// Whether it sees the crate from outside.
    outside: bool,
}

impl Place {
    fn of(source: &Source) -> Option<Self> {
        let package = source.member().strip_prefix("crates/")?;
        let path = source.inner_path().strip_suffix(".rs")?;
        let mut parts: Vec<String> = path.split('/').map(str::to_owned).collect();
        let dir = parts.remove(0);
        let suite = match (dir.as_str(), parts.first().map(String::as_str)) {
            ("src", Some("main")) => format!("{package}::bin"),
            ("src", _) => package.to_owned(),
            ("tests", Some(target)) => {
                let target = target.to_owned();
                parts.remove(0);
                format!("{package}::{target}")
            }
            _ => return None,
        };
        if parts
            .last()
            .is_some_and(|last| last == "lib" || last == "main")
        {
            parts.pop();
        }
        Some(Self {
            suite,
            outside: dir == "tests",
            modules: parts,
        })
    }

    fn test(&self, scope: &Scope, function: &str) -> Test {
        let inline = scope.modules.iter().map(|(_, name)| name);
        let mut name: Vec<&str> = self
            .modules
            .iter()
            .chain(inline)
            .map(String::as_str)
            .collect();
        name.push(function);
        Test {
            suite: self.suite.clone(),
            name: name.join("::"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Claims, Level};
    use crate::finding::tests::render;
    use crate::source::Source;

    fn read(path: &str, text: &str) -> Claims {
        Claims::read(&[Source::new(path, text)])
    }

    fn names(path: &str, text: &str) -> Vec<String> {
        read(path, text)
            .claims
            .iter()
            .map(|claim| {
                let ids = claim.ids.join("+");
                format!("{} {} {ids}", claim.test.suite, claim.test.name)
            })
            .collect()
    }

    const MODULE: &str = "\
fn outer() { if true {} }

#[cfg(test)]
mod tests {
    mod deep {
        /// Promise: W07
        #[test]
        fn one() {
            let text = \"}\";
        }
    }

    /// A sentence.
    ///
    /// Promise: T01, T02
    #[tokio::test(
        start_paused = true
    )]
    async fn two() {}

    #[test]
    fn three() {}
}
";

    #[test]
    fn a_claim_knows_the_full_name_of_its_test() {
        assert_eq!(
            names("crates/a/src/b/c.rs", MODULE),
            ["a b::c::tests::deep::one W07", "a b::c::tests::two T01+T02"]
        );
        assert_eq!(
            names("crates/a/src/lib.rs", MODULE)[0],
            "a tests::deep::one W07"
        );
        assert_eq!(
            names("crates/a/src/main.rs", MODULE)[0],
            "a::bin tests::deep::one W07"
        );
    }

    #[test]
    fn tests_of_their_own_program_are_told_apart() {
        let text = "/// Promise: W07\n#[test]\nfn one() {}\n";
        assert_eq!(names("crates/a/tests/heals.rs", text), ["a::heals one W07"]);
        assert_eq!(names("crates/a/tests/it/main.rs", text), ["a::it one W07"]);
        assert_eq!(names("crates/a/tests/it/b.rs", text), ["a::it b::one W07"]);
        assert_eq!(names("xtask/src/b.rs", text), [""; 0]);
    }

    #[test]
    fn a_claim_shows_the_stack_if_it_runs_outside_and_with_a_runtime() {
        let level = |path, text| read(path, text).claims[0].level;
        let plain = "/// Promise: W07\n#[test]\nfn one() {}\n";
        let driven = "/// Promise: W07\n#[tokio::test]\nasync fn one() {}\n";
        let (inside, outside) = ("crates/a/src/b.rs", "crates/a/tests/it/b.rs");
        assert_eq!(level(outside, driven), Level::Stack);
        assert_eq!(level(outside, plain), Level::Either);
        assert_eq!(level(inside, driven), Level::Machine);
        assert_eq!(level(inside, plain), Level::Machine);
    }

    #[test]
    fn more_than_two_promises_are_found() {
        let claims = read(
            "crates/a/src/b.rs",
            "/// Promise: W07, W08, W09\nfn one() {}\n",
        );
        assert!(render(&claims.findings).contains("not 3"));
        let claims = read(
            "crates/a/src/b.rs",
            "/// Promise: W07, W08\n/// Promise: W09\nfn one() {}\n",
        );
        assert!(render(&claims.findings).contains("not 3"));
    }

    #[test]
    fn a_claim_without_a_test_is_found() {
        let claims = read(
            "crates/a/src/b.rs",
            "/// Promise: W07\nstruct A;\nfn one() {}\n",
        );
        assert!(render(&claims.findings).contains("not claimed by a test"));
        assert_eq!(claims.claims, []);
    }

    #[test]
    fn an_ignored_test_is_seen_on_either_side_of_the_claim() {
        for text in [
            "/// Promise: W07\n#[test]\n#[ignore = \"slow\"]\nfn one() {}\n",
            "#[ignore]\n/// Promise: W07\n#[test]\nfn one() {}\n",
        ] {
            assert!(read("crates/a/src/b.rs", text).claims[0].ignored, "{text}");
        }
        let text = "#[ignore]\n#[test]\nfn zero() {}\n/// Promise: W07\n#[test]\nfn one() {}\n";
        assert!(!read("crates/a/src/b.rs", text).claims[0].ignored);
    }
}
