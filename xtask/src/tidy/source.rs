//! Rules about the text of source files.

/// Unfinished code that compiles: not allowed in this repository. (Spelt in pieces, as this file is checked too.)
const UNFINISHED: &[&str] = &[concat!("todo", "!("), concat!("unimplemented", "!("), concat!("#[ig", "nore")];

/// Forms in which a page would load something from another host. Links that a reader may follow are not loads.
const FOREIGN: &[&str] = &[
    concat!("src=\"", "http"),
    concat!("src='", "http"),
    concat!("src=\"", "//"),
    concat!("url(", "http"),
    concat!("url(\"", "http"),
    concat!("url('", "http"),
    concat!("@import \"", "http"),
    concat!("fetch(\"", "http"),
    concat!("import(\"", "http"),
    concat!("from \"", "http"),
];

/// Violations in a file, one line each.
pub fn check(path: &str, text: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let is_rust = path.ends_with(".rs");
    let in_kernels = path.starts_with("crates/kernels/");
    for (number, line) in text.lines().enumerate() {
        let mut say = |what: String| wrong.push(format!("{path}:{}: {what}", number + 1));
        let code = line.split("//").next().unwrap_or("");
        if is_rust {
            for unfinished in UNFINISHED.iter().filter(|pattern| code.contains(**pattern)) {
                say(format!("{unfinished}: finish it, or leave it out"));
            }
            if !in_kernels && has_unsafe(code) {
                say("unsafe code: only crates/kernels may have it".to_owned());
            }
        }
        let loads = FOREIGN.iter().any(|pattern| line.contains(pattern));
        if !path.ends_with(".md") && (loads || (line.contains("<link") && line.contains(concat!("href=\"", "http")))) {
            say("loads from another host: the page asks nobody for anything".to_owned());
        }
    }
    if is_crate_root(path) && !in_kernels && !text.contains("#![forbid(unsafe_code)]") {
        wrong.push(format!("{path}: a crate's root begins with #![forbid(unsafe_code)]"));
    }
    wrong
}

/// `unsafe` as a keyword, not as a part of a name or a lint, nor in a string such as this rule's messages.
fn has_unsafe(code: &str) -> bool {
    ["{", "fn", "impl", "trait", "extern"].iter().any(|next| {
        let pattern = format!("{} {next}", concat!("un", "safe"));
        code.match_indices(&pattern).any(|(at, _)| !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
    })
}

fn is_crate_root(path: &str) -> bool {
    let folder = path.strip_suffix("/src/lib.rs").or_else(|| path.strip_suffix("/src/main.rs"));
    folder.is_some_and(|folder| folder.starts_with("xtask") || folder.starts_with("crates/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unsafe_belongs_into_the_kernels() {
        let code = concat!("    let x = un", "safe { y };\n");
        assert!(check("crates/engine/src/run.rs", code)[0].contains("run.rs:1: unsafe code"));
        assert!(check("crates/kernels/src/matmul.rs", code).is_empty());
        assert!(
            check("crates/engine/src/run.rs", concat!("// un", "safe { no }\n#![deny(un", "safe_code)]")).is_empty()
        );
    }

    #[test]
    fn every_root_forbids_it() {
        assert!(check("crates/cli/src/main.rs", "fn main() {}")[0].contains("begins with #![forbid"));
        assert!(check("crates/cli/src/main.rs", "#![forbid(unsafe_code)]").is_empty());
        assert!(check("crates/kernels/src/lib.rs", "").is_empty());
        assert!(check("crates/cli/tests/pull/main.rs", "").is_empty());
    }

    #[test]
    fn unfinished_work_is_found() {
        for pattern in UNFINISHED {
            assert_eq!(check("crates/engine/src/run.rs", pattern).len(), 1, "{pattern}");
        }
    }

    #[test]
    fn loads_are_told_from_links() {
        let script = concat!("<script src=\"", "https://cdn.example/x.js\">");
        assert_eq!(check("crates/web/index.html", script).len(), 1);
        assert_eq!(check("crates/web/index.html", concat!("<link rel=stylesheet href=", "\"https://x\">")).len(), 1);
        assert!(check("crates/web/index.html", "<a href=\"https://example.org\">read</a>").is_empty());
    }
}
