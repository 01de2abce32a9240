//! Data flows one way through the crates, so dependencies must too.

use crate::workspace::Member;

/// Each crate, and the crates of ours that it may depend on. A new crate is added here deliberately.
const ALLOWED: &[(&str, &[&str])] = &[
    ("attnscope-kernels", &[]),
    ("attnscope", &["attnscope-kernels"]),
    ("attnscope-words", &["attnscope-words-macro"]),
    ("attnscope-words-macro", &[]),
    ("attnscope-figures", &["attnscope", "attnscope-words"]),
    ("attnscope-hub", &["attnscope", "attnscope-figures"]),
    ("attnscope-protocol", &["attnscope"]),
    ("attnscope-channel", &["attnscope-protocol"]),
    ("attnscope-page", &["attnscope", "attnscope-figures", "attnscope-protocol", "attnscope-words"]),
    (
        "attnscope-web",
        &[
            "attnscope",
            "attnscope-channel",
            "attnscope-figures",
            "attnscope-page",
            "attnscope-protocol",
            "attnscope-words",
        ],
    ),
    (
        "attnscope-cli",
        &["attnscope", "attnscope-figures", "attnscope-hub", "attnscope-page", "attnscope-protocol", "attnscope-words"],
    ),
    ("attnscope-py", &["attnscope", "attnscope-figures", "attnscope-protocol"]),
    ("attnscope-worker", &["attnscope", "attnscope-channel", "attnscope-protocol"]),
    ("attnscope-site", &["attnscope", "attnscope-figures", "attnscope-page", "attnscope-protocol", "attnscope-words"]),
    ("xtask", &[]),
    ("xtask-bindgen", &[]),
];

/// Dependencies that break the rule, one line each.
pub fn check(members: &[Member]) -> Vec<String> {
    let mut wrong = Vec::new();
    for member in members {
        let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| *name == member.name) else {
            wrong.push(format!("{}: a new crate? say in xtask/src/tidy/arrows.rs what it may need", member.name));
            continue;
        };
        for need in member.needs.iter().filter(|need| !allowed.contains(&need.as_str())) {
            let may = if allowed.is_empty() { "none of ours".to_owned() } else { allowed.join(", ") };
            wrong.push(format!("{} needs {need}, against the arrows: it may need {may}", member.name));
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(name: &str, needs: &[&str]) -> Member {
        Member { name: name.to_owned(), needs: needs.iter().map(|&need| need.to_owned()).collect() }
    }

    #[test]
    fn the_house_as_planned_passes() {
        let members = [
            member("attnscope-kernels", &[]),
            member("attnscope", &["attnscope-kernels"]),
            member("attnscope-figures", &["attnscope"]),
            member("attnscope-hub", &["attnscope", "attnscope-figures"]),
            member("attnscope-cli", &["attnscope", "attnscope-figures", "attnscope-hub"]),
            member("xtask", &[]),
        ];
        assert_eq!(check(&members), Vec::<String>::new());
    }

    #[test]
    fn arrows_that_point_back_or_past_a_crate_are_named() {
        for (name, need) in [
            ("attnscope-kernels", "attnscope"),
            ("attnscope", "attnscope-figures"),
            ("attnscope-figures", "attnscope-kernels"),
            ("attnscope-figures", "attnscope-protocol"),
            ("attnscope-protocol", "attnscope-figures"),
            ("attnscope-hub", "attnscope-cli"),
            ("attnscope-cli", "attnscope-web"),
            ("xtask", "attnscope"),
        ] {
            let wrong = check(&[member(name, &[need])]);
            assert_eq!(wrong.len(), 1, "{name} → {need}");
            assert!(wrong[0].starts_with(&format!("{name} needs {need}")), "{}", wrong[0]);
        }
    }

    #[test]
    fn a_crate_without_a_place_is_asked_about() {
        assert!(check(&[member("attnscope-extra", &[])])[0].contains("a new crate?"));
    }
}
