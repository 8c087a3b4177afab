//! Rust files as the checks read them: without comments and texts, tests marked.

mod lexer;

use std::collections::BTreeSet;

/// One Rust file.
#[derive(Debug)]
pub(crate) struct Source {
    /// Where it is, relative to the root, with forward slashes.
    pub(crate) path: String,
    /// What it says.
    pub(crate) text: String,
    /// What it says with comments, strings and characters replaced by blanks, line by line.
    code: Vec<String>,
    /// Which lines are compiled for tests only.
    is_test: Vec<bool>,
}

impl Source {
    /// Reads a file.
    pub(crate) fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        let path = path.into();
        let text = text.into();
        let code: Vec<String> = lexer::blank(&text).lines().map(str::to_owned).collect();
        let outside_src = !path.contains("/src/");
        let mut is_test = vec![outside_src; code.len()];
        mark_test_items(&code, &mut is_test);
        Self {
            path,
            text,
            code,
            is_test,
        }
    }

    /// Marks the files of modules that are declared under `#[cfg(test)]` elsewhere.
    pub(crate) fn mark_test_modules(sources: &mut [Self]) {
        let mut stems = BTreeSet::new();
        for source in &*sources {
            for (index, line) in source.code.iter().enumerate() {
                if source.is_test[index]
                    && let Some(name) = declared_module(line)
                {
                    stems.insert(format!("{}{name}", module_dir(&source.path)));
                }
            }
        }
        for source in sources {
            let stem = source.path.trim_end_matches(".rs");
            let below = |root: &String| {
                stem.strip_prefix(root.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            };
            if stems.iter().any(below) {
                source.is_test.fill(true);
            }
        }
    }

    /// The code of every line, with its number.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.code
            .iter()
            .enumerate()
            .map(|(index, line)| (index + 1, line.as_str()))
    }

    /// The code of the lines that are not for tests only, with their numbers.
    pub(crate) fn production(&self) -> impl Iterator<Item = (usize, &str)> {
        self.lines().filter(|(line, _)| !self.is_test[line - 1])
    }

    /// The directory of the package that the file belongs to.
    pub(crate) fn member(&self) -> &str {
        let parts = if self.path.starts_with("crates/") {
            2
        } else {
            1
        };
        match self.path.match_indices('/').nth(parts - 1) {
            Some((at, _)) => &self.path[..at],
            None => "",
        }
    }

    /// The path inside the package.
    pub(crate) fn inner_path(&self) -> &str {
        self.path[self.member().len()..].trim_start_matches('/')
    }

    /// Whether the file belongs to the product's own sources.
    pub(crate) fn is_crate_source(&self) -> bool {
        self.path.starts_with("crates/") && self.inner_path().starts_with("src/")
    }
}

/// Where the modules that a file declares are looked for.
fn module_dir(path: &str) -> String {
    let (dir, file) = path.rsplit_once('/').unwrap_or(("", path));
    match file {
        "lib.rs" | "main.rs" => format!("{dir}/"),
        _ => format!("{dir}/{}/", file.trim_end_matches(".rs")),
    }
}

/// The name in `mod name;`.
fn declared_module(line: &str) -> Option<&str> {
    let (before, rest) = line.split_once("mod ")?;
    let name = rest.trim_end().strip_suffix(';')?;
    let before = before.trim();
    (before.is_empty() || before.starts_with("pub") || before.ends_with(']')).then_some(name.trim())
}

/// Marks the lines of items under `#[cfg(test)]`.
fn mark_test_items(code: &[String], is_test: &mut [bool]) {
    for start in 0..code.len() {
        let line = code[start].trim_start();
        if line.starts_with("#![cfg(test)]") {
            is_test[start..].fill(true);
        } else if let Some(at) = ["#[cfg(test)]", "#[cfg(all(test,"]
            .iter()
            .find_map(|attribute| code[start].find(attribute))
        {
            let end = end_of_item(code, start, at);
            is_test[start..=end].fill(true);
        }
    }
}

/// The line on which the item that begins at a place ends.
fn end_of_item(code: &[String], start: usize, at: usize) -> usize {
    let mut nested = 0_i32;
    let mut braces = 0_i32;
    for (index, line) in code.iter().enumerate().skip(start) {
        let from = if index == start { at } else { 0 };
        for char in line[from..].chars() {
            match char {
                '(' | '[' => nested += 1,
                ')' | ']' => nested -= 1,
                '{' => braces += 1,
                '}' => {
                    braces -= 1;
                    if braces <= 0 {
                        return index;
                    }
                }
                ';' if nested == 0 && braces == 0 => return index,
                _ => {}
            }
        }
    }
    code.len() - 1
}

#[cfg(test)]
mod tests {
    use super::Source;

    fn production(text: &str) -> Vec<usize> {
        let source = Source::new("crates/a/src/lib.rs", text);
        source.production().map(|(line, _)| line).collect()
    }

    #[test]
    fn items_for_tests_are_not_production() {
        let text = "\
use a::B;
#[cfg(test)]
use a::{C, D};
fn one() {}
#[cfg(test)]
#[derive(Debug)]
struct E {
    f: [u8; 2],
}
fn two() {}
#[cfg(test)]
mod tests {
    fn three() { if true {} }
}
const G: u8 = 1;
";
        assert_eq!(production(text), [1, 4, 10, 15]);
    }

    #[test]
    fn code_that_a_feature_also_enables_is_production() {
        assert_eq!(
            production("#[cfg(any(test, feature = \"test-util\"))]\nmod double {}\n"),
            [1, 2]
        );
    }

    #[test]
    fn files_of_test_modules_are_not_production() {
        let mut sources = [
            Source::new(
                "crates/a/src/b.rs",
                "#[cfg(test)]\nmod checks;\nfn c() {}\n",
            ),
            Source::new("crates/a/src/b/checks.rs", "mod deep;\n"),
            Source::new("crates/a/src/b/checks/deep.rs", "fn d() {}\n"),
            Source::new("crates/a/src/b/checksum.rs", "fn e() {}\n"),
        ];
        Source::mark_test_modules(&mut sources);
        let kept: Vec<_> = sources.map(|source| source.production().count()).into();
        assert_eq!(kept, [1, 0, 0, 1]);
    }

    #[test]
    fn a_file_knows_its_package() {
        let source = Source::new("crates/a/src/b/c.rs", "");
        assert_eq!(
            (source.member(), source.inner_path()),
            ("crates/a", "src/b/c.rs")
        );
        let source = Source::new("xtask/src/main.rs", "");
        assert_eq!(
            (source.member(), source.inner_path()),
            ("xtask", "src/main.rs")
        );
        assert!(!source.is_crate_source());
    }
}
