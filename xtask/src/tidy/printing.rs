//! All output goes through one place, where it is made plain. A library prints nothing at all.

/// The places that may print: results and errors.
const PLACES: [&str; 3] = ["crates/cli/src/output.rs", "crates/cli/src/output/", "crates/cli/src/failure.rs"];

/// Our own tools, which read only our own files.
const TOOLS: [&str; 2] = ["crates/site/", "xtask/"];

/// Macros that print. (Spelt in pieces, as this file is checked too.)
const PRINTS: [&str; 6] = [
    concat!("print", "!("),
    concat!("println", "!("),
    concat!("eprint", "!("),
    concat!("eprintln", "!("),
    concat!("dbg", "!("),
    concat!("stderr().", "lock("),
];

/// Writing to a stream by its name: `write!(stdout(), …)`, `io::stderr().write_all(…)`.
const WRITES: [&str; 3] = [concat!("write", "!("), concat!("writeln", "!("), concat!(".write", "_all(")];
const STREAMS: [&str; 4] = ["stdout", "stderr", "Stdout", "Stderr"];

/// A path as given by a user: its bytes may be anything. `path_text` makes it plain.
const PATH: &str = concat!(".disp", "lay()");

/// Violations in a file, one line each.
pub fn check(path: &str, text: &str) -> Vec<String> {
    let is_source = path.ends_with(".rs") && path.starts_with("crates/") && path.contains("/src/");
    let may_print = PLACES.iter().chain(&TOOLS).any(|place| path.starts_with(place));
    if !is_source || TOOLS.iter().any(|tool| path.starts_with(tool)) {
        return Vec::new();
    }
    // Messages of the other modules end in `failure.rs`, which makes them plain; these make what stdout shows.
    let shows = path.starts_with("crates/cli/src/") && !path.contains("server/");
    let mut wrong = Vec::new();
    // Tests are at the end of their file.
    let code = text.lines().take_while(|line| line.trim() != "#[cfg(test)]");
    for (number, line) in code.enumerate() {
        let code = line.split("//").next().unwrap_or("");
        let has = |pattern: &str| {
            code.match_indices(pattern).any(|(at, _)| !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
        };
        let mut say = |what: &str| wrong.push(format!("{path}:{}: {what}", number + 1));
        let to_stream =
            WRITES.iter().any(|write| code.contains(write)) && STREAMS.iter().any(|name| code.contains(name));
        if !may_print && (PRINTS.iter().any(|print| has(print)) || to_stream) {
            say("prints by itself: output::print, print_json and failure::note do it, and make it plain");
        }
        if shows && code.contains(PATH) {
            say("shows a path as it is: terminal::path_text makes it plain");
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMAND: &str = "crates/cli/src/command/predict.rs";

    fn found(path: &str, code: &str) -> usize {
        check(path, code).len()
    }

    #[test]
    fn raw_printing_is_found() {
        for code in [
            concat!("    eprint", "ln!(\"{name}\");"),
            concat!("print", "!(\"{name}\")"),
            concat!("    Err(e) => std::eprint", "ln!(\"{e}\"),"),
            concat!("anstream::print", "ln!(\"{name}\");"),
            concat!("db", "g!(x);"),
            concat!("writeln", "!(std::io::stdout(), \"{name}\")?;"),
            concat!("io::stderr().write", "_all(name)?;"),
            concat!("let mut out = std::io::stderr().", "lock();"),
        ] {
            for path in [COMMAND, "crates/hub/src/fetch.rs", "crates/cli/src/main.rs", "crates/engine/src/run.rs"] {
                assert_eq!(found(path, code), 1, "{path}: {code}");
            }
            for path in ["crates/cli/src/failure.rs", "crates/cli/src/output.rs", "crates/cli/src/output/whole.rs"] {
                assert_eq!(found(path, code), 0, "{path}: {code}");
            }
            for path in
                ["crates/cli/tests/command/main.rs", "crates/cli/examples/speed.rs", "xtask/src/main.rs", "a.md"]
            {
                assert_eq!(found(path, code), 0, "{path}: {code}");
            }
            assert!(check(COMMAND, &format!("a\n\n{code}"))[0].starts_with(&format!("{COMMAND}:3: prints by itself")));
            assert_eq!(found(COMMAND, &format!("// {code}")), 0, "said, not done");
            assert_eq!(found(COMMAND, &format!("#[cfg(test)]\nmod tests {{\n{code}\n}}")), 0, "a test may print");
        }
        for fine in
            ["print(text)", "print_json(&value)?;", "note(\"pulling\")", "write!(out, \"{x}\")", "blueprint!(x)"]
        {
            assert_eq!(found(COMMAND, fine), 0, "{fine}");
        }
    }

    #[test]
    fn paths_are_shown_through_one_function() {
        let code = concat!("print(format!(\"{}\", path.disp", "lay()))");
        assert!(check(COMMAND, code)[0].contains("terminal::path_text"));
        assert_eq!(found("crates/cli/src/output/destination.rs", code), 1);
        assert_eq!(found("crates/hub/src/cache.rs", code), 0, "its messages end in failure.rs");
        assert_eq!(found(COMMAND, "print(path_text(path))"), 0);
    }
}
