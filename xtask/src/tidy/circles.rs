//! Figures build on each other one way: what belongs to one figure lies in its folder, whose parts may refer to each other
//! and to its `mod.rs`; between folders there is no circle.

use std::collections::{BTreeMap, BTreeSet};

const FOLDER: &str = "crates/figures/src/figure/";

/// Which other figures a figure's folder refers to, by the figure.
type Uses = BTreeMap<String, BTreeSet<String>>;

/// Circles among the figures, one line each.
pub fn check<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<String> {
    let mut uses = Uses::new();
    for (path, text) in files {
        let Some((figure, _)) = path.strip_prefix(FOLDER).and_then(|rest| rest.split_once('/')) else { continue };
        let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
        let own = uses.entry(figure.to_owned()).or_default();
        let code: String = code.lines().filter_map(|line| line.split("//").next()).collect();
        for after in code.split("crate::figure::").skip(1) {
            // One name, or a list of them in braces.
            let list = after.strip_prefix('{').map_or(after, |list| list.split(';').next().unwrap_or_default());
            let names = if after.starts_with('{') { list.split([',', '{', '}']).collect() } else { vec![list] };
            own.extend(names.into_iter().map(first_word));
        }
        own.remove(figure);
    }
    let circles = uses.keys().filter(|figure| reaches(&uses, figure, figure, &mut BTreeSet::new()));
    circles.map(|figure| format!("{FOLDER}{figure}: it is built on a figure that is built on it")).collect()
}

fn first_word(text: &str) -> String {
    text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// Whether `to` is used by `from`, or by what it uses.
fn reaches(uses: &Uses, from: &str, to: &str, seen: &mut BTreeSet<String>) -> bool {
    uses.get(from).into_iter().flatten().any(|next| {
        next == to || (uses.contains_key(next) && seen.insert(next.clone()) && reaches(uses, next, to, seen))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn circles_between_folders_are_found_and_those_within_one_are_not() {
        let file = |name: &str| format!("{FOLDER}{name}");
        let (a, b, part, shared) = (file("a/mod.rs"), file("b/mod.rs"), file("a/part.rs"), file("frame.rs"));
        let mut files = vec![
            (a.as_str(), "use part::draw;\nuse crate::figure::b::Data;"),
            (part.as_str(), "use super::Data;\nuse crate::figure::a::Data;\n// crate::figure::b"),
            (shared.as_str(), "use crate::figure::a::Data;"),
            (b.as_str(), "use crate::figure::frame::Frame;"),
        ];
        assert_eq!(check(files.iter().copied()), Vec::<String>::new());
        files[3].1 = "use crate::figure::a::Data;";
        assert_eq!(check(files.iter().copied()).len(), 2);
        files[3].1 = "use crate::figure::{\n    Canvas,\n    a::Data,\n};";
        assert_eq!(check(files.iter().copied()).len(), 2);
        files[3].1 = "#[cfg(test)]\nmod tests { use crate::figure::a::Data; }";
        assert!(check(files).is_empty());
    }
}
