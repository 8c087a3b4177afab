//! Text that people read.

/// Whether a JSON Web Token stands in `text`: `eyJ`, and a dot in the same word.
#[must_use]
pub fn shows_a_token(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "._-=".contains(c);
    text.split(|c| !is_part(c))
        .any(|word| word.find("eyJ").is_some_and(|at| word[at..].contains('.')))
}
